"""Accounts that units have by their kind: their user name is the unit's name.

Whoever names a unit keeps them in step, within the transaction that does so.
"""

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from app.models import Membership, NoticeKind, User
from app.permissions import Actor
from app.services.account_kinds import normalise_login
from app.services.notices import Message, send
from app.services.recording import id_of

_USERS = User.__table__


def describe_taken(
    connection: Connection, name: str, type_ids: Collection[str], besides: int = 0
) -> str:
    """That accounts of these kinds have the name already; empty where none has.

    Args:
        besides: the unit whose own accounts may have it.
    """
    own = select(Membership.user_id).where(Membership.unit_id == besides)
    taken = select(_USERS.c.id).where(
        _USERS.c.username == normalise_login(name, "unit"),
        _USERS.c.account_type.in_(type_ids),
        _USERS.c.id.not_in(own),
    )
    if connection.execute(taken.limit(1)).first() is None:
        return ""
    return (
        f"已经有叫“{name}”的单位在用这个用户名。请核对是不是同一家；"
        "不是的话，请写全称或加上地名。"
    )


def list_type_ids(connection: Connection, unit_id: int) -> frozenset[str]:
    """The kinds of the accounts that a unit has."""
    own = select(_USERS.c.account_type).where(_is_of(unit_id))
    return frozenset(connection.scalars(own))


def rename_accounts(
    connection: Connection, unit_id: int, name: str, actor: Actor | None
) -> None:
    """Let the accounts of a unit follow its new name, and tell their people."""
    changed = (
        update(_USERS)
        .where(_is_of(unit_id))
        .values(username=normalise_login(name, "unit"))
    )
    people = connection.scalars(changed.returning(_USERS.c.id)).all()
    text = f"单位名称改成了“{name}”。从现在起，请用新名称作用户名登录，密码不变。"
    message = Message(NoticeKind.ACCOUNT, "登录的用户名变了", text, "/account/")
    send(connection, message, people, id_of(actor))


def _is_of(unit_id: int):
    held = select(Membership.user_id).where(Membership.unit_id == unit_id)
    return (_USERS.c.account_type != "") & _USERS.c.id.in_(held)
