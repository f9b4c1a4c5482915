"""Generates rows as somebody saw it beforehand: all of it in one transaction."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, insert

from app.errors import AppError, Refused
from app.models import AuditAction, Generation
from app.models.base import now_utc
from app.services.generating.orders import GenerationOrder
from app.services.generating.planning import make_plan
from app.services.generating.plans import Gone, Plan
from app.services.recording import record_act
from app.services.row_names import name_row
from app.storage.change_digests import describe_act, find_newest_change
from app.storage.engine import begin_reading
from app.storage.filing_gate import lock_filing
from app.storage.keys import key_text
from app.storage.rows import RowStore


class StalePlan(Refused):
    """Something changed since the plan was shown: nobody agreed to what it is now."""

    default = (
        "数据刚刚有变动，下面是按现在的数据重新算的，请再看一遍。没有添加，也没有删除。"
    )


@dataclass(frozen=True)
class Generated:
    """What was done."""

    added: int
    deleted: int


def preview(order: GenerationOrder) -> Plan:
    """What generating would do."""
    order.refresh()
    with begin_reading(order.engine) as connection:
        return make_plan(connection, order)


def generate(
    order: GenerationOrder, seen: str, unwanted: Collection[int] = ()
) -> Generated:
    """Add the missing rows, and delete those of which the source has gone.

    Args:
        seen: digest of the plan that the person agreed to.
        unwanted: ids of rows whose source has gone that are to be deleted.

    Raises:
        StalePlan: another plan would be carried out by now.
        LockedForm: where the form stands in the round forbids it.
        Refused: a row cannot be added or deleted; nothing was done.
    """
    order.refresh()
    with order.engine.begin() as connection:
        # Held alone: no row comes or goes between looking and writing.
        filing = lock_filing(connection, order.form, order.unit)
        store = RowStore(connection, order.catalogue)
        store.gate.require_load(order.form, order.scope)
        plan = make_plan(connection, order)
        gone = [plan.find_gone(row_id) for row_id in sorted({*unwanted})]
        if plan.digest != seen or None in gone:
            raise StalePlan
        if not plan.additions and not gone:
            raise Refused("没有要添加的行，也没有选要删除的行。")
        before = find_newest_change(connection)
        for one in gone:
            _delete(store, order, one)
        _add(store, order, plan)
        done = Generated(len(plan.additions), len(gone))
        written = describe_act(connection, order.form.table_name, order.unit, before)
        departments = {one.stored.id: one.stored.department_id for one in gone}
        _note(connection, order, done, written, departments, filing.submissions)
        act, form, unit = AuditAction.ROWS_GENERATED, order.form, order.unit
        record_act(connection, form, unit, act, order.actor_id, written)
        return done


def _delete(store: RowStore, order: GenerationOrder, gone: Gone) -> None:
    row, reason = gone.stored, f"不再由 {order.source.code} 生成"
    try:
        store.delete(
            order.form, order.scope, row.id, row.version, order.actor_id, reason
        )
    except AppError as refusal:
        name = name_row(order.form, key_text(order.form, row.row))
        raise Refused(
            f"要删除的“{name}”不能删除：{refusal.message}"
            "请去掉它的勾选再试。没有添加，也没有删除。"
        ) from refusal


def _add(store: RowStore, order: GenerationOrder, plan: Plan) -> None:
    if not plan.additions:
        return
    rows = [one.row for one in plan.additions]
    levels = [one.level for one in plan.additions]
    reason = f"由 {order.source.code} {order.source.title}生成"
    store.upsert_many(
        order.form, order.scope, rows, order.actor_id, reason, levels=levels
    )


def _note(
    connection: Connection,
    order: GenerationOrder,
    done: Generated,
    written: dict,
    departments: dict[int, int | None],
    submissions: int,
) -> None:
    connection.execute(
        insert(Generation.__table__).values(
            unit_id=order.scope.unit_id,
            round_id=order.scope.round_id,
            form_code=order.form.code,
            actor_id=order.actor_id,
            at=now_utc(),
            first_change=written["changes"]["first"],
            last_change=written["changes"]["last"],
            added=done.added,
            deleted=done.deleted,
            departments={str(k): v for k, v in departments.items()},
            submissions=submissions,
        )
    )
