"""Tells accounts of circulars on their pages and by mail, as all notices go."""

from collections.abc import Iterable
from html import unescape

from sqlalchemy import Connection, Row

from app.models import NoticeKind
from app.services.notices import Message, send
from app.services.portal.rich_text import strip
from app.storage.timetable import show_end

_LONGEST = 200


def link_to(circular_id: int) -> str:
    """The page on which a circular is read."""
    return f"/circulars/{circular_id}"


def tell_new(
    connection: Connection, row: Row, user_ids: Iterable[int], sender_id: int
) -> int:
    """Tell of a circular that came; gives how many accounts were told."""
    text = unescape(strip(row.text))
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
    if row.wants_receipt:
        shown = f"{shown}\n{_say_due(row)}".strip()
    return _tell(
        connection, row, NoticeKind.ANNOUNCEMENT, row.title, shown, user_ids, sender_id
    )


def tell_reminder(
    connection: Connection,
    row: Row,
    user_ids: Iterable[int],
    sender_id: int | None = None,
) -> int:
    """Remind of a receipt; without a sender the system does."""
    kind, title = NoticeKind.REMINDER, f"请签收：{row.title}"
    return _tell(connection, row, kind, title, _say_due(row), user_ids, sender_id)


def tell_withdrawn(
    connection: Connection, row: Row, reason: str, user_ids: Iterable[int], by: int
) -> int:
    kind, title = NoticeKind.ANNOUNCEMENT, f"已撤回：{row.title}"
    return _tell(connection, row, kind, title, f"理由：{reason}", user_ids, by)


def _say_due(row: Row) -> str:
    if row.due_at is None:
        return "请打开通知签收。"
    return f"请在 {show_end(row.due_at)} 前打开通知签收。"


def _tell(
    connection: Connection,
    row: Row,
    kind: NoticeKind,
    title: str,
    text: str,
    user_ids: Iterable[int],
    sender_id: int | None,
) -> int:
    message = Message(kind, title, text, link_to(row.id), row.unit_id)
    return len(send(connection, message, user_ids, sender_id))
