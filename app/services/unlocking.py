"""Which cells of a form are open where it came back with only some of them returned.

The gate judges every change by the same record; pages ask here what to lock.
"""

from collections.abc import Callable

from app.models import FilingState
from app.services.workplaces import Workplace
from app.storage.standings import find_unlocked_fields
from form_schemas.spec import FormSpec

#: Row id -> the fields that may change; None: all of them.
FindOpen = Callable[[int], frozenset[str] | None]


def find_opening(place: Workplace, form: FormSpec) -> FindOpen | None:
    """What tells the open fields of a row; None where nothing is narrowed."""
    standing = place.standings[form.code]
    unlocked = standing.unlocked
    if standing.state is not FilingState.RETURNED or unlocked.whole:
        return None

    def find_open(row_id: int) -> frozenset[str] | None:
        if row_id in unlocked.rows | unlocked.instead:
            return None
        return find_unlocked_fields(form, unlocked, row_id)

    return find_open
