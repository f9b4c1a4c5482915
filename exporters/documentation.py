"""The documentation of an edition as a workbook: 目录, 字段, 选项, 规则.

Every sheet is one table that can be filtered; codes of forms, options and rules lead to
each other. What it says is `form_schemas.documenting`'s.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import IO

from openpyxl import Workbook
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from exporters.putting import put_text
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.codelists import CodeList
from form_schemas.documenting import FieldDoc, FormDoc, document_form
from form_schemas.spec import FormSpec

CONTENTS, FIELDS, OPTIONS, RULES = "目录", "字段", "选项", "规则"

_HEAD = PatternFill("solid", fgColor="DCE6F1")
_BOLD = Font(bold=True)
_LINK = Font(color="0563C1", underline="single")
_WRAP = Alignment(vertical="top", wrap_text=True)
#: Longer texts are refused by spreadsheets.
_LONGEST = 32_000
#: Options told beside the field; all of them stand in their own sheet.
_MOST_OPTIONS = 12


@dataclass(frozen=True)
class _Column:
    title: str
    width: int
    is_number: bool = False


@dataclass(frozen=True)
class _Link:
    """A text that leads to a cell of another sheet."""

    text: str
    sheet: str
    row: int | None


_Cell = str | int | _Link

_CONTENTS_COLUMNS = (
    _Column("表号", 11),
    _Column("表名", 34),
    _Column("分类", 30),
    _Column("填报部门", 26),
    _Column("时期", 10),
    _Column("形式", 30),
    _Column("字段数", 8, is_number=True),
    _Column("规则数", 8, is_number=True),
    _Column("说明", 70),
)
_FIELD_COLUMNS = (
    _Column("表号", 11),
    _Column("表名", 26),
    _Column("序号", 6, is_number=True),
    _Column("字段组", 18),
    _Column("字段", 28),
    _Column("字段 id", 24),
    _Column("填什么", 12),
    _Column("单位", 8),
    _Column("必填", 8),
    _Column("限制", 26),
    _Column("选项", 34),
    _Column("怎样得来", 50),
    _Column("其他", 26),
    _Column("说明", 50),
    _Column("上一版", 26),
)
_OPTION_COLUMNS = (
    _Column("所属", 34),
    _Column("代码", 16),
    _Column("选项", 44),
    _Column("上级", 16),
    _Column("停用于", 10),
)
_RULE_COLUMNS = (
    _Column("表号", 11),
    _Column("表名", 26),
    _Column("级别", 8),
    _Column("规则", 50),
    _Column("字段", 30),
    _Column("什么情况下", 40),
    _Column("应当", 50),
    _Column("违反的例子", 60),
    _Column("规则 id", 24),
)


def write_documentation(
    catalogue: Catalogue, edition: Edition, stream: IO[bytes]
) -> None:
    """Write the workbook of an edition."""
    workbook = Workbook()
    contents = workbook.active
    contents.title = CONTENTS
    docs = [document_form(catalogue, form) for form in edition.forms]
    places = _Places(docs)
    _write(contents, _CONTENTS_COLUMNS, (_list_form(doc, places) for doc in docs))
    for title, columns, rows in (
        (FIELDS, _FIELD_COLUMNS, _list_fields(docs, places)),
        (OPTIONS, _OPTION_COLUMNS, _list_options(docs)),
        (RULES, _RULE_COLUMNS, _list_rules(docs, places)),
    ):
        _write(workbook.create_sheet(title), columns, rows)
    workbook.properties.title = f"{edition.title} {edition.year} 填表说明"
    workbook.save(stream)


class _Places:
    """In which row of its sheet each thing begins."""

    def __init__(self, docs: Sequence[FormDoc]) -> None:
        self.fields: dict[FormSpec, int] = {}
        self.rules: dict[FormSpec, int] = {}
        self.options: dict[str, int] = {}
        field_row = rule_row = option_row = 2
        for doc in docs:
            self.fields[doc.form] = field_row
            field_row += len(doc.form.fields)
            if doc.rules:
                self.rules[doc.form] = rule_row
                rule_row += len(doc.rules)
        for name, rows in _group_options(docs):
            self.options[name] = option_row
            option_row += len(rows)


def _list_form(doc: FormDoc, places: _Places) -> tuple[_Cell, ...]:
    form = doc.form
    notes = "\n".join(filter(None, [form.description, *doc.notes, doc.earlier]))
    return (
        _Link(form.code, FIELDS, places.fields[form]),
        form.title,
        " › ".join(form.section),
        "、".join(form.departments),
        doc.period,
        doc.shape,
        len(form.fields),
        _Link(str(len(doc.rules)), RULES, places.rules.get(form)),
        notes,
    )


def _list_fields(
    docs: Sequence[FormDoc], places: _Places
) -> Iterator[tuple[_Cell, ...]]:
    contents = {doc.form: row for row, doc in enumerate(docs, 2)}
    for doc in docs:
        for group in doc.groups:
            for one in group.fields:
                yield (
                    _Link(doc.form.code, CONTENTS, contents[doc.form]),
                    doc.form.title,
                    one.number,
                    group.title,
                    "　" * one.depth + one.field.label,
                    one.field.id,
                    one.kind,
                    one.field.unit,
                    one.need,
                    "；".join(one.limits),
                    _say_options(doc.form, one, places),
                    "\n".join(f"{word}：{said}" for word, said in one.sources),
                    "；".join(one.marks),
                    one.field.description,
                    one.earlier,
                )


def _say_options(form: FormSpec, one: FieldDoc, places: _Places) -> _Cell:
    if one.codelist is not None:
        text = f"{one.codelist.title}（{one.codes_offered} 项）"
        return _Link(text, OPTIONS, places.options[_name_list(one.codelist)])
    options = one.field.options
    if not options:
        return ""
    more = f" 等 {len(options)} 项" if len(options) > _MOST_OPTIONS else ""
    text = "、".join(options[:_MOST_OPTIONS]) + more
    return _Link(text, OPTIONS, places.options[_name_field(form, one)])


def _list_options(docs: Sequence[FormDoc]) -> Iterator[tuple[_Cell, ...]]:
    return chain.from_iterable(rows for _, rows in _group_options(docs))


def _group_options(
    docs: Sequence[FormDoc],
) -> Iterator[tuple[str, Sequence[tuple[_Cell, ...]]]]:
    """The options of each field that has its own, then the code lists, each once."""
    codelists: dict[str, CodeList] = {}
    for doc in docs:
        for one in doc.fields:
            if one.codelist is not None:
                codelists[_name_list(one.codelist)] = one.codelist
            elif one.field.options:
                name = _name_field(doc.form, one)
                yield name, [(name, "", text, "", "") for text in one.field.options]
    for name, codelist in codelists.items():
        yield (
            name,
            [
                (name, entry.code, entry.name, entry.parent or "", entry.valid_to or "")
                for entry in codelist.entries
            ],
        )


def _name_field(form: FormSpec, one: FieldDoc) -> str:
    return f"{form.code} {one.field.label}"


def _name_list(codelist: CodeList) -> str:
    return f"{codelist.title}（{codelist.slug}）"


def _list_rules(
    docs: Sequence[FormDoc], places: _Places
) -> Iterator[tuple[_Cell, ...]]:
    for doc in docs:
        for one in doc.rules:
            examples = "\n".join(
                f"{whose}：{shown}"
                for example in one.examples
                for whose, shown in example.rows
            )
            yield (
                _Link(doc.form.code, FIELDS, places.fields[doc.form]),
                doc.form.title,
                one.level,
                one.rule.message,
                "、".join(one.labels),
                one.when,
                one.check,
                examples,
                one.rule.id,
            )


def _write(
    sheet: Worksheet, columns: Sequence[_Column], rows: Iterable[Sequence[_Cell]]
) -> None:
    """Write a table that can be filtered, its heading always in sight."""
    last = 1
    for at, column in enumerate(columns, 1):
        put_text(sheet, 1, at, column.title)
        cell = sheet.cell(1, at)
        cell.font, cell.fill = _BOLD, _HEAD
        sheet.column_dimensions[get_column_letter(at)].width = column.width
    for last, row in enumerate(rows, 2):
        for at, (value, column) in enumerate(zip(row, columns, strict=True), 1):
            if value != "":
                _put(sheet, last, at, value, column)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(columns))}{last}"
    sheet.freeze_panes = "C2"
    sheet.print_title_rows = "1:1"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True


def _put(sheet: Worksheet, row: int, at: int, value: _Cell, column: _Column) -> None:
    text = value.text if isinstance(value, _Link) else value
    if column.is_number:
        sheet.cell(row, at, int(text))
    else:
        put_text(sheet, row, at, str(text)[:_LONGEST])
    cell = sheet.cell(row, at)
    cell.alignment = _WRAP
    if isinstance(value, _Link) and value.row is not None:
        place = f"'{value.sheet}'!A{value.row}"
        cell.hyperlink = Hyperlink(ref=cell.coordinate, location=place)
        cell.font = _LINK
