"""Changing units of an area: their names, whether they are in use, their accounts.

Nothing is deleted: who is closed keeps his data and can come back.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, Engine, Row, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadRequest, Refused
from app.models import (
    AuditAction,
    Membership,
    NoticeKind,
    Role,
    Unit,
    User,
    UserSession,
)
from app.permissions import Actor
from app.policy import ACTION_NAMES, Action
from app.services.account_kinds import list_types_of
from app.services.accounts import NAME_MAX, end_sessions, find_email_fault
from app.services.administrators import keep_administrator
from app.services.areas.entries import UnitFlaw, find_code_flaws, find_name_flaws
from app.services.areas.reach import get_account_there, get_in_area, require_holding
from app.services.chain.dropping_out import tell_who_comes_next
from app.services.notices import Message, send
from app.services.recording import id_of, record_account
from app.services.recovery import give_code
from app.services.unit_accounts import rename_accounts
from app.services.units import (
    lock_tree,
    mark_shut_below,
    record_unit,
    update_unit,
)
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue


def rename_unit(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    unit_id: int,
    name: str,
    code: str,
) -> None:
    """Correct a unit's name and code; the user name of its accounts follows.

    Raises:
        Refused: the name or the code is taken, or will not do.
    """
    try:
        with Session(engine) as session, session.begin():
            connection = session.connection()
            lock_tree(connection)
            rename_within(session, catalogue, actor, unit_id, name, code)
    except IntegrityError as error:
        raise Refused("这个名称刚刚被别的单位用了，请换一个。") from error


def rename_within(
    session: Session,
    catalogue: Catalogue,
    actor: Actor,
    unit_id: int,
    name: str,
    code: str,
) -> None:
    """The same within the caller's transaction, which holds the tree."""
    connection = session.connection()
    unit = get_in_area(connection, actor, unit_id)
    for flaw in find_rename_flaws(connection, catalogue, unit, name, code):
        raise flaw.error(flaw.message)
    after = {"name": name.strip(), "code": code.strip() or unit.code}
    before = {"name": unit.name, "code": unit.code}
    if before == after:
        return
    update_unit(connection, unit_id, **after)
    if after["name"] != unit.name:
        rename_accounts(connection, unit_id, after["name"], actor)
    record_unit(connection, actor, unit_id, {"before": before, "after": after})


def find_rename_flaws(
    connection: Connection, catalogue: Catalogue, unit: Row, name: str, code: str
) -> list[UnitFlaw]:
    """What speaks against another name or code of a unit."""
    types = list_types_of(catalogue, unit.kind)
    flaws = [*find_name_flaws(connection, name, types, besides=unit.id)]
    if code.strip().lower() != unit.code.lower():
        flaws += find_code_flaws(connection, code)
    return flaws


def set_open(engine: Engine, actor: Actor, unit_id: int, is_open: bool) -> None:
    """Close a unit with all that is below it, or open it again.

    Who works there is signed out at once. Units below stay what they are: those that
    were in use are so again when the unit is.
    """
    with Session(engine) as session, session.begin():
        lock_tree(session.connection())
        set_open_within(session, actor, unit_id, is_open)


def set_open_within(
    session: Session, actor: Actor, unit_id: int, is_open: bool
) -> None:
    """The same within the caller's transaction, which holds the tree."""
    connection = session.connection()
    unit = get_in_area(connection, actor, unit_id)
    if unit.is_active == is_open:
        return
    if not is_open:
        _keep_administrators(connection, unit.path)
        sign_out(connection, unit.path)
    update_unit(connection, unit_id, is_active=is_open)
    mark_shut_below(connection, unit.path)
    record_unit(connection, actor, unit_id, {"is_active": is_open})


def set_rights(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    unit_id: int,
    user_id: int,
    rights: Iterable[Action],
) -> None:
    """Switch rights of an account on and off; all that are not named go off.

    Raises:
        Forbidden: the actor has not such a right himself.
        Refused: accounts of this kind have no such right.
    """
    with Session(engine) as session, session.begin():
        unit = get_in_area(session.connection(), actor, unit_id)
        user = get_account_there(session, unit, user_id)
        set_rights_within(session, catalogue, actor, unit, user, frozenset(rights))


def set_rights_within(
    session: Session,
    catalogue: Catalogue,
    actor: Actor,
    unit: Row,
    user: User,
    rights: frozenset[Action],
) -> None:
    known = {one.id: one for one in list_types_of(catalogue, unit.kind)}
    found = known.get(user.account_type)
    may = frozenset(found.may_grant_in(unit.kind)) if found else frozenset()
    if strange := rights - may:
        names = "、".join(ACTION_NAMES[right] for right in sorted(strange))
        raise Refused(f"{unit.name}的这个账号不能打开“{names}”。")
    membership = next(m for m in user.memberships if m.unit_id == unit.id)
    before = {Action(word) for word in membership.granted}
    # What it has by its kind, nobody switches.
    after = (before - may) | rights
    if before == after:
        return
    for right in before ^ after:
        require_holding(actor, right, unit)
    membership.granted = sorted(right.value for right in after)
    session.flush()
    names = [ACTION_NAMES[right] for right in sorted(after)]
    told = "、".join(names) or "没有另外的权限，只能查看"
    text = f"现在打开的权限：{told}。从下一次点击起有效。"
    message = Message(NoticeKind.ACCOUNT, "您的权限变了", text, "/account/")
    send(session.connection(), message, [user.id], actor.user_id)
    if Action.REVIEW_FORM in before - after:
        tell_who_comes_next(session.connection(), catalogue, unit.path)
    details = {"rights": names or ["无"]}
    action = AuditAction.ACCOUNT_CHANGED
    record_account(session.connection(), action, user.id, id_of(actor), details)


def change_person(
    engine: Engine, actor: Actor, unit_id: int, user_id: int, name: str, email: str
) -> None:
    """Correct whose account it is, and where its mails go."""
    if not name.strip() or len(name.strip()) > NAME_MAX:
        raise BadRequest(f"姓名要填，最多 {NAME_MAX} 个字。")
    if fault := find_email_fault(email.strip()):
        raise BadRequest(fault)
    with Session(engine) as session, session.begin():
        unit = get_in_area(session.connection(), actor, unit_id)
        user = get_account_there(session, unit, user_id)
        before = user.name
        after = {"name": name.strip(), "email": email.strip() or None}
        changed = [key for key, value in after.items() if getattr(user, key) != value]
        if not changed:
            return
        user.name, user.email = name.strip(), email.strip() or None
        session.flush()
        told = {"changed": changed, "name_before": before}
        action = AuditAction.ACCOUNT_CHANGED
        record_account(session.connection(), action, user_id, id_of(actor), told)


def set_account_open(
    engine: Engine, actor: Actor, unit_id: int, user_id: int, is_open: bool
) -> None:
    """Open or close one account of a unit; closing signs it out at once."""
    with Session(engine) as session, session.begin():
        unit = get_in_area(session.connection(), actor, unit_id)
        user = get_account_there(session, unit, user_id)
        if user.is_active == is_open:
            return
        user.is_active = is_open
        if not is_open:
            end_sessions(session, user_id)
        session.flush()
        action = (
            AuditAction.ACCOUNT_REACTIVATED
            if is_open
            else AuditAction.ACCOUNT_DEACTIVATED
        )
        record_account(session.connection(), action, user_id, id_of(actor))


def give_unit_code(
    engine: Engine, secret: str, actor: Actor, unit_id: int, user_id: int
) -> str:
    """A code for an account of a unit whose password is forgotten."""
    with begin_reading(engine) as connection, Session(connection) as session:
        unit = get_in_area(session.connection(), actor, unit_id)
        get_account_there(session, unit, user_id)
    return give_code(engine, secret, user_id, actor)


def sign_out(connection: Connection, path: str) -> None:
    """End the sessions of all accounts of the units of this path and below."""
    units = select(Unit.id).where(Unit.path.startswith(path))
    people = (
        select(User.id)
        .join(Membership, Membership.user_id == User.id)
        .where(User.account_type != "", Membership.unit_id.in_(units))
    )
    connection.execute(delete(UserSession).where(UserSession.user_id.in_(people)))


def _keep_administrators(connection: Connection, path: str) -> None:
    below = Unit.path.startswith(path)
    held = (
        select(Membership.id)
        .join(Unit, Unit.id == Membership.unit_id)
        .where(below, Membership.role == Role.ADMINISTRATOR)
    )
    if connection.scalar(held.limit(1)) is not None:
        keep_administrator(connection, ~below)
