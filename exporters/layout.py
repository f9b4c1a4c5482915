"""The workbook of a form as data: columns, headings, hints, limits and choices.

Template and export are drawn from the same `SheetLayout`; it is a cached function of
the form and the catalogue.
"""

import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from exporters.bindings import CELLS
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import offered
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS, SUGGESTING_KINDS, FieldKind
from form_schemas.spec import FormSpec
from validators.conversion import display

#: Longer lists are no help as a drop-down and make every file large.
LONGEST_LIST = 2000
_SHEET_TITLE = 31
_HINT_OPTIONS = 12
#: Limits a spreadsheet can check when nothing else is said.
_EARLIEST, _LATEST = "1900-01-01", "2199-12-31"


@dataclass(frozen=True)
class Choices:
    """The texts a drop-down offers."""

    #: equal lists of several columns share one range
    texts: tuple[str, ...]
    #: whether other texts are refused by the spreadsheet
    is_closed: bool


@dataclass(frozen=True)
class Limit:
    """A check the spreadsheet itself can make."""

    #: "whole", "decimal", "date" or "textLength"
    kind: str
    #: texts as a formula has them; None = open
    lowest: str | None
    highest: str | None


@dataclass(frozen=True)
class SheetColumn:
    """One column of a form's sheet."""

    field: FieldSpec
    #: what the header cell says: star, label, remark
    heading: str
    number_format: str
    width: float
    #: the comment of the header cell
    hint: str
    choices: Choices | None
    limit: Limit | None

    @property
    def is_given(self) -> bool:
        """Whether the engine supplies the values: shown grey, never read."""
        return self.field.is_given


@dataclass(frozen=True)
class Band:
    """A group's title over its columns, counted from 1."""

    title: str
    first: int
    last: int


@dataclass(frozen=True)
class SheetLayout:
    """A form's sheet."""

    form: FormSpec
    title: str
    columns: tuple[SheetColumn, ...]
    #: empty where the form has no groups
    bands: tuple[Band, ...]
    #: key columns that stay visible when one scrolls
    frozen_columns: int

    @property
    def header_row(self) -> int:
        return 2 if self.bands else 1

    @cached_property
    def lists(self) -> tuple[tuple[str, ...], ...]:
        """The different lists of all drop-downs, in the order of their columns."""
        return tuple(dict.fromkeys(c.choices.texts for c in self.columns if c.choices))


@lru_cache(maxsize=1024)
def sheet_layout(form: FormSpec, catalogue: Catalogue) -> SheetLayout:
    """The sheet of a form; uploads have no column, they never come by workbook."""
    fields = [field for field in form.fields if field.kind not in FILE_KINDS]
    return SheetLayout(
        form=form,
        title=sheet_title(form.title),
        columns=tuple(_column(form, field, catalogue) for field in fields),
        bands=_bands(form, fields),
        frozen_columns=_frozen(form, fields),
    )


def name_sheet(form: FormSpec) -> str:
    """The form's sheet in a workbook of several forms."""
    return sheet_title(f"{form.code} {form.title}")


def sheet_title(text: str) -> str:
    """A text as the name of a sheet: without forbidden signs, not too long."""
    allowed = re.sub(r"[\[\]:*?/\\：？]", " ", text).strip("' ")
    return allowed[:_SHEET_TITLE].strip("' ") or "Sheet1"


def _column(form: FormSpec, field: FieldSpec, catalogue: Catalogue) -> SheetColumn:
    binding = CELLS[field.value_kind]
    choices = _choices(field, catalogue)
    return SheetColumn(
        field=field,
        heading=_heading(field),
        number_format=binding.number_format(field) if not field.is_list else "@",
        width=max(binding.width(field), len(_heading(field)) * 1.6 + 2),
        hint=_hint(form, field, catalogue, choices),
        choices=choices,
        limit=None if choices or field.is_given else _limit(field, binding.check),
    )


def _heading(field: FieldSpec) -> str:
    if field.computed is not None:
        return f"{field.label}（自动计算）"
    if field.fill is not None:
        return f"{field.label}（自动带出）"
    return f"*{field.label}" if field.required else field.label


def _choices(field: FieldSpec, catalogue: Catalogue) -> Choices | None:
    if field.is_given or field.reference is not None:
        return None
    # A list of several values takes one choice and more typed behind it.
    is_closed = not field.is_list
    if field.kind is FieldKind.BOOLEAN:
        return Choices(("是", "否"), is_closed=False)
    if field.options:
        return Choices(field.options, is_closed)
    codelist = catalogue.codelist_for(field)
    if codelist is None:
        return None
    entries = offered(codelist, field.pattern)
    if not entries or len(entries) > LONGEST_LIST:
        return None
    if field.kind in SUGGESTING_KINDS:
        texts = tuple(dict.fromkeys(entry.name for entry in entries))
        return Choices(texts, is_closed=False)
    shown = (display(field, _one(field, e.code), catalogue.codelists) for e in entries)
    # People type codes as well as names, so a drop-down of names refuses nothing.
    return Choices(tuple(dict.fromkeys(shown)), is_closed=False)


def _one(field: FieldSpec, code: str) -> object:
    return (code,) if field.is_list else code


def _limit(field: FieldSpec, check: str | None) -> Limit | None:
    if check is None or field.is_list:
        return None
    if check == "textLength":
        return _between(check, None, field.max_length)
    if check == "date":
        return Limit(check, _EARLIEST, _LATEST)
    return _between(check, field.minimum, field.maximum)


def _between(check: str, lowest: object, highest: object) -> Limit | None:
    if lowest is None and highest is None:
        return None
    return Limit(
        check,
        None if lowest is None else f"{lowest}",
        None if highest is None else f"{highest}",
    )


def _hint(
    form: FormSpec, field: FieldSpec, catalogue: Catalogue, choices: Choices | None
) -> str:
    if field.is_given:
        return "\n".join(filter(None, [field.description, "由系统得出，不用填。"]))
    lines = [
        "必填" if field.required else _conditional(field),
        describe_values(form, field, catalogue, choices),
        f"单位：{field.unit}" if field.unit else "",
        field.description,
    ]
    return "\n".join(filter(None, lines))


def _conditional(field: FieldSpec) -> str:
    if field.required_when is not None:
        return "有条件必填"
    return ""


def describe_values(
    form: FormSpec, field: FieldSpec, catalogue: Catalogue, choices: Choices | None
) -> str:
    """Say in words what may stand in a cell of the field."""
    if field.is_given:
        return "由系统得出，不用填"
    if field.reference is not None:
        target = catalogue.target(form, field)
        label = target.by_id[field.reference.field].label
        several = "，多个用顿号隔开" if field.is_list else ""
        return f"填“{target.code} {target.title}”里已有的“{label}”{several}"
    if field.options:
        shown = "、".join(field.options[:_HINT_OPTIONS])
        more = f" 等 {len(field.options)} 项" if choices_left(field) else ""
        several = "（可多选，用顿号隔开）" if field.is_list else ""
        return f"可填：{shown}{more}{several}"
    codelist = catalogue.codelist_for(field)
    if codelist is not None:
        way = "从下拉框选，或" if choices else ""
        return f"{way}填“{codelist.title}”里的名称或代码"
    return CELLS[field.value_kind].hint(field)


def choices_left(field: FieldSpec) -> bool:
    """Whether the hint leaves options out."""
    return len(field.options) > _HINT_OPTIONS


def _bands(form: FormSpec, fields: list[FieldSpec]) -> tuple[Band, ...]:
    if len(form.groups) < 2:
        return ()
    places = {field.id: at for at, field in enumerate(fields, 1)}
    bands = []
    for group in form.groups:
        at = [places[placed.id] for placed in group.fields if placed.id in places]
        if at:
            bands.append(Band(group.title, min(at), max(at)))
    return tuple(bands)


def _frozen(form: FormSpec, fields: list[FieldSpec]) -> int:
    """Leading columns up to the last of the first key fields, at most three."""
    keys = {*form.key, form.title_field}
    count = 0
    for field in fields[:3]:
        if field.id not in keys:
            break
        count += 1
    return count
