"""Last period's values as texts for reading: what a grid shows beside its cells."""

from collections.abc import Mapping

from form_schemas.codelists import CodeList
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FieldSpec, FormSpec
from renderers.display import mask, show


def can_compare(form: FormSpec, field: FieldSpec) -> bool:
    """Whether last period's value says anything: files and the key itself do not."""
    return field.value_kind not in FILE_KINDS and field.id not in form.key


def write_last_values(
    form: FormSpec,
    row: Mapping[str, object] | None,
    codelists: Mapping[str, CodeList],
    *,
    unmasked: bool = False,
) -> dict[str, str]:
    """Last period's values of a row by field id; empty ones are left out.

    Args:
        row: the row of the last round; None: it was not there.
        unmasked: show personal data in full.
    """
    texts = {}
    for field in form.fields:
        value = None if row is None else row.get(field.id)
        if value is None or not can_compare(form, field):
            continue
        text = show(field, value, codelists)
        hidden = field.sensitive and not unmasked
        texts[field.id] = mask(field, text) if hidden else text
    return texts
