"""Writes the rows of a grid page: stored values as texts in the form's row template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from markupsafe import Markup, escape

from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.cells import Column, RowTemplate, close_cells
from renderers.display import edit, mask, show
from renderers.grid_query import INHERITED
from renderers.problems import EXPLAINED, ProblemView, worst_style
from renderers.returned import NOTHING_RETURNED, Returned
from renderers.urls import PageUrls

#: How the state of a row is told.
_STATUS = {
    "saved": '<span class="state plain is-nil i-pass">'
    '<span class="visually-hidden">已存</span></span>',
    "error": '<span class="state plain is-error i-error">有错</span>',
    "warn": '<span class="state plain is-warn i-warn">警告</span>',
    EXPLAINED: '<span class="state plain is-nil i-pass">已说明</span>',
    "new": '<span class="state plain is-draft i-draft">新行</span>',
    INHERITED: '<span class="state plain is-nil i-down">沿用</span>',
    "locked": '<span class="state plain is-nil i-lock">锁定</span>',
    "back": '<span class="state plain is-back i-back">退回</span>',
}


class GridRow(Protocol):
    """What the page asks of a stored row."""

    id: int
    version: int
    row: Mapping[str, object]
    is_inherited: bool


@dataclass(frozen=True)
class Closing:
    """Where people enter what a row says is missing."""

    #: the form
    name: str
    #: empty: the person may not enter it
    url: str


@dataclass(frozen=True)
class RowWriter:
    """Turns stored rows into table rows."""

    form: FormSpec
    catalogue: Catalogue
    template: RowTemplate
    urls: PageUrls
    problems: Mapping[int, Sequence[ProblemView]]
    texts: Mapping[int, Mapping[str, str]]
    files: Mapping[str, str]
    unmasked: bool
    returned: Returned = NOTHING_RETURNED
    closings: Mapping[int, Closing] = field(default_factory=dict)

    def write_rows(self, rows: Sequence[GridRow], start: int) -> Markup:
        drawn = (self._write(row, start + n) for n, row in enumerate(rows, 1))
        return Markup("\n".join(drawn))

    def write_blank(self) -> Markup:
        """A new row, for scripts to clone; `{n}` and `{key}` are filled in there."""
        return Markup(
            self.template.draw(
                number="{n}",
                key="{key}",
                row_id="",
                version="",
                texts=[_default_text(column, self) for column in self.template.columns],
                status=_STATUS["new"],
                row_class=' class="new"',
            )
        )

    def _write(self, row: GridRow, number: int) -> str:
        found = self.problems.get(row.id, ())
        by_field: dict[str, list[ProblemView]] = {}
        for problem in found:
            by_field.setdefault(problem.field_id, []).append(problem)
        return self._template_of(row).draw(
            number=number,
            key=f"r{row.id}",
            row_id=row.id,
            version=row.version,
            texts=self._texts(row),
            status=self._status(row, found),
            page=self.urls.row_page(row.id),
            problems=by_field,
            asked=self._ask(row),
            frozen=self._tell_frozen(row),
        )

    def _template_of(self, row: GridRow) -> RowTemplate:
        if self.template.read_only or self.returned.is_whole(row.id):
            return self.template
        return close_cells(
            self.template,
            self.form,
            lambda name: self.returned.is_open(row.id, name),
        )

    def _tell_frozen(self, row: GridRow) -> str:
        return "" if self.template.read_only else self.returned.tell_frozen(row.id)

    def _ask(self, row: GridRow) -> dict[str, str]:
        """Field id -> what is asked; of the row as a whole, at its first cell."""
        first = self.template.columns[0].field.id
        asked: dict[str, str] = {}
        for one in self.returned.asked.get(row.id, ()):
            name = one.field_id or first
            asked[name] = "；".join(filter(None, [asked.get(name), one.text]))
        return asked

    def _status(self, row: GridRow, problems: Sequence[ProblemView]) -> str:
        """The row's state; one about reasons leads to where they are written."""
        if row.id in self.closings:
            return _tell_gap(self.closings[row.id])
        state = _state(problems)
        if state != "error" and row.id in self.returned.asked:
            state = "back"
        if state == "saved" and row.is_inherited:
            state = INHERITED
        if state in ("saved", INHERITED) and self._tell_frozen(row):
            state = "locked"
        page = self.urls.row_page(row.id)
        if state not in ("warn", EXPLAINED) or not page:
            return _STATUS[state]
        field_id = next(p.field_id for p in problems if p.style == state)
        address = escape(f"{page}#f-{field_id}")
        return f'<a class="state-link" href="{address}">{_STATUS[state]}</a>'

    def _texts(self, row: GridRow) -> list[str]:
        values, raw = row.row, self.texts.get(row.id)
        texts = [
            self.write_text(c.field, values.get(c.field.id))
            for c in self.template.columns
        ]
        if raw:
            for index, column in enumerate(self.template.columns):
                texts[index] = raw.get(column.field.id, texts[index])
        return texts

    def write_text(self, field: FieldSpec, value: object) -> str:
        if value is None:
            return ""
        if field.value_kind in FILE_KINDS:
            return self._name_files(value)
        codelists = self.catalogue.codelists
        if field.is_given:
            text = show(field, value, codelists)
        else:
            text = edit(field, value, codelists)
        return mask(field, text) if field.sensitive and not self.unmasked else text

    def _name_files(self, value: object) -> str:
        tokens = value if isinstance(value, tuple) else (value,)
        if len(tokens) > 1:
            return f"{len(tokens)} 个文件"
        return self.files.get(str(tokens[0]), "1 个文件")


def _tell_gap(closing: Closing) -> str:
    if not closing.url:
        return '<span class="state plain is-warn i-warn">还缺</span>'
    name = f'<span class="visually-hidden">：{escape(closing.name)}</span>'
    return f'<a class="link" href="{escape(closing.url)}">去补填{name}</a>'


def _default_text(column: Column, writer: RowWriter) -> str:
    if column.field.default is None:
        return ""
    return writer.write_text(column.field, column.field.default)


def _state(problems: Sequence[ProblemView]) -> str:
    style = worst_style(problems)
    return style if style in _STATUS else "saved"
