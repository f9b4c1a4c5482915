"""Tells people of what happened: notices on their pages, mails to their addresses.

`send` writes in the transaction of the act that it tells of: what is taken back was
never told. Workers send the mails later (`mailing`).
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select

from app.models import Mail, Membership, Notice, NoticeKind, Role, User
from app.models.base import now_utc

_LONGEST_TITLE = 200
#: Parameters of one statement; SQLite takes 32,766.
_AT_ONCE = 1000


@dataclass(frozen=True)
class Message:
    """What is told, the same to everybody it concerns."""

    kind: NoticeKind
    title: str
    text: str = ""
    #: the page where something can be done about it: a path of our own
    link: str = ""
    unit_id: int | None = None
    round_id: int | None = None
    form_code: str | None = None
    announcement_id: int | None = None


def send(
    connection: Connection,
    message: Message,
    recipients: Iterable[int],
    sender_id: int | None = None,
) -> tuple[int, ...]:
    """Tell each person once; returns who was told.

    Whoever sends is not told of his own act; accounts that are closed are left out.
    """
    wanted = sorted(set(recipients) - {sender_id})
    told = [
        person
        for start in range(0, len(wanted), _AT_ONCE)
        for person in _find_people(connection, wanted[start : start + _AT_ONCE])
    ]
    if told:
        _write(connection, message, told, sender_id)
    return tuple(person.id for person in told)


def find_recipients(
    connection: Connection,
    unit_id: int,
    *,
    roles: Collection[Role] | None = None,
    department_ids: Collection[int] | None = None,
) -> tuple[int, ...]:
    """People with open accounts who have one of the roles in the unit.

    With departments: only who has the role in one of them, not in the unit as a whole.
    """
    members = Membership.__table__
    found = (
        select(members.c.user_id)
        .distinct()
        .join(User.__table__, User.id == members.c.user_id)
        .where(members.c.unit_id == unit_id, User.is_active)
        .order_by(members.c.user_id)
    )
    if roles is not None:
        found = found.where(members.c.role.in_(roles))
    if department_ids is not None:
        found = found.where(members.c.department_id.in_(department_ids))
    return tuple(connection.scalars(found))


def _find_people(connection: Connection, user_ids: Collection[int]):
    people = select(User.id, User.email, User.wants_mail)
    return connection.execute(
        people.where(User.id.in_(user_ids), User.is_active).order_by(User.id)
    )


def _write(
    connection: Connection, message: Message, people: Sequence, sender_id: int | None
) -> None:
    notices, now = Notice.__table__, now_utc()
    same = {
        "at": now,
        "kind": message.kind,
        "title": message.title[:_LONGEST_TITLE],
        "text": message.text,
        "link": message.link,
        "unit_id": message.unit_id,
        "round_id": message.round_id,
        "form_code": message.form_code,
        "sender_id": sender_id,
        "announcement_id": message.announcement_id,
    }
    written = connection.execute(
        insert(notices).returning(notices.c.id, notices.c.user_id),
        [{**same, "user_id": person.id} for person in people],
    )
    notice_of = {user_id: notice_id for notice_id, user_id in written}
    # Whether there is a mail server, workers know: what none sends goes out of date.
    mails = [
        {
            "notice_id": notice_of[person.id],
            "address": person.email,
            "created_at": now,
            "due_at": now,
        }
        for person in people
        if person.email and person.wants_mail
    ]
    if mails:
        connection.execute(insert(Mail.__table__), mails)
