"""Begins records empty within a transaction, for a trial that is taken back."""

from collections.abc import Collection

from app.services.chain.whole_cases import WholeCase
from app.services.contexts import make_context
from app.services.derived_readings import find_needed
from app.services.wider_values import refresh_wider_values
from app.storage.rows import RowStore
from form_schemas.spec import FormSpec
from validators.check import Stage, check_row
from validators.conversion import RawRow


def begin_empty(whole: WholeCase, forms: Collection[FormSpec]) -> None:
    """Store those of the records that nobody has begun, with what is computed in them.

    They are what the page stores for somebody who hands in without typing anything.
    """
    begun = [form for form in forms if _begin(whole, form)]
    for form in find_needed(whole.edition, begun):
        if not form.is_derived:
            refresh_wider_values(
                whole.connection,
                whole.catalogue,
                form,
                whole.scope,
                whole.now.astimezone().date(),
            )


def _begin(whole: WholeCase, form: FormSpec) -> bool:
    store = RowStore(whole.connection, whole.catalogue)
    if store.find_record(form, whole.scope) is not None:
        return False
    context = make_context(whole.connection, store, form, whole.scope)
    found = check_row(form, RawRow(1, {}), context, Stage.DRAFT).row
    row = {name: value for name, value in found.items() if name in form.by_id}
    store.insert(form, whole.scope, row, whole.actor.user_id)
    return True
