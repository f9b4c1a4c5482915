"""Draws the controls of a record page with WTForms.

The fields carry no validators and convert nothing: they hold texts, as
`validators.conversion` writes and reads them.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

from markupsafe import Markup
from wtforms import (
    FileField,
    RadioField,
    SelectField,
    SelectMultipleField,
    StringField,
    TextAreaField,
    widgets,
)
from wtforms.fields.choices import SelectChoice
from wtforms.fields.core import Field, UnboundField
from wtforms.form import BaseForm
from wtforms.widgets import html_params

from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from renderers.bindings import INPUT_MODES, Control, control_of

#: What a yes-or-no control sends; conversion reads more spellings.
YES, NO = "是", "否"

#: Text of one control, or the texts of its several values.
Text = str | tuple[str, ...]


def make_inputs(
    form: FormSpec, texts: Mapping[str, Text], prefix: str = ""
) -> BaseForm:
    """The form's controls, filled with texts by field id."""
    inputs = BaseForm(_unbound_fields(form, prefix))
    inputs.process(data=dict(texts))
    for field in inputs:
        _keep_foreign_value(field)
    return inputs


def input_id(field_id: str, prefix: str = "") -> str:
    """The element id of a field's control; `f-` keeps it apart from a page's own ids.

    Args:
        prefix: keeps the fields of several forms on one page apart.
    """
    return f"f-{prefix}{field_id}"


class SegmentsWidget:
    """Radio buttons side by side."""

    def __call__(self, field: RadioField, **attributes: object) -> Markup:
        attributes.pop("class", None)
        labels = Markup("").join(
            Markup("<label>{}<span>{}</span></label>").format(
                option(**_only_data(attributes)), option.label.text
            )
            for option in field
        )
        frame = html_params(
            id=field.id,
            class_="segments",
            role="radiogroup",
            **_only_aria(attributes),
        )
        return Markup(f"<div {frame}>{labels}</div>")


class TicksWidget:
    """Check boxes below each other."""

    def __call__(self, field: SelectMultipleField, **attributes: object) -> Markup:
        attributes.pop("class", None)
        boxes = Markup("").join(
            Markup('<label class="tick-row">{} <span>{}</span></label>').format(
                option(**{"class": "form-check-input", **_only_data(attributes)}),
                option.label.text,
            )
            for option in field
        )
        frame = html_params(
            id=field.id, class_="tick-box", role="group", **_only_aria(attributes)
        )
        return Markup(f"<div {frame}>{boxes}</div>")


class PickerWidget:
    """A text input that lists what the server finds for the text typed.

    Without script it is a plain text input, which takes codes and names.
    """

    def __call__(self, field: StringField, **attributes: object) -> Markup:
        control = widgets.TextInput()(
            field,
            role="combobox",
            aria_expanded="false",
            aria_autocomplete="list",
            aria_haspopup="listbox",
            data_picker="",
            **attributes,
        )
        return Markup('<div class="picker">{}</div>').format(control)


class UploadWidget:
    """A file input; what is stored already stands before it, as ticked boxes."""

    def __call__(self, field: FileField, **attributes: object) -> Markup:
        attributes["class"] = "form-control"
        return widgets.FileInput()(field, data_upload="", **attributes)


def _keep_foreign_value(field: Field) -> None:
    """Show a stored value that is no longer among the options."""
    if not isinstance(field, SelectField):
        return
    values = field.data if isinstance(field.data, list) else [field.data]
    known = {choice.value for choice in field.choices}
    strange = tuple(value for value in values if value and value not in known)
    if strange:
        field.choices = [*field.choices, *_choices(strange)]


def _only_aria(attributes: Mapping[str, object]) -> dict[str, object]:
    return {name: value for name, value in attributes.items() if "aria" in name}


def _only_data(attributes: Mapping[str, object]) -> dict[str, object]:
    kept = ("data", "disabled")
    return {name: v for name, v in attributes.items() if name.startswith(kept)}


@lru_cache(maxsize=1024)
def _unbound_fields(form: FormSpec, prefix: str) -> Mapping[str, UnboundField]:
    return {
        field.id: UNBOUND[control_of(field)](field, id=input_id(field.id, prefix))
        for field in form.typed_fields
    }


def _line(field: FieldSpec, **given: object) -> UnboundField:
    words = _common(field, inputmode=INPUT_MODES[field.value_kind])
    return StringField(**words, **given)


def _number(field: FieldSpec, **given: object) -> UnboundField:
    words = _common(field, inputmode=INPUT_MODES[field.value_kind])
    return StringField(**words, **given)


def _area(field: FieldSpec, **given: object) -> UnboundField:
    if field.is_rich:
        return TextAreaField(**_common(field, rows=12, **{"data-rich": ""}), **given)
    return TextAreaField(**_common(field, rows=2), **given)


def _select(field: FieldSpec, **given: object) -> UnboundField:
    return SelectField(
        choices=[SelectChoice("", "请选择"), *_choices(field.options)],
        validate_choice=False,
        **_common(field),
        **given,
    )


def _segments(field: FieldSpec, **given: object) -> UnboundField:
    # A voluntary answer can be taken back.
    answers = (YES, NO) if field.is_always_needed else (YES, NO, "")
    return RadioField(
        choices=_choices(answers),
        validate_choice=False,
        widget=SegmentsWidget(),
        **_common(field),
        **given,
    )


def _ticks(field: FieldSpec, **given: object) -> UnboundField:
    return SelectMultipleField(
        choices=_choices(field.options),
        validate_choice=False,
        widget=TicksWidget(),
        option_widget=widgets.CheckboxInput(),
        **_common(field),
        **given,
    )


def _picker(field: FieldSpec, **given: object) -> UnboundField:
    return StringField(widget=PickerWidget(), **_common(field), **given)


def _upload(field: FieldSpec, **given: object) -> UnboundField:
    suffixes = ",".join(f".{suffix}" for suffix in field.accept)
    attributes = {"accept": suffixes} if suffixes else {}
    if field.multiple:
        attributes["multiple"] = "multiple"
    return FileField(widget=UploadWidget(), **_common(field, **attributes), **given)


def _common(field: FieldSpec, **attributes: object) -> dict[str, object]:
    return {
        "label": field.label,
        "render_kw": {"data-field": field.id, "autocomplete": "off", **attributes},
    }


def _choices(values: tuple[str, ...]) -> list[SelectChoice]:
    return [SelectChoice(value, value or "不填") for value in values]


UNBOUND: Mapping[Control, Callable[..., UnboundField]] = {
    Control.LINE: _line,
    Control.NUMBER: _number,
    Control.AREA: _area,
    Control.SELECT: _select,
    Control.SEGMENTS: _segments,
    Control.TICKS: _ticks,
    Control.PICKER: _picker,
    Control.UPLOAD: _upload,
}
