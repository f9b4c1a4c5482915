"""Look up the rows that references pick: one look-up a field and block.

`References` answers `ref(f).column` and fills for `rules`, and finds the values that
no row of the target forms has. A reference to the form itself sees the file's own rows
too.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any, Protocol

from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.nodes import RefColumn, equations_of
from form_schemas.spec import FormSpec
from validators.compiling import Ask, Env, Question, compile_row, iterate_rows
from validators.conversion import Row
from validators.report import Code, Finding, quote

Columns = Mapping[str, Sequence[object]]

#: Values of these types are equal as Python has it, texts after trimming.
_EXACT = frozenset({ValueType.TEXT, ValueType.DATE})
#: Rows of one value that are looked through one by one.
_FEW = 8
#: Unknown values of a block for which similar ones are looked for.
_UNKNOWN_VALUES = 50


class Lookup(Protocol):
    """What checks ask about the formal rows of the unit and round."""

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> Mapping[object, Sequence[Row]]:
        """Find the rows of a form of the collection by the value of a field.

        Args:
            table_code: the form.
            field_id: the field that holds one of the values.
            values: what to look for.
            columns: what each row has to hold at least; none where only existence
                matters.

        Returns:
            All rows that hold it, by value; unknown values are absent.
        """

    def existing_keys(
        self, form: FormSpec, keys: Collection[tuple[object, ...]]
    ) -> Collection[tuple[object, ...]]:
        """Tell which of the keys stored rows have."""


class NoRows:
    """A look-up into an empty unit."""

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> Mapping[object, Sequence[Row]]:
        return {}

    def existing_keys(
        self, form: FormSpec, keys: Collection[tuple[object, ...]]
    ) -> Collection[tuple[object, ...]]:
        return ()


class References:
    """The rows that the references of a block of rows pick."""

    def __init__(
        self,
        form: FormSpec,
        columns: Columns,
        count: int,
        lookup: Lookup,
        env: Env,
        own_values: Mapping[str, Collection[object]] | None = None,
    ) -> None:
        """Fetch the rows that a block of rows refers to.

        Args:
            form: the form of the rows.
            columns: the typed values by field id.
            count: the number of rows.
            lookup: where the rows of other forms are.
            env: the dates that filters may compare with.
            own_values: values of fields in other rows of the same file, for references
                to the form itself.
        """
        self._form = form
        self._lookup = lookup
        self._env = env
        self._own = _OwnRows(columns, count, own_values or {})
        self._rows: dict[str, Mapping[object, Sequence[Row]]] = {}
        #: of values that many rows hold: those rows by the filter's equations
        self._likely: dict[tuple[str, object], dict[tuple[object, ...], list[Row]]] = {}
        for field in reference_fields(form):
            if field.id in columns:
                self._rows[field.id] = self._fetch(field, columns[field.id])

    def pick(self, row: Row, field_id: str) -> Row | None:
        """Give the row that a reference of a row picks."""
        value = row.get(field_id)
        rows = self._rows.get(field_id, {}).get(value, ())
        reference = self._form.by_id[field_id].reference
        assert reference is not None
        if reference.filter is None:
            return rows[0] if rows else None
        if len(rows) > _FEW:
            rows = self._find_likely(reference.filter, row, (field_id, value), rows)
        fits = compile_row(Question(reference.filter, Ask.TRUE))
        env = replace(self._env, this=row)
        return next((target for target in rows if fits(target, env)), None)

    def _find_likely(
        self,
        condition: Expression,
        row: Row,
        picked: tuple[str, object],
        rows: Sequence[Row],
    ) -> Sequence[Row]:
        """Those of the rows that fulfil the filter's equations with this one.

        Thousands of rows may hold one value, and a block refers to it as often.
        """
        pairs = _exact_equations(condition)
        if not pairs:
            return rows
        if picked not in self._likely:
            index: dict[tuple[object, ...], list[Row]] = {}
            for target in rows:
                key = tuple(_trim(target.get(own)) for own, _ in pairs)
                index.setdefault(key, []).append(target)
            self._likely[picked] = index
        key = tuple(_trim(row.get(mine)) for _, mine in pairs)
        return self._likely[picked].get(key, ())

    def ask(self, row: Row, field_id: str, column: str) -> Any:
        """Answer `ref(field_id).column` for a row."""
        picked = self.pick(row, field_id)
        return None if picked is None else picked.get(column)

    def ask_column(self, columns: Columns, field_id: str, column: str) -> Sequence[Any]:
        """Answer `ref(field_id).column` for a block of rows."""
        field = self._form.by_id[field_id]
        assert field.reference is not None
        if field.reference.filter is not None:
            rows = iterate_rows(columns, len(columns[field_id]))
            return [self.ask(row, field_id, column) for row in rows]
        if field_id not in self._rows:
            # The reference is itself filled, from a row that was picked before.
            self._rows[field_id] = self._fetch(field, columns[field_id])
        values = {
            value: rows[0].get(column)
            for value, rows in self._rows.get(field_id, {}).items()
            if rows
        }
        return [values.get(value) for value in columns[field_id]]

    def find_unknown(
        self, field: FieldSpec, columns: Columns
    ) -> Iterator[tuple[int, list[object]]]:
        """Yield the positions of rows whose value no target row has."""
        assert field.reference is not None
        known = self._rows.get(field.id, {})
        if field.reference.filter is not None:
            yield from self._find_unfit(field, columns)
        elif field.multiple:
            for index, values in enumerate(columns[field.id]):
                unknown = [value for value in _each(values) if value not in known]
                if unknown:
                    yield index, unknown
        elif not (set(columns[field.id]) - {None}) <= known.keys():
            for index, value in enumerate(columns[field.id]):
                if value is not None and value not in known:
                    yield index, [value]

    def _find_unfit(
        self, field: FieldSpec, columns: Columns
    ) -> Iterator[tuple[int, list[object]]]:
        count = len(columns[field.id])
        for index, row in enumerate(iterate_rows(columns, count)):
            value = row.get(field.id)
            if value is not None and self.pick(row, field.id) is None:
                yield index, [value]

    def describe_unknown(
        self, field: FieldSpec, unknown: Sequence[object], near: Sequence[str] = ()
    ) -> Finding:
        """Say that no row of the target forms has a value."""
        reference = field.reference
        assert reference is not None
        details: dict[str, object] = {
            "value": quote("、".join(map(str, unknown))),
            "tables": list(reference.tables),
            "field": reference.field,
        }
        if self._rows.get(field.id, {}).get(unknown[0]):
            details["reason"] = "filter"
        if near:
            details["suggestions"] = list(near)
        return Finding(Code.REFERENCE, details)

    def suggest(
        self, field: FieldSpec, unknown: Collection[object]
    ) -> Mapping[object, list[str]]:
        """Find target values that differ in zeros in front, blanks, hyphens or case."""
        spelt = {value: _spellings(value) for value in list(unknown)[:_UNKNOWN_VALUES]}
        wanted = {s for spellings in spelt.values() for s in spellings}
        if not wanted:
            return {}
        found = self._find(field, wanted, ())
        near = {
            v: [s for s in spellings if s in found] for v, spellings in spelt.items()
        }
        return {value: spellings for value, spellings in near.items() if spellings}

    def _fetch(
        self, field: FieldSpec, values: Sequence[object]
    ) -> Mapping[object, Sequence[Row]]:
        wanted = set(values)
        wanted.discard(None)
        if field.multiple:
            wanted = {value for several in wanted for value in _each(several)}
        if not wanted:
            return {}
        return self._find(field, wanted, columns_read(self._form)[field.id])

    def _find(
        self, field: FieldSpec, wanted: Collection[object], columns: Collection[str]
    ) -> Mapping[object, Sequence[Row]]:
        reference = field.reference
        assert reference is not None
        found: dict[object, Sequence[Row]] = {}
        for table in reference.tables:
            if table == self._form.code:
                own = self._own.find(reference.field, wanted)
                found.update((v, r) for v, r in own.items() if v not in found)
            missing = [value for value in wanted if value not in found]
            if missing:
                rows = self._lookup.find_rows(table, reference.field, missing, columns)
                found.update(rows)
        return found


class _OwnRows:
    """The rows of the block itself: what references to the same form also see."""

    def __init__(
        self,
        columns: Columns,
        count: int,
        elsewhere: Mapping[str, Collection[object]],
    ) -> None:
        self._columns = columns
        self._count = count
        self._elsewhere = elsewhere

    def find(
        self, field_id: str, wanted: Collection[object]
    ) -> Mapping[object, Sequence[Row]]:
        elsewhere = self._elsewhere.get(field_id, ())
        found: dict[object, list[Row]] = {
            value: [{field_id: value}] for value in wanted if value in elsewhere
        }
        for row in iterate_rows(self._columns, self._count):
            value = row.get(field_id)
            if value is not None and value in wanted:
                found.setdefault(value, []).insert(0, row)
        return found


def reference_fields(form: FormSpec) -> tuple[FieldSpec, ...]:
    """The typed references of a form."""
    return tuple(field for field in form.typed_fields if field.reference is not None)


@cache
def columns_read(form: FormSpec) -> Mapping[str, frozenset[str]]:
    """The columns of target rows that fills, expressions and filters read, by field."""
    read: dict[str, set[str]] = {
        field.id: set() for field in form.fields if field.reference is not None
    }
    for field in form.fields:
        if field.fill is not None and field.fill.ref_field in read:
            read[field.fill.ref_field].add(field.fill.column)
        if field.reference is not None and field.reference.filter is not None:
            read[field.id] |= field.reference.filter.target_fields
    for expression in _expressions(form):
        for node in _ref_columns(expression.root):
            if node.field_id in read:
                read[node.field_id].add(node.column)
    return {field_id: frozenset(columns) for field_id, columns in read.items()}


@cache
def _exact_equations(condition: Expression) -> tuple[tuple[str, str], ...]:
    """(field of the target, field of the row) that have to hold the same value."""
    return tuple(
        (own.id, mine.id)
        for own, mine in equations_of(condition.root)
        if own.type is mine.type and own.type in _EXACT
    )


def _trim(value: object) -> object:
    return value.strip() if isinstance(value, str) else value


def _expressions(form: FormSpec) -> Iterator[Expression]:
    for field in form.fields:
        parts = (field.computed, field.visible_when, field.required_when)
        yield from (part for part in parts if part is not None)
    for rule in form.rules:
        yield from (part for part in (rule.check, rule.when) if part is not None)


def _ref_columns(node: object) -> Iterator[RefColumn]:
    if isinstance(node, RefColumn):
        yield node
    for part in getattr(node, "__dataclass_fields__", {}):
        value = getattr(node, part)
        for child in value if isinstance(value, tuple) else (value,):
            yield from _ref_columns(child)


def _each(values: object) -> Collection[object]:
    return values if isinstance(values, tuple) else ()


def _spellings(value: object) -> list[str]:
    if not isinstance(value, str) or not 0 < len(value) <= 40:
        return []
    joined = "".join(c for c in value if c not in " -—_·.")
    variants = (value.upper(), value.lower(), joined, value.lstrip("0"), "0" + value)
    return [v for v in dict.fromkeys(variants) if v and v != value]
