"""Sends letters of an office to many people of a unit, with material: the round's one
channel of news. `letters` reads them.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from sqlalchemy import Connection, Engine, insert, select, update

from app.errors import BadRequest, Refused
from app.models import (
    Announcement,
    AuditAction,
    Department,
    NoticeKind,
    Role,
    User,
)
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import ROLE_NAMES, Action
from app.services.files import check_attachment, clean_name
from app.services.letters import find_unit_place
from app.services.notices import Message, find_recipients, send
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading
from app.storage.files import FileOwner, FileStore, keep_file
from app.storage.records import Scope

MOST_FILES = 10
LONGEST_TITLE = 100
LONGEST_TEXT = 5000
#: The same letter again so soon is a second click.
_PAUSE = timedelta(minutes=10)
_LETTERS = Announcement.__table__


@dataclass(frozen=True)
class Draft:
    """A letter to be sent."""

    title: str
    text: str
    #: none: whatever the role
    roles: frozenset[Role] = frozenset()
    #: none: of the whole unit
    department_ids: frozenset[int] = frozenset()


def announce(
    engine: Engine,
    store: FileStore,
    actor: Actor,
    scope: Scope,
    draft: Draft,
    attachments: Sequence[tuple[Path, str]] = (),
    *,
    size_limit_mb: int,
) -> tuple[int, int]:
    """Send a letter; gives its id and how many people it went to.

    Args:
        attachments: files with the names their sender gave them.

    Raises:
        BadRequest, WrongFile, TooLarge: something has to be mended first.
        Refused: nobody would get it, or it was sent a moment ago.
    """
    _check_words(draft, attachments)
    named = [(path, clean_name(name)) for path, name in attachments]
    types = [check_attachment(path, name, size_limit_mb) for path, name in named]
    with engine.begin() as connection:
        require(actor, Action.SEND_NOTICES, find_unit_place(connection, scope.unit_id))
        _refuse_repeat(connection, actor, scope, draft)
        owner = FileOwner(scope.unit_id, actor.user_id)
        tokens = [
            keep_file(connection, store, path, name, media_type, owner)
            for (path, name), media_type in zip(named, types, strict=True)
        ]
        letter_id = _write(connection, actor, scope, draft, tokens)
        told = _tell(connection, actor, scope, draft, letter_id)
        record(
            connection,
            AuditRecord(
                AuditAction.NOTICE_SENT,
                actor.user_id,
                scope.unit_id,
                scope.round_id,
                subject=f"通知：{draft.title.strip()}",
                details={"told": told, "files": [name for _, name in named]},
            ),
        )
    return letter_id, told


def list_departments(engine: Engine, unit_id: int) -> tuple[tuple[int, str], ...]:
    """The departments that a letter may go to: id and name."""
    with begin_reading(engine) as connection:
        return _find_departments(connection, unit_id)


def _check_words(draft: Draft, attachments: Collection) -> None:
    title, text = draft.title.strip(), draft.text.strip()
    if not title or not text:
        raise BadRequest("标题和正文都要写。")
    if len(title) > LONGEST_TITLE or len(text) > LONGEST_TEXT:
        raise BadRequest(
            f"标题不超过 {LONGEST_TITLE} 字，正文不超过 {LONGEST_TEXT} 字。"
            "长的内容请放在附件里。"
        )
    if len(attachments) > MOST_FILES:
        raise BadRequest(f"一份通知最多带 {MOST_FILES} 个附件，请打成压缩包。")


def _refuse_repeat(
    connection: Connection, actor: Actor, scope: Scope, draft: Draft
) -> None:
    # One after the other: a second click arrives while the first is under way.
    connection.execute(
        select(User.id).where(User.id == actor.user_id).with_for_update(key_share=True)
    )
    same = select(_LETTERS.c.id).where(
        _LETTERS.c.unit_id == scope.unit_id,
        _LETTERS.c.sender_id == actor.user_id,
        _LETTERS.c.title == draft.title.strip(),
        _LETTERS.c.text == draft.text.strip(),
        _LETTERS.c.at > now_utc() - _PAUSE,
    )
    if connection.execute(same.limit(1)).first() is not None:
        raise Refused("同样的通知刚刚发过，没有再发。")


def _write(
    connection: Connection,
    actor: Actor,
    scope: Scope,
    draft: Draft,
    tokens: Sequence[str],
) -> int:
    written = connection.execute(
        insert(_LETTERS).values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            sender_id=actor.user_id,
            title=draft.title.strip(),
            text=draft.text.strip(),
            audience=_describe_audience(connection, scope.unit_id, draft),
            files=list(tokens),
        )
    )
    return written.inserted_primary_key[0]


def _tell(
    connection: Connection, actor: Actor, scope: Scope, draft: Draft, letter_id: int
) -> int:
    recipients = find_recipients(
        connection,
        scope.unit_id,
        roles=draft.roles or None,
        department_ids=draft.department_ids or None,
    )
    message = Message(
        NoticeKind.ANNOUNCEMENT,
        draft.title.strip(),
        _shorten(draft.text.strip()),
        f"/notices/letters/{letter_id}",
        scope.unit_id,
        scope.round_id,
        announcement_id=letter_id,
    )
    told = len(send(connection, message, recipients, actor.user_id))
    if not told:
        raise Refused("所选的部门和角色里没有别的在用账号，通知没有发。请另选。")
    connection.execute(
        update(_LETTERS).where(_LETTERS.c.id == letter_id).values(recipients=told)
    )
    return told


def _shorten(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:200]}…"


def _describe_audience(connection: Connection, unit_id: int, draft: Draft) -> str:
    names = dict(_find_departments(connection, unit_id))
    if not draft.department_ids <= names.keys():
        raise BadRequest("所选的部门里有已停用的，或不是本单位的。请重新选。")
    places = "、".join(
        name for one, name in names.items() if one in draft.department_ids
    )
    roles = "、".join(ROLE_NAMES[role] for role in Role if role in draft.roles)
    return f"{places or '全单位'}，{roles or '所有人'}"


def _find_departments(
    connection: Connection, unit_id: int
) -> tuple[tuple[int, str], ...]:
    found = connection.execute(
        select(Department.id, Department.name)
        .where(Department.unit_id == unit_id, Department.is_active)
        .order_by(Department.position, Department.id)
    )
    return tuple((one.id, one.name) for one in found)
