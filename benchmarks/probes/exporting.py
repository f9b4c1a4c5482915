"""Exports: a workbook with formats and drop-downs, and the bare writer."""

from pathlib import Path

from rustpy_xlsxwriter import write_worksheet

from app.services.exporting import write_rows_file
from benchmarks.clock import timed, watched
from benchmarks.data import (
    STUDENTS,
    get_catalogue,
    get_form,
    iterate_students,
    load_rows,
)
from benchmarks.places import fill_students, fresh_place
from exporters.workbook import chunks_of, export_fields, write_xlsx


def bare(rows: str, target: str) -> dict[str, float]:
    """The writer alone, with the same rows as texts, numbers and days."""
    form, catalogue = get_form(STUDENTS), get_catalogue()
    labels = [form.by_id[name].label for name in export_fields(form, catalogue)]
    records = [
        dict(zip(labels, map(_plain, values), strict=True))
        for chunk in chunks_of(form, catalogue, load_rows(rows))
        for values in chunk
    ]
    with timed() as timer:
        write_worksheet(records, target)
    return {"seconds": timer.seconds, "mb": Path(target).stat().st_size / 2**20}


def full(rows: str, target: str) -> dict[str, float]:
    """The export of the same rows, as storage streams them."""
    form, catalogue = get_form(STUDENTS), get_catalogue()
    chunks = list(chunks_of(form, catalogue, load_rows(rows)))
    with timed() as timer:
        write_xlsx(form, catalogue, chunks, Path(target))
    return {"seconds": timer.seconds, "mb": Path(target).stat().st_size / 2**20}


def from_database(count: int, target: str, server: str | None) -> dict[str, float]:
    """The whole export of a form's table, with the memory it takes."""
    form, catalogue = get_form(STUDENTS), get_catalogue()
    with fresh_place(server) as place:
        fill_students(place.engine, list(iterate_students(min(count, 5000))), count)
        with watched() as memory, timed() as timer:
            written = write_rows_file(
                place.engine, catalogue, form, place.scope, Path(target), mask=None
            )
        assert written == count, written
    return {"seconds": timer.seconds, "worker_mb": memory.own}


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return "、".join(value)
    return float(value) if hasattr(value, "as_tuple") else value
