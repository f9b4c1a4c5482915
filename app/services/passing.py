"""Passes staged rows into the form's table, or deletes them.

A row with an error cannot pass; one with a warning passes with a reason. Passing is one
transaction, in which the database looks at keys and references once more.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import (
    ColumnElement,
    Connection,
    String,
    and_,
    cast,
    false,
    func,
    not_,
    select,
    update,
)

from app.errors import Refused, UnknownReference
from app.models import (
    AuditAction,
    ImportJob,
    ImportState,
    StagedAction,
    StagedRow,
    StagedState,
)
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import Action
from app.services.confirming import confirm_passed
from app.services.contexts import make_context
from app.services.mending import is_mended_by
from app.services.recording import record_import
from app.services.staging import (
    Selection,
    drop_staged,
    form_of,
    lock_job,
    match_rows,
    place_of,
    require_state,
    scope_of,
)
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.bulk import loading
from app.storage.change_digests import describe_import, find_newest_change
from app.storage.records import Change, Counts, Scope
from app.storage.rows import RowStore
from app.storage.tables import is_foreign_key
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.conversion import (
    from_json,
)
from validators.references import References, reference_fields

_JOB = ImportJob.__table__
_ROW = StagedRow.__table__

_AT_ONCE = 5000


@dataclass(frozen=True)
class Passed:
    """What came of passing rows."""

    counts: Counts
    #: rows that stay behind: with errors; with warnings and no reason given
    left_errors: int
    left_warnings: int
    #: rows that the reviewer mended, which somebody else has to review
    left_own: int = 0

    @property
    def message(self) -> str:
        done = self.counts
        came = done.added or done.updated or done.unchanged
        parts = [
            f"入库完成：新增 {done.added} 行，更新 {done.updated} 行，"
            f"无变化 {done.unchanged} 行。"
            if came
            else "没有行入库。"
        ]
        if self.left_errors:
            parts.append(f"{self.left_errors} 行有错，留在临时库，请改好后再通过。")
        if self.left_warnings:
            parts.append(
                f"{self.left_warnings} 行有警告，留在临时库，写明理由后可以通过。"
            )
        if self.left_own:
            parts.append(
                f"{self.left_own} 行是您自己改过的，留在临时库，请由别人核对通过。"
            )
        return "".join(parts)


def pass_rows(
    workshop: Workshop,
    actor: Actor | None,
    import_id: int,
    selection: Selection | None = None,
    reason: str = "",
) -> Passed:
    """Bring staged rows into the form's table, all of them or none.

    Rows with errors stay behind, and those that the reviewer mended.

    Args:
        actor: the reviewer; None where the engine's own command does it.
        reason: why warnings may pass; rows with warnings stay without it.

    Raises:
        Refused: the form's table changed so that a row cannot pass any more; nothing
            passed then.
    """
    wanted = match_rows(import_id, selection or Selection())
    with workshop.engine.begin() as connection:
        job = lock_job(connection, import_id)
        form = form_of(workshop, job)
        if actor is not None:
            place = replace(
                place_of(connection, form, job), entered_by=frozenset({job.actor_id})
            )
            require(actor, Action.REVIEW_ROWS, place)
        require_state(job, ImportState.STAGED)
        left = _count_levels(connection, wanted)
        own = false() if actor is None else is_mended_by(actor.user_id)
        sound = and_(wanted, _ROW.c.level.in_(_passable_levels(reason)))
        left_own = _count(connection, and_(sound, own))
        passable = and_(sound, not_(own))
        _refuse_changed_targets(connection, workshop, form, job, passable)
        reviewer = job.actor_id if actor is None else actor.user_id
        change = Change(reviewer, reason or None, import_id)
        before = find_newest_change(connection)
        counts = _load(connection, workshop, form, job, passable, change)
        confirm_passed(connection, workshop, form, job, reason, reviewer, passable)
        connection.execute(
            update(_ROW)
            .where(passable)
            .values(state=StagedState.PASSED, reason=reason or None)
        )
        _close(connection, job, counts, reviewer, reason)
        written = describe_import(connection, import_id, before)
        passed = AuditAction.IMPORT_PASSED
        record_import(connection, job, passed, reviewer, written, reason)
        return Passed(
            counts,
            left.get("error", 0),
            0 if reason.strip() else left.get("warning", 0),
            left_own,
        )


def delete_rows(
    workshop: Workshop,
    actor: Actor,
    import_id: int,
    selection: Selection,
    reason: str = "",
) -> int:
    """Delete waiting rows; gives how many."""
    wanted = match_rows(import_id, selection)
    with workshop.engine.begin() as connection:
        job = lock_job(connection, import_id)
        form = form_of(workshop, job)
        place = place_of(connection, form, job)
        if job.actor_id != actor.user_id:
            require(actor, Action.REVIEW_ROWS, place)
        require_state(job, ImportState.STAGED)
        deleted = connection.execute(
            update(_ROW)
            .where(wanted, _ROW.c.state == StagedState.WAITING)
            .values(state=StagedState.DELETED, reason=reason or None)
        ).rowcount
        _close(connection, job, Counts(), actor.user_id, reason)
        gone, who = AuditAction.IMPORT_DELETED, actor.user_id
        record_import(connection, job, gone, who, {"rows": deleted}, reason)
        return deleted


def discard_import(workshop: Workshop, import_id: int) -> None:
    """Drop all that an import staged, as after a dry run."""
    with workshop.engine.begin() as connection:
        drop_staged(connection, import_id)
        connection.execute(
            update(_JOB).where(_JOB.c.id == import_id).values(state=ImportState.DELETED)
        )


def _passable_levels(reason: str) -> tuple[str, ...]:
    return ("", "warning") if reason.strip() else ("",)


def _count(connection: Connection, wanted: ColumnElement[bool]) -> int:
    return connection.scalar(select(func.count()).select_from(_ROW).where(wanted)) or 0


def _count_levels(
    connection: Connection, wanted: ColumnElement[bool]
) -> dict[str, int]:
    statement = select(_ROW.c.level, func.count()).where(wanted)
    return dict(connection.execute(statement.group_by(_ROW.c.level)).all())


def _refuse_changed_targets(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    job,
    passable: ColumnElement[bool],
) -> None:
    """What somebody changed after the import was checked is not overwritten."""
    table = bind(workshop.catalogue, form).table
    changed = connection.scalar(
        select(func.count())
        .select_from(_ROW.join(table, table.c._id == _ROW.c.target_id))
        .where(
            passable,
            _ROW.c.action == StagedAction.UPDATE,
            table.c._updated_at > job.created_at,
        )
    )
    if changed:
        raise Refused(
            f"有 {changed} 行在这次导入之后被他人修改过。"
            "为免盖掉新的内容，请重新导入这份文件，核对后再通过。"
        )


def _load(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    job,
    passable: ColumnElement[bool],
    change: Change,
) -> Counts:
    catalogue, scope = workshop.catalogue, scope_of(job)
    _refuse_unknown(connection, workshop, form, scope, passable)
    with loading(connection, catalogue, form, scope, change) as load:
        for fields, same in _group_by_fields(connection, job, passable):
            rows = select(
                _ROW.c.row_number.label("_number"),
                _ROW.c.key.label("_key"),
                _ROW.c.initials.label("_initials"),
                _ROW.c.level.label("_level"),
                _ROW.c["values"].label("_json"),
            ).where(passable, same)
            load.take(rows.subquery(), fields)
        return load.finish()


def _group_by_fields(
    connection: Connection, job, passable: ColumnElement[bool]
) -> Iterator[tuple[list[str], ColumnElement[bool]]]:
    """The sets of fields that rows hold, with what tells their rows."""
    texts = cast(_ROW.c.fields, String)
    for text in connection.scalars(select(texts).where(passable).distinct()):
        if text is None:
            yield job.fields, texts.is_(None)
        else:
            yield json.loads(text), texts == text


def _refuse_unknown(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    scope: Scope,
    passable: ColumnElement[bool],
) -> None:
    """Look up the references that the database does not keep by itself."""
    loose = [spec for spec in reference_fields(form) if not is_foreign_key(spec)]
    if not loose:
        return
    records = connection.execute(
        select(_ROW.c["values"]).where(passable),
        execution_options={"yield_per": _AT_ONCE},
    )
    missing: dict[str, dict[str, None]] = {}
    for group in records.partitions():
        rows = [from_json(form, values) for (values,) in group]
        found = _find_unknown(connection, workshop, form, scope, loose, rows)
        for label, value in found:
            missing.setdefault(label, {})[value] = None
    if missing:
        raise UnknownReference(form, {k: tuple(v) for k, v in missing.items()})


def _find_unknown(
    connection: Connection,
    workshop: Workshop,
    form: FormSpec,
    scope: Scope,
    loose: Sequence[FieldSpec],
    rows: Sequence[Mapping[str, object]],
) -> Iterator[tuple[str, str]]:
    """Label and value of what refers to no row."""
    names = {name for row in rows for name in row}
    context = make_context(
        connection, RowStore(connection, workshop.catalogue), form, scope
    )
    env = context.env()
    columns = {name: [row.get(name) for row in rows] for name in names}
    references = References(form, columns, len(rows), context.lookup, env)
    for spec in loose:
        if spec.id in names:
            for _, values in references.find_unknown(spec, columns):
                yield from ((spec.label, str(value)) for value in values)


def _close(
    connection: Connection, job, counts: Counts, reviewer: int | None, reason: str
) -> None:
    """Note what passed; an import without waiting rows is at its end."""
    waiting = connection.scalar(
        select(func.count())
        .select_from(_ROW)
        .where(_ROW.c.import_id == job.id, _ROW.c.state == StagedState.WAITING)
    )
    passed = connection.scalar(
        select(_ROW.c.row_number)
        .where(_ROW.c.import_id == job.id, _ROW.c.state == StagedState.PASSED)
        .limit(1)
    )
    state = ImportState.STAGED
    if not waiting:
        state = ImportState.DELETED if passed is None else ImportState.PASSED
    connection.execute(
        update(_JOB)
        .where(_JOB.c.id == job.id)
        .values(
            state=state,
            rows_added=_JOB.c.rows_added + counts.added,
            rows_updated=_JOB.c.rows_updated + counts.updated,
            rows_unchanged=_JOB.c.rows_unchanged + counts.unchanged,
            reviewer_id=reviewer,
            reviewed_at=now_utc(),
            reason=reason or job.reason,
        )
    )
