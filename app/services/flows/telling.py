"""Tells people that a row waits for them, came back, or is through.

Pages are named here by their paths: services know no routes.
"""

from collections.abc import Iterable

from sqlalchemy import select

from app.models import Membership, NoticeKind, User
from app.policy import POLICY, Action, Reach
from app.services.flows.items import Item
from app.services.notices import Message, send
from form_schemas.flows import OWNER, Move
from form_schemas.spec import FormSpec

_MEMBERS = Membership.__table__


def item_link(form: FormSpec, row_id: int) -> str:
    """Where a row that travels is read and moved."""
    return f"/items/{form.collection}/{form.code}/{row_id}"


def tell_of_move(item: Item, move: Move, unit_id: int, reason: str) -> None:
    """Tell who acts next, and the unit that the row belongs to.

    Args:
        unit_id: the unit that moved it.
    """
    if move.target in item.flow.awaited:
        _tell_next(item, move)
    if unit_id != item.row.unit_id:
        _tell_owner(item, move, reason)


def _tell_next(item: Item, move: Move) -> None:
    title = f"{item.row.unit_name}：{item.form.title}“{item.name}”等您办理"
    text = f"状态是“{move.target}”。"
    for unit_id in _find_next_units(item, move.target):
        people = find_people(item, unit_id, Action.REVIEW_FORM)
        _send(item, NoticeKind.WAITING, title, text, people)


def _find_next_units(item: Item, state: str) -> tuple[int, ...]:
    """The nearest unit that may act on it: one above could too, but need not."""
    kind = item.row.unit_kind.value
    found: set[int] = set()
    for move in item.flow.moves:
        if not (move.is_from(state) and move.is_for(kind)):
            continue
        above = [item.units_above[k] for k in move.by if k in item.units_above]
        nearest = max(above, key=lambda unit: _depth(item, unit[0]), default=None)
        if nearest is not None and OWNER not in move.by:
            found.add(nearest[0])
    return tuple(sorted(found))


def _depth(item: Item, unit_id: int) -> int:
    return item.row.unit_path.split("/").index(str(unit_id))


def _tell_owner(item: Item, move: Move, reason: str) -> None:
    is_back = move.target in item.flow.editable
    kind = NoticeKind.RETURNED if is_back else NoticeKind.PASSED
    title = f"{item.form.title}“{item.name}”：{move.title}"
    told = f"理由：{reason}" if reason else ""
    todo = "请修改后再交。" if is_back else ""
    text = " ".join(filter(None, [f"现在的状态是“{move.target}”。", told, todo]))
    people = find_people(item, item.row.unit_id, Action.SUBMIT_FORM)
    _send(item, kind, title, text, people)


def find_people(item: Item, unit_id: int, action: Action) -> tuple[int, ...]:
    """People with open accounts who may do that for a unit."""
    found = item.connection.execute(
        select(_MEMBERS.c.user_id, _MEMBERS.c.role, _MEMBERS.c.granted)
        .join(User.__table__, User.id == _MEMBERS.c.user_id)
        .where(_MEMBERS.c.unit_id == unit_id, User.is_active)
    )
    fitting = {
        one.user_id
        for one in found
        if POLICY[one.role].get(action, Reach.NONE) or action in one.granted
    }
    return tuple(sorted(fitting))


def _send(
    item: Item, kind: NoticeKind, title: str, text: str, people: Iterable[int]
) -> None:
    message = Message(
        kind,
        title,
        text,
        item_link(item.form, item.stored.id),
        item.row.unit_id,
        item.row.round_id,
        item.form.code,
    )
    send(item.connection, message, people, item.actor.user_id)
