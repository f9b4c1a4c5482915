"""The queue of jobs in the database: claim one, give one up.

A claim is one short transaction: `FOR UPDATE SKIP LOCKED` on PostgreSQL, the writer's
lock on SQLite, so that no two workers hold one job.
"""

from datetime import timedelta

from sqlalchemy import and_, or_, select, update
from sqlalchemy.exc import OperationalError

from app.models import CheckRun, ExportJob, ImportJob, JobState
from app.models.base import now_utc
from app.services.importing import fail_import
from app.services.workshop import Workshop
from app.storage.engine import begin_reading

JobModel = type[ImportJob] | type[ExportJob] | type[CheckRun]

#: The database is away or locked for too long; trying again later may help.
DatabaseAway = OperationalError

#: A job that brings its worker down so often is given up.
MOST_ATTEMPTS = 3


def claim(workshop: Workshop, model: JobModel, holder: str) -> int | None:
    """Take the lease of the oldest job that waits or whose worker is gone."""
    table = model.__table__
    now = now_utc()
    free = or_(
        table.c.job_state == JobState.WAITING,
        and_(table.c.job_state == JobState.RUNNING, table.c.lease_until < now),
    )
    oldest = (
        select(table.c.id, table.c.attempts).where(free).order_by(table.c.id).limit(1)
    )
    # Looking first keeps an idle worker from locking SQLite twice a second.
    with begin_reading(workshop.engine) as connection:
        if connection.execute(oldest).first() is None:
            return None
    with workshop.engine.begin() as connection:
        found = connection.execute(oldest.with_for_update(skip_locked=True)).first()
        if found is None:
            return None
        if found.attempts < MOST_ATTEMPTS:
            connection.execute(
                update(table)
                .where(table.c.id == found.id)
                .values(
                    job_state=JobState.RUNNING,
                    lease_holder=holder,
                    lease_until=now + timedelta(seconds=workshop.lease_seconds),
                    attempts=found.attempts + 1,
                    started_at=now,
                )
            )
            return found.id
    give_up(workshop, model, found.id, f"gave up after {MOST_ATTEMPTS} attempts")
    return None


def hand_back(workshop: Workshop, model: JobModel, job_id: int, holder: str) -> None:
    """Let the job be taken up again at once; the attempt does not count."""
    table = model.__table__
    with workshop.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(
                table.c.id == job_id,
                table.c.lease_holder == holder,
                table.c.job_state == JobState.RUNNING,
            )
            .values(
                job_state=JobState.WAITING,
                lease_holder=None,
                lease_until=None,
                attempts=table.c.attempts - 1,
            )
        )


def give_up(workshop: Workshop, model: JobModel, job_id: int, reason: str) -> None:
    """Write down that a job failed, and why, for the operator."""
    table = model.__table__
    with workshop.engine.begin() as connection:
        connection.execute(
            update(table)
            .where(table.c.id == job_id)
            .values(
                job_state=JobState.FAILED,
                failure=reason[:2000],
                lease_until=None,
                finished_at=now_utc(),
            )
        )
        if model is ImportJob:
            fail_import(connection, job_id)
