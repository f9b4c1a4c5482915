"""A plan with what somebody has to know who agrees to it.

The plan itself is made by `schema_changes`, what is published by `publishing`; here the
faults of files and the people concerned come to it: for a draft, for the files on disk,
for the way back from a publication.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from app.errors import BadRequest, Refused
from app.permissions import Actor, require
from app.policy import Action
from app.services.designing.drafts import (
    EditionDraft,
    list_bases,
    list_changed_files,
)
from app.services.draft_forms import load_draft_forms
from app.services.publications import Publication
from app.services.publishing import (
    Consent,
    publish,
    publish_files,
    read_publishable,
    read_reverse,
)
from app.services.schema_candidates import Candidate
from app.services.schema_changes import find_last_good
from app.services.schema_changes.operations import Plan
from app.services.schema_changes.planning import plan
from app.services.schema_effects import Effects, find_effects
from app.services.schema_files import complete_files
from app.services.settings_changes import tell_settings_changes
from app.services.workshop import Workshop
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.edition_lint import find_edition_faults
from form_schemas.faults import Fault
from form_schemas.loading import load_catalogue

#: Operation -> why its risk is taken.
Accepted = Mapping[str, str]

_NOTHING: Accepted = {}


@dataclass(frozen=True)
class Planned:
    """A plan, the forms it leads to, and what speaks for a second look."""

    plan: Plan
    #: the forms as they will be
    catalogue: Catalogue
    effects: Effects
    #: files that cannot be used
    faults: tuple[Fault, ...] = ()
    #: what is legal and perhaps not meant
    advice: tuple[Fault, ...] = ()
    #: why it cannot be published as it is
    obstacle: str = ""
    #: what changes of the settings of editions, in sentences
    settings: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to publish."""
        return self.plan.is_empty and not self.settings


def plan_draft(
    workshop: Workshop,
    actor: Actor,
    draft: EditionDraft,
    accept: Accepted = _NOTHING,
) -> Planned:
    """The plan of publishing a draft; changes nothing."""
    require(actor, Action.DESIGN_FORMS)
    try:
        candidate = read_draft(workshop, draft)
    except (BadRequest, Refused) as refusal:
        forms = load_draft_forms(workshop, draft)
        return _complete(workshop, forms, accept, {draft.edition}, refusal.message)
    return _complete(workshop, candidate.catalogue, accept, {draft.edition})


def publish_draft(
    workshop: Workshop, actor: Actor, draft: EditionDraft, consent: Consent
) -> Publication:
    """Put a draft to use as its plan said.

    Raises:
        Refused: files, forms or data changed since, or something was not agreed to.
    """
    candidate = read_draft(workshop, draft)
    return publish(workshop, actor, candidate, consent, draft_id=draft.id)


def plan_files(
    workshop: Workshop, actor: Actor, accept: Accepted = _NOTHING
) -> Planned:
    """The plan of bringing the database to the files on disk; changes nothing."""
    require(actor, Action.DESIGN_FORMS)
    catalogue = load_files(workshop)
    editions = {edition.name for edition in catalogue.editions}
    return _complete(workshop, catalogue, accept, editions)


def publish_what_lies_there(
    workshop: Workshop, actor: Actor, consent: Consent
) -> Publication:
    """Bring the database to the files on disk."""
    require(actor, Action.DESIGN_FORMS)
    return publish_files(workshop, load_files(workshop), consent, actor.user_id)


def plan_reverse(
    workshop: Workshop,
    actor: Actor,
    publication_id: int,
    accept: Accepted = _NOTHING,
) -> Planned:
    """The plan of taking a publication back; changes nothing.

    Raises:
        Refused: it was taken back already, or its files were changed since.
    """
    require(actor, Action.DESIGN_FORMS)
    candidate = read_reverse(workshop, publication_id)
    catalogue, editions = candidate.catalogue, set(candidate.editions)
    return _complete(workshop, catalogue, accept, editions, back=True)


def read_draft(workshop: Workshop, draft: EditionDraft) -> Candidate:
    """The forms that a draft would make."""
    return read_publishable(workshop, list_changed_files(draft), list_bases(draft))


def load_files(workshop: Workshop) -> Catalogue:
    """The forms as the files on disk say."""
    complete_files(workshop.engine, workshop.schema_folder)
    last_good = find_last_good(workshop.engine)
    return load_catalogue(workshop.schema_folder, last_good=last_good)


def _complete(
    workshop: Workshop,
    catalogue: Catalogue,
    accept: Accepted,
    editions: Collection[str],
    obstacle: str = "",
    *,
    back: bool = False,
) -> Planned:
    made = plan(workshop.engine, catalogue, accept, back=back)
    effects = find_effects(workshop.engine, catalogue, made.operations)
    told = {one.why for one in made.refused}
    faults = tuple(
        fault
        for broken in catalogue.broken
        if broken.full_name.rpartition("/")[0] in editions
        for fault in broken.faults
        if str(fault) not in told
    )
    advice = () if back else tuple(_advise(workshop.catalogue, catalogue, made))
    settings = tuple(_list_settings(workshop.catalogue, catalogue, editions))
    return Planned(made, catalogue, effects, faults, advice, obstacle, settings)


def _list_settings(
    in_use: Catalogue, catalogue: Catalogue, editions: Collection[str]
) -> Iterator[str]:
    known = {edition.name: edition for edition in in_use.editions}
    for edition in catalogue.editions:
        if edition.name in editions:
            yield from tell_settings_changes(known.get(edition.name), edition)


def _advise(in_use: Catalogue, catalogue: Catalogue, made: Plan) -> Iterator[Fault]:
    """What shows between an edition and what it was, or the one before it."""
    names = {name.rpartition("/")[0] for name in made.form_names}
    for edition in catalogue.editions:
        if edition.name not in names:
            continue
        former = _find_former(in_use, edition)
        before = () if former is None else former.forms
        found = find_edition_faults(before, edition.forms, edition.year)
        yield from (fault for fault in found if fault.is_hint)


def _find_former(in_use: Catalogue, edition: Edition) -> Edition | None:
    """The edition as it is in use; a new one follows the newest before it."""
    same = (one for one in in_use.editions if one.name == edition.name)
    return next(same, None) or in_use.find_former(edition)
