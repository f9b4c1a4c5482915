"""Compiles expression trees to Python functions, over one row or over columns."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import lru_cache
from itertools import repeat
from typing import Any

from form_schemas.expressions import Expression
from validators.functions import RUNTIME, name_school_year
from validators.generating import Generator

Row = Mapping[str, Any]
Columns = Mapping[str, Sequence[Any]]


def _refuse_reference(row: Row, field_id: str, column: str) -> object:
    raise LookupError(f"no rows at hand that {field_id} could refer to")


@dataclass(frozen=True)
class UnitFacts:
    """What expressions may ask of the unit whose rows they judge."""

    name: str | None = None
    kind: str | None = None
    superior: str | None = None

    def as_given(self) -> dict[str, str | None]:
        """As expressions name them."""
        return {
            "own_name": self.name,
            "own_kind": self.kind,
            "own_superior": self.superior,
        }


@dataclass(frozen=True)
class Env:
    """What an expression may ask besides its row."""

    today: date
    period_start: date
    period_end: date
    #: (row, reference field, column) -> value in the row it picks, or None; asked only
    #: where the reference is not empty
    ref: Callable[[Row, str, str], Any] = _refuse_reference
    #: the same over columns: (columns, reference field, column) -> values. Without it
    #: `ref` is asked row by row.
    ref_column: Callable[[Columns, str, str], Sequence[Any]] | None = None
    #: the referring row, for the filter of a reference
    this: Row = field(default_factory=dict)
    unit: UnitFacts = field(default_factory=UnitFacts)
    report_year: int = field(init=False)
    school_year: str = field(init=False)
    own_name: str | None = field(init=False)
    own_kind: str | None = field(init=False)
    own_superior: str | None = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "report_year", self.period_end.year)
        school_year = name_school_year(self.period_start)
        object.__setattr__(self, "school_year", school_year)
        for name, value in self.unit.as_given().items():
            object.__setattr__(self, name, value)


class Ask(StrEnum):
    """What a compiled expression answers."""

    VALUE = "value"
    #: whether a condition is true: null is not
    TRUE = "true"
    #: whether a condition is false: null is not
    FALSE = "false"


@dataclass(frozen=True)
class Question:
    """An expression and what to ask of it; several with `also` have to hold at once."""

    expression: Expression
    ask: Ask = Ask.VALUE
    #: a condition that has to be true besides
    when: Expression | None = None


@lru_cache(maxsize=8192)
def compile_row(question: Question) -> Callable[[Row, Env], Any]:
    """A function of a row and an Env."""
    generator = Generator(_NAMES)
    answer = _answer(generator, question)
    lines = ["def run(row, env):"]
    lines += [f"    {line}" for line in generator.row_inputs()]
    lines += [
        "    try:",
        f"        return {answer}",
        "    except TOO_LONG:",
        f"        return {_nothing(question)}",
    ]
    return generator.define(lines)


@lru_cache(maxsize=8192)
def compile_columns(question: Question) -> Callable[[Columns, int, Env], list[Any]]:
    """A function of columns, their length and an Env.

    It returns the value of each row, or for a condition the indexes of the rows where
    the answer is yes.
    """
    generator = Generator(_NAMES)
    answer = _answer(generator, question)
    setup, loop = generator.column_inputs()
    takes_all = question.ask is Ask.VALUE
    lines = ["def run(columns, count, env):", "    out = []", "    append = out.append"]
    lines += [f"    {line}" for line in setup]
    lines += [f"    {loop}", "        try:"]
    if takes_all:
        lines += [f"            append({answer})"]
    else:
        lines += [f"            if {answer}:", "                append(index)"]
    lines += [
        "        except TOO_LONG:",
        f"            {'append(None)' if takes_all else 'pass'}",
        "    return out",
    ]
    return generator.define(lines)


def _answer(generator: Generator, question: Question) -> str:
    root = question.expression.root
    if question.ask is Ask.VALUE:
        return generator.value(root).text
    ask = generator.true if question.ask is Ask.TRUE else generator.false
    condition = ask(root)
    if question.when is not None:
        condition = f"({generator.true(question.when.root)} and {condition})"
    return f"(True if {condition} else False)"


def _nothing(question: Question) -> str:
    return "None" if question.ask is Ask.VALUE else "False"


def fetch_column(columns: Columns, count: int, field_id: str) -> Sequence[Any]:
    """A column, or as many nulls where the block lacks it."""
    column = columns.get(field_id)
    return (None,) * count if column is None else column


def fetch_reference(
    columns: Columns, count: int, field_id: str, column: str, env: Env
) -> Sequence[Any]:
    """What `ref(field_id).column` is in each row of a block."""
    keys = columns.get(field_id)
    if keys is None:
        return (None,) * count
    if env.ref_column is not None:
        return env.ref_column(columns, field_id, column)
    return [
        None if key is None else env.ref(row, field_id, column)
        for key, row in zip(keys, iterate_rows(columns, count), strict=True)
    ]


def iterate_rows(columns: Columns, count: int) -> Iterator[Row]:
    """The rows of a block of columns, as dicts."""
    if not columns:
        return repeat({}, count)
    ids = tuple(columns)
    cells = zip(*columns.values(), strict=True)
    return (dict(zip(ids, row, strict=True)) for row in cells)


_NAMES: Mapping[str, Any] = {
    **RUNTIME,
    "fetch_column": fetch_column,
    "fetch_reference": fetch_reference,
}
