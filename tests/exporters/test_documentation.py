"""The workbook about an edition, written and read back."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from exporters.documentation import write_documentation
from tests.support.catalogues import get_catalogue


def write(edition):
    stream = BytesIO()
    write_documentation(get_catalogue(), edition, stream)
    return load_workbook(stream)


@pytest.fixture(scope="module")
def edition():
    return get_catalogue().newest["talent"]


@pytest.fixture(scope="module")
def workbook(edition):
    return write(edition)


def lines(sheet):
    """The rows below the heading: title -> text."""
    rows = sheet.iter_rows(values_only=True)
    titles = next(rows)
    return [dict(zip(titles, row, strict=True)) for row in rows]


def test_it_has_four_sheets_that_can_be_filtered(workbook):
    assert workbook.sheetnames == ["目录", "字段", "选项", "规则"]
    for sheet in workbook:
        assert sheet.auto_filter.ref == sheet.dimensions
        assert sheet.freeze_panes == "C2"


def test_nothing_of_the_edition_is_missing(workbook, edition):
    fields = [(form.code, f.id) for form in edition.forms for f in form.fields]
    rules = [(form.code, r.id) for form in edition.forms for r in form.rules]
    assert [(one["表号"], one["字段 id"]) for one in lines(workbook["字段"])] == fields
    assert [(one["表号"], one["规则 id"]) for one in lines(workbook["规则"])] == rules
    contents = lines(workbook["目录"])
    assert [one["表号"] for one in contents] == [form.code for form in edition.forms]
    assert sum(one["字段数"] for one in contents) == len(fields)
    assert sum(one["规则数"] for one in contents) == len(rules)


def test_a_field_is_told_as_on_its_page(workbook):
    (one,) = [
        line
        for line in lines(workbook["字段"])
        if (line["表号"], line["字段 id"]) == ("1.2.1", "study_years")
    ]
    assert one["字段"] == "修业年限"
    assert (one["填什么"], one["单位"], one["必填"]) == ("小数", "年", "必填")
    assert one["限制"] == "1 位小数；不小于 1；不大于 6"


def test_codes_lead_to_the_fields_and_rules_of_their_form(workbook):
    for sheet, column, target in (("目录", "A", "字段"), ("目录", "H", "规则")):
        for row in range(2, workbook[sheet].max_row + 1):
            link = workbook[sheet][f"{column}{row}"].hyperlink
            if link is None:
                assert workbook[sheet][f"{column}{row}"].value == 0
                continue
            place, cell = link.location.split("!")
            assert place == f"'{target}'"
            there = workbook[target][cell]
            assert there.value == workbook[sheet][f"A{row}"].value
            assert workbook[target].cell(there.row - 1, 1).value != there.value


def test_options_lead_to_the_first_of_their_list(workbook, edition):
    sheet, options = workbook["字段"], workbook["选项"]
    column = [cell.value for cell in sheet[1]].index("选项") + 1
    seen = 0
    for row in range(2, sheet.max_row + 1):
        cell = sheet.cell(row, column)
        if cell.value is None:
            continue
        first = options[cell.hyperlink.location.split("!")[1]]
        code, field_id = sheet.cell(row, 1).value, sheet.cell(row, 6).value
        field = edition.by_code[code].by_id[field_id]
        if field.codes is None:
            assert options.cell(first.row, 3).value == field.options[0]
            assert first.value == f"{code} {field.label}"
        else:
            assert field.codes in first.value
        assert options.cell(first.row - 1, 1).value != first.value
        seen += 1
    assert seen > 100


def test_no_text_turns_into_a_formula_or_an_error(workbook):
    for sheet in workbook:
        for row in sheet.iter_rows():
            assert all(cell.data_type in "sn" for cell in row)


def test_every_edition_has_its_workbook():
    for edition in get_catalogue().editions:
        assert len(lines(write(edition)["目录"])) == len(edition.forms)
