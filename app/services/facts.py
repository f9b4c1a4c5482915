"""What an administrator wants to know of the installation at a glance."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select

from app.models import (
    CheckRun,
    ExportJob,
    ImportJob,
    JobState,
    Round,
    RoundState,
    Unit,
    User,
)
from app.storage.engine import begin_reading, is_sqlite
from form_schemas.catalogue import Catalogue


@dataclass(frozen=True)
class Facts:
    """Counts of what the installation holds, and of what went wrong."""

    units: int
    accounts: int
    #: accounts that nobody has signed in with yet
    unused: int
    open_rounds: int
    #: jobs that wait or run, and those that failed
    busy: int
    failed: int
    forms: int
    broken: int
    database: str


def find_facts(engine: Engine, catalogue: Catalogue) -> Facts:
    active = select(func.count()).select_from(User).where(User.is_active)
    with begin_reading(engine) as connection:

        def count(statement) -> int:
            return connection.scalar(statement) or 0

        def jobs(*states: JobState) -> int:
            return sum(
                count(
                    select(func.count())
                    .select_from(table)
                    .where(table.job_state.in_(states))
                )
                for table in (ImportJob, ExportJob, CheckRun)
            )

        return Facts(
            count(select(func.count()).select_from(Unit).where(Unit.is_open)),
            count(active),
            count(active.where(User.last_login_at.is_(None))),
            count(
                select(func.count())
                .select_from(Round)
                .where(Round.state == RoundState.OPEN, ~Round.is_standing)
            ),
            jobs(JobState.WAITING, JobState.RUNNING),
            jobs(JobState.FAILED),
            len(catalogue.all_forms),
            len(catalogue.broken),
            "SQLite" if is_sqlite(engine) else "PostgreSQL",
        )
