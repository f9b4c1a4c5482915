"""Where people do something about a row that is missing from a derived form."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.services.explaining.sight import SeenRow, Sight
from form_schemas.spec import FormSpec
from validators.rules import settle


@dataclass(frozen=True)
class Mending:
    """A form to go to, and the row there."""

    form: FormSpec
    #: None: a new row that holds `values`, or the form where nobody may add one
    row: SeenRow | None = None
    values: tuple[tuple[str, str], ...] = ()
    #: the field in question
    field_id: str = ""
    can_enter: bool = False


def mend_row(sight: Sight, row: SeenRow, field_id: str = "") -> Iterator[Mending]:
    """At a row, if the person may see it."""
    if row.id is not None:
        can_enter = sight.can_enter(row.form)
        yield Mending(row.form, row, field_id=field_id, can_enter=can_enter)


def mend_values(
    sight: Sight, form: FormSpec, values: Mapping[str, object], *, looks: bool = True
) -> Iterator[Mending]:
    """At the row of a form that holds these values; where there is none, at a new one
    if they are what tells its rows apart.

    Args:
        looks: whether it is worth a question if there is one.
    """
    if not sight.sees(form):
        return
    settled = {name: settle(form.by_id[name], value) for name, value in values.items()}
    known = sight.find_like(form, settled, 1) if settled and looks else ()
    if known:
        yield from mend_row(sight, known[0])
    elif sight.can_enter(form) and not settled.keys().isdisjoint(form.key):
        yield Mending(form, None, sight.preset(form, values), can_enter=True)
    else:
        yield Mending(form)
