"""Rows of a referred form as choices of a picker: found by words, fit for one row."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import NoReturn

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Text,
    case,
    cast,
    or_,
    select,
)

from app.storage.binding import Binding, bind
from app.storage.expression_rows import (
    Moment,
    NotInSqlError,
    RowsOf,
    SqlPlace,
    words_for,
)
from app.storage.expressions import compile_sql
from app.storage.records import Choice, Choices, Scope
from app.storage.search import find_initials
from app.storage.sql_values import Sql, Value
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import ValueType
from form_schemas.spec import FormSpec
from validators.compiling import Env

_PAGE = 20


@dataclass(frozen=True)
class Picking:
    """A reference, and the row that a value is picked for."""

    form: FormSpec
    field: FieldSpec
    #: with the row as `this`; None: for no row in particular, so that the reference's
    #: own filter is passed over
    env: Env | None = None


def find_choices(
    connection: Connection,
    catalogue: Catalogue,
    target: FormSpec,
    scope: Scope,
    picking: Picking,
    text: str,
    page: int,
) -> Choices:
    """A page of the rows of a form that may be picked: by value, title or initials."""
    binding, source, fits = _find_source(connection, catalogue, target, scope, picking)
    columns, name = binding.table.c, picking.field.reference.field
    value, title = columns[name], columns[target.title_field or name]
    starts = case((cast(value, Text).istartswith(text, autoescape=True), 0), else_=1)
    found = connection.execute(
        select(value, title)
        .select_from(source)
        .where(binding.in_unit(scope), value.is_not(None), *fits)
        .where(*(_find_word(binding, value, title, w) for w in text.split()))
        .order_by(*((starts,) if text else ()), value)
        .limit(_PAGE + 1)
        .offset((max(page, 1) - 1) * _PAGE)
    ).all()
    options = tuple(_make_choice(target, *pair) for pair in found[:_PAGE])
    return Choices(options, len(found) > _PAGE)


def _find_source(
    connection: Connection,
    catalogue: Catalogue,
    target: FormSpec,
    scope: Scope,
    picking: Picking,
) -> tuple[Binding, FromClause, tuple[Sql, ...]]:
    """The rows to choose from, and what is true of those that fit the row."""
    binding, condition = bind(catalogue, target), picking.field.reference.filter
    if picking.env is None or condition is None:
        return binding, binding.table, ()
    rows = _rows_beside(connection, catalogue, target, scope, picking)
    try:
        fits = compile_sql(condition, rows)
    except NotInSqlError:
        # The check knows better: a list that is too long beats none.
        return binding, binding.table, ()
    return replace(binding, table=rows.table), rows.joined(), (fits,)


def _rows_beside(
    connection: Connection,
    catalogue: Catalogue,
    target: FormSpec,
    scope: Scope,
    picking: Picking,
) -> RowsOf:
    """The rows of a form beside the row that is being typed."""
    env, now = picking.env, Moment(scope, catalogue.edition_of(target))
    days = (env.today, env.period_start, env.period_end)
    place = SqlPlace(catalogue, words_for(connection), now, None, *days)
    this = _TypedRow(place, picking.form, now, values=env.this)
    return RowsOf(place, target, now, around=this)


@dataclass(eq=False)
class _TypedRow(RowsOf):
    """One row as it is being typed, stored or not: its values are constants."""

    values: Mapping[str, object] = field(default_factory=dict)

    def value(self, field_id: str, kind: ValueType) -> Value:
        words, value = self.place.words, self.values.get(field_id)
        if value is None or self.form.by_id[field_id].value_type is not kind:
            return words.nothing(kind)
        is_number = kind is ValueType.NUMBER
        return words.constant(Decimal(str(value)) if is_number else value, kind)

    def join(self, rows: FromClause, condition: Sql) -> NoReturn:
        raise NotInSqlError("looks up more than the row holds")


def _make_choice(form: FormSpec, value: object, title: object) -> Choice:
    hidden = form.title_field is not None and form.by_id[form.title_field].sensitive
    if title is None or title == value or hidden:
        return Choice(value, str(value))
    return Choice(value, str(title), str(value))


def _find_word(
    binding: Binding, value: Column, title: Column, word: str
) -> ColumnElement[bool]:
    places = [
        cast(value, Text).icontains(word, autoescape=True),
        cast(title, Text).icontains(word, autoescape=True),
        *find_initials(binding, word),
    ]
    return or_(*places)
