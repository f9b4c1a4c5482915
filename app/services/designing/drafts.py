"""Drafts of an edition's files: what they hold, and who may change them.

A draft holds texts only; `reading` makes forms of them. Its life is in `draft_acts`,
`draft_files` saves its files. Publishing one is left to others, who ask
`list_changed_files` and tell `end_draft`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, Row, func, select, update

from app.errors import Forbidden, NotFound, Refused
from app.models import AuditAction, DraftState, SchemaDraft, SchemaDraftFile, User
from app.permissions import Actor, require
from app.policy import Action
from app.storage.audit import AuditRecord, record
from app.storage.engine import begin_reading

_DRAFT = SchemaDraft.__table__
_FILE = SchemaDraftFile.__table__


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
    refuse_ended(draft)
    if not draft.is_own(actor):
        raise Forbidden(
            f"这份草稿是{draft.owner_name}的，您只能看。要改，请先接手，或自己另建一份。"
        )
    return draft


def refuse_ended(draft: EditionDraft) -> None:
    """Raise Refused where the draft was published or thrown away."""
    if not draft.is_open:
        raise Refused("这份草稿已经发布或放弃，不能再改。")


def log_act(
    connection: Connection,
    actor: Actor,
    draft_id: int,
    edition: str,
    act: str,
    **more: object,
) -> None:
    """Write an act on a draft into the audit log."""
    details = {"kind": act, "draft": draft_id, **more}
    entry = AuditRecord(
        AuditAction.SCHEMA_DRAFTED, actor.user_id, subject=edition, details=details
    )
    record(connection, entry)


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
