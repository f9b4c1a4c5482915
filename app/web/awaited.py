"""The base forms that a form waits for, as its own page and its imports say it."""

from dataclasses import dataclass

from app.policy import Action
from app.services.desks import Desk
from app.services.preconditions import find_waiting, list_needs
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.web.form_urls import url_of_form
from form_schemas.spec import FormSpec


@dataclass(frozen=True)
class Awaited:
    """A base form without rows that another one has to refer to."""

    name: str
    #: who supplies it
    departments: tuple[str, ...]
    #: empty: the person may not see it
    url: str


def list_awaited(desk: Desk) -> tuple[Awaited, ...]:
    """What has to come before the desk's form can be completed."""
    place, form = desk.place, desk.form
    if not list_needs(desk.catalogue, form):
        return ()
    scope = Scope(place.unit_id, place.round_id)
    with begin_reading(desk.engine) as connection:
        waiting = find_waiting(connection, desk.catalogue, scope, [form])
    codes = waiting.get(form.code, ())
    return tuple(_view(desk, place.edition.get(code)) for code in codes)


def _view(desk: Desk, form: FormSpec) -> Awaited:
    at = f"{url_of_form(form)}?at={desk.place.key}"
    return Awaited(
        f"{form.code} {form.title}",
        desk.place.assignments.names(form),
        at if desk.place.can(Action.VIEW_ROWS, form) else "",
    )
