"""Moves of rows that travel: judged, made, logged and told in one transaction."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from app.errors import Forbidden, NotFound, Refused
from app.models import AuditAction
from app.models.base import now_utc
from app.permissions import Actor
from app.services.flows.asking import read_answers
from app.services.flows.creating import create_row
from app.services.flows.items import Item, get_item
from app.services.flows.telling import tell_of_move
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from app.storage.items import write_move
from app.storage.rows import RowStore
from form_schemas.flows import OWNER, Move
from form_schemas.spec import FormSpec
from validators.check import Stage, check_row
from validators.compiling import Question, compile_row
from validators.conversion import to_json
from validators.messages import describe
from validators.rules import settle

_LONGEST_REASON = 1000
#: Problems that a refusal tells in words.
_TOLD = 5


@dataclass(frozen=True)
class MoveOrder:
    """A move as somebody asks for it."""

    #: of the form, `group/G9`
    form_name: str
    row_id: int
    #: of the row as the person saw it
    version: int
    move_id: str
    reason: str = ""
    #: what the move asks for, as typed
    cells: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Moved:
    """What a move did."""

    title: str
    state: str
    #: what was made of the row
    made: tuple[FormSpec, int] | None = None


def make_move(workshop: Workshop, actor: Actor, order: MoveOrder) -> Moved:
    """Bring a row into another state.

    Raises:
        Forbidden: the person may not.
        Refused: the row does not stand where the move begins, or lacks something.
    """
    with workshop.engine.begin() as connection:
        item = get_item(
            connection,
            workshop.catalogue,
            actor,
            order.form_name,
            order.row_id,
            held=True,
        )
        move, unit_id = find_move(item, order.move_id)
        _require_version(item, order)
        _require_fit(item, move, order, unit_id)
        answers = read_answers(item, move, order.cells)
        changed = _find_changes(item, move, answers)
        row = {**item.stored.row, **changed}
        _write(item, changed, order, move)
        made = None
        if move.creates is not None:
            made = create_row(workshop, item, move.creates, unit_id, row)
        _log(item, move, order, unit_id, changed, made)
        tell_of_move(item, move, unit_id, order.reason.strip())
        _record(item, move, order)
        return Moved(
            move.title, move.target, None if made is None else (made[0], made[1].id)
        )


def find_move(item: Item, move_id: str) -> tuple[Move, int]:
    """The move, and the unit for which the person makes it.

    Raises:
        NotFound: the form knows no such move of such a unit's rows.
        Forbidden: the person may not make it.
    """
    move = item.flow.by_id.get(move_id)
    if move is None or not move.is_for(item.row.unit_kind.value):
        raise NotFound("没有这种办理，办法可能刚刚改过。请刷新页面。")
    unit_id = item.find_acting_unit(move)
    if unit_id is None:
        raise Forbidden(f"您不能办“{move.title}”。请由{_name_movers(item, move)}来办。")
    return move, unit_id


def _name_movers(item: Item, move: Move) -> str:
    names = [item.row.unit_name] if OWNER in move.by else []
    names += [item.units_above[kind][1] for kind in move.by if kind in item.units_above]
    return "或".join(names) or "主管部门"


def _require_version(item: Item, order: MoveOrder) -> None:
    if item.stored.version != order.version:
        raise Refused(
            f"这一条刚刚有人改过或办过，现在的状态是“{item.state}”。"
            "请看过现在的内容再办。"
        )


def _require_fit(item: Item, move: Move, order: MoveOrder, unit_id: int) -> None:
    if not move.is_from(item.state):
        raise Refused(
            f"这一条的状态是“{item.state}”，不能办“{move.title}”。请刷新页面。"
        )
    if not item.holds(move):
        raise Refused(f"这一条现在不符合办“{move.title}”的条件。请刷新页面。")
    if len(order.reason) > _LONGEST_REASON:
        raise Refused(f"理由最多 {_LONGEST_REASON} 个字，请写短一些。")
    if move.needs_reason and not order.reason.strip():
        raise Refused(f"办“{move.title}”要写明理由。")
    if move.needs_report and item.lacks_report:
        raise Refused(
            f"{item.row.unit_name}还没有上报{item.row.round_title}的数据，"
            f"不能先办“{move.title}”。请先报数据。"
        )
    if unit_id == item.row.unit_id:
        _require_open(item)
        _require_complete(item, move)


def _require_open(item: Item) -> None:
    """What the owners send on is held to the hours of their round, as typing is."""
    store = RowStore(item.connection, item.catalogue)
    is_back = item.flow.has_begun(item.stored.row)
    store.gate.require_open(item.form, item.scope, at_any_hour=is_back)


def _require_complete(item: Item, move: Move) -> None:
    """What leaves the hands of its unit has to be whole."""
    editable = item.flow.editable
    if item.state not in editable or move.target in editable:
        return
    checked = check_row(
        item.form,
        item.stored.row,
        item.context,
        Stage.SUBMIT,
        stored=item.stored.row,
    )
    errors = [one for one in checked.problems if one.is_error]
    if errors:
        told = " ".join(describe(item.form, one) for one in errors[:_TOLD])
        raise Refused(f"还有 {len(errors)} 处要改好才能办“{move.title}”：{told}")


def _find_changes(
    item: Item, move: Move, answers: Mapping[str, object]
) -> dict[str, object]:
    """What the move writes into the row."""
    row = {**item.stored.row, **answers}
    given = {
        name: settle(
            item.form.by_id[name], compile_row(Question(expression))(row, item.env)
        )
        for name, expression in move.sets.items()
    }
    return {**answers, **given, item.flow.field: move.target}


def _write(
    item: Item, changed: Mapping[str, object], order: MoveOrder, move: Move
) -> None:
    store = RowStore(item.connection, item.catalogue, moves=True)
    store.update(
        item.form,
        item.scope,
        item.stored.id,
        changed,
        order.version,
        item.actor.user_id,
        "：".join(filter(None, [move.title, order.reason.strip()])),
    )


def _log(
    item: Item,
    move: Move,
    order: MoveOrder,
    unit_id: int,
    changed: Mapping[str, object],
    made,
) -> None:
    filled = {name: v for name, v in changed.items() if name != item.flow.field}
    write_move(
        item.connection,
        table_name=item.form.table_name,
        row_id=item.stored.id,
        unit_id=item.row.unit_id,
        round_id=item.row.round_id,
        form_code=item.form.code,
        move=move.id,
        title=move.title,
        before=item.state,
        after=move.target,
        actor_id=item.actor.user_id,
        actor_unit_id=unit_id,
        at=now_utc(),
        reason=order.reason.strip(),
        filled=to_json(item.form, filled),
        made_form=None if made is None else made[0].name,
        made_row_id=None if made is None else made[1].id,
    )


def _record(item: Item, move: Move, order: MoveOrder) -> None:
    """Write the act into the audit log: the last statement of the transaction."""
    details: dict[str, object] = {
        "row": item.name,
        "row_id": item.stored.id,
        "move": move.title,
        "state": move.target,
    }
    if order.reason.strip():
        details["reason"] = order.reason.strip()
    record(
        item.connection,
        AuditRecord(
            AuditAction.ROW_MOVED,
            item.actor.user_id,
            item.row.unit_id,
            item.row.round_id,
            item.form.full_name,
            f"{item.form.code} {item.form.title}",
            details,
        ),
    )
