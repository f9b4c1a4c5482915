"""What each change does to stored rows: how many it touches, and at what risk.

Every row question is asked once a form and field; forms that do not change are not
read at all.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from sqlalchemy import Connection, Row, select

from app.models import Round, RoundState, Unit
from app.services.row_names import name_row
from app.services.schema_changes.conversions import (
    Conversion,
    find_conversion,
)
from app.services.schema_changes.differing import Difference
from app.services.schema_changes.operations import (
    Example,
    Touched,
)
from app.services.schema_changes.targets import EditionChange
from app.storage.stored_values import (
    Count,
    Places,
    StoredForm,
    ValueCount,
    count_values,
    find_rows_with,
    list_values,
    store_of,
)
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Origin
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from validators.constraints import get_judges
from validators.conversion import display
from validators.messages import mask

_ROUND = Round.__table__
MOST_EXAMPLES = 5
_LONGEST = 60


@dataclass(frozen=True)
class RoundFacts:
    """A round, as far as plans have to know."""

    id: int
    title: str
    state: RoundState


def load_rounds(
    connection: Connection, edition: tuple[str, str]
) -> tuple[RoundFacts, ...]:
    """The rounds of an edition."""
    found = connection.execute(
        select(_ROUND.c.id, _ROUND.c.title, _ROUND.c.state)
        .where(_ROUND.c.collection == edition[0], _ROUND.c.edition == edition[1])
        .order_by(_ROUND.c.id)
    )
    return tuple(RoundFacts(*record) for record in found)


@dataclass(frozen=True, eq=False)
class _Fate:
    """What becomes of the different values of one field."""

    #: all of them, by how they fare; each value stands once in `values`
    values: Sequence[ValueCount]
    new: Mapping[object, object]
    #: values that are read otherwise, or not at all
    lost: frozenset[object]
    #: values that the form calls wrong from now on
    wrong: frozenset[object]

    def count(self, values: Iterable[object]) -> Touched:
        wanted = set(values)
        return _sum(
            Count(v.unit_id, v.round_id, v.rows)
            for v in self.values
            if v.value in wanted
        )


@dataclass(eq=False)
class Impacts:
    """Judges the changes of one edition against what is stored."""

    connection: Connection
    catalogue: Catalogue
    change: EditionChange
    places: Places
    _stored: dict[str, StoredForm] = field(default_factory=dict)
    _counts: dict[str, dict[str, list[Count]]] = field(default_factory=dict)
    _fates: dict[tuple[str, str], _Fate] = field(default_factory=dict)

    @cached_property
    def rounds(self) -> tuple[RoundFacts, ...]:
        """Those whose rows follow; of a new edition those of the one before."""
        if self.change.source is None:
            return ()
        found = load_rounds(self.connection, self.change.source)
        if not self.change.is_revision:
            return found
        return tuple(one for one in found if one.state is not RoundState.CLOSED)

    # What is stored.

    def stored(self, former: FormSpec) -> StoredForm:
        if former.code not in self._stored:
            ids = [one.id for one in self.rounds]
            self._stored[former.code] = store_of(former, self.places, ids)
        return self._stored[former.code]

    def count(self, former: FormSpec, field_id: str = "") -> Touched:
        """How many rows have a value; of the form how many rows there are."""
        if not self.rounds:
            return Touched()
        if former.code not in self._counts:
            names = [item.id for item in former.fields]
            stored = self.stored(former)
            self._counts[former.code] = count_values(self.connection, stored, names)
        return _sum(self._counts[former.code][field_id])

    def count_in_rounds(self, former: FormSpec, round_ids: Collection[int]) -> int:
        """How many rows of a form there are in some rounds."""
        self.count(former)
        counts = self._counts.get(former.code, {}).get("", [])
        return sum(one.rows for one in counts if one.round_id in round_ids)

    def fate(self, found: Difference) -> _Fate:
        place = (found.form.code, found.field_id)
        if place not in self._fates:
            self._fates[place] = self._find_fate(found)
        return self._fates[place]

    def _find_fate(self, found: Difference) -> _Fate:
        assert found.field is not None
        assert found.origin is not None
        assert found.origin.field is not None
        if not self.count(found.origin.form, found.origin.field.id).rows:
            return _Fate((), {}, frozenset(), frozenset())
        stored = self.stored(found.origin.form)
        values = list_values(self.connection, stored, found.origin.field.id)
        return self._judge_values(found.form, found.field, found.origin, values)

    def _judge_values(
        self,
        form: FormSpec,
        item: FieldSpec,
        origin: Origin,
        values: Sequence[ValueCount],
    ) -> _Fate:
        convert = self.conversion(form, item, origin)
        converted = {v.value: convert(v.value) for v in values}
        new = {value: found.value for value, found in converted.items()}
        lost = frozenset(v for v, found in converted.items() if not found.is_exact)
        wrong = self._find_wrong(form, item, new.values())
        return _Fate(
            values,
            new,
            lost,
            frozenset(v for v, since in new.items() if since in wrong),
        )

    def conversion(self, form: FormSpec, item: FieldSpec, origin: Origin) -> Conversion:
        lineage, lists = self.change.lineage, self.catalogue.codelists
        return find_conversion(item, origin, lineage, lists)

    def _find_wrong(
        self, form: FormSpec, item: FieldSpec, values: Iterable[object]
    ) -> frozenset[object]:
        judge = get_judges(form, self.catalogue.codelists).get(item.id)
        present = {value for value in values if value is not None}
        if judge is None or not present:
            return frozenset()
        found = judge.find_all(present)
        return frozenset(
            value
            for value, findings in found.items()
            if any(one.level is Level.ERROR for one in findings)
        )

    # Examples.

    @cached_property
    def _units(self) -> dict[int, str]:
        found = self.connection.execute(select(Unit.id, Unit.name))
        return dict(map(tuple, found))

    def examples(
        self, found: Difference, values: Iterable[object] | None
    ) -> tuple[Example, ...]:
        """A few cells as they are and as they will be."""
        assert found.field is not None
        assert found.origin is not None
        former, earlier = found.origin.form, found.origin.field
        if earlier is None or not self.rounds:
            return ()
        chosen = None if values is None else list(values)
        rows = find_rows_with(
            self.connection, self.stored(former), earlier.id, chosen, MOST_EXAMPLES
        )
        convert = self.conversion(found.form, found.field, found.origin)
        return tuple(
            self._example(
                former, row,
                self._show(earlier, row[3]),
                self._show(found.field, convert(row[3]).value),
            )
            for row in rows
        )  # fmt: skip

    def name_rows(
        self, former: FormSpec, rows: Iterable[Row], item: FieldSpec
    ) -> tuple[Example, ...]:
        """Cells that stand in the way: unit, round, key and value of each."""
        return tuple(
            self._example(former, row, self._show(item, row[3]), "") for row in rows
        )

    def name_cell(
        self,
        form: FormSpec,
        row: tuple[int, int, str],
        before: Iterable[tuple[FieldSpec, object]],
        after: tuple[FieldSpec, object],
    ) -> Example:
        """A cell of a row (unit, round and key), and what it was made of."""
        told = "，".join(filter(None, (self._show(*one) for one in before)))
        unit = self._units.get(row[0], str(row[0]))
        name = name_row(form, row[2])
        return Example(unit, self._title(row[1]), name, told, self._show(*after))

    def name_groups(
        self, rows: Iterable[Row], items: Sequence[FieldSpec]
    ) -> tuple[Example, ...]:
        """Rows that are alike: unit, round and values of each group."""
        return tuple(
            Example(
                self._units.get(unit_id, str(unit_id)),
                self._title(round_id),
                "，".join(map(self._show, items, values)),
                "",
                "",
            )
            for unit_id, round_id, *values in rows
        )

    def _example(self, form: FormSpec, row: Row, before: str, after: str) -> Example:
        unit = self._units.get(row[0], str(row[0]))
        return Example(unit, self._title(row[1]), name_row(form, row[2]), before, after)

    def _title(self, round_id: int) -> str:
        titles = {one.id: one.title for one in self.rounds}
        return titles.get(round_id) or str(round_id)

    def _show(self, item: FieldSpec, value: object) -> str:
        text = display(item, value, self.catalogue.codelists)[:_LONGEST]
        return mask(text) if item.sensitive and text else text


def _sum(counts: Iterable[Count]) -> Touched:
    found = list(counts)
    return Touched(
        sum(one.rows for one in found),
        len({one.unit_id for one in found}),
        len({one.round_id for one in found}),
    )
