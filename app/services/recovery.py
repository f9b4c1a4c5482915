"""A forgotten password: a code from a superior, and the new password in its place.

The other way to it, answers to own questions, is in `recovery_answers`.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Engine, and_, delete, select
from sqlalchemy.orm import Session

from app.errors import BadRequest, Refused, TooManyRequests
from app.models import AuditAction, NoticeKind, ResetCode, User
from app.models.base import now_utc
from app.permissions import Actor
from app.services.account_kinds import KnownType, name_login, normalise_login
from app.services.accounts import replace_password
from app.services.memberships import get_user
from app.services.notices import Message, send
from app.services.passwords import hash_password, require_good_password
from app.services.question_rules import normalise_answer
from app.services.recording import record_account
from app.services.recovery_tickets import (
    make_ticket,
    outdated,
    read_ticket,
    require_ticket,
)
from app.services.tries import Allowance, network_of, say_wait, take_try
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading

WRONG_CODE = "重置码不对、已经用过，或者过了 24 小时。请核对，或请管理员再给一个。"

CODE_HOURS = 24
#: Of one address: names, answers and codes together.
_AT_ADDRESS = Allowance(30)
# No 0/O, 1/l/I: codes are read out over the telephone.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Forgetful:
    """Whoever says that the password of this login is forgotten."""

    username: str
    #: None: a person's own account
    known: KnownType | None
    address: str
    #: empty: a browser in which this login never succeeded
    device: str = ""
    #: what tells this browser from all others while somebody goes from page to page
    browser: str = ""

    @property
    def account_type(self) -> str:
        return self.known.id if self.known else ""

    @property
    def login(self) -> str:
        return name_login(self.username, self.account_type)

    @property
    def is_account(self) -> ColumnElement[bool]:
        name = normalise_login(self.username, self.account_type)
        return and_(User.username == name, User.account_type == self.account_type)


def count_visit(engine: Engine, address: str, now: datetime | None = None) -> None:
    """Raise TooManyRequests where an address tries on and on."""
    what = f"recovery at {network_of(address)}"
    wait = take_try(engine, what, _AT_ADDRESS, now).wait
    if wait:
        raise TooManyRequests(f"试的次数太多，请 {say_wait(wait)}后再试。")


def redeem_code(
    engine: Engine,
    secret: str,
    person: Forgetful,
    code: str,
    now: datetime | None = None,
) -> str:
    """A ticket for a code that a superior gave; the new password uses it up.

    Guessing one takes longer than all computers have: nothing is counted by account,
    so that nobody uses up its owner's tries.

    Raises:
        BadRequest: there is no such code for this account any more.
    """
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(ResetCode.id, User.id.label("user_id"), User.password_hash)
            .join(User, User.id == ResetCode.user_id)
            .where(
                person.is_account,
                User.is_active,
                ResetCode.code_hash == _hash_code(secret, code),
                ResetCode.expires_at > (now or now_utc()),
            )
        ).first()
    if found is None:
        note_failure(engine, person)
        raise BadRequest(WRONG_CODE)
    return make_ticket(secret, found.user_id, found.id, found.password_hash, now)


def note_failure(engine: Engine, person: Forgetful) -> None:
    """Tell of it in the log, whether or not there is such an account."""
    with engine.begin() as connection:
        told = AuditRecord(
            AuditAction.RECOVERY_FAILED,
            None,
            subject=person.login,
            details={"address": person.address[:60]},
        )
        record(connection, told)


def set_recovered_password(
    engine: Engine, secret: str, ticket: str, new: str, now: datetime | None = None
) -> int:
    """Set the new password; the account is told, and signed out everywhere.

    Returns the account's id.

    Raises:
        BadRequest: the password will not do.
        Refused: the ticket is outdated or was used.
    """
    user_id, code_id = read_ticket(ticket, now)
    with begin_reading(engine) as connection:
        user = connection.execute(
            select(User.username, User.password_hash).where(User.id == user_id)
        ).first()
    require_ticket(secret, ticket, user)
    require_good_password(new, user.username)
    digest = hash_password(new)
    with Session(engine) as session, session.begin():
        person = get_user(session, user_id, lock=True)
        require_ticket(secret, ticket, person)
        if code_id:
            used = delete(ResetCode).where(ResetCode.id == code_id)
            if not session.execute(used.returning(ResetCode.id)).first():
                raise outdated()
        given = {"must_change": False, "is_given": bool(code_id)}
        replace_password(session, person, digest, **given)
        connection = session.connection()
        by = "code" if code_id else "questions"
        send(connection, _tell_recovered(by), [user_id])
        act = AuditAction.PASSWORD_RECOVERED
        record_account(connection, act, user_id, user_id, {"by": by})
    return user_id


def give_code(
    engine: Engine,
    secret: str,
    user_id: int,
    actor: Actor,
    now: datetime | None = None,
) -> str:
    """Give a code to set a new password with, in place of those before.

    The caller has judged the right to it.
    """
    if actor.user_id == user_id:
        raise Refused("不能给自己重置码；要换密码请用“改密码”。")
    moment = now or now_utc()
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(3))
    code = "-".join(groups)
    with Session(engine) as session, session.begin():
        if not get_user(session, user_id, lock=True).is_active:
            raise Refused("这个账号已经停用，有重置码也登录不了。请先启用它，再给。")
        session.execute(delete(ResetCode).where(ResetCode.user_id == user_id))
        session.add(
            ResetCode(
                user_id=user_id,
                code_hash=_hash_code(secret, code),
                given_by=actor.user_id,
                created_at=moment,
                expires_at=moment + timedelta(hours=CODE_HOURS),
            )
        )
        session.flush()
        connection = session.connection()
        send(connection, _tell_code(actor), [user_id], actor.user_id)
        act = AuditAction.RESET_CODE_GIVEN
        record_account(connection, act, user_id, actor.user_id)
    return code


def _hash_code(secret: str, code: str) -> str:
    key = f"reset code {secret}".encode()
    text = normalise_answer(code).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _tell_recovered(by: str) -> Message:
    way = "上级给的重置码" if by == "code" else "密码问题"
    more = "原来的密码问题也不再有效，请重新设。" if by == "code" else ""
    text = (
        f"有人用{way}给这个账号设了新密码，原来的登录都已退出。{more}"
        "如果不是您，请马上请管理员给重置码，另设密码。"
    )
    return Message(NoticeKind.ACCOUNT, "密码已经重设", text, "/account/")


def _tell_code(actor: Actor) -> Message:
    text = (
        f"{actor.name}给这个账号开了一个重置码，{CODE_HOURS} 小时内可以用它设新密码。"
        "如果不是您要的，请问清楚是谁要的。"
    )
    return Message(NoticeKind.ACCOUNT, "管理员给了重置码", text, "/account/")
