"""All derived forms of a large school, and one of them after a changed row.

Its rows are told by `teaching.json`: a number of rows a form, and for each field a
value or how it follows from the row's number n, as (n // div * times + plus) % mod.
What changes of a row is told by how much, or among which values.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from statistics import median

from sqlalchemy import delete, insert, text

from app.models import DerivedState, Round, Unit, UnitKind
from app.models.base import now_utc
from app.services.derived_forms import list_derived, refresh_forms
from app.services.schema_changes import initialise
from app.storage.binding import bind
from app.storage.engine import is_sqlite, open_engine
from app.storage.lookup import in_groups
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from benchmarks.clock import timed
from form_schemas.loading import load_catalogue
from form_schemas.spec import FormSpec

_TOLD = json.loads((Path(__file__).parents[1] / "teaching.json").read_text("utf-8"))
COLLECTION, SCHOOL_ID = _TOLD["edition"].split("/")[0], 1
_SCOPE, _ELSEWHERE = Scope(SCHOOL_ID, 1), Scope(2, 1)
_PERIOD = ["2023-09-01", "2024-08-31"]
_TODAY = date(2024, 10, 8)
_AT_ONCE = 5000
_TIMES = 5


def fill(url: str) -> dict[str, float]:
    """Put the school's rows into a fresh database."""
    catalogue, engine = load_catalogue(), open_engine(url)
    initialise(engine, catalogue)
    forms = _get_edition(catalogue).by_code
    with timed() as timer, engine.begin() as connection:
        connection.execute(insert(Unit).values(**_school()))
        connection.execute(insert(Round).values(**_round()))
        for told in _TOLD["forms"]:
            binding, now = bind(catalogue, forms[told["code"]]), now_utc()
            for group in in_groups(_list_rows(binding.form, told, now), _AT_ONCE):
                connection.execute(insert(binding.table), group)
            if not is_sqlite(connection):
                # Else the keys of the next form are looked for in all rows of it.
                connection.execute(text(f'ANALYZE "{binding.table.name}"'))
    engine.dispose()
    return {"seconds": timer.seconds}


def derive(url: str) -> dict[str, float]:
    """All derived forms anew, then each that follows from one changed row."""
    catalogue, engine = load_catalogue(), open_engine(url)
    edition = _get_edition(catalogue)
    derived = list_derived(edition)
    with engine.begin() as connection:
        connection.execute(delete(DerivedState))
        for form in derived:
            connection.execute(delete(bind(catalogue, form).table))
    # A server has put its statements together before; the other unit has no rows.
    refresh_forms(engine, catalogue, derived, _ELSEWHERE, _TODAY)
    with timed() as whole:
        refresh_forms(engine, catalogue, derived, _SCOPE, _TODAY)
    with timed() as nothing:
        refresh_forms(engine, catalogue, derived, _SCOPE, _TODAY)
    source = edition.by_code[_TOLD["changed"]["form"]]
    times: dict[str, list[float]] = {form.code: [] for form in derived}
    for number in range(_TIMES):
        _change(engine, catalogue, source, number)
        for form in derived:
            with timed() as timer:
                refresh_forms(engine, catalogue, (form,), _SCOPE, _TODAY)
            times[form.code].append(timer.seconds)
    engine.dispose()
    return {
        "whole": whole.seconds,
        "nothing": nothing.seconds,
        "slowest": max(map(median, times.values())),
    }


def _change(engine, catalogue, form: FormSpec, number: int) -> None:
    fields = _TOLD["changed"]["fields"].items()
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        query = Query(page=number + 1, size=1)
        (row,) = store.find_page(form, _SCOPE, query).rows
        values = {name: _follow(row.row[name], told) for name, told in fields}
        store.update(form, _SCOPE, row.id, values, row.version, None)


def _follow(value, told: object) -> object:
    """Another value: the next one of a list, or so much more."""
    if isinstance(told, list):
        return told[(told.index(value) + 1) % len(told)]
    return value + told


def _get_edition(catalogue):
    return next(e for e in catalogue.editions if e.name == _TOLD["edition"])


def _school() -> dict[str, object]:
    kind = UnitKind.SCHOOL
    return {"id": SCHOOL_ID, "code": "u1", "name": "学校", "kind": kind, "path": "/1/"}


def _round() -> dict[str, object]:
    collection, edition = _TOLD["edition"].split("/")
    return {
        "id": 1,
        "collection": collection,
        "edition": edition,
        "title": "一轮",
        "periods": {"academic_year": _PERIOD, "snapshot": _PERIOD},
    }


def _list_rows(form: FormSpec, told: Mapping, now) -> Iterator[dict[str, object]]:
    for number in range(told["rows"]):
        fields = told["fields"].items()
        yield {
            "_unit_id": _SCOPE.unit_id,
            "_round_id": _SCOPE.round_id,
            "_version": 1,
            "_key": str(number),
            "_created_at": now,
            "_updated_at": now,
            **{name: _make(value, number) for name, value in fields},
        }


def _make(told: object, number: int) -> object:
    """The value that `teaching.json` tells for a row."""
    if isinstance(told, list):
        return tuple(_make(one, number) for one in told)
    if not isinstance(told, Mapping):
        return told
    if "day" in told:
        return date.fromisoformat(told["day"])
    rank = number % told["mod"] if "wrap" in told else number
    rank = rank // told.get("div", 1) * told.get("times", 1) + told.get("plus", 0)
    rank %= told.get("wrap", told.get("mod", rank + 1))
    if "of" in told:
        return told["of"][rank % len(told["of"])]
    return told["number"] + rank if "number" in told else told["text"].format(rank)
