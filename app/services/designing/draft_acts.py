"""The life of a draft: begun, renamed, taken over, thrown away, taken up again, ended.

Each act is an entry of the audit log, in its own transaction.
"""

from sqlalchemy import Connection, insert, update

from app.errors import Forbidden, Refused
from app.models import DraftState, SchemaDraft
from app.models.base import now_utc
from app.permissions import Actor, require
from app.policy import Action
from app.services.designing.drafts import (
    EditionDraft,
    find_draft,
    get_draft,
    log_act,
    open_own,
    refuse_ended,
)
from app.services.designing.files import read_files
from app.services.workshop import Workshop

_DRAFT = SchemaDraft.__table__
_LONGEST_TITLE = 200


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
        log_act(connection, actor, draft_id, edition, "started")
    return get_draft(workshop.engine, actor, draft_id)


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
        log_act(connection, actor, draft_id, draft.edition, "renamed")
        return find_draft(connection, draft_id)


def take_over_draft(workshop: Workshop, actor: Actor, draft_id: int) -> EditionDraft:
    """Make somebody else's draft one's own, as its owner is away."""
    require(actor, Action.DESIGN_FORMS)
    with workshop.engine.begin() as connection:
        draft = find_draft(connection, draft_id)
        refuse_ended(draft)
        connection.execute(
            update(_DRAFT).where(_DRAFT.c.id == draft_id).values(owner_id=actor.user_id)
        )
        log_act(
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
        log_act(connection, actor, draft_id, draft.edition, "discarded")


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
        log_act(connection, actor, draft_id, draft.edition, "reopened")
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
