"""Loads a section of a round's statistics: its measures, and their parts by one
dimension, beside the round before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection, Engine, select

from app.models import Unit
from app.services.derived_forms import refresh_forms
from app.services.statistics.figures import (
    Cell,
    Figure,
    Line,
    compute,
    hide,
    sort_lines,
)
from app.services.statistics.grounds import MOST_ROUNDS, Ground, StatisticsRound
from app.services.statistics.labels import read_key, show_key, sort_keys, write_key
from app.services.statistics.secrecy import (
    ALL_ROWS,
    EVERYWHERE,
    Address,
    Secrecy,
    find_people,
)
from app.services.statistics.tallies import Found, Tallies
from app.storage.engine import begin_reading
from app.storage.measuring import Key, Split
from app.storage.records import Scope
from app.storage.rule_queries import planned
from form_schemas.catalogue import Catalogue
from form_schemas.kinds import ValueType
from form_schemas.measures import (
    Dimension,
    Measure,
    MeasureGroup,
    count_rows,
)
from form_schemas.nodes import Field
from form_schemas.spec import FormSpec

#: Dimensions that every measure has: not declared, but of the rows' places.
BY_UNIT, BY_ABOVE, BY_ROUND = "_unit", "_above", "_round"


@dataclass(frozen=True)
class Choice:
    """A dimension to choose from."""

    id: str
    title: str


@dataclass(frozen=True)
class Asked:
    """What somebody wants to see of a section."""

    #: id of a dimension; empty for the usual one
    by: str = ""
    sort: str = ""
    #: id of a dimension and a value of it: only such rows
    only: tuple[str, str] | None = None
    #: knows what numbers are hidden; None: none
    secrecy: Secrecy | None = None


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a round's statistics."""

    ground: Ground
    group: MeasureGroup
    figures: tuple[Figure, ...]
    choices: tuple[Choice, ...]
    #: None: there is nothing that it could be split by
    by: Choice | None
    sort: str
    #: what is counted, where it is not everything
    only: Choice | None
    #: whether the round before has rows to compare with
    has_last: bool

    @property
    def reads_computed(self) -> bool:
        """Whether any of it follows from what the engine computed before."""
        forms = self.ground.round.edition.by_code
        return any(map(_is_computed, (forms[code] for code in self.group.forms)))


def load_section(
    engine: Engine,
    catalogue: Catalogue,
    ground: Ground,
    group: MeasureGroup,
    asked: Asked,
) -> Section:
    """The figures of a section; those of an area are made of what is stored.

    The caller has asked whether the person may see them.
    """
    if ground.unit_id is not None:
        _refresh(engine, catalogue, ground, group)
    with begin_reading(engine) as connection, planned(connection):
        return _Loading(connection, catalogue, ground, group, asked).load()


def list_choices(ground: Ground, group: MeasureGroup) -> tuple[Choice, ...]:
    """By what a section may be split, the usual way first."""
    declared = [Choice(one.id, one.title) for one in group.dimensions]
    places = []
    if ground.is_area and ground.tree.has_areas:
        places.append(Choice(BY_ABOVE, "地区"))
    if ground.is_area:
        places.append(Choice(BY_UNIT, "填报单位"))
    years = [Choice(BY_ROUND, "历年")] if len(ground.rounds) > 1 else []
    if group.places_first:
        return (*places, *declared, *years)
    return (*declared, *places, *years)


def _is_computed(form: FormSpec) -> bool:
    return form.is_derived or bool(form.wider_fields)


def _refresh(
    engine: Engine, catalogue: Catalogue, ground: Ground, group: MeasureGroup
) -> None:
    """Bring up to date what the engine computes in the forms that are counted."""
    for one in filter(None, (ground.round, ground.last)):
        forms = [one.edition.by_code.get(code) for code in group.forms]
        computed = [form for form in forms if form is not None and _is_computed(form)]
        refresh_forms(engine, catalogue, computed, Scope(ground.unit_id, one.id))


class _Loading:
    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        ground: Ground,
        group: MeasureGroup,
        asked: Asked,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._ground = ground
        self._group = group
        self._asked = asked
        self._edition = ground.round.edition
        self._choices = list_choices(ground, group)
        self._by = self._choose_dimension()
        self._only = self._find_only()
        #: unit -> what is shown for it
        self._names: dict[object, str] = {}

    def load(self) -> Section:
        rounds = [self._ground.round, self._ground.last]
        if self._by is not None and self._by.id == BY_ROUND:
            rounds = [*rounds, *self._ground.rounds[:MOST_ROUNDS]]
        self._rounds = list({one.id: one for one in rounds if one is not None}.values())
        forms = [self._edition.by_code[code] for code in self._group.forms]
        self._tallies = Tallies(
            self._connection,
            self._catalogue,
            self._ground,
            self._group,
            self._rounds,
            {code: (one.value, key) for code, (one, key) in self._only.items()},
        )
        counted = {form.code: self._count(form) for form in forms}
        wholes = {code: whole for code, (whole, _) in counted.items()}
        parts = {code: part for code, (_, part) in counted.items()}
        self._has_last = self._find_whether_last(wholes)
        return Section(
            self._ground,
            self._group,
            tuple(self._make(one, wholes, parts) for one in self._group.measures),
            self._choices,
            self._by,
            self._asked.sort,
            self._say_only(),
            self._has_last,
        )

    def _choose_dimension(self) -> Choice | None:
        by_id = {one.id: one for one in self._choices}
        # Where no authority stands between the parts of an area are its units.
        usual = BY_UNIT if self._asked.by == BY_ABOVE else ""
        found = by_id.get(self._asked.by) or by_id.get(usual)
        return found or next(iter(self._choices), None)

    # What is counted.

    def _find_only(self) -> Mapping[str, tuple[Dimension, Key]]:
        """Form -> the value that its rows are to have."""
        if self._asked.only is None:
            return {}
        name, text = self._asked.only
        found = {}
        for measure in self._group.measures:
            for code in measure.forms:
                one = measure.find_dimension(code, name)
                if one is not None:
                    found[code] = one, read_key(one, text)
        return found

    def _say_only(self) -> Choice | None:
        if not self._only or self._asked.only is None:
            return None
        dimension, key = next(iter(self._only.values()))
        label = show_key(self._catalogue, dimension, key)
        return Choice(
            f"{dimension.id}:{self._asked.only[1]}", f"{dimension.title}：{label}"
        )

    def _count(self, form: FormSpec) -> tuple[Found, Found]:
        """What is counted of all rows, and by the dimension that was chosen."""
        tallies, by = self._tallies, self._by
        if by is not None and by.id in (BY_UNIT, BY_ABOVE):
            units = tallies.count(form, Split(by_unit=True))
            parts = units if by.id == BY_UNIT else tallies.add_up_parts(units)
            return tallies.add_up(units), parts
        whole = tallies.count(form, Split())
        if by is None or by.id == BY_ROUND:
            return whole, {}
        dimension = self._find_dimension(form.code)
        if dimension is None:
            return whole, {}
        return whole, tallies.count(form, Split(by=dimension.value))

    def _find_dimension(self, code: str) -> Dimension | None:
        assert self._by is not None
        for measure in self._group.measures:
            found = measure.find_dimension(code, self._by.id)
            if found is not None:
                return found
        return None

    def _find_whether_last(self, wholes: Mapping[str, Found]) -> bool:
        last = self._ground.last
        if last is None:
            return False
        return any(
            found.get((last.id, None), {}).get(count_rows(code, None))
            for code, found in wholes.items()
        )

    # Units.

    def _name_units(self, keys: Iterable[Key]) -> Mapping[Key, str]:
        missing = {key for key in keys if key is not None} - set(self._names)
        if missing:
            found = self._connection.execute(
                select(Unit.id, Unit.name).where(Unit.id.in_(missing))
            )
            self._names |= dict(map(tuple, found))
        return self._names

    # Figures.

    def _make(
        self,
        measure: Measure,
        wholes: Mapping[str, Found],
        parts: Mapping[str, Found],
    ) -> Figure:
        figure = Figure(
            measure, self._make_whole(measure, wholes), places=self._places(measure)
        )
        if self._by is None or not self._splits(measure):
            return figure
        if self._by.id == BY_ROUND:
            lines = tuple(self._by_round(measure, wholes))
            return replace(figure, lines=lines, is_split=True)
        whole = figure.whole.now.value if self._adds_up(measure) else None
        lines = tuple(self._make_lines(measure, parts, whole))
        lines = sort_lines(lines, self._asked.sort)
        return replace(figure, lines=lines, is_split=True)

    def _splits(self, measure: Measure) -> bool:
        assert self._by is not None
        return self._by.id in (BY_ROUND, BY_UNIT, BY_ABOVE, *measure.dimensions)

    def _places(self, measure: Measure) -> int | None:
        """How many decimal places people are shown."""
        if len(measure.quantities) > 1:
            return measure.digits
        call = measure.quantities[0].call
        if call.name != "total":
            return 0
        value = call.arguments[0]
        if not isinstance(value, Field):
            return None
        return self._edition.by_code[measure.form].by_id[value.id].places or 0

    def _adds_up(self, measure: Measure) -> bool:
        """Whether the parts are shares of the whole."""
        assert self._by is not None
        if self._by.id in (BY_UNIT, BY_ABOVE):
            return len(measure.quantities) == 1
        dimension = measure.find_dimension(measure.form, self._by.id)
        assert dimension is not None
        return measure.adds_up and dimension.value.type is not ValueType.LIST

    def _make_whole(self, measure: Measure, wholes: Mapping[str, Found]) -> Line:
        now, last = (
            self._find_whole(measure, wholes, one)
            for one in (self._ground.round, self._ground.last)
        )
        return Line("", "合计", now, last if self._has_last else Cell())

    def _by_round(
        self, measure: Measure, wholes: Mapping[str, Found]
    ) -> Iterator[Line]:
        """The rounds from the oldest on, each beside the one before it."""
        before = Cell()
        for one in sorted(self._rounds, key=lambda one: one.id):
            cell = self._find_whole(measure, wholes, one)
            is_unfinished = one.is_open and self._ground.is_public
            title = f"{one.title}（审核中）" if is_unfinished else one.title
            yield Line(str(one.id), title, cell, before)
            before = cell

    def _make_lines(
        self,
        measure: Measure,
        parts: Mapping[str, Found],
        whole: Decimal | None,
    ) -> Iterator[Line]:
        found = {key for code in measure.forms for _, key in parts[code]}
        keys = self._sort_keys(measure, found)
        now, last = (
            self._cells(measure, parts, one, keys)
            for one in (self._ground.round, self._ground.last)
        )
        for key in keys:
            before = last.get(key, Cell()) if self._has_last else Cell()
            cells = (now[key], before)
            if key is None and all(_is_nothing(measure, one) for one in cells):
                # Rows that the measure's condition leaves out.
                continue
            label = self._show(measure, key)
            yield Line(write_key(key), label, now[key], before, whole)

    def _find_whole(
        self, measure: Measure, wholes: Mapping[str, Found], at: StatisticsRound | None
    ) -> Cell:
        cells = self._cells(measure, wholes, at, [None], is_part=False)
        return cells.get(None, Cell())

    def _cells(
        self,
        measure: Measure,
        found: Mapping[str, Found],
        at: StatisticsRound | None,
        keys: Sequence[Key],
        *,
        is_part: bool = True,
    ) -> dict[Key, Cell]:
        if at is None:
            return {}
        values = {
            key: self._tallies.find_values(measure, found, at, key) for key in keys
        }
        cells = {key: Cell(compute(measure, each)) for key, each in values.items()}
        for key in self._list_hidden(measure, at, keys, is_part=is_part):
            cells[key] = hide(cells[key])
        return cells

    # What is hidden.

    def _list_hidden(
        self,
        measure: Measure,
        at: StatisticsRound,
        keys: Sequence[Key],
        *,
        is_part: bool,
    ) -> Iterator[Key]:
        secrecy = self._asked.secrecy
        if secrecy is None:
            return
        for quantity in find_people(self._edition).intersection(measure.quantities):
            args = (self._connection, self._edition, quantity.form, at)
            hidden = secrecy.find(*args).get(quantity, {})
            for key in keys:
                where = self._find_address(quantity.form, key, is_part=is_part)
                # Of two dimensions at once nothing is known to be safe.
                if where is None or where in hidden:
                    yield key

    def _find_address(self, code: str, key: Key, *, is_part: bool) -> Address | None:
        """Where a number stands among all that are public; None: among none of them."""
        node, by = self._ground.below or EVERYWHERE, self._by
        only = self._only.get(code)
        rows = ALL_ROWS if only is None else (only[0].id, only[1])
        if not is_part or by is None:
            return node, rows
        if by.id in (BY_UNIT, BY_ABOVE):
            return key, rows  # type: ignore[return-value]
        dimension = self._find_dimension(code)
        is_one = dimension is not None and dimension.value.type is not ValueType.LIST
        if only is None or (only[0].id == by.id and is_one):
            return node, (by.id, key)
        return None

    # Keys.

    def _sort_keys(self, measure: Measure, keys: Iterable[Key]) -> list[Key]:
        assert self._by is not None
        if self._by.id in (BY_UNIT, BY_ABOVE):
            names = self._name_units(keys)
            areas = {one: at for at, one in enumerate(self._ground.tree.by_id)}
            return sorted(
                keys,
                key=lambda key: (
                    key is None,
                    areas.get(key, len(areas)),
                    names.get(key, ""),
                    key,
                ),
            )
        dimension = measure.find_dimension(measure.form, self._by.id)
        assert dimension is not None
        return sort_keys(self._catalogue, dimension, keys)

    def _show(self, measure: Measure, key: Key) -> str:
        assert self._by is not None
        if self._by.id in (BY_UNIT, BY_ABOVE):
            return self._names.get(key, "没有上级")
        dimension = measure.find_dimension(measure.form, self._by.id)
        assert dimension is not None
        return show_key(self._catalogue, dimension, key)


def _is_nothing(measure: Measure, cell: Cell) -> bool:
    """Whether no row stands behind a cell, as far as its number tells."""
    if cell.is_hidden:
        return False
    return cell.value is None or (len(measure.quantities) == 1 and not cell.value)
