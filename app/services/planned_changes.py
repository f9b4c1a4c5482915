"""What a plan would change of an edition, in words for the departments.

It compares an edition as it is in use with what a draft, the files on disk, or the way
back from a publication would make of it; nothing is published.
"""

from app.errors import BadRequest, NotFound, Refused
from app.permissions import Actor, require
from app.policy import Action
from app.services.designing.drafts import get_draft
from app.services.draft_forms import load_draft_forms
from app.services.edition_changes import EditionChanges, compare_as_one
from app.services.publishing import read_reverse
from app.services.schema_plans import load_files, read_draft
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue, Edition


def find_planned_changes(
    workshop: Workshop,
    actor: Actor,
    edition: str,
    *,
    draft_id: int | None = None,
    back_from: int | None = None,
) -> EditionChanges:
    """Compare an edition, `talent/2024`, with what is planned; by default with files.

    Args:
        draft_id: the draft that is planned for.
        back_from: the publication that would be taken back.

    Raises:
        NotFound: nothing of it is there to compare.
    """
    require(actor, Action.DESIGN_FORMS)
    planned = _find(_read(workshop, actor, draft_id, back_from), edition)
    if planned is None:
        raise NotFound(f"计划里没有 {edition} 版。")
    former = _find(workshop.catalogue, edition)
    if former is None:
        former = workshop.catalogue.find_former(planned)
    if former is None:
        raise NotFound(f"{edition} 是第一版，没有以前的可以比较。")
    return compare_as_one(former, planned)


def _read(
    workshop: Workshop, actor: Actor, draft_id: int | None, back_from: int | None
) -> Catalogue:
    if back_from is not None:
        return read_reverse(workshop, back_from).catalogue
    if draft_id is None:
        return load_files(workshop)
    draft = get_draft(workshop.engine, actor, draft_id)
    try:
        return read_draft(workshop, draft).catalogue
    except (BadRequest, Refused):
        # As the page of the plan: what can be read of it.
        return load_draft_forms(workshop, draft)


def _find(catalogue: Catalogue, edition: str) -> Edition | None:
    return next((one for one in catalogue.editions if one.name == edition), None)
