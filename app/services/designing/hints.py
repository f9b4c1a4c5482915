"""What shows between a form of a draft and what it was: renames that nobody told.

`form_schemas.edition_lint` asks the questions; here it is found out what came before,
as the plan will find it.
"""

from collections.abc import Iterator, Sequence

from form_schemas.catalogue import Catalogue, Edition
from form_schemas.edition_lint import find_form_faults
from form_schemas.faults import Fault
from form_schemas.spec import FormSpec


def find_hints(
    in_use: Catalogue, edition: str, form: FormSpec, forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """Questions about a form, and what of its `x-was` leads nowhere.

    Args:
        edition: `talent/2024`.
        forms: of the edition as the draft has it.
    """
    former = find_former(in_use, edition)
    before = () if former is None else former.forms
    yield from find_form_faults(before, forms, form.edition, form)


def find_former(in_use: Catalogue, edition: str) -> Edition | None:
    """The edition as it is in use; a new one follows the newest before it."""
    known = {one.name: one for one in in_use.editions}
    collection, _, year = edition.partition("/")
    return known.get(edition) or in_use.find_former(Edition(collection, year, {}, ()))
