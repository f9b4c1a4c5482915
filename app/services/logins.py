"""Logging in: passwords, guesses counted in the database, and when to ask a captcha.

The answer to a wrong name, kind of account and password is the same and takes as long.
Nobody can lock an account's owner out: a browser in which somebody logged in before has
tries of its own.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from app.config import Config
from app.errors import BadRequest, TooManyRequests
from app.models import AuditAction, LoginFailure, Unit, User
from app.models.base import now_utc
from app.services.account_kinds import KnownType, name_login, normalise_login
from app.services.captchas import WRONG_CAPTCHA, use_captcha
from app.services.devices import find_device, find_login
from app.services.passwords import verify_password
from app.services.recording import record_account
from app.services.tries import (
    GUESSES,
    Try,
    give_back,
    network_of,
    say_wait,
    take_try,
)
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading

WRONG_LOGIN = "用户名或密码不对，请检查后再试。"
WRONG_TYPED_LOGIN = "类型、用户名或密码不对，请检查后再试。"

#: So many times the failures that bring the captcha, and an address has to wait.
_WAIT_FACTOR = 10


class LoginRefused(BadRequest):
    """Name, password or captcha are wrong; `field` is the one to look at."""

    status = 422

    def __init__(self, message: str, field: str) -> None:
        self.field = field
        super().__init__(message)


@dataclass(frozen=True)
class _Attempt:
    """A login that is being judged."""

    #: account type and user name as they are counted
    login: str
    address: str
    now: datetime
    #: empty: a browser in which this login never succeeded
    device: str


def needs_captcha(
    engine: Engine,
    config: Config,
    username: str,
    address: str,
    now: datetime | None = None,
    *,
    known: KnownType | None = None,
) -> bool:
    """Whether the kind of account asks it, or the name or address failed often lately.

    Args:
        known: the kind of account; None: a person's own.
    """
    if known is not None and known.type.always_captcha:
        return True
    login = name_login(username, known.id if known else "")
    attempt = _Attempt(login, address, now or now_utc(), "")
    return max(_count_failures(engine, config, attempt)) >= config.login_failures


def log_in(
    engine: Engine,
    config: Config,
    username: str,
    password: str,
    address: str,
    *,
    secret: str = "",
    captcha: tuple[str, str] = ("", ""),
    known: KnownType | None = None,
    device: str = "",
    now: datetime | None = None,
) -> int:
    """Check a login; returns the account's id.

    Args:
        captcha: the seal and the answer given to it.
        known: the kind of account; None: a person's own.
        device: the cookie of a browser that somebody logged in with.

    Raises:
        LoginRefused: with the same words whether the name or the password is wrong;
            or the unit is closed, which only who knows the password hears.
        TooManyRequests: the address fails on and on, or the account's guesses are
            used up.
    """
    account_type = known.id if known else ""
    moment = now or now_utc()
    login = find_login(engine, username, account_type)
    found = find_device(secret, login, device, moment)
    attempt = _Attempt(login.name, address, moment, found)
    _require_captcha(engine, config, attempt, secret, captcha, known)
    taken = _take_guess(engine, attempt)
    name = normalise_login(username, account_type)
    with begin_reading(engine) as connection:
        # Its columns alone: the rest would take time, which tells that it is there.
        user = connection.execute(
            select(User.id, User.password_hash, User.is_active).where(
                User.username == name, User.account_type == account_type
            )
        ).first()
    stored = None if user is None else user.password_hash
    if not verify_password(stored, password) or not user.is_active:
        _note_failure(engine, config, attempt)
        raise LoginRefused(WRONG_TYPED_LOGIN if known else WRONG_LOGIN, "username")
    closed = _describe_closed(engine, user.id)
    _note_success(engine, user.id, attempt, taken, is_in=not closed)
    if closed:
        raise LoginRefused(closed, "")
    return user.id


def _require_captcha(
    engine: Engine,
    config: Config,
    attempt: _Attempt,
    secret: str,
    captcha: tuple[str, str],
    known: KnownType | None,
) -> None:
    by_name, by_address = _count_failures(engine, config, attempt)
    # Who fails at an address keeps nobody out who logged in from it before.
    if by_address >= config.login_failures * _WAIT_FACTOR and not attempt.device:
        minutes = config.login_failure_minutes
        raise TooManyRequests(f"登录失败的次数太多，请 {minutes} 分钟后再试。")
    is_asked = known is not None and known.type.always_captcha
    if not is_asked and max(by_name, by_address) < config.login_failures:
        return
    if not use_captcha(engine, secret, attempt.address, captcha, attempt.now):
        if captcha[1]:
            _note_failure(engine, config, attempt)
        raise LoginRefused(WRONG_CAPTCHA, "captcha")


def _take_guess(engine: Engine, attempt: _Attempt) -> Try:
    """One of the guesses of the account, or of this browser at it.

    Raises:
        TooManyRequests: whether or not there is such an account.
    """
    what = f"login {attempt.login} {attempt.device}"
    taken = take_try(engine, what, GUESSES, attempt.now)
    if taken.wait:
        raise TooManyRequests(
            f"这个用户名试错的次数太多，请 {say_wait(taken.wait)}后再试。"
            "您在上次换密码以后登录过的电脑上仍可照常登录；在别的电脑上，"
            "请用“忘记密码”另设一个，设好就能登录。"
        )
    return taken


def _describe_closed(engine: Engine, user_id: int) -> str:
    """Why the account of a unit cannot be used; empty where it can.

    A person's own account may belong to other units, and says so on its pages.
    """
    with begin_reading(engine) as connection, Session(connection) as session:
        user = session.get_one(User, user_id)
        units = [membership.unit for membership in user.memberships]
        if not user.account_type or not units or any(unit.is_open for unit in units):
            return ""
        return describe_shut(session, units[0])


def describe_shut(session: Session, unit: Unit) -> str:
    """Why nobody works in a unit that is not open."""
    if not unit.is_active:
        return f"{unit.name}已经停用，不能登录。请找上级主管部门的管理员。"
    ids = [int(part) for part in unit.path.split("/") if part]
    shut = session.scalar(
        select(Unit.name)
        .where(Unit.id.in_(ids), ~Unit.is_active)
        .order_by(Unit.path)
        .limit(1)
    )
    return (
        f"{unit.name}的上级“{shut}”已经停用，它下面的单位都不能登录。"
        "数据都在，启用以后可以继续。请找再上一级主管部门的管理员。"
    )


def _count_failures(
    engine: Engine, config: Config, attempt: _Attempt
) -> tuple[int, int]:
    with begin_reading(engine) as connection, Session(connection) as session:
        return _count_within(session, config, attempt)


def _count_within(
    session: Session, config: Config, attempt: _Attempt
) -> tuple[int, int]:
    """Failures of the name, and of the address, that still count."""
    since = attempt.now - timedelta(minutes=config.login_failure_minutes)
    by_name, by_address = (
        session.scalar(
            select(func.count())
            .select_from(LoginFailure)
            .where(column == value, LoginFailure.at > since)
        )
        for column, value in (
            (LoginFailure.username, attempt.login),
            (LoginFailure.address, network_of(attempt.address)[:60]),
        )
    )
    return by_name or 0, by_address or 0


def _note_failure(engine: Engine, config: Config, attempt: _Attempt) -> None:
    old = attempt.now - timedelta(minutes=config.login_failure_minutes)
    login, address = attempt.login, attempt.address[:60]
    with Session(engine) as session, session.begin():
        session.execute(delete(LoginFailure).where(LoginFailure.at < old))
        counted = network_of(attempt.address)[:60]
        session.add(LoginFailure(username=login, address=counted, at=attempt.now))
        session.flush()
        if config.login_failures in _count_within(session, config, attempt):
            locked = AuditRecord(
                AuditAction.LOGIN_LOCKOUT,
                None,
                subject=login,
                details={"address": address},
            )
            record(session.connection(), locked)


def _note_success(
    engine: Engine, user_id: int, attempt: _Attempt, taken: Try, *, is_in: bool
) -> None:
    """The password was right: this was no guess.

    Args:
        is_in: whether the person comes in with it.
    """
    with Session(engine) as session, session.begin():
        failures = LoginFailure.username == attempt.login
        session.execute(delete(LoginFailure).where(failures))
        give_back(session.connection(), taken)
        if not is_in:
            return
        session.get(User, user_id).last_login_at = attempt.now
        session.flush()
        details, login = {"address": attempt.address[:60]}, AuditAction.LOGIN
        record_account(session.connection(), login, user_id, user_id, details)
