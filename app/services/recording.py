"""Writes acts into the audit log as the services of those acts know them.

Each function is the last statement of the transaction of its act, for the reason that
`app.storage.audit.record` gives.
"""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, Engine, select

from app.models import AuditAction, AuditEntry, Membership, User
from app.permissions import Actor
from app.services.desks import Desk
from app.storage.audit import AuditRecord, find_head, record
from app.storage.change_digests import describe_changes
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.spec import FormSpec

_ENTRY = AuditEntry.__table__


def begin_log(engine: Engine) -> None:
    """Begin the log of a database that has none: an empty one can only be a cut one."""
    with begin_reading(engine) as connection:
        begun = find_head(connection) or connection.scalar(select(_ENTRY.c.id).limit(1))
    if begun:
        return
    with engine.begin() as connection:
        begun = AuditRecord(AuditAction.LOG_BEGUN, None, subject="开始记录")
        record(connection, begun)


def record_at_desk(
    connection: Connection,
    desk: Desk,
    action: AuditAction,
    details: Mapping[str, object] | None = None,
) -> None:
    """What somebody did at a form."""
    place, form = desk.place, desk.form
    record(
        connection,
        AuditRecord(
            action,
            place.actor.user_id,
            place.unit_id,
            place.round_id,
            form.full_name,
            f"{form.code} {form.title}",
            details or {},
        ),
    )


def record_changes(
    connection: Connection,
    desk: Desk,
    action: AuditAction,
    store: RowStore,
    reason: str | None = None,
) -> None:
    """What the store changed; nothing where nothing was."""
    if not store.change_ids:
        return
    details = describe_changes(connection, store.change_ids)
    record_at_desk(connection, desk, action, {**details, **_with_reason(reason)})


def record_act(
    connection: Connection,
    form: FormSpec,
    scope: Scope,
    action: AuditAction,
    actor_id: int | None,
    details: Mapping[str, object],
) -> None:
    """What somebody did with a form's rows, or saw of them."""
    record(
        connection,
        AuditRecord(
            action,
            actor_id,
            scope.unit_id,
            scope.round_id,
            form.full_name,
            f"{form.code} {form.title}",
            details,
        ),
    )


def record_import(
    connection: Connection,
    job,
    action: AuditAction,
    actor_id: int | None,
    details: Mapping[str, object],
    reason: str | None = None,
) -> None:
    """What became of an import's rows."""
    known = {"import_id": job.id, "file_hash": job.file_hash}
    record(
        connection,
        AuditRecord(
            action,
            actor_id,
            job.unit_id,
            job.round_id,
            job.form_name,
            job.file_name,
            {**known, **details, **_with_reason(reason)},
        ),
    )


def record_account(
    connection: Connection,
    action: AuditAction,
    user_id: int,
    actor_id: int | None,
    details: Mapping[str, object] | None = None,
) -> None:
    """What was done to an account, or by it; it counts for its first unit."""
    user = connection.execute(
        select(User.username, User.name).where(User.id == user_id)
    ).one()
    unit_id = connection.scalar(
        select(Membership.unit_id)
        .where(Membership.user_id == user_id)
        .order_by(Membership.id)
        .limit(1)
    )
    record(
        connection,
        AuditRecord(
            action,
            actor_id,
            unit_id,
            subject=f"{user.name}（{user.username}）",
            details={"user_id": user_id, **(details or {})},
        ),
    )


def record_view(desk: Desk) -> None:
    """The first look of a person at a form's rows on a day."""
    scope = Scope(desk.place.unit_id, desk.place.round_id)
    record_look(desk.engine, desk.place.actor, desk.form, scope)


def record_look(engine: Engine, actor: Actor, form: FormSpec, scope: Scope) -> None:
    """As `record_view`, of rows that somebody sees without working there."""
    with begin_reading(engine) as connection:
        if _was_viewed_today(connection, actor, form, scope):
            return
    with engine.begin() as connection:
        viewed = AuditAction.FORM_VIEWED
        record_act(connection, form, scope, viewed, actor.user_id, {})


def id_of(actor: Actor | None) -> int | None:
    """None for the command line."""
    return None if actor is None else actor.user_id


def _was_viewed_today(
    connection: Connection, actor: Actor, form: FormSpec, scope: Scope
) -> bool:
    midnight = datetime.now().astimezone().replace(hour=0, minute=0, second=0)
    found = connection.scalar(
        select(_ENTRY.c.id)
        .where(
            _ENTRY.c.action == AuditAction.FORM_VIEWED,
            _ENTRY.c.actor_id == actor.user_id,
            _ENTRY.c.form_name == form.full_name,
            _ENTRY.c.round_id == scope.round_id,
            _ENTRY.c.unit_id == scope.unit_id,
            _ENTRY.c.at >= midnight.replace(microsecond=0),
        )
        .limit(1)
    )
    return found is not None


def _with_reason(reason: str | None) -> dict[str, object]:
    return {"reason": reason} if reason else {}
