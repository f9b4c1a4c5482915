"""The outbox: workers give the mails of notices to the mail server, one by one.

Each mail is claimed like a job, with a lease, so that no two workers send it. A mail
that was not taken waits longer after every attempt; after the last one it is given up
and says why. What nobody sent while it was news is not sent at all.
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Connection, and_, case, func, literal, or_, select, update

from app.models import Mail, MailState, Notice, NoticeKind, User
from app.models.base import now_utc
from app.permissions import Actor, filter_rows, require
from app.policy import Action
from app.services.mail_server import (
    Letter,
    MailServer,
    Postponed,
    ServerAway,
    Undeliverable,
    connect,
    deliver,
)
from app.services.workshop import Workshop
from app.storage.engine import begin_reading

#: Minutes to wait after each attempt; after the last one the mail is given up.
PAUSES = (1, 5, 15, 60, 240, 480)
#: Longer than all pauses together.
NEWS = timedelta(hours=24)
#: Mails in a row before the worker looks for other work.
_IN_A_ROW = 20
#: Questions and returns quote what people wrote about data: that stays in the system.
_TOLD_IN_FULL = frozenset(
    {
        NoticeKind.ROUND,
        NoticeKind.DEADLINE,
        NoticeKind.REMINDER,
        NoticeKind.ANNOUNCEMENT,
    }
)
_MAILS = Mail.__table__


@dataclass(frozen=True)
class MailReport:
    """How many mails there are of each state, and the newest that were given up."""

    counts: dict[MailState, int]
    failed: tuple


def send_mails(workshop: Workshop, holder: str) -> bool:
    """Send what is due; False where there is nothing to send, or no mail server."""
    server = workshop.mail_server
    if server is None or not _has_due(workshop):
        return False
    _drop_hopeless(workshop)
    try:
        with connect(server) as line:
            for _ in range(_IN_A_ROW):
                mail = _claim(workshop, holder)
                if mail is None:
                    break
                _send(workshop, holder, line, server, mail)
    except ServerAway as away:
        _postpone_all(workshop, holder, str(away))
    return True


def report_mails(workshop: Workshop, actor: Actor, size: int = 50) -> MailReport:
    """For whoever has to mend the mail server's settings, or addresses."""
    require(actor, Action.MANAGE_ACCOUNTS)
    seen = filter_rows(actor, Action.MANAGE_ACCOUNTS, Notice.__table__.c.unit_id)
    counts = (
        select(_MAILS.c.state, func.count())
        .join(Notice.__table__, Notice.id == _MAILS.c.notice_id)
        .where(seen)
        .group_by(_MAILS.c.state)
    )
    failed = (
        select(_MAILS, User.name, User.username, Notice.title)
        .join(Notice.__table__, Notice.id == _MAILS.c.notice_id)
        .join(User.__table__, User.id == Notice.user_id)
        .where(_MAILS.c.failure.is_not(None), seen)
        .order_by(_MAILS.c.id.desc())
        .limit(size)
    )
    with begin_reading(workshop.engine) as connection:
        found = dict(connection.execute(counts).all())
        return MailReport(found, tuple(connection.execute(failed)))


def _send(workshop: Workshop, holder: str, line, server: MailServer, mail) -> None:
    try:
        deliver(line, server, _write_letter(server, mail))
    except Undeliverable as refused:
        _end(workshop, holder, mail.id, MailState.FAILED, str(refused))
    except Postponed as postponed:
        with workshop.engine.begin() as connection:
            ours = and_(_MAILS.c.id == mail.id, _is_held(holder))
            _postpone(connection, ours, _MAILS.c.attempts, str(postponed))
    else:
        _end(workshop, holder, mail.id, MailState.SENT, None)


def _has_due(workshop: Workshop) -> bool:
    # Looking first keeps an idle worker from locking SQLite twice a second.
    with begin_reading(workshop.engine) as connection:
        return (
            connection.execute(select(1).where(_is_due()).limit(1)).first() is not None
        )


def _is_due():
    return and_(
        _MAILS.c.state.in_((MailState.WAITING, MailState.SENDING)),
        _MAILS.c.due_at <= now_utc(),
    )


def _claim(workshop: Workshop, holder: str):
    """Take the lease of the mail that waits longest."""
    due = (
        select(_MAILS.c.id)
        .where(_is_due())
        .order_by(_MAILS.c.due_at, _MAILS.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    with workshop.engine.begin() as connection:
        mail_id = connection.scalar(due)
        if mail_id is None:
            return None
        connection.execute(
            update(_MAILS)
            .where(_MAILS.c.id == mail_id)
            .values(
                state=MailState.SENDING,
                lease_holder=holder,
                due_at=now_utc() + timedelta(seconds=_lease_seconds(workshop)),
                attempts=_MAILS.c.attempts + 1,
            )
        )
        return _read(connection, mail_id)


def _lease_seconds(workshop: Workshop) -> int:
    """A mail is several questions, and the server may think about each."""
    return max(workshop.lease_seconds, 10 * workshop.mail_server.seconds)


def _read(connection: Connection, mail_id: int):
    found = (
        select(
            _MAILS.c.id,
            _MAILS.c.notice_id,
            _MAILS.c.address,
            User.name,
            Notice.kind,
            Notice.title,
            Notice.text,
        )
        .join(Notice.__table__, Notice.id == _MAILS.c.notice_id)
        .join(User.__table__, User.id == Notice.user_id)
        .where(_MAILS.c.id == mail_id)
    )
    return connection.execute(found).one()


def _drop_hopeless(workshop: Workshop) -> None:
    """What is no news any more, and what brought its worker down every time."""
    is_old = _MAILS.c.created_at < now_utc() - NEWS
    is_spent = _MAILS.c.attempts > len(PAUSES)
    with workshop.engine.begin() as connection:
        for which, state in (
            (is_old, MailState.OUTDATED),
            (is_spent, MailState.FAILED),
        ):
            connection.execute(
                update(_MAILS).where(_is_due(), which).values(state=state)
            )


def _end(
    workshop: Workshop, holder: str, mail_id: int, state: MailState, failure: str | None
) -> None:
    sent_at = now_utc() if state is MailState.SENT else None
    with workshop.engine.begin() as connection:
        connection.execute(
            update(_MAILS)
            .where(_MAILS.c.id == mail_id, _MAILS.c.lease_holder == holder)
            .values(state=state, failure=failure, sent_at=sent_at, lease_holder=None)
        )


def _postpone_all(workshop: Workshop, holder: str, reason: str) -> None:
    """One attempt counts for all that are due: the server would take none of them."""
    is_ours = _is_held(holder)
    attempt = case((is_ours, _MAILS.c.attempts), else_=_MAILS.c.attempts + 1)
    with workshop.engine.begin() as connection:
        _postpone(connection, or_(_is_due(), is_ours), attempt, reason)


def _is_held(holder: str):
    return and_(_MAILS.c.state == MailState.SENDING, _MAILS.c.lease_holder == holder)


def _postpone(connection: Connection, which, attempt, reason: str) -> None:
    """Have mails wait after so many attempts, or give them up."""
    now = now_utc()
    moments, states = _MAILS.c.due_at.type, _MAILS.c.state.type
    pauses = {
        number: literal(now + timedelta(minutes=minutes), moments)
        for number, minutes in enumerate(PAUSES, start=1)
    }
    waiting, failed = (
        literal(state, states) for state in (MailState.WAITING, MailState.FAILED)
    )
    connection.execute(
        update(_MAILS)
        .where(which)
        .values(
            state=case((attempt > len(PAUSES), failed), else_=waiting),
            due_at=case(pauses, value=attempt, else_=literal(now, moments)),
            attempts=attempt,
            failure=reason[:2000],
            lease_holder=None,
        )
    )


def _write_letter(server: MailServer, mail) -> Letter:
    text = mail.text.strip() if mail.kind in _TOLD_IN_FULL else ""
    where = (
        f"打开：{server.public_url}/notices/{mail.notice_id}"
        if server.public_url
        else "请登录填报系统，在“通知”里查看。"
    )
    parts = (
        f"{mail.name}，您好：",
        mail.title,
        text,
        where,
        "本邮件由填报系统发出，请不要回复。不想再收邮件，请在“我的账号”里关掉。",
    )
    return Letter(
        mail.address,
        mail.title,
        "\n\n".join(filter(None, parts)) + "\n",
        f"notice-{mail.notice_id}",
    )
