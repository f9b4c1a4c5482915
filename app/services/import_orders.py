"""Orders imports: keeps the uploaded file, and makes the job that a worker takes.

The same file for the same form, unit and round is not imported twice while nothing has
changed.
"""

from dataclasses import dataclass
from enum import StrEnum
from hashlib import file_digest
from pathlib import Path

from sqlalchemy import Connection, insert, select

from app.errors import Refused
from app.models import ImportJob, ImportState, JobState, RowChange
from app.models.base import now_utc
from app.services.workshop import Workshop, take_lease
from app.storage.files import MEDIA_TYPES, XLSX_TYPE, FileOwner, keep_file
from app.storage.filing_gate import FilingGate
from app.storage.records import Scope
from exporters.header import is_importable
from form_schemas.spec import FormSpec

_JOB = ImportJob.__table__


class Mode(StrEnum):
    """What is to become of the rows."""

    #: they wait for a reviewer
    STAGE = "stage"
    #: the clean ones go on to the form's table
    PASS = "pass"
    #: nothing is kept but the report
    DRY_RUN = "dry_run"


@dataclass(frozen=True)
class Order:
    """A file to be imported: what for, by whom, how."""

    form: FormSpec
    scope: Scope
    #: id of the user
    actor_id: int
    path: Path
    #: as its owner called it
    file_name: str
    mode: Mode = Mode.STAGE
    #: the import whose rows this file replaces: the marked workbook, mended
    mends_id: int | None = None


@dataclass(frozen=True)
class Started:
    """An import that was begun, or the earlier one of the same file."""

    import_id: int
    is_repeated: bool = False
    message: str = ""


def start_import(
    workshop: Workshop, order: Order, holder: str | None = None
) -> Started:
    """Keep the file and order its import; a worker does the rest.

    The same file for the same form, unit and round, with nothing changed since, is not
    imported again: the earlier import is named instead.

    Args:
        holder: who is going to call `run_import` at once, where no worker shall.

    Raises:
        LockedForm: the form takes no rows now.
    """
    with workshop.engine.begin() as connection:
        _refuse_given(order.form)
        name = order.file_name.replace("\\", "/").rsplit("/", 1)[-1] or "workbook.xlsx"
        owner = FileOwner(
            order.scope.unit_id, order.actor_id, form_name=order.form.full_name
        )
        suffix = name.rsplit(".", 1)[-1].lower()
        media_type = MEDIA_TYPES.get(suffix, XLSX_TYPE)
        digest = _hash(order.path)
        earlier = _find_repeated(connection, order, digest)
        if earlier is not None:
            return Started(earlier.id, True, _describe_repeated(earlier))
        if order.mode is not Mode.DRY_RUN:
            FilingGate(connection).require_load(order.form, order.scope)
        token = keep_file(
            connection, workshop.files, order.path, name, media_type, owner
        )
        result = connection.execute(
            insert(_JOB).values(
                unit_id=order.scope.unit_id,
                round_id=order.scope.round_id,
                department_id=order.scope.department_id,
                actor_id=order.actor_id,
                form_name=order.form.full_name,
                form_fingerprint=order.form.fingerprint,
                mode=order.mode.value,
                mends_id=order.mends_id,
                file_token=token,
                file_name=name[-200:],
                file_hash=digest,
                file_size=order.path.stat().st_size,
                created_at=now_utc(),
                **take_lease(workshop, holder),
            )
        )
        return Started(result.inserted_primary_key[0])


def _refuse_given(form: FormSpec) -> None:
    if form.is_derived:
        raise Refused(f"{form.code} {form.title}由系统从其他表汇总，不接收导入。")
    if not any(map(is_importable, form.fields)):
        raise Refused(
            f"{form.code} {form.title}的各栏都由系统算出，不用填报，也不接收导入。"
            "数字不对时，请到它所汇总的表里修改。"
        )


def _hash(path: Path) -> str:
    with path.open("rb") as stream:
        return file_digest(stream, "sha256").hexdigest()


def _find_repeated(connection: Connection, order: Order, digest: str):
    """The earlier import of the same file, if nothing changed since."""
    if order.mode is Mode.DRY_RUN:
        return None
    earlier = connection.execute(
        select(_JOB)
        .where(
            _JOB.c.unit_id == order.scope.unit_id,
            _JOB.c.round_id == order.scope.round_id,
            _JOB.c.form_name == order.form.full_name,
            _JOB.c.department_id.is_not_distinct_from(order.scope.department_id),
            _JOB.c.file_hash == digest,
            _JOB.c.mode != Mode.DRY_RUN.value,
        )
        .order_by(_JOB.c.id.desc())
        .limit(1)
    ).first()
    if earlier is None or earlier.form_fingerprint != order.form.fingerprint:
        return None
    if earlier.job_state in (JobState.WAITING, JobState.RUNNING):
        return earlier
    if earlier.state not in (ImportState.STAGED, ImportState.PASSED):
        return None
    return None if _is_anything_changed(connection, order, earlier) else earlier


def _is_anything_changed(connection: Connection, order: Order, earlier) -> bool:
    """Whether any row of the unit and round changed since, but by that import."""
    table = RowChange.__table__
    changed = connection.scalar(
        select(table.c.id)
        .where(
            table.c.unit_id == order.scope.unit_id,
            table.c.round_id == order.scope.round_id,
            table.c.at >= earlier.created_at,
            table.c.import_id.is_distinct_from(earlier.id),
        )
        .limit(1)
    )
    return changed is not None


def _describe_repeated(earlier) -> str:
    when = earlier.created_at.astimezone().strftime("%Y-%m-%d %H:%M")
    if earlier.state is ImportState.PASSED:
        fate = "，数据已全部入库，此后没有变动"
    elif earlier.state is ImportState.STAGED:
        fate = "，数据正在临时库等待核对"
    else:
        fate = "，正在处理"
    return f"这份文件在 {when} 已经导入过{fate}。本次没有重复导入，数据没有变化。"
