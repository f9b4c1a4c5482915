"""Where imports and exports are done: the database, the forms, the files, the limits.

Pages, the command line and workers make one of the same `Config` and hand it to the
services; nothing here knows which of them it is.
"""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, update

from app.config import Config
from app.models import JobState
from app.models.base import now_utc
from app.services.mail_server import MailServer, open_mail_server
from app.storage.engine import at_generation
from app.storage.files import FileStore
from exporters.gate import Limits
from form_schemas.catalogue import Catalogue
from form_schemas.folders import SCHEMAS_FOLDER

_MIB = 1024 * 1024


class LeaseLost(Exception):  # noqa: N818 - an event, not an error
    """Another worker holds the job by now: leave it alone, at once."""


@dataclass(frozen=True, eq=False)
class Workshop:
    """What a job needs."""

    engine: Engine
    catalogue: Catalogue
    files: FileStore
    limits: Limits
    lease_seconds: int = 60
    #: None: no mails are sent
    mail_server: MailServer | None = None
    #: where the schema files lie that are planned for and published to
    schema_folder: Path = SCHEMAS_FOLDER


def open_workshop(config: Config, engine: Engine, catalogue: Catalogue) -> Workshop:
    """The workshop of an installation."""
    limits = Limits(
        file_bytes=config.max_upload_mb * _MIB,
        rows=config.max_import_rows,
        child_memory_bytes=config.reader_memory_mb * _MIB,
        child_seconds=config.reader_seconds,
    )
    files = FileStore(config.file_folder)
    return Workshop(
        # Nothing is written with forms that are in use no more.
        at_generation(engine, catalogue.generation) if catalogue.generation else engine,
        catalogue,
        files,
        limits,
        config.lease_seconds,
        open_mail_server(config),
        config.forms_folder,
    )


def take_lease(workshop: Workshop, holder: str | None) -> dict[str, object]:
    """Columns of a new job that its maker does at once; none where a worker shall."""
    if holder is None:
        return {}
    now = now_utc()
    return {
        "job_state": JobState.RUNNING,
        "lease_holder": holder,
        "lease_until": now + timedelta(seconds=workshop.lease_seconds),
        "attempts": 1,
        "started_at": now,
    }


def keep_lease(
    connection: Connection,
    table,
    job_id: int,
    holder: str,
    workshop: Workshop,
    **values,
) -> None:
    """Write down what was done, and hold the job for another while.

    Raises:
        LeaseLost: somebody else took it over; the caller's transaction has to go.
    """
    until = now_utc() + timedelta(seconds=workshop.lease_seconds)
    changed = connection.execute(
        update(table)
        .where(
            table.c.id == job_id,
            table.c.lease_holder == holder,
            table.c.job_state == JobState.RUNNING,
        )
        .values(lease_until=until, **values)
    )
    if not changed.rowcount:
        raise LeaseLost


def end_job(connection: Connection, table, job_id: int, holder: str, **values) -> None:
    """Write down that the job is done."""
    changed = connection.execute(
        update(table)
        .where(table.c.id == job_id, table.c.lease_holder == holder)
        .values(
            job_state=JobState.DONE,
            lease_until=None,
            finished_at=now_utc(),
            **values,
        )
    )
    if not changed.rowcount:
        raise LeaseLost
