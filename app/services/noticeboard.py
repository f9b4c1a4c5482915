"""What a person was told: the list of notices, what is unread, and reading it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine, bindparam, func, select, update

from app.errors import NotFound
from app.models import Notice, NoticeKind, User
from app.models.base import now_utc
from app.permissions import Actor
from app.storage.engine import begin_reading

#: More unread ones are not counted.
MOST_COUNTED = 100

KIND_NAMES = {
    NoticeKind.ROUND: "填报安排",
    NoticeKind.WAITING: "待办",
    NoticeKind.RETURNED: "退回",
    NoticeKind.PASSED: "通过",
    NoticeKind.QUESTION: "问答",
    NoticeKind.DEADLINE: "期限",
    NoticeKind.REMINDER: "催办",
    NoticeKind.ANNOUNCEMENT: "通知",
    NoticeKind.ACCOUNT: "账号",
}

_NOTICES = Notice.__table__
# Every page asks it: to build it takes longer than to ask.
_UNREAD = select(func.count()).select_from(
    select(_NOTICES.c.id)
    .where(
        _NOTICES.c.user_id == bindparam("user_id"),
        _NOTICES.c.read_at.is_(None),
    )
    .limit(MOST_COUNTED)
    .subquery()
)


@dataclass(frozen=True)
class NoticeLine:
    """A notice as its list shows it."""

    id: int
    kind: NoticeKind
    title: str
    text: str
    link: str
    at: datetime
    is_read: bool
    #: empty: the system itself
    sender: str

    @property
    def kind_name(self) -> str:
        return KIND_NAMES[self.kind]


@dataclass(frozen=True)
class NoticePage:
    """A page of the list; unread ones come first."""

    lines: tuple[NoticeLine, ...]
    total: int
    unread: int


def count_unread(engine: Engine, actor: Actor) -> int:
    """How many notices wait to be read; `MOST_COUNTED` stands for that many or more."""
    with begin_reading(engine) as connection:
        return connection.scalar(_UNREAD, {"user_id": actor.user_id}) or 0


def find_newest(engine: Engine, actor: Actor, size: int = 5) -> tuple[NoticeLine, ...]:
    """The newest unread notices, for a box beside other work."""
    newest = _lines().where(_is_unread(actor)).order_by(_NOTICES.c.id.desc())
    with begin_reading(engine) as connection:
        return tuple(map(_line_of, connection.execute(newest.limit(size))))


def list_notices(engine: Engine, actor: Actor, page: int, size: int) -> NoticePage:
    """What the person was told, unread first, then the newest."""
    mine = _NOTICES.c.user_id == actor.user_id
    ordered = (
        _lines()
        .where(mine)
        .order_by(_NOTICES.c.read_at.is_(None).desc(), _NOTICES.c.id.desc())
    )
    count = select(func.count()).select_from(_NOTICES)
    with begin_reading(engine) as connection:
        found = connection.execute(ordered.offset((page - 1) * size).limit(size))
        return NoticePage(
            tuple(map(_line_of, found)),
            connection.scalar(count.where(mine)) or 0,
            connection.scalar(count.where(_is_unread(actor))) or 0,
        )


def open_notice(engine: Engine, actor: Actor, notice_id: int) -> str:
    """Mark a notice as read; gives the page it leads to, empty where it has none."""
    own = select(_NOTICES.c.link, _NOTICES.c.read_at).where(
        _NOTICES.c.id == notice_id, _NOTICES.c.user_id == actor.user_id
    )
    with begin_reading(engine) as connection:
        found = connection.execute(own).first()
    if found is None:
        raise NotFound("没有这条通知。它可能是发给别人的。")
    if found.read_at is None:
        mark_read(engine, actor, notice_id)
    return found.link


def mark_read(engine: Engine, actor: Actor, notice_id: int | None = None) -> int:
    """Mark one notice as read, or all; gives how many were unread."""
    changed = update(_NOTICES).where(_is_unread(actor)).values(read_at=now_utc())
    if notice_id is not None:
        changed = changed.where(_NOTICES.c.id == notice_id)
    with engine.begin() as connection:
        return connection.execute(changed).rowcount


def _is_unread(actor: Actor):
    return (_NOTICES.c.user_id == actor.user_id) & _NOTICES.c.read_at.is_(None)


def _lines():
    return select(_NOTICES, User.name.label("sender")).outerjoin(
        User.__table__, User.id == _NOTICES.c.sender_id
    )


def _line_of(row) -> NoticeLine:
    return NoticeLine(
        row.id,
        row.kind,
        row.title,
        row.text,
        row.link,
        row.at,
        row.read_at is not None,
        row.sender or "",
    )
