"""Last period's values as texts: beside a record's fields and a grid's cells."""

from collections.abc import Mapping

from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.bindings import is_figure
from renderers.display import edit, mask, show


def can_compare(form: FormSpec, field: FieldSpec) -> bool:
    """Whether last period's value says anything: files and the key itself do not."""
    return field.value_kind not in FILE_KINDS and field.id not in form.key


def show_last_value(
    field: FieldSpec,
    value: object,
    codelists: Mapping[str, CodeList],
    *,
    unmasked: bool = False,
) -> str:
    """One value of last period, spelt as the control beside it spells this one's."""
    if value is None or field.value_kind in FILE_KINDS:
        return ""
    is_read = is_figure(field) or field.is_given
    text = (show if is_read else edit)(field, value, codelists)
    return mask(field, text) if field.sensitive and not unmasked else text


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
    fields = [field for field in form.fields if row and can_compare(form, field)]
    texts = {
        field.id: show_last_value(
            field, row.get(field.id), codelists, unmasked=unmasked
        )
        for field in fields
    }
    return {field_id: text for field_id, text in texts.items() if text}
