"""A database with very many rows in one form's table, for the probes that follow."""

from app.storage.engine import open_engine
from benchmarks.clock import timed
from benchmarks.data import load_rows
from benchmarks.places import fill_students, set_up


def fill(url: str, rows: str, count: int) -> dict[str, float]:
    """Set up an empty database and put `count` students into it."""
    engine = open_engine(url)
    with timed() as timer:
        set_up(engine)
        fill_students(engine, load_rows(rows), count)
    engine.dispose()
    return {"seconds": timer.seconds, "rows": count}
