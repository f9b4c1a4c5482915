"""What there is to design: collections, their editions, the forms of one edition."""

from dataclasses import dataclass

from app.errors import NotFound
from app.permissions import Action, Actor, require
from app.services.navigation import matches
from form_schemas.catalogue import BrokenForm, Catalogue, Edition
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class DesignList:
    """One edition, with the others to choose from."""

    editions: tuple[Edition, ...]
    edition: Edition
    #: those that answer the search
    forms: tuple[FormSpec, ...]
    #: files of the edition that are not in use
    broken: tuple[BrokenForm, ...]


def list_designs(
    catalogue: Catalogue, actor: Actor, name: str = "", search: str = ""
) -> DesignList:
    """The forms of an edition, `talent/2024`; without a name: of the first one.

    Raises:
        NotFound: there is no such edition.
    """
    require(actor, Action.DESIGN_FORMS)
    editions = list_editions(catalogue)
    edition = _find(editions, name)
    return DesignList(
        editions,
        edition,
        tuple(form for form in edition.forms if matches(form, search)),
        tuple(
            form
            for form in catalogue.broken
            if form.full_name.startswith(f"{edition.name}/")
        ),
    )


def list_editions(catalogue: Catalogue) -> tuple[Edition, ...]:
    """The editions whose files can be changed, the newest of a collection first."""
    own = [edition for edition in catalogue.editions if is_designable(edition)]
    return tuple(sorted(own, key=lambda one: (one.collection, -int(one.year))))


def is_designable(edition: Edition) -> bool:
    """An archived edition (2024@1) has no files any more."""
    return edition.year.isdigit()


def _find(editions: tuple[Edition, ...], name: str) -> Edition:
    if not editions:
        raise NotFound("还没有任何一版表单文件。")
    if not name:
        return editions[0]
    found = next((edition for edition in editions if edition.name == name), None)
    if found is None:
        raise NotFound(f"没有“{name}”这一版。请从列表里选。")
    return found
