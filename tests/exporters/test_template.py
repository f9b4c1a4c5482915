"""Templates: what a clerk sees, and that the reader knows them again."""

import io

import pytest
from openpyxl import load_workbook

from exporters.header import find_header, is_importable
from exporters.layout import sheet_layout, sheet_title
from exporters.reader import read_workbook
from exporters.refusals import Reason, RefusedFile
from exporters.template import build_template, write_template
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.forms import field_of, schema_of


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(
        schema_of(
            number=field_of("code", "编号") | {"description": "由学校编"},
            people=field_of("integer", "人数", minimum=0),
            total=field_of("integer", "合计", computed="people + 1"),
            kind=field_of("enum", "种类", enum=["甲", "乙, 丙", "丁" * 300]),
            nation=field_of("code", "民族", codes="gbt-3304"),
            region=field_of("code", "地区", codes="gbt-2260"),
            proof=field_of("file", "证明"),
        )
        | {"required": ["people"]}
    )


@pytest.fixture(scope="module")
def book(catalogue):
    return open_template(catalogue.get("test/T1"), catalogue)


@pytest.fixture(scope="module")
def sheet(book):
    return book.worksheets[0]


def open_template(form, catalogue):
    stream = io.BytesIO()
    write_template(form, catalogue, stream)
    return load_workbook(stream)


def drop_downs(sheet):
    return {
        str(item.sqref).split(":")[0]: item.formula1
        for item in sheet.data_validations.dataValidation
        if item.type == "list"
    }


def test_labels_stand_in_the_header_with_a_star_where_required(sheet):
    assert [cell.value for cell in sheet[1]][:6] == [
        "编号", "*人数", "合计（自动计算）", "种类", "民族", "地区"
    ]  # fmt: skip


def test_a_comment_says_how_to_fill_the_column(sheet):
    comment = sheet["B1"].comment.text
    assert "必填" in comment
    assert "整数，不小于 0" in comment
    assert "单位：人" in comment
    assert "由学校编" in sheet["A1"].comment.text


def test_codes_are_text_columns(sheet):
    assert sheet.column_dimensions["A"].number_format == "@"


def test_drop_downs_come_from_ranges_whatever_their_length(book, sheet):
    ranges = drop_downs(sheet)
    assert ranges["D2"] == "'_lists'!$A$1:$A$3"
    assert book["_lists"]["A2"].value == "乙, 丙"
    assert book["_lists"].sheet_state == "hidden"


def test_a_short_code_list_is_a_drop_down_and_a_long_one_is_explained(book, sheet):
    assert "E2" in drop_downs(sheet)
    assert "F2" not in drop_downs(sheet)
    assert "名称或代码" in sheet["F1"].comment.text


def test_the_guide_lists_every_column(book):
    guide = book["填表说明"]
    labels = {row[1].value for row in guide.iter_rows()}
    assert {"编号", "人数", "合计", "种类", "民族", "地区"} <= labels


def test_a_hidden_sheet_says_form_edition_and_fingerprint(book, catalogue):
    stamp = book["_tianbao"]
    assert stamp.sheet_state == "hidden"
    assert stamp["B1"].value == "test/2024/T1"
    assert stamp["B3"].value == catalogue.get("test/T1").fingerprint


def test_groups_stand_above_the_header():
    schema = schema_of(a="text", b="text", c="text") | {
        "x-layout": [
            {"title": "前", "fields": ["a", "b"]},
            {"title": "后", "fields": ["c"]},
        ]
    }
    catalogue = catalogue_of(schema)
    sheet = open_template(catalogue.get("test/T1"), catalogue).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["前", None, "后"]
    assert [cell.value for cell in sheet[2]] == ["a", "b", "c"]
    assert str(sheet.merged_cells) == "A1:B1"


@pytest.mark.parametrize("text", ["成员单位：中职学校", "a/b?c*[d]", "'引'", "长" * 50])
def test_titles_of_sheets_are_allowed_ones(text):
    title = sheet_title(text)
    assert 0 < len(title) <= 31
    assert not set("[]:*?/\\") & set(title)
    assert not title.startswith("'")


ALL = get_catalogue()


@pytest.mark.parametrize("form", ALL.forms, ids=lambda form: form.name)
def test_the_template_of_every_form_has_a_header_that_is_found(form):
    sheet = build_template(form, ALL).worksheets[0]
    typed = [field.id for field in form.fields if is_importable(field)]
    rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    if not typed:
        with pytest.raises(RefusedFile):
            find_header(rows, form, ALL, all_new=True)
        return
    header = find_header(rows, form, ALL, all_new=True)
    assert list(header.columns.values()) == typed
    assert header.row == sheet_layout(form, ALL).header_row
    assert (header.missing, header.unknown) == ((), ())


@pytest.mark.parametrize("form", ALL.forms[::40], ids=lambda form: form.name)
def test_a_template_sent_back_empty_has_no_rows(tmp_path, form):
    path = tmp_path / "template.xlsx"
    with path.open("wb") as stream:
        write_template(form, ALL, stream)
    with read_workbook(path, form, ALL) as reading:
        assert reading.refusal.reason is Reason.NO_ROWS
