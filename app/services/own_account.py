"""What a person sets for his own account beside the password: where mails go."""

from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select, update

from app.errors import BadRequest
from app.models import AuditAction, Mail, MailState, Notice, User
from app.permissions import Actor
from app.services.accounts import find_email_fault
from app.services.recording import record_account
from app.storage.engine import begin_reading


@dataclass(frozen=True)
class MailWish:
    """Where a person's notices are mailed to, if they are."""

    address: str
    wanted: bool
    #: why the last mail to this address was given up, in the mail server's words
    refusal: str = ""


def find_mail_wish(engine: Engine, actor: Actor) -> MailWish:
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(User.email, User.wants_mail).where(User.id == actor.user_id)
        ).one()
        refusal = _find_refusal(connection, actor, found.email) if found.email else ""
    return MailWish(found.email or "", found.wants_mail, refusal)


def find_account_type(engine: Engine, actor: Actor) -> str:
    """The kind of the person's account; empty: his own."""
    with begin_reading(engine) as connection:
        found = select(User.account_type).where(User.id == actor.user_id)
        return connection.scalar(found) or ""


def set_mail_wish(engine: Engine, actor: Actor, wish: MailWish) -> None:
    """Keep where mails go; mails that wait already go where they were meant to.

    Raises:
        BadRequest: no mail could be sent there.
    """
    address = wish.address.strip()
    if fault := find_email_fault(address):
        raise BadRequest(fault)
    with engine.begin() as connection:
        connection.execute(
            update(User.__table__)
            .where(User.id == actor.user_id)
            .values(email=address or None, wants_mail=wish.wanted)
        )
        # The log tells that it changed; the address itself is nobody else's business.
        record_account(
            connection,
            AuditAction.ACCOUNT_CHANGED,
            actor.user_id,
            actor.user_id,
            {"changed": ["email"]},
        )


def _find_refusal(connection: Connection, actor: Actor, address: str) -> str:
    last = (
        select(Mail.state, Mail.failure)
        .join(Notice, Notice.id == Mail.notice_id)
        .where(
            Notice.user_id == actor.user_id,
            Mail.address == address,
            Mail.attempts > 0,
        )
        .order_by(Mail.id.desc())
        .limit(1)
    )
    found = connection.execute(last).first()
    is_refused = found is not None and found.state is MailState.FAILED
    return (found.failure or "") if is_refused else ""
