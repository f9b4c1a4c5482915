"""The forms of a draft, kept while neither the draft nor a file on disk changes.

A preview asks for them several times a page, and reading an edition takes a while.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from app.services.designing.drafts import EditionDraft, list_changed_files
from app.services.designing.files import get_folder
from app.services.designing.reading import load_draft_catalogue
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue


@dataclass(frozen=True)
class _State:
    """A draft as it is at the moment, told by what could change it."""

    id: int
    #: file -> its text; a version counts from 1 again where a file was dropped
    texts: tuple[tuple[str, str | None], ...]
    #: files on disk and when they were written
    disk: tuple[tuple[str, int], ...]
    draft: EditionDraft = field(compare=False)


def load_draft_forms(workshop: Workshop, draft: EditionDraft) -> Catalogue:
    """As `load_draft_catalogue`; the same object while nothing changed."""
    folder = get_folder(workshop.schema_folder, draft.edition)
    state = _State(
        draft.id,
        tuple(sorted(list_changed_files(draft).items())),
        tuple(
            sorted((one.name, one.stat().st_mtime_ns) for one in folder.glob("*.json"))
        ),
        draft,
    )
    return _load(workshop, workshop.catalogue, state)


@lru_cache(maxsize=4)
def _load(workshop: Workshop, in_use: Catalogue, state: _State) -> Catalogue:
    return load_draft_catalogue(workshop, state.draft)
