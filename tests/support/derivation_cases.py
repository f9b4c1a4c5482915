"""Cases of derived forms, written by hand from the requirements: rows in, rows out.

`tests/derivations/cases/<code>.json` holds `form`, `given` (rows that are there in all
of its cases) and `cases`, each with `name`, `tables` (more rows by form), the `rows`
that are expected, and optionally `today` and `change` at a source with `rows_after`.
A change is `{"form": code}` with `add` (a row), `delete` (values of the rows that go)
or `set` (`match` and the new `values`). Cases of generated forms also say which rows
one click `adds`, and of which rows (by key) the source has `gone`.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from form_schemas.spec import FormSpec
from tests.support.catalogues import get_catalogue
from validators.compiling import Env, Row
from validators.conversion import from_json

CASES = Path(__file__).parents[1] / "derivations" / "cases"
FIRST_DAY, LAST_DAY = date(2023, 9, 1), date(2024, 8, 31)
TODAY = "2024-10-08"

#: Rows by form, the forms that others refer to first.
Tables = Mapping[str, tuple[Row, ...]]


@dataclass(frozen=True)
class Change:
    """What somebody does at a source: adds a row, or changes or deletes some."""

    form: str
    #: values of the rows that change or go; None where one is added
    match: Row | None
    #: the new values; None where rows go
    values: Row | None

    def fits(self, row: Row) -> bool:
        return self.match is not None and self.match.items() <= row.items()

    def apply(self, tables: Tables) -> Tables:
        rows = tables.get(self.form, ())
        return {**tables, self.form: tuple(self._apply_to(rows))}

    def _apply_to(self, rows: Iterable[Row]) -> Iterator[Row]:
        for row in rows:
            if not self.fits(row):
                yield row
            elif self.values is not None:
                yield {**row, **self.values}
        if self.match is None:
            assert self.values is not None
            yield self.values


@dataclass(frozen=True)
class Case:
    code: str
    name: str
    today: date
    #: rows hold the fields that the file tells; others are empty
    tables: Tables
    rows: tuple[Row, ...]
    change: Change | None = None
    rows_after: tuple[Row, ...] = ()
    #: rows that generating adds beside those of `tables`
    adds: tuple[Row, ...] = ()
    #: keys of rows of `tables` whose source has gone
    gone: tuple[Row, ...] = ()

    @property
    def id(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def env(self) -> Env:
        return Env(today=self.today, period_start=FIRST_DAY, period_end=LAST_DAY)

    def after_change(self) -> "Case":
        """The case once its source has changed."""
        assert self.change is not None
        tables = self.change.apply(self.tables)
        return replace(self, tables=tables, rows=self.rows_after, change=None)


@cache
def national_forms() -> Mapping[str, FormSpec]:
    """The forms of the edition that the cases are written for, by code."""
    editions = {(e.collection, e.year): e for e in get_catalogue().editions}
    return {form.code: form for form in editions["national", "2024"].forms}


@cache
def all_cases() -> tuple[Case, ...]:
    files = sorted(CASES.glob("*.json"))
    return tuple(case for file in files for case in read_cases(file))


def cases_with_change() -> tuple[Case, ...]:
    return tuple(case for case in all_cases() if case.change is not None)


def told_cases() -> list[object]:
    """All cases as parameters of a test."""
    return [pytest.param(case, id=case.id) for case in all_cases()]


def read_cases(file: Path) -> Iterator[Case]:
    told = json.loads(file.read_text(encoding="utf-8"))
    code = told["form"]
    for case in told["cases"]:
        change = case.get("change")
        yield Case(
            code=code,
            name=case["name"],
            today=date.fromisoformat(case.get("today", TODAY)),
            tables=read_tables(told.get("given", {}), case.get("tables", {})),
            rows=_read_rows(code, case["rows"]),
            change=None if change is None else _read_change(change),
            rows_after=_read_rows(code, case.get("rows_after", ())),
            adds=_read_rows(code, case.get("adds", ())),
            gone=_read_rows(code, case.get("gone", ())),
        )


def read_tables(*parts: Mapping[str, list[dict]]) -> Tables:
    codes = sort_by_dependency({code for part in parts for code in part})
    return {
        code: tuple(
            row for part in parts for row in _read_rows(code, part.get(code, ()))
        )
        for code in codes
    }


def _read_rows(code: str, rows: Iterable[Mapping[str, object]]) -> tuple[Row, ...]:
    return tuple(_read_row(code, row) for row in rows)


def _read_row(code: str, row: Mapping[str, object]) -> Row:
    form = national_forms()[code]
    # Reading JSON passes over fields that a form lacks, as history may hold some.
    unknown = row.keys() - form.by_id.keys()
    assert not unknown, f"{code}: {unknown}"
    return from_json(form, row)


def _read_change(told: Mapping) -> Change:
    code = told["form"]
    if "add" in told:
        return Change(code, None, _read_row(code, told["add"]))
    if "delete" in told:
        return Change(code, _read_row(code, told["delete"]), None)
    match, values = told["set"]["match"], told["set"]["values"]
    return Change(code, _read_row(code, match), _read_row(code, values))


def sort_by_dependency(codes: Iterable[str]) -> tuple[str, ...]:
    """Put forms that others refer to first, as foreign keys ask for it."""
    graph = {
        code: {
            target
            for field in national_forms()[code].fields
            if field.reference is not None
            for target in field.reference.tables
            if target != code
        }
        for code in sorted(codes)
    }
    return tuple(code for code in _static_order(graph) if code in graph)


def _static_order(graph: Mapping[str, set[str]]) -> Iterator[str]:
    # Forms that are not told of cannot close a circle between those that are.
    known = {code: targets & graph.keys() for code, targets in graph.items()}
    return iter(TopologicalSorter(known).static_order())


def tally(rows: Iterable[Row]) -> Counter[frozenset[tuple[str, object]]]:
    """Rows as a bag in no order: an empty value is as good as an absent one."""
    return Counter(
        frozenset((name, value) for name, value in row.items() if value is not None)
        for row in rows
    )
