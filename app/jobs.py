"""Workers: claim imports and exports from the database and carry them out.

A job is a row with a state, a position and a lease. Whoever holds the lease works; one
that dies loses it after `lease_seconds`, and the next worker goes on from the position.
The embedded server runs one worker in a thread, production runs `tianbao worker`.
"""

import os
import secrets
import socket
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog
from sqlalchemy import Engine, and_, or_, select, update
from sqlalchemy.exc import OperationalError

from app.models import ExportJob, ImportJob, JobState
from app.models.base import now_utc
from app.services.exporting import run_export
from app.services.importing import fail_import, run_import
from app.services.workshop import LeaseLost, Workshop
from app.storage.engine import begin_reading

JobModel = type[ImportJob] | type[ExportJob]

#: A job that brings its worker down so often is given up.
MOST_ATTEMPTS = 3
_IDLE_SECONDS = 0.5

_log = structlog.get_logger(__name__)

#: What a worker does with a claimed job of each sort.
RUNNERS: Mapping[JobModel, Callable[[Workshop, int, str], None]] = {
    ImportJob: run_import,
    ExportJob: run_export,
}


class Worker:
    """Takes one job after the other."""

    def __init__(self, workshop: Workshop, name: str | None = None) -> None:
        self.workshop = workshop
        self.name = name or make_name()

    def run_forever(self, stop: threading.Event) -> None:
        """Work until `stop` is set; a job at hand is finished first."""
        while not stop.is_set():
            if not self.run_next():
                stop.wait(_IDLE_SECONDS)

    def run_next(self) -> bool:
        """Do one job; False if none waits."""
        for model, run in RUNNERS.items():
            job_id = claim(self.workshop, model, self.name)
            if job_id is not None:
                self._run(model, run, job_id)
                return True
        return False

    def _run(self, model: JobModel, run: Callable, job_id: int) -> None:
        log = _log.bind(job=f"{model.__tablename__}/{job_id}", worker=self.name)
        log.info("job started")
        try:
            run(self.workshop, job_id, self.name)
        except LeaseLost:
            log.warning("job was taken over by another worker")
        except OperationalError as error:
            # The database is away or locked: the job is taken up again after its lease.
            log.error("job interrupted", error=str(error.orig))
        except Exception as error:
            # Whatever a job does wrong, the worker lives on for the others; the job
            # says what happened, and the log has the trace.
            log.exception("job failed")
            _give_up(self.workshop, model, job_id, f"{type(error).__name__}: {error}")
        else:
            log.info("job done")


def claim(workshop: Workshop, model: JobModel, name: str) -> int | None:
    """Take the lease of the oldest job that waits or whose worker is gone."""
    table = model.__table__
    now = now_utc()
    free = or_(
        table.c.job_state == JobState.WAITING,
        and_(table.c.job_state == JobState.RUNNING, table.c.lease_until < now),
    )
    oldest = select(table.c.id, table.c.attempts).where(free).order_by(table.c.id)
    # Looking first keeps an idle worker from locking SQLite twice a second.
    if not _is_any(workshop.engine, oldest):
        return None
    with workshop.engine.begin() as connection:
        found = connection.execute(
            oldest.limit(1).with_for_update(skip_locked=True)
        ).first()
        if found is None:
            return None
        is_hopeless = found.attempts >= MOST_ATTEMPTS
        if not is_hopeless:
            connection.execute(
                update(table)
                .where(table.c.id == found.id)
                .values(
                    job_state=JobState.RUNNING,
                    lease_holder=name,
                    lease_until=now + timedelta(seconds=workshop.lease_seconds),
                    attempts=found.attempts + 1,
                    started_at=now,
                )
            )
            return found.id
    _give_up(workshop, model, found.id, f"gave up after {MOST_ATTEMPTS} attempts")
    return None


def start_thread(workshop: Workshop) -> tuple[threading.Thread, threading.Event]:
    """Run a worker beside the server; set the event and join to end it."""
    stop = threading.Event()
    worker = Worker(workshop)
    thread = threading.Thread(
        target=worker.run_forever, args=(stop,), name="tianbao-worker", daemon=True
    )
    thread.start()
    return thread, stop


def make_name() -> str:
    """A name no other worker has, now or after a restart."""
    return f"{socket.gethostname()[:30]}:{os.getpid()}:{secrets.token_hex(4)}"


def _is_any(engine: Engine, statement) -> bool:
    with begin_reading(engine) as connection:
        return connection.execute(statement.limit(1)).first() is not None


def _give_up(workshop: Workshop, model: JobModel, job_id: int, reason: str) -> None:
    with workshop.engine.begin() as connection:
        connection.execute(
            update(model.__table__)
            .where(model.__table__.c.id == job_id)
            .values(
                job_state=JobState.FAILED,
                failure=reason[:2000],
                lease_until=None,
                finished_at=now_utc(),
            )
        )
        if model is ImportJob:
            fail_import(connection, job_id)
