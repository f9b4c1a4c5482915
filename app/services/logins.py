"""Logging in: passwords, failures counted in the database, and when to ask a captcha.

The answer to a wrong name and to a wrong password is the same and takes as long.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from captcha.image import ImageCaptcha
from sqlalchemy import Engine, delete, func, select
from sqlalchemy.orm import Session

from app.config import Config
from app.errors import BadRequest, TooManyRequests
from app.models import AuditAction, LoginFailure, User
from app.models.base import now_utc
from app.services.accounts import normalise_username
from app.services.passwords import verify_password
from app.services.recording import record_account
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading

WRONG_LOGIN = "用户名或密码不对，请检查后再试。"
WRONG_CAPTCHA = "验证码不对，请照新的重新输入。"

_CAPTCHA_LENGTH = 5
# Digits that cannot be taken for each other on a warped picture.
_CAPTCHA_DIGITS = "2345678"
_CAPTCHA_MINUTES = 10
#: So many times the failures that bring the captcha, and an address has to wait.
_WAIT_FACTOR = 10


class CaptchaKind(StrEnum):
    IMAGE = "image"
    #: a question in words, for whoever cannot read the picture
    SUM = "sum"


@dataclass(frozen=True)
class Captcha:
    """A question to the person; the answer travels only as its seal."""

    kind: CaptchaKind
    #: proves the answer; valid until the next failure of the address
    seal: str
    #: PNG of an image captcha
    image: bytes = b""
    #: the question of a sum
    question: str = ""


class LoginRefused(BadRequest):
    """Name, password or captcha are wrong; `field` is the one to look at."""

    status = 422

    def __init__(self, message: str, field: str) -> None:
        self.field = field
        super().__init__(message)


def needs_captcha(
    engine: Engine,
    config: Config,
    username: str,
    address: str,
    now: datetime | None = None,
) -> bool:
    """Whether the name or the address has failed too often lately."""
    name = normalise_username(username)
    by_name, by_address = _count_failures(engine, config, name, address, now)
    return max(by_name, by_address) >= config.login_failures


def log_in(
    engine: Engine,
    config: Config,
    username: str,
    password: str,
    address: str,
    *,
    secret: str = "",
    captcha: tuple[str, str] = ("", ""),
    now: datetime | None = None,
) -> int:
    """Check a login; returns the account's id.

    Args:
        captcha: the seal and the answer given to it.

    Raises:
        LoginRefused: with the same words whether the name or the password is wrong.
        TooManyRequests: the address fails on and on.
    """
    now = now or now_utc()
    name = normalise_username(username)
    by_name, by_address = _count_failures(engine, config, name, address, now)
    if by_address >= config.login_failures * _WAIT_FACTOR:
        minutes = config.login_failure_minutes
        raise TooManyRequests(f"登录失败的次数太多，请 {minutes} 分钟后再试。")
    if max(by_name, by_address) >= config.login_failures and not check_captcha(
        engine, secret, address, *captcha, now=now
    ):
        _note_failure(engine, config, name, address, now)
        raise LoginRefused(WRONG_CAPTCHA, "captcha")
    with begin_reading(engine) as connection, Session(connection) as session:
        user = session.scalar(select(User).where(User.username == name))
    known = None if user is None else user.password_hash
    if not verify_password(known, password) or not user.is_active:
        _note_failure(engine, config, name, address, now)
        raise LoginRefused(WRONG_LOGIN, "username")
    _note_success(engine, user.id, name, address, now)
    return user.id


def make_captcha(
    engine: Engine,
    secret: str,
    address: str,
    kind: CaptchaKind,
    now: datetime | None = None,
) -> Captcha:
    """Think of a question and seal its answer."""
    now = now or now_utc()
    if kind is CaptchaKind.SUM:
        left, right = secrets.randbelow(40) + 10, secrets.randbelow(9) + 1
        seal = _seal(engine, secret, address, str(left + right), now)
        return Captcha(kind, seal, question=f"{left} 加 {right} 等于几？")
    answer = "".join(secrets.choice(_CAPTCHA_DIGITS) for _ in range(_CAPTCHA_LENGTH))
    picture = ImageCaptcha(width=128, height=40, font_sizes=(26, 29, 32))
    image = picture.generate(answer, format="png", bg_color=(233, 237, 242))
    return Captcha(kind, _seal(engine, secret, address, answer, now), image.getvalue())


def check_captcha(
    engine: Engine,
    secret: str,
    address: str,
    seal: str,
    answer: str,
    now: datetime | None = None,
) -> bool:
    """Whether the answer is the sealed one, in time and used for the first time."""
    issued, _, _ = seal.partition(".")
    now = now or now_utc()
    if not issued.isdecimal() or len(issued) > 12:
        return False
    if now.timestamp() - int(issued) > _CAPTCHA_MINUTES * 60:
        return False
    answer = normalise_username(answer)
    expected = _sign(secret, issued, address, answer, _last_failure(engine, address))
    return hmac.compare_digest(seal.encode(), expected.encode())


def _seal(engine: Engine, secret: str, address: str, answer: str, now: datetime) -> str:
    issued = str(int(now.timestamp()))
    return _sign(secret, issued, address, answer, _last_failure(engine, address))


def _sign(secret: str, issued: str, address: str, answer: str, failure: int) -> str:
    # The last failure is part of it: every try makes the seal of the next one needed,
    # so that no solved captcha serves for a second guess.
    text = "\n".join((issued, address, answer, str(failure)))
    digest = hmac.new(f"captcha {secret}".encode(), text.encode(), hashlib.sha256)
    return f"{issued}.{digest.hexdigest()}"


def _last_failure(engine: Engine, address: str) -> int:
    with begin_reading(engine) as connection:
        last = connection.scalar(
            select(func.max(LoginFailure.id)).where(LoginFailure.address == address)
        )
    return last or 0


def _count_failures(
    engine: Engine,
    config: Config,
    name: str,
    address: str,
    now: datetime | None,
) -> tuple[int, int]:
    with begin_reading(engine) as connection, Session(connection) as session:
        return _count_within(session, config, name, address, now or now_utc())


def _count_within(
    session: Session, config: Config, name: str, address: str, now: datetime
) -> tuple[int, int]:
    """Failures of the name, and of the address, that still count."""
    since = now - timedelta(minutes=config.login_failure_minutes)
    return tuple(
        session.scalar(
            select(func.count())
            .select_from(LoginFailure)
            .where(column == value, LoginFailure.at > since)
        )
        for column, value in (
            (LoginFailure.username, name),
            (LoginFailure.address, address[:60]),
        )
    )


def _note_failure(
    engine: Engine, config: Config, name: str, address: str, now: datetime
) -> None:
    old = now - timedelta(minutes=config.login_failure_minutes)
    with Session(engine) as session, session.begin():
        session.execute(delete(LoginFailure).where(LoginFailure.at < old))
        session.add(LoginFailure(username=name, address=address[:60], at=now))
        session.flush()
        if config.login_failures in _count_within(session, config, name, address, now):
            locked = AuditRecord(
                AuditAction.LOGIN_LOCKOUT,
                None,
                subject=name,
                details={"address": address[:60]},
            )
            record(session.connection(), locked)


def _note_success(
    engine: Engine, user_id: int, name: str, address: str, now: datetime
) -> None:
    with Session(engine) as session, session.begin():
        session.execute(delete(LoginFailure).where(LoginFailure.username == name))
        session.get(User, user_id).last_login_at = now
        session.flush()
        details, login = {"address": address[:60]}, AuditAction.LOGIN
        record_account(session.connection(), login, user_id, user_id, details)
