"""What is still to be handed in, and by which departments."""

from collections.abc import Iterable, Mapping

from app.models import FilingState
from app.storage.standings import Standing
from form_schemas.spec import FormSpec

#: Department -> its open forms; None: those that no department of the unit supplies.
OpenForms = Mapping[int | None, tuple[FormSpec, ...]]


def sort_open(standings: Iterable[Standing]) -> OpenForms:
    """Department -> its forms that are not handed in, in their order."""
    found: dict[int | None, tuple[FormSpec, ...]] = {}
    for standing in standings:
        for department_id in find_owing(standing):
            found[department_id] = (*found.get(department_id, ()), standing.form)
    return found


def name_forms(open_forms: OpenForms) -> dict[int | None, tuple[str, ...]]:
    """Forms by the words people know them by."""
    return {
        department_id: tuple(f"{form.code} {form.title}" for form in forms)
        for department_id, forms in open_forms.items()
    }


def find_owing(standing: Standing) -> tuple[int | None, ...]:
    """The departments that still have to do something for a form.

    One that was declared empty is handed in as well.
    """
    is_done = (
        not standing.form.is_filed
        or standing.is_closed
        or standing.state in (FilingState.SUBMITTED, FilingState.APPROVED)
    )
    if is_done:
        return ()
    owing = (one for one in standing.departments if one not in standing.handed)
    return tuple(owing) if standing.departments else (None,)
