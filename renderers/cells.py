"""Draws the cells of a grid: real inputs, from a row template compiled once a form.

WTForms would take 700 ms for a page of 50 × 30 cells; here all that does not depend
on the row is put together once, and a row only adds escaped texts.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from markupsafe import escape

from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from renderers.bindings import INPUT_MODES, Control, control_of, is_figure, width_class
from renderers.display import bare_words
from renderers.inputs import NO, YES
from renderers.problems import ProblemView, worst_style

#: Stands for the row's number and key until a row is drawn; no text can hold these.
_NUMBER, _KEY = "\x01", "\x02"
_CONTROL_CHARACTERS = {1: None, 2: None}

#: At most two: their widths are fixed, so that no script has to place them.
FROZEN = ("k2", "k3")


@dataclass(frozen=True)
class Column:
    """One column: how its head and its cells look."""

    field: FieldSpec
    #: classes of head and cell: width, freezing, read-only
    head_class: str
    cell_class: str
    draw: Callable[[str], str]

    def draw_cell(self, text: str, asked: str = "") -> str:
        return f"<td{_mark(self.cell_class, asked)}>{self.draw(text)}</td>"

    def draw_faulty_cell(
        self, text: str, problems: Sequence[ProblemView], asked: str = ""
    ) -> str:
        style = worst_style(problems)
        note = f"n-{_KEY}-{self.field.id}"
        marks = f' aria-describedby="{note}"'
        if any(problem.style == "error" for problem in problems):
            marks += ' aria-invalid="true"'
        control = self.draw(text).replace(" data-field=", f"{marks} data-field=", 1)
        sentences = "".join(
            f'<span data-kind="{_safe(p.kind)}" data-style="{p.style}">'
            f"{_safe(p.told)}</span>"
            for p in problems
        )
        classes = f"{self.cell_class} is-{style}"
        return (
            f"<td{_mark(classes, asked)}>{control}"
            f'<span class="notes" id="{note}" hidden>{sentences}</span></td>'
        )


@dataclass(frozen=True)
class RowTemplate:
    """How any row of a form is drawn."""

    columns: tuple[Column, ...]
    read_only: bool
    #: whether rows can be ticked, to delete or fill many at once
    has_box: bool = True

    def draw(
        self,
        *,
        number: int | str,
        key: str,
        row_id: object,
        version: object,
        texts: Sequence[str],
        status: str,
        page: str = "",
        problems: Mapping[str, Sequence[ProblemView]] | None = None,
        asked: Mapping[str, str] | None = None,
        row_class: str = "",
        frozen: str = "",
    ) -> str:
        """The row as HTML.

        Args:
            number: as people count, over all pages.
            key: names the row to the page's scripts.
            texts: one a column, in the order of `columns`.
            status: the row's state as HTML.
            page: address of the row's own page.
            problems: by field id.
            asked: field id -> what a reviewer asks about the cell.
            frozen: why a link locks the row.
        """
        found, questions = problems or {}, asked or {}
        cells = [
            column.draw_faulty_cell(
                text, found[column.field.id], questions.get(column.field.id, "")
            )
            if column.field.id in found
            else column.draw_cell(text, questions.get(column.field.id, ""))
            for column, text in zip(self.columns, texts, strict=True)
        ]
        shown = f'<a href="{_safe(page)}">{number}</a>' if page else str(number)
        box = "" if self.read_only or not self.has_box else _BOX
        lock = f' data-frozen="{_safe(frozen)}"' if frozen else ""
        html = (
            f'<tr id="row-{_KEY}" data-row="{_KEY}" data-id="{_safe(row_id)}" '
            f'data-version="{_safe(version)}"{row_class}{lock}>'
            f'<th scope="row" class="k0"><span class="row-head">{box}'
            f"<span>{shown}</span></span></th>"
            f'<td class="k1" data-state>{status}</td>{"".join(cells)}</tr>'
        )
        return html.replace(_NUMBER, str(number)).replace(_KEY, str(_safe(key)))


@lru_cache(maxsize=2048)
def row_template(form: FormSpec, read_only: bool) -> RowTemplate:
    """The form's row template: frozen columns first, the others in their order."""
    frozen = frozen_fields(form)
    order = [*frozen, *(field for field in form.fields if field not in frozen)]
    return RowTemplate(
        tuple(
            _make_column(field, _frozen_class(index, len(frozen)), read_only)
            for index, field in enumerate(order)
        ),
        read_only,
    )


def close_cells(
    template: RowTemplate, form: FormSpec, is_open: Callable[[str], bool]
) -> RowTemplate:
    """The template of a row of which only some cells may change."""
    closed = _locked_columns(form)
    return RowTemplate(
        tuple(
            column if column.field.is_given or is_open(column.field.id) else locked
            for column, locked in zip(template.columns, closed, strict=True)
        ),
        template.read_only,
        template.has_box,
    )


def frozen_fields(form: FormSpec) -> tuple[FieldSpec, ...]:
    """What a row is known by: its first key field, and what people call it."""
    key = list(form.key)
    title = [form.title_field] if form.title_field else []
    ids = dict.fromkeys([*key[:1], *title, *key[1:]])
    return tuple(form.by_id[field_id] for field_id in ids)[: len(FROZEN)]


@lru_cache(maxsize=512)
def _locked_columns(form: FormSpec) -> tuple[Column, ...]:
    shown = row_template(form, True).columns
    return tuple(replace(column, draw=_locked(column.field)) for column in shown)


def _mark(classes: str, asked: str) -> str:
    """Class of a cell, and what is asked about it: scripts keep the latter."""
    if not asked:
        return f' class="{classes}"'
    return f' class="{classes} asked" data-asked="{_safe(asked)}"'


def _make_column(field: FieldSpec, frozen: str, read_only: bool) -> Column:
    is_closed = read_only or field.is_given
    draw = _READ_ONLY if is_closed else CELLS[control_of(field)]
    closed = "ro" if is_closed else ""
    return Column(
        field=field,
        head_class=" ".join(filter(None, [frozen or width_class(field), closed])),
        cell_class=" ".join(filter(None, [frozen, closed])),
        draw=draw(field),
    )


def _frozen_class(index: int, count: int) -> str:
    if index >= count:
        return ""
    return FROZEN[index] + (" k-last" if index == count - 1 else "")


def _safe(text: object) -> str:
    return str(escape(text)).translate(_CONTROL_CHARACTERS)


def _start(field: FieldSpec, tag: str, attributes: str = "") -> str:
    kind = "cell num" if is_figure(field) else "cell"
    label = f"第 {_NUMBER} 行 {escape(field.label)}"
    names = f'class="{kind}" data-field="{field.id}" aria-label="{label}"'
    return f"<{tag} {names}{attributes}"


def _input(field: FieldSpec, attributes: str) -> Callable[[str], str]:
    start = _start(field, "input", f'{attributes} autocomplete="off" value="')
    return lambda text: f'{start}{_safe(text)}">'


def _line(field: FieldSpec) -> Callable[[str], str]:
    return _input(field, f' inputmode="{INPUT_MODES[field.value_kind]}"')


def _picker(field: FieldSpec) -> Callable[[str], str]:
    return _input(
        field,
        ' role="combobox" aria-expanded="false" aria-autocomplete="list"'
        ' aria-haspopup="listbox" data-picker',
    )


def _area(field: FieldSpec) -> Callable[[str], str]:
    if field.is_rich:
        return _article(field)
    start = _start(field, "textarea", ' rows="1">')
    # HTML drops one line break at the beginning of a text area.
    return lambda text: f"{start}\n{_safe(text)}</textarea>"


def _select(field: FieldSpec) -> Callable[[str], str]:
    return _options(field, ("", *field.options))


def _segments(field: FieldSpec) -> Callable[[str], str]:
    return _options(field, ("", YES, NO))


def _options(field: FieldSpec, values: tuple[str, ...]) -> Callable[[str], str]:
    start = _start(field, "select", ">")
    drawn = {value: start + _draw_options(values, value) for value in values}

    def draw(text: str) -> str:
        # A value that is no option (any longer) is shown all the same.
        return drawn.get(text) or start + _draw_options((*values, text), text)

    return draw


def _draw_options(values: tuple[str, ...], chosen: str) -> str:
    options = "".join(
        f"<option{' selected' if value == chosen else ''}"
        f"{'' if value else ' value'}>{_safe(value) or '&nbsp;'}</option>"
        for value in values
    )
    return f"{options}</select>"


def _upload(field: FieldSpec) -> Callable[[str], str]:
    start = _start(field, "a", ' data-upload tabindex="0">')
    return lambda text: f"{start}{_safe(text) or '上传'}</a>"


def _article(field: FieldSpec) -> Callable[[str], str]:
    """The way to the row's own page, where there is room to write."""
    start = _start(field, "a", ' data-upload tabindex="0">')
    return lambda text: f"{start}{_safe(bare_words(text)[:_SHOWN]) or '写文章'}</a>"


def _read_only(field: FieldSpec) -> Callable[[str], str]:
    start = _start(field, "input", ' readonly tabindex="-1" value="')
    if field.is_rich:
        return lambda text: f'{start}{_safe(bare_words(text)[:_SHOWN])}">'
    return lambda text: f'{start}{_safe(text)}">'


def _locked(field: FieldSpec) -> Callable[[str], str]:
    """As read-only, and no script may open it."""
    start = _start(field, "input", ' readonly data-locked tabindex="-1" value="')
    return lambda text: f'{start}{_safe(text)}">'


_READ_ONLY = _read_only
#: Characters of an article in a cell.
_SHOWN = 40
_BOX = (
    '<label class="needs-script"><input class="form-check-input" type="checkbox" '
    f'data-select aria-label="选第 {_NUMBER} 行"></label>'
)

CELLS: Mapping[Control, Callable[[FieldSpec], Callable[[str], str]]] = {
    Control.LINE: _line,
    Control.NUMBER: _line,
    Control.AREA: _area,
    Control.SELECT: _select,
    Control.SEGMENTS: _segments,
    Control.TICKS: _picker,
    Control.PICKER: _picker,
    Control.UPLOAD: _upload,
}
