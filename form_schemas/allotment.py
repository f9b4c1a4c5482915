"""Where forms and fields are kept: the names of tables and columns.

One table serves all editions of a form. A form that gets another code keeps its table,
a field that gets another id its column: neither moves any data. A field whose stored
values become others (another type, recoded, computed, another reference) gets a new
column, so that the former one keeps what it had.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.lineage import Lineage, Origin, OriginKind, trace
from form_schemas.spec import FormSpec, name_table

_KEPT = (OriginKind.SAME, OriginKind.RENAMED)


@dataclass(frozen=True)
class Allotment:
    """Where a form is kept."""

    table: str
    #: field id -> column, where that is not the id
    columns: Mapping[str, str]


#: Full name of a form -> where it is kept.
Allotments = Mapping[str, Allotment]


@dataclass(frozen=True)
class Taken:
    """Names that are in use, by forms of any edition or by what they had once."""

    #: table -> its columns
    columns: Mapping[str, Collection[str]]
    #: full name of a form -> id of a field that it had once -> column that holds it,
    #: where it would be stored as the field of that id is now
    kept: Mapping[str, Mapping[str, str]]


NOTHING_TAKEN = Taken({}, {})


def allot(
    before: Sequence[FormSpec], after: Sequence[FormSpec], taken: Taken = NOTHING_TAKEN
) -> tuple[FormSpec, ...]:
    """Give the forms of an edition their tables and columns.

    Args:
        before: the forms of the edition before, or its own as they were, with theirs.
        after: the forms, with ids as declared.
        taken: names that nothing new may have.
    """
    return _Allotting(tuple(before), tuple(after), taken).allot()


def place(form: FormSpec, allotment: Allotment) -> FormSpec:
    """The form, kept where it is said to be."""
    table = allotment.table
    if table == name_table(form.collection, form.code):
        table = ""
    columns = {
        item.id: column if column != item.id else ""
        for item in form.fields
        for column in [allotment.columns.get(item.id, item.id)]
    }
    if table == form.table and all(i.column == columns[i.id] for i in form.fields):
        return form
    fields = tuple(replace(item, column=columns[item.id]) for item in form.fields)
    return replace(form, table=table, fields=fields)


def describe(form: FormSpec) -> Allotment:
    """Where a form is kept."""
    columns = {item.id: item.column for item in form.fields if item.column}
    return Allotment(form.table_name, columns)


class _Allotting:
    def __init__(
        self, before: tuple[FormSpec, ...], after: tuple[FormSpec, ...], taken: Taken
    ) -> None:
        self._after = after
        self._by_code = {form.code: form for form in after}
        self._lineage: Lineage = trace(before, after)
        self._kept = taken.kept
        self._columns = {name: set(columns) for name, columns in taken.columns.items()}
        for form in before:
            known = self._columns.setdefault(form.table_name, set())
            known |= {item.column_name for item in form.fields}
        #: (code, id) -> whether the field stays in its column; None while being asked
        self._stays: dict[tuple[str, str], bool] = {}

    def allot(self) -> tuple[FormSpec, ...]:
        tables = self._name_tables()
        return tuple(
            place(form, Allotment(tables[form.code], self._name_columns(form, table)))
            for form in self._after
            for table in [tables[form.code]]
        )

    def _name_tables(self) -> dict[str, str]:
        tables = {}
        for form in self._after:
            former = self._lineage.form_before(form)
            if former is not None:
                tables[form.code] = former.table_name
        for form in self._after:
            if form.code not in tables:
                used = {*self._columns, *tables.values()}
                if form.full_name in self._kept:
                    # It was there once, and its rows are.
                    used.discard(name_table(form.collection, form.code))
                name = name_table(form.collection, form.code)
                tables[form.code] = _find_free(name, used)
        return tables

    def _name_columns(self, form: FormSpec, table: str) -> dict[str, str]:
        former = self._lineage.form_before(form)
        origins = {
            item.id: self._lineage.origin_of(form, item.id) for item in form.fields
        }
        columns = {
            name: origin.field.column_name
            for name, origin in origins.items()
            if origin is not None
            and origin.form is former
            and origin.field is not None
            and self._is_kept(form, form.by_id[name], origin)
        }
        used = self._columns.setdefault(table, set()) | set(columns.values())
        once = self._kept.get(form.full_name, {})
        for item in form.fields:
            if item.id in columns:
                continue
            earlier = once.get(item.id)
            if earlier is not None and earlier not in columns.values():
                columns[item.id] = earlier
            else:
                columns[item.id] = _find_free(item.id, used)
            used.add(columns[item.id])
        return columns

    # Whether stored values stay as they are.

    def _is_kept(self, form: FormSpec, item: FieldSpec, origin: Origin) -> bool:
        place = (form.code, item.id)
        if place not in self._stays:
            # A reference that leads back to itself stays if all else does.
            self._stays[place] = True
            self._stays[place] = self._find_kept(item, origin)
        return self._stays[place]

    def _find_kept(self, item: FieldSpec, origin: Origin) -> bool:
        earlier = origin.field
        return (
            origin.kind in _KEPT
            and earlier is not None
            and not origin.recode
            and is_stored_alike(earlier, item)
            # A column counts in one last place for ever: archived forms read it, too.
            and item.places == earlier.places
            and self._leads_to_same(earlier, item, origin.form)
        )

    def _leads_to_same(
        self, earlier: FieldSpec, item: FieldSpec, former: FormSpec
    ) -> bool:
        """Whether the database keeps the reference as it did."""
        if not _is_kept_reference(earlier) or not _is_kept_reference(item):
            return _is_kept_reference(earlier) == _is_kept_reference(item)
        assert item.reference is not None
        assert earlier.reference is not None
        target = self._by_code.get(item.reference.table)
        if target is None or item.reference.field not in target.by_id:
            return False
        origin = self._lineage.origin_of(target, item.reference.field)
        return (
            origin is not None
            and origin.field is not None
            and origin.form.code == earlier.reference.table
            and origin.field.id == earlier.reference.field
            and self._is_kept(target, target.by_id[item.reference.field], origin)
        )


def is_stored_alike(one: FieldSpec, other: FieldSpec) -> bool:
    """Whether one column can hold the values of both, but for decimal places."""
    return _family(one) == _family(other)


def _family(item: FieldSpec) -> tuple[object, ...]:
    if item.is_list and item.value_type is not ValueType.FILE:
        return (ValueType.LIST,)
    kind = item.value_kind
    is_year = kind == "year"
    return (item.traits.value_type, item.traits.json_type, is_year, item.is_list)


def _is_kept_reference(item: FieldSpec) -> bool:
    """Whether the database keeps it by itself."""
    return item.reference is not None and item.reference.is_plain and not item.is_list


def _find_free(name: str, used: Collection[str]) -> str:
    """The name, or the first one like it that is free."""
    number, free = 1, name
    while free in used:
        number += 1
        free = f"{name}__{number}"
    return free
