"""The table of results, as text for people."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version

from benchmarks.measures import Line

_PACKAGES = (
    "python-calamine",
    "rustpy-xlsxwriter",
    "jsonschema-rs",
    "sqlalchemy",
    "psycopg",
    "jinja2",
    "flask",
)


@dataclass(frozen=True)
class Result:
    """A line with its medians; without them the reason why."""

    line: Line
    value: float | None = None
    floor: float | None = None
    #: lowest and highest of the runs
    spread: tuple[float, float] | None = None
    failure: str = ""

    @property
    def ratio(self) -> float | None:
        if self.value is None or not self.floor:
            return None
        return self.value / self.floor

    @property
    def is_held(self) -> bool | None:
        """Whether the budget is held; None where there is none."""
        judged = self.ratio if self.line.floor is not None else self.value
        if self.line.budget is None or judged is None:
            return None
        return judged <= self.line.budget


def write_report(results: Sequence[Result], facts: Sequence[str]) -> str:
    """The results as a page of Markdown."""
    lines = [
        "# Results of `make bench`",
        "",
        *(f"- {fact}" for fact in (*_describe_machine(), *facts)),
        "",
        "| measure | median | runs | floor | ratio | budget | held |",
        "|---|---:|---:|---:|---:|---:|---|",
        *(_write_line(result) for result in results),
        "",
    ]
    failures = [result for result in results if result.failure]
    if failures:
        lines += ["Not measured:", ""]
        lines += [f"- {f.line.title}: {f.failure.splitlines()[-1]}" for f in failures]
        lines.append("")
    return "\n".join(lines)


def _describe_machine() -> list[str]:
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GiB, "
        f"{platform.system()} {platform.release()}, load {os.getloadavg()[2]:.1f}",
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}",
        versions,
    ]


def _write_line(result: Result) -> str:
    line = result.line
    cells = [
        line.title,
        _show(result.value, line.unit),
        "" if result.spread is None else "–".join(map(_number, result.spread)),
        _show(result.floor, line.unit),
        "" if result.ratio is None else f"{result.ratio:.2f}",
        _show_budget(line),
        {True: "yes", False: "**no**", None: ""}[result.is_held],
    ]
    return f"| {' | '.join(cells)} |"


def _show(value: float | None, unit: str) -> str:
    return "" if value is None else f"{_number(value)} {unit}"


def _show_budget(line: Line) -> str:
    if line.budget is None:
        return ""
    if line.floor is None:
        return f"{line.budget:g} {line.unit}"
    return f"{line.budget:g} ×"


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
