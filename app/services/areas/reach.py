"""What an area is: the units strictly below those in which one manages it."""

from sqlalchemy import ColumnElement, Connection, Row, and_, select
from sqlalchemy.orm import Session

from app.errors import Forbidden, NotFound, Refused
from app.models import Unit, User
from app.permissions import Actor, Place, can, filter_units, require
from app.policy import Action, Reach

_TABLE = Unit.__table__


def manages_everything(actor: Actor) -> bool:
    """Whether the area is the whole installation."""
    return can(actor, Action.MANAGE_AREA, Place())


def filter_area(actor: Actor) -> ColumnElement[bool]:
    """The units of the actor's area, without the units it is managed from."""
    managed = filter_units(actor, Action.MANAGE_AREA, _TABLE.c.id)
    if manages_everything(actor):
        return managed
    return and_(managed, _TABLE.c.id.not_in(find_own(actor)))


def filter_parents(actor: Actor) -> ColumnElement[bool]:
    """Units under which the actor may put another one."""
    return filter_units(actor, Action.MANAGE_AREA, _TABLE.c.id)


def find_own(actor: Actor) -> tuple[int, ...]:
    """The units from which the actor manages an area."""
    reaches = (Reach.SUBTREE, Reach.ALL)
    return tuple(
        grant.unit_id
        for grant in actor.grants
        if grant.reach(Action.MANAGE_AREA) in reaches
    )


def get_in_area(connection: Connection, actor: Actor, unit_id: int) -> Row:
    """A unit of the actor's area.

    Raises:
        Forbidden: the actor manages no area.
        NotFound: there is no such unit in it.
    """
    require(actor, Action.MANAGE_AREA)
    found = connection.execute(
        select(_TABLE).where(_TABLE.c.id == unit_id, filter_area(actor))
    ).first()
    if found is None:
        raise NotFound("没有这个单位，或者它不在您管理的范围里。")
    return found


def get_account_there(session: Session, unit: Row, user_id: int) -> User:
    """An account that the unit has by its kind.

    Raises:
        NotFound: it has no such account, or a person's own.
        Refused: it has a role elsewhere, where whoever has its password acts, too.
    """
    user = session.get(User, user_id)
    is_its = user is not None and any(m.unit_id == unit.id for m in user.memberships)
    if user is None or not user.account_type or not is_its:
        raise NotFound(f"{unit.name}没有这个账号。")
    if not all(m.unit.path.startswith(unit.path) for m in user.memberships):
        raise Refused(
            f"{user.name}的这个账号在{unit.name}以外还有角色，请找系统管理员来办。"
        )
    return user


def require_holding(actor: Actor, right: Action, unit: Row) -> None:
    """Nobody gives what he has not himself.

    Raises:
        Forbidden: the actor could not do it there.
    """
    place = Place(unit.id, unit_path=unit.path)
    if not manages_everything(actor) and not can(actor, right, place):
        raise Forbidden("您自己没有这项权限，不能给别人打开。")
