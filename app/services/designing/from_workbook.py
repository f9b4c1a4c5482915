"""Brings a form drafted from a blank workbook into a draft of the designer."""

from pathlib import Path

from app.permissions import Actor, require
from app.policy import Action
from app.services.designing.draft_acts import start_draft
from app.services.designing.draft_files import save_files
from app.services.designing.draft_notes import keep_notes
from app.services.designing.drafts import EditionDraft, get_draft
from app.services.designing.reading import list_sources
from app.services.drafting import WorkbookDraft, draft_beside, draft_file
from app.services.workshop import Workshop


def begin_from_workbook(
    workshop: Workshop,
    actor: Actor,
    path: Path,
    edition: str,
    code: str = "",
    sheet: str = "",
    draft_id: int | None = None,
) -> tuple[EditionDraft, WorkbookDraft]:
    """Draft a form of an edition, in a draft of its own or beside others of one.

    Args:
        draft_id: a draft of one's own that takes the form up; its edition counts then.

    Raises:
        NotFound: there is no such edition, or no such draft.
        Refused, BadRequest: the workbook holds no form, or the code is none.
        Forbidden: the draft is somebody else's.
    """
    require(actor, Action.DESIGN_FORMS)
    if draft_id is None:
        made = draft_file(
            path, workshop.schema_folder, edition, code, sheet, workshop.limits
        )
        # Only now: a workbook that is refused leaves no empty draft behind.
        draft = start_draft(workshop, actor, edition, made.title)
    else:
        draft = get_draft(workshop.engine, actor, draft_id)
        sources = list_sources(workshop, draft)
        made = draft_beside(path, draft.edition, sources, code, sheet, workshop.limits)
    draft = save_files(workshop, actor, draft.id, {made.file: made.text})
    keep_notes(workshop, actor, draft.id, made.file, made.notes)
    return draft, made
