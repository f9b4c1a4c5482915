"""Values that come back where fields were computed by `x-from`, and how true they are.

What an expression was computed from stays in its columns, and shows again when it is
taken back. Rows whose computed value was changed since would show what held before:
such values are led back through the expression, or left empty where nobody can.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

from sqlalchemy import Connection

from app.services.schema_changes.applied import Applied
from app.services.schema_changes.declaring import list_columns
from app.services.schema_changes.rule_places import find_rule_place
from app.services.schema_changes.targets import EditionChange
from app.storage.returned_values import Beside, read_beside
from app.storage.stored_values import Places
from app.storage.transforming import Fill, compute_values, find_scopes, make_place
from form_schemas.catalogue import Catalogue
from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.inverting import invert, is_invertible
from form_schemas.spec import FormSpec
from validators.compiling import Env
from validators.rules import compile_expression, settle


@dataclass(frozen=True)
class ReturnedCell:
    """A cell whose computed value was typed or changed since."""

    row: Beside
    #: what the computed fields hold by now, as far as there is anything
    now: tuple[tuple[FieldSpec, object], ...]
    #: what the field holds again
    value: object
    #: whether that says the same as what holds now
    is_exact: bool


@dataclass(frozen=True, eq=False)
class Returned:
    """A field that has again what others were computed from."""

    #: as it will be
    form: FormSpec
    item: FieldSpec
    #: unit and round of each row that has a value
    rows: tuple[tuple[int, int], ...]
    #: a few cells as they are and as they will be, of rows that nobody changed
    kept: tuple[ReturnedCell, ...]
    changed: tuple[ReturnedCell, ...]
    #: whether what was changed since is led back through the expression
    is_invertible: bool

    @property
    def lost(self) -> tuple[ReturnedCell, ...]:
        return tuple(one for one in self.changed if not one.is_exact)

    @property
    def keeps_former(self) -> bool:
        """Whether lost cells show what held before: a key is never empty."""
        return self.item.id in self.form.key


@dataclass(frozen=True, eq=False)
class _Reader:
    """A field that was computed from others, which come back."""

    later: FormSpec
    item: FieldSpec
    expression: Expression


@dataclass(frozen=True, eq=False)
class Returning:
    """The way back of an edition, as far as expressions are concerned."""

    connection: Connection
    #: the forms as they will be
    catalogue: Catalogue
    change: EditionChange
    applied: Applied
    places: Places
    round_ids: Sequence[int]

    def find(self) -> Iterator[Returned]:
        """Every field that comes back, with the rows that were changed since."""
        if not self.round_ids:
            return
        for form in self.change.after:
            readers = self._find_readers(form)
            if readers and not form.is_derived:
                yield from self._compare(form, readers)

    # Which fields.

    def _find_readers(self, form: FormSpec) -> dict[str, list[_Reader]]:
        """Field that comes back -> those that were computed from it."""
        forth = self.change.forth
        found: dict[str, list[_Reader]] = {}
        for later in () if forth is None else forth.after.values():
            if later.table_name != form.table_name:
                continue
            for item in later.fields:
                origin = forth.origin_of(later, item.id) if forth else None
                if origin is None or origin.expression is None:
                    continue
                if origin.form.code != form.code:
                    continue
                reader = _Reader(later, item, origin.expression)
                for name in sorted(origin.expression.fields):
                    if self._comes_back(form, later, name):
                        found.setdefault(name, []).append(reader)
        return found

    def _comes_back(self, form: FormSpec, later: FormSpec, name: str) -> bool:
        item = form.by_id.get(name)
        if item is None or item.is_given:
            return False
        in_use = {one.column_name for one in later.fields}
        return item.column_name not in in_use and item.column_name in self._columns

    @cached_property
    def _columns(self) -> set[str]:
        """Columns that the database has."""
        return {
            c for one in self.applied.values() for c in list_columns(one.declaration)
        }

    # Which rows.

    def _compare(
        self, form: FormSpec, readers: Mapping[str, Sequence[_Reader]]
    ) -> Iterator[Returned]:
        every = list(dict.fromkeys(one for own in readers.values() for one in own))
        then = [form.by_id[name] for name in readers]
        now = [one.item for one in every]
        expected = [self._compute(form, one) for one in every]
        changed: dict[str, list[ReturnedCell]] = {name: [] for name in readers}
        kept: dict[str, list[ReturnedCell]] = {name: [] for name in readers}
        rows: dict[str, list[tuple[int, int]]] = {name: [] for name in readers}
        for row in read_beside(
            self.connection, form.table_name, then, now, self.places, self.round_ids
        ):
            values = dict(zip(every, row.present, strict=True))
            forth = dict(zip(every, expected, strict=True))
            for item, former in zip(then, row.former, strict=True):
                own = readers[item.id]
                if former is not None:
                    rows[item.id].append((row.unit_id, row.round_id))
                is_same = all(forth[one].get(row.row_id) == values[one] for one in own)
                told = tuple((one.item, values[one]) for one in own)
                if not is_same:
                    cell = self._lead_back(form, item, own, row, former, told)
                    changed[item.id].append(cell)
                elif former is not None and len(kept[item.id]) < _MOST_KEPT:
                    kept[item.id].append(ReturnedCell(row, told, former, True))
        for item in then:
            yield Returned(
                form,
                item,
                tuple(rows[item.id]),
                tuple(kept[item.id]),
                tuple(changed[item.id]),
                _can_invert(readers[item.id], item),
            )

    def _compute(self, form: FormSpec, reader: _Reader) -> dict[int, object]:
        """What the expression makes of the values that come back, by row."""
        edition = self.catalogue.edition_of(form)
        places, rounds = self.places, tuple(self.round_ids)
        fill = Fill(reader.later, reader.item, form, None, places, rounds)
        found: dict[int, object] = {}
        for scope in find_scopes(self.connection, form, rounds):
            place = find_rule_place(self.connection, form, scope)
            at = make_place(self.connection, self.catalogue, edition, place)
            found.update(compute_values(self.connection, fill, reader.expression, at))
        return found

    def _lead_back(
        self,
        form: FormSpec,
        item: FieldSpec,
        readers: Sequence[_Reader],
        row: Beside,
        former: object,
        told: tuple[tuple[FieldSpec, object], ...],
    ) -> ReturnedCell:
        if all(value is None for _, value in told):
            return ReturnedCell(row, told, None, True)
        if _can_invert(readers, item):
            found = _invert(readers[0], item, told[0][1])
            if found is not None:
                return ReturnedCell(row, told, found, True)
        return ReturnedCell(row, told, former if item.id in form.key else None, False)


#: Examples of cells that nobody changed.
_MOST_KEPT = 5


def _can_invert(readers: Sequence[_Reader], item: FieldSpec) -> bool:
    [first, *others] = readers
    fields = first.expression.fields
    return not others and fields == {item.id} and is_invertible(first.expression.root)


def _invert(reader: _Reader, item: FieldSpec, value: object) -> object:
    if not isinstance(value, int | Decimal):
        return None
    found = invert(reader.expression.root, Decimal(value))
    if found is None:
        return None
    candidate = settle(item, found)
    today = date.today()
    again = compile_expression(reader.expression)(
        {item.id: candidate}, Env(today, today, today)
    )
    return candidate if settle(reader.item, again) == value else None
