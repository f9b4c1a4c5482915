"""Cases of the expression language, and both back ends that answer them."""

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from form_schemas.expressions import Column, Expression, parse_expression
from form_schemas.kinds import ValueType
from tests.support.machine import get_node
from validators.compiling import (
    Ask,
    Env,
    Question,
    UnitFacts,
    compile_columns,
    compile_row,
)
from validators.trees import Tree, to_tree

ROOT = Path(__file__).parents[2]
CASES = json.loads((ROOT / "tests/expressions/cases.json").read_text(encoding="utf-8"))
GIVEN = CASES["given"]
LEVELS = ("国家级", "省级", "校级")

_DETAILS: Mapping[str, Mapping[str, Any]] = {
    "level": {"options": LEVELS},
    "many": {"separator": "/"},
    "r": {"ref_tables": ("T",)},
}
#: A form F with a field of each type, and T that its reference `r` refers to.
TABLES = {
    "F": {
        name: Column(name, ValueType(kind), **_DETAILS.get(name, {}))
        for name, kind in CASES["columns"].items()
    },
    "T": {
        name: Column(name, ValueType(kind)) for name, kind in CASES["target"].items()
    },
}


@cache
def parse(text: str) -> Expression:
    return parse_expression(text, TABLES, "F")


def to_typed(row: Mapping[str, Any], columns: Mapping[str, Column]) -> dict[str, Any]:
    """A row as a server holds it, from the one a browser holds."""
    read = {
        ValueType.NUMBER: lambda v: v if isinstance(v, int) else Decimal(v),
        ValueType.DATE: date.fromisoformat,
        ValueType.LIST: tuple,
    }
    return {
        name: None
        if value is None
        else read.get(columns[name].type, lambda v: v)(value)
        for name, value in row.items()
    }


def to_plain(value: Any) -> Any:
    """A value of the Python back end as the browser's writes it."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, (int, Decimal)):
        text = f"{Decimal(value):f}"
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return "0" if text == "-0" else text
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple | list) else value.strip()


def write(value: Any) -> Any:
    """A value of a row as a page sends it."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat()
    return list(value) if isinstance(value, tuple) else value


def find_difference(
    expressions: Sequence[Expression],
    rows: Sequence[Mapping[str, Any]],
    answers: Mapping[str, Sequence[Sequence[Any]]],
) -> str | None:
    """The shortest expression that back ends answer differently, and for which row."""
    differing = [
        (expression.text, rows[row], {who: answers[who][place][row] for who in answers})
        for place, expression in enumerate(expressions)
        for row in range(len(rows))
        if any(
            answers[who][place][row] != answers["python"][place][row] for who in answers
        )
    ]
    if not differing:
        return None
    text, row, answered = min(differing, key=lambda found: len(found[0]))
    read = {name: value for name, value in row.items() if name in text}
    return f"{len(differing)} differ, such as {text} in {read}: {answered}"


_TARGETS = {key: to_typed(row, TABLES["T"]) for key, row in CASES["targets"].items()}


def make_env(**changes: Any) -> Env:
    return Env(
        today=date.fromisoformat(GIVEN["today"]),
        period_start=date.fromisoformat(GIVEN["period_start"]),
        period_end=date.fromisoformat(GIVEN["period_end"]),
        ref=lambda row, field_id, column: _TARGETS.get(row[field_id], {}).get(column),
        unit=UnitFacts(GIVEN["own_name"], GIVEN["own_kind"], GIVEN["own_superior"]),
        **changes,
    )


def answer_row(text: str, row: Mapping[str, Any], ask: Ask = Ask.VALUE) -> Any:
    """What Python makes of an expression for one row, as plain JSON."""
    typed = to_typed(row, TABLES["F"])
    return to_plain(compile_row(Question(parse(text), ask))(typed, make_env()))


def answer_columns(text: str, row: Mapping[str, Any]) -> Any:
    """The same through a block of columns that holds the row between empty ones."""
    typed = to_typed(row, TABLES["F"])
    columns = {name: [None, value, None] for name, value in typed.items()}
    answers = compile_columns(Question(parse(text)))(columns, 3, make_env())
    assert answers[0] == answers[2]
    return to_plain(answers[1])


@dataclass(frozen=True)
class Browser:
    """The interpreter of the browser, in one Node process."""

    process: subprocess.Popen[str]

    def answer(self, text: str, row: Mapping[str, Any]) -> Any:
        return self._ask({"tree": to_tree(parse(text)), "row": row})

    def list_functions(self) -> list[str]:
        return self._ask({"functions": True})

    def round_half_up(self, number: str, places: int) -> str:
        return self._ask({"round": [number, places]})

    def answer_rows(
        self,
        trees: Sequence[Tree],
        rows: Sequence[Mapping[str, Any]],
        days: Mapping[str, Any] | None = None,
    ) -> list[list[Any]]:
        """The value of each tree in each row; on other days where some are given."""
        return self._ask({"trees": trees, "rows": rows, "days": days})

    def _ask(self, question: Mapping[str, Any]) -> Any:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


@contextmanager
def run_browser() -> Iterator[Browser]:
    command = [get_node(), str(ROOT / "tests/expressions/answer.mjs")]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        yield Browser(process)
        assert process.stdin
        process.stdin.close()
