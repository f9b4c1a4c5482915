"""How a unit's report stands, in the words of the code list that its booklet names.

An edition without such a booklet uses the usual words of reviews.
"""

from collections.abc import Iterator

from sqlalchemy import Connection

from app.models import FilingState
from app.storage.counting import find_units_with_rows
from form_schemas.catalogue import Edition
from form_schemas.codelists import load_codelists
from form_schemas.settings import list_booklets


def name_report_state(
    edition: Edition, state: FilingState, step_id: str, *, is_begun: bool
) -> str:
    """The word for a unit's round; empty where the edition names no list of words.

    Args:
        step_id: the step of review that it waits for.
    """
    words = load_codelists().get(_find_list(edition))
    entry = words and words.by_code.get(_find_code(edition, state, step_id, is_begun))
    return entry.name if entry else ""


def find_begun(
    connection: Connection, edition: Edition, round_id: int, unit_id: int | None = None
) -> frozenset[int]:
    """The units that have entered anything; nobody asks where words do not tell.

    Args:
        unit_id: None: all of them.
    """
    if not _find_list(edition):
        return frozenset()
    forms = [form for form in edition.forms_for() if form.typed_fields]
    return find_units_with_rows(connection, forms, round_id, unit_id)


def _find_code(
    edition: Edition, state: FilingState, step_id: str, is_begun: bool
) -> str:
    if state is FilingState.APPROVED:
        return "reported"
    if state is FilingState.RETURNED:
        return "returned"
    if state is FilingState.DRAFT:
        return "draft" if is_begun else "none"
    # Whoever waits for a later step has passed the first one that all pass.
    first = ("", *_list_first_steps(edition))
    return "submitted" if step_id in first else "approved"


def _list_first_steps(edition: Edition) -> Iterator[str]:
    """The first step that all units pass, and those that only some pass before."""
    for step in edition.steps:
        if step.is_whole:
            yield step.id
            if not step.is_optional:
                return


def _find_list(edition: Edition) -> str:
    named = (booklet.states for booklet in list_booklets(edition.settings))
    return next(filter(None, named), "")
