"""Which rows a query means: words, filters and order as SQL, and their number.

Words are looked for in the key, the title and the other short texts that are not
personal data: a search must not tell what a masked cell holds.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    cast,
    false,
    func,
    or_,
    select,
)

from app.errors import BadRequest
from app.storage.binding import Binding
from app.storage.records import (
    Filter,
    FilterOp,
    Page,
    Query,
    Scope,
    Sort,
)
from app.storage.tables import IS_FAULTY
from app.storage.types import TextList
from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.spec import FormSpec

#: Codes of a list whose names hold a word; more match nothing one could look through.
_MOST_CODES = 200

CodeLists = Mapping[str, CodeList]


def find_page(
    connection: Connection,
    binding: Binding,
    scope: Scope,
    query: Query,
    codelists: CodeLists,
) -> Page:
    """One page of rows, and how many there are in all."""
    wanted = matching(binding, scope, query, codelists)
    found = connection.execute(
        ordered(select(*binding.selected).where(wanted), binding, query.sort)
        .limit(query.size)
        .offset((max(query.page, 1) - 1) * query.size)
    )
    rows = tuple(binding.read(record) for record in found)
    # A short first page counts itself.
    if query.page <= 1 and len(rows) < query.size:
        return Page(rows, len(rows))
    total = select(func.count()).select_from(binding.table).where(wanted)
    return Page(rows, connection.scalar(total) or 0)


def matching(
    binding: Binding, scope: Scope, query: Query, codelists: CodeLists
) -> ColumnElement[bool]:
    """The condition that a query's search and filters make."""
    return and_(
        binding.in_scope(scope),
        *(_find_word(binding, word, codelists) for word in query.search.split()),
        *(_apply_filter(binding, rule) for rule in query.filters),
        *_find_marked(binding, query),
    )


def ordered(statement: Select, binding: Binding, sort: Sort | None) -> Select:
    if sort is None:
        return statement.order_by(binding.table.c._id)
    column = _get_column(binding, sort.field_id)
    order = column.desc() if sort.descending else column.asc()
    return statement.order_by(order.nulls_last(), binding.table.c._id)


def _find_word(
    binding: Binding, word: str, codelists: CodeLists
) -> ColumnElement[bool]:
    places: list[ColumnElement[bool]] = []
    for field in _searched_fields(binding.form):
        column = binding.table.c[field.id]
        places.append(cast(column, Text).icontains(word, autoescape=True))
        codes = _codes_named(field, word, codelists)
        if codes:
            places.append(column.in_(codes))
    return or_(false(), *places, *find_initials(binding, word))


def _find_marked(binding: Binding, query: Query) -> Iterator[ColumnElement[bool]]:
    if query.level:
        yield IS_FAULTY
        yield binding.table.c._level == query.level
    if query.inherited:
        yield binding.table.c._inherited
    if query.ids is not None:
        yield binding.table.c._id.in_(query.ids)


def find_initials(binding: Binding, word: str) -> Iterator[ColumnElement[bool]]:
    """Where the row's title has a word as its pinyin initials."""
    if word.isascii() and word.isalnum():
        yield binding.table.c._initials.contains(word.lower(), autoescape=True)


_SEARCHED_KINDS = frozenset(FieldKind) - FILE_KINDS - {FieldKind.LONG_TEXT}


@lru_cache(maxsize=1024)
def _searched_fields(form: FormSpec) -> tuple[FieldSpec, ...]:
    return tuple(
        field
        for field in form.fields
        if not field.sensitive
        and field.value_kind in _SEARCHED_KINDS
        and (field.traits.json_type == "string" or field.id in form.key)
    )


def _codes_named(field: FieldSpec, word: str, codelists: CodeLists) -> list[str]:
    """Codes whose names hold a word: the grid shows names, the table holds codes."""
    codelist = codelists.get(field.codes) if field.codes else None
    if codelist is None or field.is_list or field.value_kind is not FieldKind.CODE:
        return []
    codes = [entry.code for entry in codelist.entries if word in entry.name]
    return codes[:_MOST_CODES]


def _apply_filter(binding: Binding, rule: Filter) -> ColumnElement[bool]:
    return _FILTERS[rule.op](_get_column(binding, rule.field_id), rule.value)


def _get_column(binding: Binding, field_id: str) -> Column:
    """The column of a field: names that came by a request go no further than here."""
    if field_id not in binding.form.by_id:
        raise BadRequest
    return binding.table.c[field_id]


def _equals(column: Column, value: object) -> ColumnElement[bool]:
    if isinstance(column.type, TextList):
        return _holds(column, value)
    return column == value


def _contains(column: Column, value: object) -> ColumnElement[bool]:
    return cast(column, Text).icontains(str(value), autoescape=True)


def _any_of(column: Column, value: object) -> ColumnElement[bool]:
    if not isinstance(value, tuple | list):
        raise BadRequest
    if isinstance(column.type, TextList):
        return or_(false(), *(_holds(column, item) for item in value))
    return column.in_(value)


def _holds(column: Column, value: object) -> ColumnElement[bool]:
    """Whether a list column holds a text: as JSON writes it, quotes and all."""
    written = TextList().process_bind_param((str(value),), None)
    return cast(column, Text).contains(written[1:-1], autoescape=True)


_FILTERS = {
    FilterOp.EQUALS: _equals,
    FilterOp.CONTAINS: _contains,
    FilterOp.ANY_OF: _any_of,
    FilterOp.AT_LEAST: lambda column, value: column >= value,
    FilterOp.AT_MOST: lambda column, value: column <= value,
    FilterOp.EMPTY: lambda column, _value: column.is_(None),
    FilterOp.FILLED: lambda column, _value: column.is_not(None),
}

#: Whether a list column holds a text; reverse look-ups ask it too.
holds = _holds
