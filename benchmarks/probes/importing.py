"""An import from the uploaded file to staged rows, and on to the form's table."""

from pathlib import Path

from sqlalchemy import update

from app.models import ImportJob, JobState
from app.services.import_orders import Order, start_import
from app.services.importing import run_import
from app.services.passing import pass_rows
from app.services.staging import get_import
from benchmarks.clock import timed, watched
from benchmarks.data import STUDENTS, get_form
from benchmarks.places import Place, fresh_place

_HOLDER = "benchmark"


def full(workbook: str, rows: int, server: str | None = None) -> dict[str, float]:
    """Import a workbook, let all rows pass, and watch the memory.

    Time begins where the file lies on the server and a worker takes the job.
    """
    with fresh_place(server) as place, watched() as memory:
        order = Order(
            get_form(STUDENTS),
            place.scope,
            place.filler.user_id,
            Path(workbook),
            "students.xlsx",
        )
        import_id = start_import(place.workshop, order).import_id
        _claim(place, import_id)
        with timed() as stage:
            run_import(place.workshop, import_id, _HOLDER)
        job = get_import(place.workshop, import_id)
        assert (job.rows_read, job.rows_faulty) == (rows, 0), job
        with timed() as passing:
            passed = pass_rows(place.workshop, place.reviewer, import_id)
        assert passed.counts.added == rows, passed
    return {
        "seconds": stage.seconds,
        "cpu": stage.cpu,
        "pass_seconds": passing.seconds,
        "pass_cpu": passing.cpu,
        "worker_mb": memory.own,
        "child_mb": memory.child,
    }


def _claim(place: Place, import_id: int) -> None:
    with place.engine.begin() as connection:
        connection.execute(
            update(ImportJob.__table__)
            .where(ImportJob.__table__.c.id == import_id)
            .values(job_state=JobState.RUNNING, lease_holder=_HOLDER)
        )
