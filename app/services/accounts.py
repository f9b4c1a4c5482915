"""Accounts: creating, changing and closing them.

The command line acts without an actor; pages pass the signed-in person, whom the
policy has to allow it. Passwords are judged in `passwords`, roles in `memberships`.
"""

import unicodedata
from collections.abc import Iterable, Mapping

from sqlalchemy import Engine, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.errors import BadRequest, Forbidden, Refused, TooManyRequests
from app.models import AuditAction, ResetCode, Role, SecurityQuestion, User, UserSession
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import Action
from app.services.administrators import keep_administrator
from app.services.mail_server import is_address
from app.services.memberships import (
    NewMembership,
    describe_membership,
    get_user,
    judge_membership,
    manages_all,
    require_right,
)
from app.services.passwords import (
    hash_password,
    make_one_time_password,
    require_good_password,
    verify_password,
)
from app.services.recording import id_of, record_account
from app.services.tries import GUESSES, say_wait, take_try
from app.storage.engine import begin_reading

USERNAME_MAX = 100
NAME_MAX = 60
EMAIL_MAX = 254

_ACTIVE_ACTIONS = {
    True: AuditAction.ACCOUNT_REACTIVATED,
    False: AuditAction.ACCOUNT_DEACTIVATED,
}


def normalise_username(text: str) -> str:
    """The name as it is stored and compared: full width and capitals do not count."""
    return unicodedata.normalize("NFKC", text).strip().lower()[:USERNAME_MAX]


def find_username_fault(text: str) -> str:
    """What is wrong with a user name, normalised already; empty if it will do."""
    if not text:
        return "用户名要填。"
    if any(c.isspace() or not c.isprintable() for c in text):
        return "用户名里不要有空格。"
    return ""


def find_email_fault(address: str) -> str:
    """What is wrong with an address for mails; an empty one will do."""
    if not address or (len(address) <= EMAIL_MAX and is_address(address)):
        return ""
    return (
        f"“{address[:60]}”不是邮箱地址。请写成 name@school.edu.cn 的样子，"
        "只用英文字母、数字和符号。"
    )


def create_user(
    engine: Engine,
    *,
    username: str,
    name: str,
    memberships: Iterable[NewMembership],
    email: str = "",
    password: str | None = None,
    must_change_password: bool = True,
    actor: Actor | None = None,
) -> str:
    """Create an account; returns its password (a one-time one where none is given).

    Raises:
        BadRequest: the name or the password breaks a rule.
        Refused: the name is taken, or a role cannot be given so.
        Forbidden: a role is not the actor's to give.
        NotFound: a unit or department does not exist.
    """
    if actor is not None:
        require(actor, Action.MANAGE_ACCOUNTS)
    username = normalise_username(username)
    _require_names(username, name, email)
    given = password or make_one_time_password()
    require_good_password(given, username)
    user = User(
        username=username,
        name=name.strip(),
        email=email.strip() or None,
        password_hash=hash_password(given),
        must_change_password=must_change_password,
    )
    try:
        with Session(engine) as session, session.begin():
            _add_user(session, user, tuple(memberships), actor)
    except IntegrityError as error:
        # Somebody was faster between the look and the insertion.
        raise Refused(_describe_taken(username)) from error
    return given


def change_account(
    engine: Engine, user_id: int, name: str, email: str, *, actor: Actor | None = None
) -> None:
    """Correct a person's name or address; the user name stays."""
    with Session(engine) as session, session.begin():
        user = get_user(session, user_id)
        require_management(actor, user)
        _require_names(user.username, name, email)
        after = {"name": name.strip(), "email": email.strip() or None}
        changed = [key for key, value in after.items() if getattr(user, key) != value]
        before = user.name
        user.name, user.email = after["name"], after["email"]
        if changed:
            # The log tells that the address changed, not the address itself.
            told = {"changed": changed, "name_before": before}
            _record(session, AuditAction.ACCOUNT_CHANGED, user_id, actor, told)


def change_password(engine: Engine, user_id: int, old: str, new: str) -> None:
    """Set a new password; all sessions of the account end."""
    wait = take_try(engine, f"old password {user_id}", GUESSES).wait
    if wait:
        raise TooManyRequests(f"输错的次数太多，请 {say_wait(wait)}后再试。")
    with begin_reading(engine) as connection:
        user = connection.execute(
            select(User.username, User.password_hash).where(User.id == user_id)
        ).one()
    # Outside the transaction: argon2 takes long, and writers wait for writers.
    if not verify_password(user.password_hash, old):
        raise BadRequest("现在的密码不对。")
    if new == old:
        raise BadRequest("新密码要和现在的不一样。")
    require_good_password(new, user.username)
    digest = hash_password(new)
    with Session(engine) as session, session.begin():
        person = get_user(session, user_id, lock=True)
        # Whoever gave another one since may have done so because of this person.
        if person.password_hash != user.password_hash:
            raise Refused("密码刚刚在别处改过，这次没有改。请用现在的密码再试。")
        replace_password(session, person, digest, must_change=False)
        act = AuditAction.PASSWORD_SET
        record_account(session.connection(), act, user_id, user_id)


def reset_password(engine: Engine, user_id: int, *, actor: Actor | None = None) -> str:
    """Give the account a one-time password, which the first login replaces."""
    password = make_one_time_password()
    digest = hash_password(password)
    with Session(engine) as session, session.begin():
        person = get_user(session, user_id, lock=True)
        require_management(actor, person)
        replace_password(session, person, digest, must_change=True, is_given=True)
        act = AuditAction.PASSWORD_RESET
        record_account(session.connection(), act, user_id, id_of(actor))
    return password


def set_active(
    engine: Engine, user_id: int, active: bool, *, actor: Actor | None = None
) -> None:
    """Open or close an account; closing ends its sessions at once.

    Raises:
        Refused: it is one's own, or the last administrator's.
    """
    with Session(engine) as session, session.begin():
        user = get_user(session, user_id, lock=True)
        require_management(actor, user)
        if not active:
            _require_dispensable(session, user, actor)
            end_sessions(session, user_id)
        if user.is_active != active:
            user.is_active = active
            _record(session, _ACTIVE_ACTIONS[active], user_id, actor)


def require_manageable(engine: Engine, user_id: int, actor: Actor) -> None:
    """Raise where the actor does not manage this account."""
    with begin_reading(engine) as connection, Session(connection) as session:
        require_management(actor, get_user(session, user_id))


def require_management(actor: Actor | None, user: User) -> None:
    """Whoever manages an account could give each of its roles.

    Raises:
        Forbidden: some role of it reaches beyond the actor's right.
    """
    if manages_all(actor):
        return
    if not user.memberships:
        raise Forbidden("没有角色的账号由系统管理员管理。")
    for membership in user.memberships:
        require_right(actor, membership.role, membership.unit)


def replace_password(
    session: Session,
    user: User,
    digest: str,
    must_change: bool,
    *,
    is_given: bool = False,
) -> None:
    """Put the hash of another password in place; all sessions of the account end.

    So does a code that was given for the password before.

    Args:
        is_given: by somebody else, maybe to another person than before: what that one
            answered opens the account no more.
    """
    session.execute(delete(ResetCode).where(ResetCode.user_id == user.id))
    if is_given:
        own = SecurityQuestion.user_id == user.id
        session.execute(delete(SecurityQuestion).where(own))
    user.password_hash = digest
    user.must_change_password = must_change
    user.password_changed_at = now_utc()
    end_sessions(session, user.id)
    session.flush()


def end_sessions(session: Session, user_id: int) -> None:
    """Sign the account out everywhere."""
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def find_user_id(engine: Engine, username: str, account_type: str = "") -> int | None:
    """Id of the account with this username, among those of its kind."""
    name = normalise_username(username)
    with begin_reading(engine) as connection, Session(connection) as session:
        return session.scalar(
            select(User.id).where(
                User.username == name, User.account_type == account_type
            )
        )


def _require_names(username: str, name: str, email: str) -> None:
    fault = find_username_fault(username)
    if fault or not name.strip():
        raise BadRequest(fault or "姓名要填。")
    if len(name.strip()) > NAME_MAX:
        raise BadRequest(f"姓名最多 {NAME_MAX} 个字。")
    if fault := find_email_fault(email.strip()):
        raise BadRequest(fault)


def _add_user(
    session: Session,
    user: User,
    memberships: tuple[NewMembership, ...],
    actor: Actor | None,
) -> None:
    if session.scalar(
        select(User.id).where(User.username == user.username, User.account_type == "")
    ):
        raise Refused(_describe_taken(user.username))
    if not memberships and not manages_all(actor):
        raise Forbidden("请给账号选一个角色。")
    user.memberships = [
        judge_membership(session, actor, new).build() for new in memberships
    ]
    session.add(user)
    session.flush()
    details = {"memberships": [describe_membership(m) for m in user.memberships]}
    _record(session, AuditAction.ACCOUNT_CREATED, user.id, actor, details)


def _describe_taken(username: str) -> str:
    return f"用户名“{username}”已经有人用了，请换一个。"


def _require_dispensable(session: Session, user: User, actor: Actor | None) -> None:
    if actor is not None and actor.user_id == user.id:
        raise Refused("不能停用自己的账号，请让另一位管理员来办。")
    if any(m.role is Role.ADMINISTRATOR for m in user.memberships) and user.is_active:
        keep_administrator(session.connection(), User.id != user.id)


def _record(
    session: Session,
    action: AuditAction,
    user_id: int,
    actor: Actor | None,
    details: Mapping[str, object] | None = None,
) -> None:
    session.flush()
    record_account(session.connection(), action, user_id, id_of(actor), details)
