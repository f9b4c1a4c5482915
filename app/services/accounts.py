"""Accounts: creating, changing and closing them, and the rules of passwords.

The command line acts without an actor; pages pass the signed-in person, whom the
policy has to allow it.
"""

import secrets
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, NotFound, Refused
from app.models import (
    AuditAction,
    Department,
    Membership,
    Role,
    Unit,
    User,
    UserSession,
)
from app.models.base import now_utc
from app.permissions import Action, Actor, require
from app.services.recording import id_of, record_account

PASSWORD_MIN = 10
#: argon2 takes any length; a limit keeps a request from costing seconds
PASSWORD_MAX = 128
USERNAME_MAX = 60

_HASHER = PasswordHasher()
#: Verified when there is no such account, so that the answer takes as long.
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
_RUNS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_RUN_LENGTH = 6
# No 0/O, 1/l/I: one-time passwords are read out over the telephone.
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_ONE_TIME_DIGITS = "23456789"
_ACTIVE_ACTIONS = {
    True: AuditAction.ACCOUNT_REACTIVATED,
    False: AuditAction.ACCOUNT_DEACTIVATED,
}


@dataclass(frozen=True)
class NewMembership:
    """A role to be given."""

    role: Role
    unit_code: str
    #: name of the department; None: the whole unit
    department: str | None = None
    #: whether the person may import, where the role can
    may_import: bool = False


@dataclass(frozen=True)
class AccountLine:
    """An account as the administrator's list shows it."""

    id: int
    username: str
    name: str
    is_active: bool
    must_change_password: bool
    last_login_at: object
    #: (role, unit, department or "")
    memberships: tuple[tuple[Role, str, str], ...]


@dataclass(frozen=True)
class AccountPage:
    lines: tuple[AccountLine, ...]
    total: int


def normalise_username(text: str) -> str:
    """The name as it is stored and compared: full width and capitals do not count."""
    return unicodedata.normalize("NFKC", text).strip().lower()[:USERNAME_MAX]


def find_password_faults(password: str, username: str) -> tuple[str, ...]:
    """What is wrong with a new password, in sentences; empty if it will do."""
    lowered = password.lower()
    tests = (
        (len(password) < PASSWORD_MIN, f"至少 {PASSWORD_MIN} 位"),
        (len(password) > PASSWORD_MAX, f"不超过 {PASSWORD_MAX} 位"),
        (
            not (
                any(c.isalpha() for c in password)
                and any(not c.isalpha() for c in password)
            ),
            "要有字母，也要有数字或符号",
        ),
        (
            len(username) > 2 and username.lower() in lowered,
            "不要包含用户名",
        ),
        (
            len(set(lowered)) < 5 or _has_run(lowered),
            "不要用重复或连续的字符，如 111111、abcdef",
        ),
    )
    return tuple(sentence for is_broken, sentence in tests if is_broken)


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def verify_password(user: User | None, password: str) -> bool:
    """Whether the password is the account's; takes as long where there is none."""
    stored = _NOBODY if user is None else user.password_hash
    try:
        _HASHER.verify(stored, password[:PASSWORD_MAX])
    except (VerifyMismatchError, InvalidHashError):
        return False
    return user is not None


def create_user(
    engine: Engine,
    *,
    username: str,
    name: str,
    memberships: Iterable[NewMembership],
    password: str | None = None,
    must_change_password: bool = True,
    actor: Actor | None = None,
) -> str:
    """Create an account; returns its password (a one-time one where none is given).

    Raises:
        BadRequest: the name or the password breaks a rule.
        Refused: the name is taken.
        NotFound: a unit or department does not exist.
    """
    if actor is not None:
        require(actor, Action.MANAGE_ACCOUNTS)
    username = normalise_username(username)
    if not username or not name.strip():
        raise BadRequest("用户名和姓名都要填。")
    given = password or make_one_time_password()
    _require_good_password(given, username)
    with Session(engine) as session, session.begin():
        if session.scalar(select(User.id).where(User.username == username)):
            raise Refused(f"用户名“{username}”已经有人用了，请换一个。")
        user = User(
            username=username,
            name=name.strip(),
            password_hash=hash_password(given),
            must_change_password=must_change_password,
            memberships=[_membership(session, new) for new in memberships],
        )
        session.add(user)
        session.flush()
        details = {"memberships": [_describe_membership(m) for m in user.memberships]}
        _record(session, AuditAction.ACCOUNT_CREATED, user.id, actor, details)
    return given


def change_password(engine: Engine, user_id: int, old: str, new: str) -> None:
    """Set a new password; all sessions of the account end."""
    with Session(engine) as session:
        user = _get_user(session, user_id)
        # Outside the transaction: argon2 takes long, and writers wait for writers.
        if not verify_password(user, old):
            raise BadRequest("现在的密码不对。")
        if new == old:
            raise BadRequest("新密码要和现在的不一样。")
        _require_good_password(new, user.username)
    _set_password(engine, user_id, new, must_change=False, actor_id=user_id)


def reset_password(engine: Engine, user_id: int, *, actor: Actor | None = None) -> str:
    """Give the account a one-time password, which the first login replaces."""
    if actor is not None:
        require(actor, Action.MANAGE_ACCOUNTS)
    password = make_one_time_password()
    _set_password(engine, user_id, password, must_change=True, actor_id=id_of(actor))
    return password


def set_active(
    engine: Engine, user_id: int, active: bool, *, actor: Actor | None = None
) -> None:
    """Open or close an account; closing ends its sessions at once."""
    if actor is not None:
        require(actor, Action.MANAGE_ACCOUNTS)
        if actor.user_id == user_id and not active:
            raise Refused("不能停用自己的账号，请让另一位管理员来办。")
    with Session(engine) as session, session.begin():
        _get_user(session, user_id).is_active = active
        if not active:
            _end_sessions(session, user_id)
        done = _ACTIVE_ACTIONS[active]
        _record(session, done, user_id, actor)


def find_user_id(engine: Engine, username: str) -> int | None:
    """Id of the account with this username."""
    name = normalise_username(username)
    with Session(engine) as session:
        return session.scalar(select(User.id).where(User.username == name))


def list_accounts(
    engine: Engine, *, actor: Actor, search: str = "", page: int = 1, size: int = 50
) -> AccountPage:
    """Accounts by name, for the administrator."""
    require(actor, Action.MANAGE_ACCOUNTS)
    wanted = select(User)
    if search.strip():
        text = search.strip()
        wanted = wanted.where(
            User.username.icontains(text, autoescape=True)
            | User.name.icontains(text, autoescape=True)
        )
    with Session(engine) as session:
        total = session.scalar(select(func.count()).select_from(wanted.subquery()))
        users = session.scalars(
            wanted.order_by(User.username).offset((page - 1) * size).limit(size)
        )
        return AccountPage(tuple(map(_line_of, users)), total or 0)


def list_places(engine: Engine) -> tuple[tuple[str, str, tuple[str, ...]], ...]:
    """Units with their departments, to choose memberships from: code, name, names."""
    with Session(engine) as session:
        units = session.scalars(select(Unit).order_by(Unit.name)).all()
        return tuple(
            (unit.code, unit.name, tuple(d.name for d in unit.departments))
            for unit in units
        )


def make_one_time_password() -> str:
    """A password that is easily read out: three groups of letters and digits."""
    letters = (secrets.choice(_ONE_TIME_LETTERS) for _ in range(8))
    digits = "".join(secrets.choice(_ONE_TIME_DIGITS) for _ in range(4))
    text = "".join(letters)
    password = f"{text[:4]}-{digits}-{text[4:]}"
    return make_one_time_password() if find_password_faults(password, "") else password


def _has_run(text: str) -> bool:
    starts = range(len(text) - _RUN_LENGTH + 1)
    parts = {text[start : start + _RUN_LENGTH] for start in starts}
    return any(part in run or part[::-1] in run for part in parts for run in _RUNS)


def _require_good_password(password: str, username: str) -> None:
    faults = find_password_faults(password, username)
    if faults:
        raise BadRequest("密码不合要求：" + "；".join(faults) + "。")


def _set_password(
    engine: Engine,
    user_id: int,
    password: str,
    *,
    must_change: bool,
    actor_id: int | None,
) -> None:
    digest = hash_password(password)
    with Session(engine) as session, session.begin():
        user = _get_user(session, user_id)
        user.password_hash = digest
        user.must_change_password = must_change
        user.password_changed_at = now_utc()
        _end_sessions(session, user_id)
        session.flush()
        # One that has to be changed was given by somebody else.
        action = AuditAction.PASSWORD_RESET if must_change else AuditAction.PASSWORD_SET
        record_account(session.connection(), action, user_id, actor_id)


def _record(
    session: Session,
    action: AuditAction,
    user_id: int,
    actor: Actor | None,
    details: Mapping[str, object] | None = None,
) -> None:
    session.flush()
    record_account(session.connection(), action, user_id, id_of(actor), details)


def _describe_membership(membership: Membership) -> str:
    department = membership.department
    parts = [membership.unit.name, *([department.name] if department else [])]
    return f"{membership.role}@{'/'.join(parts)}"


def _end_sessions(session: Session, user_id: int) -> None:
    session.execute(delete(UserSession).where(UserSession.user_id == user_id))


def _get_user(session: Session, user_id: int) -> User:
    user = session.get(User, user_id)
    if user is None:
        raise NotFound("没有这个账号。")
    return user


def _membership(session: Session, new: NewMembership) -> Membership:
    unit = session.scalar(select(Unit).where(Unit.code == new.unit_code))
    if unit is None:
        raise NotFound(f"没有编号为“{new.unit_code}”的单位。")
    return Membership(
        role=new.role,
        unit=unit,
        department=_find_department(unit, new.department),
        may_import=new.may_import,
    )


def _find_department(unit: Unit, name: str | None) -> Department | None:
    if not name:
        return None
    for department in unit.departments:
        if name in (department.name, *department.aliases):
            return department
    raise NotFound(f"{unit.name}没有“{name}”这个部门。")


def _line_of(user: User) -> AccountLine:
    memberships: Sequence[Membership] = user.memberships
    return AccountLine(
        user.id,
        user.username,
        user.name,
        user.is_active,
        user.must_change_password,
        user.last_login_at,
        tuple(
            (m.role, m.unit.name, m.department.name if m.department else "")
            for m in memberships
        ),
    )
