"""Values of cells as people read them; personal data masked."""

from collections.abc import Mapping

from form_schemas.codelists import CodeList
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.display import mask, show
from validators.conversion import from_json


def show_value(
    form: FormSpec,
    field_id: str,
    value: object,
    codelists: Mapping[str, CodeList],
) -> str:
    """A value in JSON form as a text; empty for none."""
    field = form.by_id.get(field_id)
    if field is None or value is None:
        return ""
    if field.value_kind in FILE_KINDS:
        count = len(value) if isinstance(value, list) else 1
        return f"{count} 个文件"
    typed = from_json(form, {field_id: value})[field_id]
    text = show(field, typed, codelists)
    return mask(field, text) if field.sensitive and text else text
