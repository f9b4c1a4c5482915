"""Drafts of an edition's files: begun, saved as one types, thrown away, taken over.

A draft holds texts only; `reading` makes forms of them. Publishing one is left to
others, who ask `list_changed_files` and tell `end_draft`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, delete, func, insert, select, update

from app.errors import BadRequest, Forbidden, NotFound, Refused
from app.models import AuditAction, DraftState, SchemaDraft, SchemaDraftFile, User
from app.models.base import now_utc
from app.permissions import Action, Actor, require
from app.services.designing.files import read_files
from app.services.workshop import Workshop
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading

_DRAFT = SchemaDraft.__table__
_FILE = SchemaDraftFile.__table__
_LONGEST_TEXT = 2_000_000
_LONGEST_TITLE = 200


class StaleDraft(Refused):
    """The file was saved from somewhere else since it was read."""

    default = (
        "这个文件刚刚在别的窗口里改过，这一步没有存；您输入的内容还在页面上。"
        "请刷新，看过那边的改动再改。"
    )


@dataclass(frozen=True)
class DraftFile:
    """One file as the draft has it."""

    #: talent/2024/0.1.5.json
    file: str
    #: None: the file goes
    text: str | None
    #: what it was made from; None: there was no such file
    base: str | None
    version: int
    changed_at: datetime

    @property
    def is_changed(self) -> bool:
        return self.text != self.base


@dataclass(frozen=True)
class EditionDraft:
    """Changes of one edition's files that are not in use yet."""

    id: int
    #: talent/2024
    edition: str
    title: str
    owner_id: int
    owner_name: str
    state: DraftState
    created_at: datetime
    changed_at: datetime
    files: Mapping[str, DraftFile] = field(default_factory=dict)

    @property
    def is_open(self) -> bool:
        return self.state is DraftState.OPEN

    def is_own(self, actor: Actor) -> bool:
        return self.owner_id == actor.user_id


def list_changed_files(draft: EditionDraft) -> dict[str, str | None]:
    """Path below the folder of schemas -> text, None where the file goes."""
    return {f.file: f.text for f in draft.files.values() if f.is_changed}


def list_bases(draft: EditionDraft) -> dict[str, str | None]:
    """The same files -> the text they were made from, None where there was none."""
    return {f.file: f.base for f in draft.files.values() if f.is_changed}


def start_draft(
    workshop: Workshop, actor: Actor, edition: str, title: str = ""
) -> EditionDraft:
    """Begin an empty draft of `talent/2024`.

    Raises:
        NotFound: the edition has no folder.
    """
    require(actor, Action.DESIGN_FORMS)
    read_files(workshop.schema_folder, edition)
    now = now_utc()
    with workshop.engine.begin() as connection:
        draft_id = connection.execute(
            insert(_DRAFT).values(
                edition=edition,
                owner_id=actor.user_id,
                title=title.strip()[:_LONGEST_TITLE],
                state=DraftState.OPEN,
                created_at=now,
                changed_at=now,
            )
        ).inserted_primary_key[0]
        _tell(connection, actor, draft_id, edition, "started")
    return get_draft(workshop.engine, actor, draft_id)


def get_draft(engine: Engine, actor: Actor, draft_id: int) -> EditionDraft:
    """The draft with its files; administrators see those of others too.

    Raises:
        NotFound: there is none.
    """
    require(actor, Action.DESIGN_FORMS)
    with begin_reading(engine) as connection:
        return find_draft(connection, draft_id)


def find_draft(connection: Connection, draft_id: int) -> EditionDraft:
    """The same within a transaction, whoever asks."""
    found = connection.execute(_select().where(_DRAFT.c.id == draft_id)).first()
    if found is None:
        raise NotFound("没有这份草稿，可能已经放弃。")
    files = connection.execute(
        select(_FILE).where(_FILE.c.draft_id == draft_id).order_by(_FILE.c.file)
    )
    return _build(found, {f.file: _build_file(f) for f in files})


def list_drafts(
    engine: Engine, actor: Actor, edition: str | None = None
) -> tuple[EditionDraft, ...]:
    """The open drafts, whose ever they are, the one changed last first."""
    require(actor, Action.DESIGN_FORMS)
    wanted = _select().where(_DRAFT.c.state == DraftState.OPEN)
    if edition is not None:
        wanted = wanted.where(_DRAFT.c.edition == edition)
    wanted = wanted.order_by(_DRAFT.c.changed_at.desc(), _DRAFT.c.id.desc())
    with begin_reading(engine) as connection:
        found = connection.execute(wanted).all()
        ids = [one.id for one in found]
        files: dict[int, dict[str, DraftFile]] = {}
        for one in connection.execute(
            select(_FILE).where(_FILE.c.draft_id.in_(ids)).order_by(_FILE.c.file)
        ):
            files.setdefault(one.draft_id, {})[one.file] = _build_file(one)
    return tuple(_build(one, files.get(one.id, {})) for one in found)


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
            _tell(connection, actor, draft_id, draft.edition, "changed", files=fresh)
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
        _tell(connection, actor, draft_id, draft.edition, "dropped", files=[file])
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
        _tell(connection, actor, draft_id, draft.edition, "rebased", files=[file])
        return find_draft(connection, draft_id)


def rename_draft(
    workshop: Workshop, actor: Actor, draft_id: int, title: str
) -> EditionDraft:
    with workshop.engine.begin() as connection:
        draft = open_own(connection, actor, draft_id)
        connection.execute(
            update(_DRAFT)
            .where(_DRAFT.c.id == draft_id)
            .values(title=title.strip()[:_LONGEST_TITLE])
        )
        _tell(connection, actor, draft_id, draft.edition, "renamed")
        return find_draft(connection, draft_id)


def take_over_draft(workshop: Workshop, actor: Actor, draft_id: int) -> EditionDraft:
    """Make somebody else's draft one's own, as its owner is away."""
    require(actor, Action.DESIGN_FORMS)
    with workshop.engine.begin() as connection:
        draft = find_draft(connection, draft_id)
        _refuse_ended(draft)
        connection.execute(
            update(_DRAFT).where(_DRAFT.c.id == draft_id).values(owner_id=actor.user_id)
        )
        _tell(
            connection,
            actor,
            draft_id,
            draft.edition,
            "taken_over",
            owner=draft.owner_name,
        )
        return find_draft(connection, draft_id)


def discard_draft(workshop: Workshop, actor: Actor, draft_id: int) -> None:
    """Throw a draft away; its texts are kept, so that it can be taken up again."""
    with workshop.engine.begin() as connection:
        draft = open_own(connection, actor, draft_id)
        _end(connection, draft_id, DraftState.DISCARDED)
        _tell(connection, actor, draft_id, draft.edition, "discarded")


def reopen_draft(workshop: Workshop, actor: Actor, draft_id: int) -> EditionDraft:
    """Take up a draft that was thrown away."""
    require(actor, Action.DESIGN_FORMS)
    with workshop.engine.begin() as connection:
        draft = find_draft(connection, draft_id)
        if draft.state is not DraftState.DISCARDED:
            raise Refused("这份草稿没有放弃，不用恢复。")
        if not draft.is_own(actor):
            raise Forbidden(f"这份草稿是{draft.owner_name}的，请由本人恢复。")
        connection.execute(
            update(_DRAFT)
            .where(_DRAFT.c.id == draft_id)
            .values(state=DraftState.OPEN, ended_at=None)
        )
        _tell(connection, actor, draft_id, draft.edition, "reopened")
        return find_draft(connection, draft_id)


def end_draft(connection: Connection, draft_id: int) -> None:
    """Note that the draft was published, in the transaction that does so.

    Raises:
        Refused: it was ended already, by somebody else at the same moment perhaps.
    """
    _end(connection, draft_id, DraftState.PUBLISHED)


def _end(connection: Connection, draft_id: int, state: DraftState) -> None:
    done = connection.execute(
        update(_DRAFT)
        .where(_DRAFT.c.id == draft_id, _DRAFT.c.state == DraftState.OPEN)
        .values(state=state, ended_at=now_utc())
    )
    if not done.rowcount:
        raise Refused("这份草稿已经发布或放弃，不能再改。")


def open_own(connection: Connection, actor: Actor, draft_id: int) -> EditionDraft:
    """The draft, which the actor may change, within a transaction.

    Its row is locked first, so that two windows save one after the other.

    Raises:
        Refused, Forbidden: it is not open, or not the actor's.
    """
    require(actor, Action.DESIGN_FORMS)
    connection.execute(
        update(_DRAFT).where(_DRAFT.c.id == draft_id).values(state=_DRAFT.c.state)
    )
    draft = find_draft(connection, draft_id)
    _refuse_ended(draft)
    if not draft.is_own(actor):
        raise Forbidden(
            f"这份草稿是{draft.owner_name}的，您只能看。要改，请先接手，或自己另建一份。"
        )
    return draft


def _refuse_ended(draft: EditionDraft) -> None:
    if not draft.is_open:
        raise Refused("这份草稿已经发布或放弃，不能再改。")


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


def _select():
    return select(_DRAFT, func.coalesce(User.name, "").label("owner_name")).join(
        User, User.id == _DRAFT.c.owner_id
    )


def _build(found: Row, files: Mapping[str, DraftFile]) -> EditionDraft:
    return EditionDraft(
        found.id,
        found.edition,
        found.title,
        found.owner_id,
        found.owner_name,
        found.state,
        found.created_at,
        found.changed_at,
        files,
    )


def _build_file(found: Row) -> DraftFile:
    return DraftFile(
        found.file, found.text, found.base, found.version, found.changed_at
    )


def _tell(
    connection: Connection,
    actor: Actor,
    draft_id: int,
    edition: str,
    act: str,
    **more: object,
) -> None:
    details = {"kind": act, "draft": draft_id, **more}
    entry = AuditRecord(
        AuditAction.SCHEMA_DRAFTED, actor.user_id, subject=edition, details=details
    )
    record(connection, entry)
