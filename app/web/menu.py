"""The entries of a unit's own navigation, as the top bar places them."""

from collections.abc import Iterator
from dataclasses import dataclass

from flask import request, url_for

from app.permissions import can
from app.policy import Action
from app.services.workplaces import Workplace
from app.web.form_urls import url_of_form
from form_schemas.catalogue import Edition
from form_schemas.menu import MenuEntry
from form_schemas.settings import list_booklets
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class MenuLine:
    """An entry that leads somewhere."""

    title: str
    url: str
    is_aside: bool
    #: whether the page at hand belongs to it
    is_here: bool


def list_menu(place: Workplace | None) -> tuple[MenuLine, ...]:
    """What the unit's people find; nothing where they only look at it from above."""
    if place is None:
        return ()
    return tuple(_list(place))


def _list(place: Workplace) -> Iterator[MenuLine]:
    fills = can(place.actor, Action.ENTER_ROWS, place.whole)
    for entry in place.edition.menu:
        url = _find_url(place, entry) if fills or entry.column else ""
        if url:
            is_here = request.path.startswith(url.removesuffix("items"))
            yield MenuLine(entry.title, url, entry.is_aside, is_here)


def _find_url(place: Workplace, entry: MenuEntry) -> str:
    """Empty: the unit has nothing of the kind."""
    edition = place.edition
    if entry.column:
        return url_for("portal.show_column", column_id=entry.column)
    if entry.booklet:
        has = any(
            one.id == entry.booklet
            and (one.unit_kind or edition.settings.get("unitKind")) == place.unit_kind
            for one in list_booklets(edition.settings)
        )
        address = {"collection": edition.collection, "booklet_id": entry.booklet}
        return url_for("booklets.show", **address) if has else ""
    form = next(
        (one for one in _list_forms(edition, place) if one.code == entry.form), None
    )
    if form is None:
        return ""
    if form.flow is None:
        return url_of_form(form)
    return url_for("forms.show_items", collection=form.collection, code=form.code)


def _list_forms(edition: Edition, place: Workplace) -> Iterator[FormSpec]:
    yield from edition.forms_for(place.unit_kind)
    yield from edition.forms_for(place.unit_kind, standing=True)
