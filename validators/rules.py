"""Evaluates what a form declares by expressions: given values, visibility, rules.

Each function exists for one row and for a block of columns (field id -> values, all of
one length), which imports use. Rows and columns hold typed values; null is None. None
of them is changed in place.

    evaluate_steps(form, row, env) -> row
    required_fields(form, row, env), hidden_fields(form, row, env)
    broken_rules(form, row, env) -> rules

    evaluate_columns(form, columns, count, env) -> columns
    find_missing(form, columns, count, env) -> (field, row indexes), …
    find_broken(form, columns, count, env) -> (rule, row indexes), …

What looks beyond the row and the rows it refers to is not evaluated here:
`waiting_rules` lists those rules, `FormSpec.wider_fields` such computed values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import FormSpec, StepKind
from validators.compiling import (
    Ask,
    Columns,
    Env,
    Question,
    Row,
    compile_columns,
    compile_row,
    fetch_column,
    fetch_reference,
)
from validators.functions import BLANKS, TOO_LONG, find_first_day, round_half_up


def compile_expression(
    expression: Expression, ask: Ask = Ask.VALUE
) -> Callable[[Row, Env], Any]:
    """A function of a row and an Env: the value, or whether it is true or false.

    Raises:
        NotRunnableError: the expression looks beyond the row.
    """
    return compile_row(Question(expression, ask))


def waiting_rules(form: FormSpec) -> tuple[RuleSpec, ...]:
    """Rules that a row alone cannot answer: not yet run, never silently passed."""
    return tuple(
        rule
        for rule in form.rules
        if rule.check is not None and not _is_rule_runnable(rule)
    )


def evaluate_steps(form: FormSpec, row: Row, env: Env) -> dict[str, Any]:
    """The row with its filled and computed values; hidden fields are None."""
    evaluated = dict(row)
    hidden: set[str] = set()
    for step in _prepare(form).steps:
        if step.kind is StepKind.VISIBLE:
            if not step.ask_row(evaluated, env):
                hidden.add(step.field.id)
                evaluated[step.field.id] = None
        elif step.field.id in hidden:
            evaluated[step.field.id] = None
        else:
            value = step.ask_row(evaluated, env)
            evaluated[step.field.id] = settle(step.field, value)
    return evaluated


def hidden_fields(form: FormSpec, row: Row, env: Env) -> frozenset[str]:
    """The fields an evaluated row does not show."""
    return frozenset(
        step.field.id
        for step in _prepare(form).visibility
        if not step.ask_row(row, env)
    )


def required_fields(form: FormSpec, row: Row, env: Env) -> tuple[FieldSpec, ...]:
    """The visible fields an evaluated row needs to have a value in."""
    hidden = hidden_fields(form, row, env)
    return tuple(
        demand.field
        for demand in _prepare(form).demands
        if demand.field.id not in hidden
        and (demand.ask_row is None or demand.ask_row(row, env))
    )


def broken_rules(form: FormSpec, row: Row, env: Env) -> Iterator[RuleSpec]:
    """The rules an evaluated row breaks, in their order."""
    for broken in _prepare(form).rules:
        if broken.ask_row(row, env):
            yield broken.rule


# Blocks of columns.


def evaluate_columns(
    form: FormSpec, columns: Columns, count: int, env: Env
) -> dict[str, Sequence[Any]]:
    """The columns with filled and computed ones; None where a field is hidden."""
    evaluated = dict(columns)
    visible: dict[str, Sequence[Any]] = {}
    for step in _prepare(form).steps:
        field_id = step.field.id
        answers = step.ask_columns(evaluated, count, env)
        if step.kind is StepKind.VISIBLE:
            visible[field_id] = answers
            values = fetch_column(evaluated, count, field_id)
        else:
            values = [settle(step.field, answer) for answer in answers]
        if field_id in visible:
            pairs = zip(values, visible[field_id], strict=True)
            values = [value if shown else None for value, shown in pairs]
        evaluated[field_id] = values
    return evaluated


def find_missing(
    form: FormSpec, columns: Columns, count: int, env: Env
) -> Iterator[tuple[FieldSpec, list[int]]]:
    """Required fields of evaluated columns, with the rows that lack a value."""
    prepared = _prepare(form)
    shown = {step.field.id: step for step in prepared.visibility}
    for demand in prepared.demands:
        field_id = demand.field.id
        values = fetch_column(columns, count, field_id)
        if None not in values:
            continue
        empty = [index for index, value in enumerate(values) if value is None]
        if empty and demand.ask_columns is not None:
            demanded = set(demand.ask_columns(columns, count, env))
            empty = [index for index in empty if index in demanded]
        if empty and field_id in shown:
            visible = shown[field_id].ask_columns(columns, count, env)
            empty = [index for index in empty if visible[index]]
        if empty:
            yield demand.field, empty


def find_broken(
    form: FormSpec, columns: Columns, count: int, env: Env
) -> Iterator[tuple[RuleSpec, list[int]]]:
    """Rules that evaluated columns break, with the rows that break them."""
    for broken in _prepare(form).rules:
        rows = broken.ask_columns(columns, count, env)
        if rows:
            yield broken.rule, rows


# What is made once of a form.


@dataclass(frozen=True)
class _Step:
    """One step: a field's visibility, or its given value."""

    kind: StepKind
    field: FieldSpec
    ask_row: Callable[[Row, Env], Any]
    ask_columns: Callable[[Columns, int, Env], Sequence[Any]]


@dataclass(frozen=True)
class _Demand:
    """A field that needs a value: always, or where its condition is true."""

    field: FieldSpec
    ask_row: Callable[[Row, Env], Any] | None = None
    ask_columns: Callable[[Columns, int, Env], list[int]] | None = None


@dataclass(frozen=True)
class _Broken:
    """A rule, and the question whether a row breaks it."""

    rule: RuleSpec
    ask_row: Callable[[Row, Env], Any]
    ask_columns: Callable[[Columns, int, Env], list[int]]


@dataclass(frozen=True)
class _Prepared:
    steps: tuple[_Step, ...]
    visibility: tuple[_Step, ...]
    demands: tuple[_Demand, ...]
    rules: tuple[_Broken, ...]


@lru_cache(maxsize=2048)
def _prepare(form: FormSpec) -> _Prepared:
    steps = tuple(_steps(form))
    return _Prepared(
        steps=steps,
        visibility=tuple(step for step in steps if step.kind is StepKind.VISIBLE),
        demands=tuple(_demands(form)),
        rules=tuple(_rules(form)),
    )


def _steps(form: FormSpec) -> Iterator[_Step]:
    for step in form.steps:
        field = form.by_id[step.field_id]
        if step.kind is StepKind.FILL:
            yield _fill(field)
            continue
        expression = (
            field.visible_when if step.kind is StepKind.VISIBLE else field.computed
        )
        # What looks beyond the row waits: the field is shown, its value left as it is.
        if expression is not None and expression.is_runnable:
            question = Question(expression)
            yield _Step(
                step.kind, field, compile_row(question), compile_columns(question)
            )


def _fill(field: FieldSpec) -> _Step:
    assert field.fill is not None
    source, column = field.fill.ref_field, field.fill.column

    def ask_row(row: Row, env: Env) -> Any:
        return None if row.get(source) is None else env.ref(row, source, column)

    def ask_columns(columns: Columns, count: int, env: Env) -> Sequence[Any]:
        return fetch_reference(columns, count, source, column, env)

    return _Step(StepKind.FILL, field, ask_row, ask_columns)


def _demands(form: FormSpec) -> Iterator[_Demand]:
    for field in form.typed_fields:
        condition = field.required_when
        if field.required:
            yield _Demand(field)
        elif condition is not None and condition.is_runnable:
            question = Question(condition, Ask.TRUE)
            yield _Demand(field, compile_row(question), compile_columns(question))


def _rules(form: FormSpec) -> Iterator[_Broken]:
    for rule in form.rules:
        if rule.check is not None and _is_rule_runnable(rule):
            question = Question(rule.check, Ask.FALSE, rule.when)
            yield _Broken(rule, compile_row(question), compile_columns(question))


def _is_rule_runnable(rule: RuleSpec) -> bool:
    return all(part.is_runnable for part in (rule.check, rule.when) if part)


# Values as fields hold them.

#: Digits that every column holds: decimals are whole numbers of 64 bits on SQLite.
_LONGEST = 18


def settle(field: FieldSpec, value: Any) -> Any:
    """The value of an expression as its field holds it."""
    if value is None:
        return None
    if field.is_list:
        return tuple(value) or None
    return _SETTLERS[field.value_kind](value, field)


def settle_all(field: FieldSpec, values: Iterable[Any]) -> list[Any]:
    """The values of a column as its field holds them."""
    if field.is_list:
        return [settle(field, value) for value in values]
    one = _SETTLERS[field.value_kind]
    if one is _keep:
        return list(values)
    return [None if value is None else one(value, field) for value in values]


def _settle_scaled(value: Any, field: FieldSpec) -> Any:
    try:
        return _limit(round_half_up(value, field.places or 0), field.places or 0)
    except TOO_LONG:
        return None


def _settle_whole(value: Any, field: FieldSpec) -> Any:
    return _limit(int(round_half_up(value, 0)), 0)


def _limit(number: Any, places: int) -> Any:
    """The number, or null where no column holds so many digits."""
    return number if abs(number) < 10 ** (_LONGEST - places) else None


def _settle_text(value: Any, field: FieldSpec) -> Any:
    return value.strip(BLANKS) or None


def _settle_date(value: Any, field: FieldSpec) -> Any:
    return value if isinstance(value, date) else find_first_day(value)


def _settle_month(value: Any, field: FieldSpec) -> Any:
    return value.isoformat()[:7] if isinstance(value, date) else value


def _keep(value: Any, field: FieldSpec) -> Any:
    return value


_SETTLERS: Mapping[FieldKind, Callable[[Any, FieldSpec], Any]] = {
    FieldKind.TEXT: _settle_text,
    FieldKind.LONG_TEXT: _settle_text,
    FieldKind.INTEGER: _settle_whole,
    FieldKind.DECIMAL: _settle_scaled,
    FieldKind.MONEY: _settle_scaled,
    FieldKind.PERCENT: _settle_scaled,
    FieldKind.DATE: _settle_date,
    FieldKind.YEAR_MONTH: _settle_month,
    FieldKind.YEAR: _settle_whole,
    FieldKind.BOOLEAN: _keep,
    FieldKind.ENUM: _settle_text,
    FieldKind.MULTI_ENUM: _keep,
    FieldKind.CODE: _settle_text,
    FieldKind.REF: _keep,
    FieldKind.FILE: _keep,
    FieldKind.IMAGE: _keep,
    FieldKind.PHONE: _settle_text,
    FieldKind.EMAIL: _settle_text,
    FieldKind.URL: _settle_text,
    FieldKind.ID_CARD: _settle_text,
    FieldKind.USCC: _settle_text,
}
