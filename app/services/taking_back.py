"""Takes a passed import back as a whole, while nobody changed its rows."""

from dataclasses import replace

from sqlalchemy import (
    Connection,
    and_,
    delete,
    func,
    select,
    true,
    update,
)

from app.errors import Refused, RowUser
from app.models import (
    AuditAction,
    ImportJob,
    ImportState,
    RowAction,
    RowChange,
)
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import Action
from app.services.contexts import make_context
from app.services.former_values import FormerValues, recall_values
from app.services.rechecking import recheck_rows
from app.services.recording import record_import
from app.services.staging import (
    form_of,
    get_import,
    lock_job,
    place_of,
    require_state,
    scope_of,
)
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.bulk import loading
from app.storage.change_digests import describe_undoing, find_newest_change
from app.storage.filing_gate import FilingGate
from app.storage.frozen_loads import refuse_frozen_rows
from app.storage.keys import key_text
from app.storage.loading import Item
from app.storage.records import Change, Counts, Scope
from app.storage.rows import RowStore
from app.storage.undoing import log_removal
from form_schemas.spec import FormSpec
from validators.conversion import (
    to_json,
)

_JOB = ImportJob.__table__
_CHANGE = RowChange.__table__

_AT_ONCE = 5000


def take_back(
    workshop: Workshop, actor: Actor | None, import_id: int, reason: str = ""
) -> Counts:
    """Undo a passed import as a whole: added rows go, updated rows are as before.

    Raises:
        Refused: a row was changed since, or others refer to one by now.
    """
    asked = get_import(workshop, import_id)
    former = recall_values(workshop, form_of(workshop, asked), asked.created_at)
    with workshop.engine.begin() as connection:
        job = lock_job(connection, import_id)
        form = form_of(workshop, job)
        if actor is not None:
            require(actor, Action.TAKE_BACK_IMPORT, place_of(connection, form, job))
        if not job.rows_added and not job.rows_updated:
            raise Refused("这次导入没有改动过正式库，无需撤回。")
        require_state(job, ImportState.PASSED, ImportState.STAGED)
        FilingGate(connection).require_load(form, scope_of(job))
        _refuse_changed_rows(connection, import_id)
        change = Change(None if actor is None else actor.user_id, reason or None)
        before = find_newest_change(connection)
        restored = _restore_updated(connection, workshop, former, job, change)
        _refuse_used_rows(connection, workshop, form, job)
        _refuse_frozen_rows(connection, workshop, form, job)
        removed = _remove_added(connection, workshop, form, job, change)
        connection.execute(
            update(_JOB)
            .where(_JOB.c.id == import_id)
            .values(
                state=ImportState.TAKEN_BACK,
                reviewer_id=change.actor_id or job.reviewer_id,
                reviewed_at=now_utc(),
                reason=reason or job.reason,
            )
        )
        written = describe_undoing(connection, import_id, before)
        undone = AuditAction.IMPORT_TAKEN_BACK
        record_import(connection, job, undone, change.actor_id, written, reason)
        return Counts(added=removed, updated=restored)


def _refuse_changed_rows(connection: Connection, import_id: int) -> None:
    later = _CHANGE.alias()
    changed = connection.scalar(
        select(func.count(_CHANGE.c.row_id.distinct()))
        .join(
            later,
            and_(
                later.c.table_name == _CHANGE.c.table_name,
                later.c.row_id == _CHANGE.c.row_id,
                later.c.id > _CHANGE.c.id,
            ),
        )
        .where(
            _CHANGE.c.import_id == import_id,
            later.c.import_id.is_distinct_from(import_id),
        )
    )
    if changed:
        raise Refused(
            f"这次导入的行里有 {changed} 行后来被修改过，不能整批撤回。"
            "请逐行改回，或者重新导入正确的文件。"
        )


def _added_ids(import_id: int):
    return select(_CHANGE.c.row_id).where(
        _CHANGE.c.import_id == import_id, _CHANGE.c.action == RowAction.INSERT
    )


def _restore_updated(
    connection: Connection,
    workshop: Workshop,
    former: FormerValues,
    job,
    change: Change,
) -> int:
    form = former.form
    binding = bind(workshop.catalogue, form)
    table = binding.table
    records = connection.execute(
        select(_CHANGE.c.id, _CHANGE.c.at, _CHANGE.c.before, *binding.selected)
        .join(table, table.c._id == _CHANGE.c.row_id)
        .where(_CHANGE.c.import_id == job.id, _CHANGE.c.action == RowAction.UPDATE)
        .order_by(_CHANGE.c.id),
        execution_options={"yield_per": _AT_ONCE},
    )
    scope = replace(scope_of(job), department_id=None)
    with loading(connection, workshop.catalogue, form, scope, change) as load:
        for group in records.partitions():
            items = []
            for number, at, before, *record in group:
                row = binding.read(record).row
                values = {**to_json(form, row), **former.bring(before or {}, at)}
                items.append(Item(number, key_text(form, row), values))
            load.add(items)
        restored = load.finish().updated
    _recheck(connection, workshop, form, scope, job)
    return restored


def _recheck(
    connection: Connection, workshop: Workshop, form: FormSpec, scope: Scope, job
) -> None:
    """The rows are as before, and so is what was wrong with them."""
    changed = select(_CHANGE.c.row_id).where(
        _CHANGE.c.import_id == job.id, _CHANGE.c.action == RowAction.UPDATE
    )
    store = RowStore(connection, workshop.catalogue)
    context = make_context(connection, store, form, scope)
    wanted = bind(workshop.catalogue, form).table.c._id.in_(changed)
    recheck_rows(connection, workshop.catalogue, form, scope, context, wanted)


def _refuse_used_rows(
    connection: Connection, workshop: Workshop, form: FormSpec, job
) -> None:
    """Refuse where rows of other forms (or other imports) refer to the added rows."""
    users = []
    added = bind(workshop.catalogue, form)
    for user, spec in workshop.catalogue.referring(form):
        users_of = bind(workshop.catalogue, user)
        wanted = select(added.table.c[spec.reference.field]).where(
            added.table.c._id.in_(_added_ids(job.id))
        )
        own = (
            users_of.table.c._id.not_in(_added_ids(job.id)) if user is form else true()
        )
        column = users_of.table.c[spec.id]
        rows = and_(users_of.in_unit(scope_of(job)), own, column.is_not(None))
        if spec.is_list:
            values = set(connection.scalars(wanted))
            several = connection.scalars(select(column).where(rows))
            count = sum(1 for picked in several if not values.isdisjoint(picked))
        else:
            count = connection.scalar(
                select(func.count())
                .select_from(users_of.table)
                .where(rows, column.in_(wanted))
            )
        if count:
            users.append(RowUser(user.code, user.title, spec.id, spec.label, count))
    if users:
        named = "；".join(
            f"{user.form_code} {user.form_title}的“{user.field_label}”"
            f"（{user.count} 行）"
            for user in users
        )
        raise Refused(f"这次导入新增的行已被其他表引用，不能撤回：{named}。")


def _refuse_frozen_rows(
    connection: Connection, workshop: Workshop, form: FormSpec, job
) -> None:
    table = bind(workshop.catalogue, form).table
    added = table.c._id.in_(_added_ids(job.id))
    refuse_frozen_rows(connection, workshop.catalogue, form, added)


def _remove_added(
    connection: Connection, workshop: Workshop, form: FormSpec, job, change: Change
) -> int:
    table = bind(workshop.catalogue, form).table
    added = and_(_CHANGE.c.import_id == job.id, _CHANGE.c.action == RowAction.INSERT)
    log_removal(connection, added, change)
    return connection.execute(
        delete(table).where(table.c._id.in_(_added_ids(job.id)))
    ).rowcount
