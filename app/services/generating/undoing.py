"""Takes a generation back: the rows it added go, those it deleted come again.

What somebody changed since stays, and so does what other rows refer to by now. Only the
last generation of a form can be taken back, and only until the form is handed in.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, Row, select, update

from app.errors import AppError, Refused
from app.models import AuditAction, Filing, Generation, RowAction, User
from app.models.base import now_utc
from app.services.contexts import make_context
from app.services.generating.orders import GenerationOrder
from app.services.rechecking import recheck_rows
from app.services.recording import record_act
from app.services.row_names import name_row
from app.storage.binding import bind
from app.storage.change_digests import describe_act, find_newest_change
from app.storage.engine import begin_reading
from app.storage.filing_gate import lock_filing
from app.storage.keys import key_text
from app.storage.records import Change, Scope
from app.storage.rows import RowStore
from app.storage.undoing import (
    Stretch,
    find_untouched,
    is_touched,
    read_deleted,
    remove_rows,
)
from app.storage.uses import find_used
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_GENERATION = Generation.__table__
_REASON = "撤销生成"


@dataclass(frozen=True)
class LastGeneration:
    """The last generation of a form's rows, which can still be taken back."""

    id: int
    by: str
    at: datetime
    added: int
    deleted: int
    #: whether somebody changed or deleted rows that it added
    is_touched: bool


@dataclass(frozen=True)
class Retreat:
    """What taking it back would do, or did."""

    #: rows that go
    removed: int
    #: rows that stay: changed since (or not this person's), or referred to by now
    changed: int
    used: int
    #: deleted rows that come again
    restored: int
    #: deleted rows that cannot come again, and why
    lost: tuple[str, ...] = ()

    @property
    def does_something(self) -> bool:
        return bool(self.removed or self.restored)


def find_last(order: GenerationOrder) -> LastGeneration | None:
    """What can be taken back; None where there is nothing."""
    with begin_reading(order.engine) as connection:
        found = _find_last(connection, order.form, order.unit)
        if found is None:
            return None
        stretch = _stretch_of(order, found)
        by = connection.scalar(select(User.name).where(User.id == found.actor_id))
        touched = is_touched(connection, stretch)
    return LastGeneration(
        found.id, by or "", found.at, found.added, found.deleted, touched
    )


def preview_retreat(order: GenerationOrder, generation_id: int) -> Retreat:
    """What taking a generation back would do."""
    with begin_reading(order.engine) as connection:
        found = _get(connection, order, generation_id)
        removable, retreat = _find_retreat(connection, order, found)
    return replace(retreat, removed=len(removable))


def undo(order: GenerationOrder, generation_id: int) -> Retreat:
    """Take a generation back, as far as nobody went on from it.

    Raises:
        Refused: it was taken back, another one followed, or the form was handed in.
        LockedForm: where the form stands in the round forbids it.
        RowFrozen: a stored link keeps one of the rows.
    """
    with order.engine.begin() as connection:
        lock_filing(connection, order.form, order.unit)
        store = RowStore(connection, order.catalogue)
        store.gate.require_load(order.form, order.scope)
        found = _get(connection, order, generation_id)
        before = find_newest_change(connection)
        removable, retreat = _find_retreat(connection, order, found)
        removed = remove_rows(
            connection,
            order.catalogue,
            order.form,
            removable,
            _stretch_of(order, found).holds(RowAction.INSERT),
            Change(order.actor_id, _REASON),
        )
        restored, lost = _restore(connection, store, order, found)
        if not removed and not restored:
            raise Refused("没有可以撤销的了：添加的行都有人改过，或者已被引用。")
        connection.execute(
            update(_GENERATION)
            .where(_GENERATION.c.id == found.id)
            .values(undone_at=now_utc())
        )
        written = describe_act(connection, order.form.table_name, order.unit, before)
        act, form, unit = AuditAction.GENERATION_UNDONE, order.form, order.unit
        record_act(connection, form, unit, act, order.actor_id, written)
        return replace(retreat, removed=removed, restored=restored, lost=lost)


def _get(connection: Connection, order: GenerationOrder, generation_id: int) -> Row:
    found = _find_last(connection, order.form, order.unit)
    if found is None or found.id != generation_id:
        raise Refused("这次生成已经撤销，或者后来又生成过、提交过，不能再撤销。")
    return found


def _find_last(connection: Connection, form: FormSpec, unit: Scope) -> Row | None:
    """The last generation, unless it was undone or the form was handed in since."""
    found = connection.execute(
        select(_GENERATION)
        .where(
            _GENERATION.c.unit_id == unit.unit_id,
            _GENERATION.c.round_id == unit.round_id,
            _GENERATION.c.form_code == form.code,
        )
        .order_by(_GENERATION.c.id.desc())
        .limit(1)
    ).first()
    if found is None or found.undone_at is not None:
        return None
    handed_in = connection.scalar(
        select(Filing.submissions).where(
            Filing.unit_id == unit.unit_id,
            Filing.round_id == unit.round_id,
            Filing.form_code == form.code,
        )
    )
    return found if (handed_in or 0) == found.submissions else None


def _stretch_of(order: GenerationOrder, found: Row) -> Stretch:
    return Stretch(order.form, order.scope, found.first_change, found.last_change)


def _find_retreat(
    connection: Connection, order: GenerationOrder, found: Row
) -> tuple[list[int], Retreat]:
    """The rows that may go, and what stays."""
    untouched = find_untouched(connection, order.catalogue, _stretch_of(order, found))
    used = find_used(connection, order.catalogue, order.form, order.scope, untouched)
    removable = [row_id for row_id in untouched if row_id not in used]
    changed = found.added - len(untouched)
    deleted = len(_list_deleted(connection, order, found))
    return removable, Retreat(len(removable), changed, len(used), deleted)


def _list_deleted(
    connection: Connection, order: GenerationOrder, found: Row
) -> list[tuple[Scope, dict[str, object]]]:
    """The deleted rows that the person may bring again, with whose they are."""
    deleted = []
    for row_id, row in read_deleted(connection, _stretch_of(order, found)).items():
        scope = replace(order.scope, department_id=found.departments[str(row_id)])
        if order.scope.department_id in (None, scope.department_id):
            deleted.append((scope, {name: row.get(name) for name in order.form.by_id}))
    return deleted


def _restore(
    connection: Connection, store: RowStore, order: GenerationOrder, found: Row
) -> tuple[int, tuple[str, ...]]:
    """Bring deleted rows again as far as they fit; gives how many, and why not all."""
    form, restored, lost = order.form, [], []
    for scope, row in _list_deleted(connection, order, found):
        try:
            stored = store.insert(form, scope, row, order.actor_id, _REASON)
            restored.append(stored.id)
        except AppError as refusal:
            name = name_row(form, key_text(form, row))
            lost.append(f"“{name}”没有恢复：{refusal.message}")
    if restored:
        _recheck(connection, order.catalogue, form, order.unit, restored)
    return len(restored), tuple(lost)


def _recheck(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    unit: Scope,
    row_ids: list[int],
) -> None:
    """What was right with the rows may be wrong by now."""
    store = RowStore(connection, catalogue)
    context = make_context(connection, store, form, unit)
    wanted = bind(catalogue, form).table.c._id.in_(row_ids)
    recheck_rows(connection, catalogue, form, unit, context, wanted)
