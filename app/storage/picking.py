"""Rows of a referred form as choices of a picker: found by words, fit for one row."""

from collections.abc import Callable, Iterator, Mapping
from itertools import islice

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Text,
    case,
    cast,
    or_,
    select,
)

from app.storage.binding import Binding
from app.storage.records import Choice, Choices, Scope
from app.storage.search import find_initials
from form_schemas.expressions import Expression
from form_schemas.spec import FieldSpec, FormSpec
from validators.compiling import Ask, Env, Question, compile_row

_PAGE = 20
#: Rows that a filter looks through for one answer: what is further down the list is
#: found by typing more of it.
_MOST_ROWS = 20_000
_BATCH = 500


def find_choices(
    connection: Connection,
    binding: Binding,
    field: FieldSpec,
    scope: Scope,
    text: str,
    page: int,
    env: Env | None = None,
) -> Choices:
    """A page of the rows that a reference may pick, found by value, title or initials.

    Args:
        field: the reference.
        env: the referring row, for the reference's own filter; None passes it over.
    """
    reference, form = field.reference, binding.form
    value = binding.table.c[reference.field]
    title = binding.table.c[form.title_field or reference.field]
    starts = case((cast(value, Text).istartswith(text, autoescape=True), 0), else_=1)
    statement = (
        select(value, title)
        .where(binding.in_unit(scope), value.is_not(None))
        .where(*(_find_word(binding, value, title, w) for w in text.split()))
        .order_by(*((starts,) if text else ()), value)
    )
    start = (max(page, 1) - 1) * _PAGE
    if env is None or reference.filter is None or not reference.filter.is_runnable:
        records = statement.limit(_PAGE + 1).offset(start)
        found = connection.execute(records).all()
    else:
        fitting = _find_fitting(connection, binding, statement, reference.filter, env)
        found = list(islice(fitting, start, start + _PAGE + 1))
    options = tuple(_make_choice(form, *pair) for pair in found[:_PAGE])
    return Choices(options, len(found) > _PAGE)


def _find_fitting(
    connection: Connection,
    binding: Binding,
    statement: Select,
    condition: Expression,
    env: Env,
) -> Iterator[tuple[object, object]]:
    """Values and titles of the rows that fulfil the filter of a reference."""
    names = sorted(condition.target_fields)
    fits: Callable[[Mapping[str, object], Env], bool]
    fits = compile_row(Question(condition, Ask.TRUE))
    with connection.execute(
        statement.add_columns(*(binding.table.c[name] for name in names)).limit(
            _MOST_ROWS
        ),
        execution_options={"yield_per": _BATCH},
    ) as records:
        for value, title, *read in records:
            if fits(dict(zip(names, read, strict=True)), env):
                yield value, title


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
