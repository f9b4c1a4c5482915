"""What the database alone needs to take rows into a form's table."""

from app.storage.loading import write_tuples
from benchmarks.clock import timed
from benchmarks.data import STUDENTS, get_form, load_rows
from benchmarks.places import fresh_place, make_records


def bare(rows: str, server: str | None = None) -> dict[str, float]:
    """The driver's fastest way, with ready values, keys and references; no history."""
    students = load_rows(rows)
    with fresh_place(server) as place:
        columns, source = make_records(place.engine, students, len(students))
        records = list(source)
        with timed() as timer, place.engine.begin() as connection:
            table = get_form(STUDENTS).table_name
            write_tuples(connection, table, columns, records)
    return {"seconds": timer.seconds, "rows": len(records)}
