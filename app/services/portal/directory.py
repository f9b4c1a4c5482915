"""The directory of the units that report: by area, by industry, each with a page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from sqlalchemy import Connection, Text, cast, literal, select

from app.errors import NotFound
from app.models import Unit, UnitKind
from app.services.portal.site import Site
from app.services.statistics.figures import HIDDEN
from app.services.statistics.secrecy import Secrecy
from app.storage.engine import begin_reading
from app.storage.keys import initials
from app.storage.public_rows import (
    Conditions,
    PublicRound,
    PublicRow,
    find_newest_rounds,
    find_rows,
    list_rounds,
)
from form_schemas.codelists import CodeEntry
from form_schemas.field_spec import FieldSpec
from form_schemas.measures import PERSON_UNITS
from form_schemas.spec import FormSpec
from renderers.display import show

#: Members named on the page of a unit, for each list.
MOST_MEMBERS = 500
ELSEWHERE = "其他"


@dataclass(frozen=True)
class Area:
    """A province with units."""

    id: int
    name: str
    code: str


@dataclass(frozen=True)
class Entry:
    """A unit in the directory."""

    id: int
    name: str
    area: Area | None
    lead: str
    #: codes of its industries
    industries: tuple[str, ...]
    #: for the search: name, who leads it, initials
    words: str


@dataclass(frozen=True)
class Region:
    title: str
    #: with the number of units
    areas: tuple[tuple[Area, int], ...]


@dataclass(frozen=True, eq=False)
class DirectoryIndex:
    """All units of the directory."""

    entries: tuple[Entry, ...]
    regions: tuple[Region, ...]
    #: code entries of the industries that occur, with how many units, most first
    industries: tuple[tuple[CodeEntry, int], ...]

    @cached_property
    def by_id(self) -> Mapping[int, Entry]:
        return {entry.id: entry for entry in self.entries}

    @cached_property
    def _titles(self) -> Mapping[str, str]:
        return {code.code: code.name for code, _ in self.industries}

    def name_industries(self, entry: Entry) -> tuple[str, ...]:
        """The titles of a unit's industries."""
        titles = self._titles
        return tuple(titles[code] for code in entry.industries if code in titles)

    def find(
        self, search: str = "", area: int | None = None, industry: str = ""
    ) -> tuple[Entry, ...]:
        """The units of an area and an industry that every word is found in."""
        words = search.lower().split()
        return tuple(
            entry
            for entry in self.entries
            if (area is None or (entry.area is not None and entry.area.id == area))
            and (not industry or industry in entry.industries)
            and all(word in entry.words for word in words)
        )


@dataclass(frozen=True)
class Members:
    """The members of one kind."""

    title: str
    names: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class UnitPage:
    """What the public sees of a unit."""

    entry: Entry
    #: titles of its industries
    industries: tuple[str, ...]
    #: heading -> label and value
    facts: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    members: tuple[Members, ...]
    #: the round its numbers are of; empty: none was approved yet
    round_title: str


def load_index(site: Site) -> DirectoryIndex:
    """All units of the directory; a handful of questions, however many there are."""
    told = site.portal.directory
    if told is None:
        raise NotFound("门户没有单位名录。")
    with begin_reading(site.engine) as connection:
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        units = _find_units(connection, site)
        newest = find_newest_rounds(connection, rounds)
        leads = _newest_values(connection, site, newest, told.lead)
        fields = _newest_values(connection, site, newest, told.industry)
    entries = tuple(
        Entry(
            one.id,
            one.name,
            area,
            lead := "、".join(leads.get(one.id, ())),
            tuple(dict.fromkeys(fields.get(one.id, ()))),
            f"{one.name} {lead} {initials(one.name) or ''}".lower(),
        )
        for one, area in units
    )
    return DirectoryIndex(
        entries, _group_areas(site, entries), _count_industries(site, entries)
    )


def load_unit(
    site: Site, index: DirectoryIndex, unit_id: int, secrecy: Secrecy | None = None
) -> UnitPage:
    """The page of a unit: its newest approved report, and who belongs to it.

    Args:
        secrecy: knows what statistics hide; the same numbers are hidden here.

    Raises:
        NotFound: the directory has no such unit.
    """
    entry, told = index.by_id.get(unit_id), site.portal.directory
    if entry is None or told is None:
        raise NotFound("名录里没有这个单位，它可能已经停用。")
    with begin_reading(site.engine) as connection:
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        reading = _UnitReading(connection, site, rounds, unit_id, secrecy)
        facts = [
            (one.title, reading.find_facts(site.form(one.form), one.fields))
            for one in told.facts
        ]
        members = [reading.find_members(site.form(code)) for code in told.members]
    return UnitPage(
        entry,
        index.name_industries(entry),
        tuple((title, found) for title, found in facts if found),
        tuple(one for one in members if one.total),
        reading.round_title,
    )


@dataclass(eq=False)
class _UnitReading:
    """What is read of one unit; its numbers are all of one round."""

    connection: Connection
    site: Site
    rounds: Sequence[PublicRound]
    unit_id: int
    secrecy: Secrecy | None
    round_title: str = ""

    def find_facts(
        self, form: FormSpec, names: tuple[str, ...]
    ) -> tuple[tuple[str, str], ...]:
        rows = self._find(form, names, 1)
        if not rows:
            return ()
        fields = (form.by_id[name] for name in names)
        shown = ((one, self._show(one, rows[0])) for one in fields)
        return tuple((_label(one), text) for one, text in shown if text)

    def find_members(self, form: FormSpec) -> Members:
        name = form.title_field or form.key[0]
        rows = self._find(form, (name,), None)
        rows = sorted(rows, key=lambda row: row.id)
        names = tuple(str(row.values[name] or "") for row in rows)
        title = form.title.rpartition("：")[2]
        return Members(title, names[:MOST_MEMBERS], len(names))

    def _find(self, form: FormSpec, names: tuple[str, ...], limit: int | None):
        """Rows of the newest round that has some which passed all steps."""
        for at in self.rounds:
            if at.is_standing != form.is_standing:
                continue
            if self.round_title not in ("", at.title) and not at.is_standing:
                continue
            wanted = Conditions(approved=not at.is_standing, unit_id=self.unit_id)
            site = self.site
            rows = find_rows(
                self.connection,
                site.catalogue,
                form,
                [at],
                wanted,
                names,
                site.today,
                limit=limit,
            )
            if rows:
                if not at.is_standing:
                    self.round_title = at.title
                return rows
        return ()

    def _show(self, field: FieldSpec, row: PublicRow) -> str:
        value = row.values.get(field.id)
        counts = isinstance(value, int | Decimal) and field.unit in PERSON_UNITS
        if counts and value and self._is_hidden(Decimal(value), row.round_id):
            return HIDDEN
        return show(field, value, self.site.catalogue.codelists)

    def _is_hidden(self, number: Decimal, round_id: int) -> bool:
        if 0 < number < self.site.portal.smallest:
            return True
        if self.secrecy is None:
            return False
        # A report's number may be a sum that statistics hide for the sake of others.
        args = (self.connection, round_id, self.unit_id)
        return number in self.secrecy.find_values(*args)


def _label(field: FieldSpec) -> str:
    return f"{field.label}（{field.unit}）" if field.unit else field.label


def _find_units(connection: Connection, site: Site):
    """The active units that report the collection, each with its province."""
    collection = site.edition.collection
    found = connection.execute(
        select(Unit.id, Unit.name, Unit.path)
        .where(
            Unit.is_active,
            Unit.kind == UnitKind(str(site.edition.settings["unitKind"])),
            cast(Unit.collections, Text).like(literal(f'%"{collection}"%')),
        )
        .order_by(Unit.name, Unit.id)
    ).all()
    above = connection.execute(
        select(Unit.id, Unit.name, Unit.code, Unit.path).where(
            Unit.kind == UnitKind.PROVINCE
        )
    )
    areas = {one.path: Area(one.id, one.name, one.code) for one in above}
    return [(one, _find_area(areas, one.path)) for one in found]


def _find_area(areas: Mapping[str, Area], path: str) -> Area | None:
    parts = path.strip("/").split("/")
    tops = ("/" + "/".join(parts[:end]) + "/" for end in range(1, len(parts)))
    return next((areas[top] for top in tops if top in areas), None)


def _newest_values(
    connection: Connection,
    site: Site,
    rounds: Sequence[PublicRound],
    told: tuple[str, str] | None,
) -> dict[int, tuple[str, ...]]:
    """Unit -> the values of a field in its newest round that passed all steps.

    Args:
        rounds: those that are the newest of some unit.
    """
    if told is None:
        return {}
    form, name = site.form(told[0]), told[1]
    wanted = Conditions(approved=True, newer=tuple(one.id for one in rounds))
    rows = find_rows(
        connection, site.catalogue, form, rounds, wanted, (name,), site.today
    )
    values: dict[int, list[str]] = {}
    for row in sorted(rows, key=lambda row: row.id):
        if value := row.values[name]:
            held = value if isinstance(value, tuple) else (value,)
            values.setdefault(row.unit_id, []).extend(map(str, held))
    return {unit: tuple(held) for unit, held in values.items()}


def _group_areas(site: Site, entries: Sequence[Entry]) -> tuple[Region, ...]:
    counts = Counter(entry.area for entry in entries if entry.area is not None)
    assert site.portal.directory is not None
    regions, left = [], dict(counts)
    for told in site.portal.directory.regions:
        own = [area for area in left if area.code.startswith(told.codes)]
        own.sort(key=lambda area: area.code)
        if own:
            regions.append(Region(told.title, tuple((a, left.pop(a)) for a in own)))
    if left:
        rest = sorted(left.items(), key=lambda one: one[0].code)
        regions.append(Region(ELSEWHERE, tuple(rest)))
    return tuple(regions)


def _count_industries(
    site: Site, entries: Sequence[Entry]
) -> tuple[tuple[CodeEntry, int], ...]:
    assert site.portal.directory is not None
    told = site.portal.directory.industry
    if told is None:
        return ()
    codes = site.form(told[0]).by_id[told[1]].codes
    if not codes:
        return ()
    known = site.catalogue.codelists[codes].by_code
    counts = Counter(code for entry in entries for code in entry.industries)
    found = [(known[code], number) for code, number in counts.items() if code in known]
    return tuple(sorted(found, key=lambda one: (-one[1], one[0].code)))
