"""Saves the files of a draft as one types, and lets go of them.

Two windows save one after the other: each file has a version, which is compared.
"""

from collections.abc import Mapping

from sqlalchemy import Connection, delete, insert, update

from app.errors import BadRequest, Refused
from app.models import SchemaDraft, SchemaDraftFile
from app.models.base import now_utc
from app.permissions import Actor
from app.services.designing.drafts import (
    EditionDraft,
    find_draft,
    log_act,
    open_own,
)
from app.services.designing.files import read_files
from app.services.workshop import Workshop

_DRAFT = SchemaDraft.__table__
_FILE = SchemaDraftFile.__table__
_LONGEST_TEXT = 2_000_000


class StaleDraft(Refused):
    """The file was saved from somewhere else since it was read."""

    default = (
        "这个文件刚刚在别的窗口里改过，这一步没有存；您输入的内容还在页面上。"
        "请刷新，看过那边的改动再改。"
    )


def save_files(
    workshop: Workshop,
    actor: Actor,
    draft_id: int,
    texts: Mapping[str, str | None],
    versions: Mapping[str, int] | None = None,
) -> EditionDraft:
    """Keep texts of files, None for one that goes; all of them or none.

    Args:
        versions: the version on which a text was made; a file that is not named there
            is taken as it is.

    Raises:
        StaleDraft: a file was saved from elsewhere meanwhile.
        Refused, Forbidden: the draft is not open, or not the actor's.
    """
    for text in texts.values():
        _check_text(text)
    with workshop.engine.begin() as connection:
        draft = open_own(connection, actor, draft_id)
        disk = read_files(workshop.schema_folder, draft.edition)
        for file, text in texts.items():
            _check_place(draft, file)
            wanted = (versions or {}).get(file)
            _save_file(connection, draft, file, text, disk.get(file), wanted)
        connection.execute(
            update(_DRAFT).where(_DRAFT.c.id == draft_id).values(changed_at=now_utc())
        )
        fresh = [file for file in texts if file not in draft.files]
        if fresh:
            log_act(connection, actor, draft_id, draft.edition, "changed", files=fresh)
        return find_draft(connection, draft_id)


def drop_file(
    workshop: Workshop, actor: Actor, draft_id: int, file: str
) -> EditionDraft:
    """Forget what the draft has of a file: it is again as it lies on disk."""
    with workshop.engine.begin() as connection:
        draft = open_own(connection, actor, draft_id)
        connection.execute(
            delete(_FILE).where(_FILE.c.draft_id == draft_id, _FILE.c.file == file)
        )
        log_act(connection, actor, draft_id, draft.edition, "dropped", files=[file])
        return find_draft(connection, draft_id)


def rebase_file(
    workshop: Workshop, actor: Actor, draft_id: int, file: str
) -> EditionDraft:
    """Keep the draft's text of a file, knowing how it lies on disk by now."""
    with workshop.engine.begin() as connection:
        draft = open_own(connection, actor, draft_id)
        disk = read_files(workshop.schema_folder, draft.edition)
        connection.execute(
            update(_FILE)
            .where(_FILE.c.draft_id == draft_id, _FILE.c.file == file)
            .values(base=disk.get(file), version=_FILE.c.version + 1)
        )
        log_act(connection, actor, draft_id, draft.edition, "rebased", files=[file])
        return find_draft(connection, draft_id)


def _save_file(
    connection: Connection,
    draft: EditionDraft,
    file: str,
    text: str | None,
    on_disk: str | None,
    wanted: int | None,
) -> None:
    known, now = draft.files.get(file), now_utc()
    if wanted is not None and wanted != (known.version if known else 0):
        raise StaleDraft
    if known is None:
        values = {"base": on_disk, "version": 1, "changed_at": now}
        connection.execute(
            insert(_FILE).values(draft_id=draft.id, file=file, text=text, **values)
        )
        return
    # What is as it was follows the disk until somebody changes it.
    base = known.base if known.is_changed else on_disk
    connection.execute(
        update(_FILE)
        .where(_FILE.c.draft_id == draft.id, _FILE.c.file == file)
        .values(text=text, base=base, version=known.version + 1, changed_at=now)
    )


def _check_text(text: str | None) -> None:
    if text is None:
        return
    if len(text) > _LONGEST_TEXT:
        raise BadRequest("这个文件太长，没有保存。一张表的文件最多 200 万个字。")
    if "\0" in text:
        raise BadRequest("文件里有不能保存的字符（NUL），请删去。")


def _check_place(draft: EditionDraft, file: str) -> None:
    folder, _, name = file.rpartition("/")
    if folder != draft.edition or not name.endswith(".json"):
        raise BadRequest("这个文件不属于这份草稿的那一版。")
