"""There is always an administrator: whoever would remove the last one is refused.

Each function serves a transaction that is about to take the role, the account or the
unit of an administrator away.
"""

from sqlalchemy import ColumnElement, Connection, or_, select

from app.errors import Refused
from app.models import Membership, Role, Unit, User

_IS_ADMINISTRATOR = Membership.role == Role.ADMINISTRATOR


def keep_administrator(connection: Connection, besides: ColumnElement[bool]) -> None:
    """Make sure that somebody else administrates, until the transaction ends.

    Args:
        besides: which memberships remain, over users, memberships and units.

    Raises:
        Refused: nobody would.
    """
    lock_people(connection)
    # A statement of its own: it sees what those did for whom the lock waited.
    found = connection.scalar(
        select(Membership.id)
        .join(User, User.id == Membership.user_id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(_IS_ADMINISTRATOR, User.is_active, Unit.is_active, besides)
        .limit(1)
    )
    if found is None:
        raise Refused(
            "这样就没有在用的系统管理员了。请先给另一个在用的账号“系统管理员”角色，再来办。"
        )


def lock_people(connection: Connection, user_id: int = 0) -> None:
    """Let others wait who change this account, or whoever administrates.

    All in one order: two who remove the last two administrators at once would each see
    the other's remain, or wait for each other for ever.
    """
    administrators = select(Membership.user_id).where(_IS_ADMINISTRATOR)
    connection.execute(
        select(User.id)
        .where(or_(User.id == user_id, User.id.in_(administrators)))
        .order_by(User.id)
        .with_for_update(key_share=True)
    ).all()
