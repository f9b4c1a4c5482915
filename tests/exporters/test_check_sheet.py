"""What a template itself tells while one fills it in."""

from datetime import date

import pytest
from openpyxl import load_workbook
from openpyxl.utils import get_column_letter

from exporters.check_sheet import CHECK_SHEET, count_prepared
from exporters.form_formulas import form_formulas
from exporters.header import CHECK_HEADING, FLAG_PREFIX, find_header
from exporters.last_period import LAST_SHEET
from exporters.marking import mark_workbook
from exporters.putting import put_value
from exporters.reader import read_workbook
from exporters.template import build_template
from form_schemas.rule_spec import Level
from form_schemas.spec import Shape
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, rule_of, schema_of
from validators.report import Code, Problem

ROWS = 6


@pytest.fixture(scope="module")
def catalogue():
    schema = schema_of(
        number=field_of("code", "编号"),
        people=field_of("integer", "人数"),
        women=field_of("integer", "女"),
        share=field_of("percent", "比例", computed="women / people * 100"),
        is_poor=field_of("boolean", "困难"),
        kind=field_of("enum", '种"类"', enum=["甲", "乙"])
        | {"x-visible-when": "is_poor", "x-required-when": "people > 10"},
        nation=field_of("code", "民族", codes="gbt-3304"),
    )
    rules = [
        rule_of(
            "people < 1000",
            "few",
            message='人数很多，"请核对"',
            level="warning",
            fields=["people"],
        ),
        rule_of("women <= people", "part", message="女不得多于人数", fields=["women"]),
        rule_of(
            "nation == '01' or people > 1",
            "han",
            message="人数过少",
            fields=["people"],
        ),
        rule_of("is_unique(people)", "once", message="人数重复", fields=["people"]),
    ]
    return catalogue_of(schema | {"required": ["people"], "x-rules": rules})


@pytest.fixture
def form(catalogue):
    return catalogue.get("test/T1")


def fill(form, catalogue, rows, path):
    book = build_template(form, catalogue, rows=ROWS)
    sheet = book.worksheets[0]
    for number, cells in enumerate(rows, 2):
        for at, value in cells.items():
            put_value(sheet, number, at, value, "General")
    book.save(path)
    return path


def read_columns(book, name):
    """The cells of the column with this heading, below it."""
    sheet = book.worksheets[0]
    heading = {cell.value: cell.column for cell in sheet[1]}
    return [sheet.cell(row, heading[name]).value for row in range(2, 2 + ROWS)]


NUMBER, PEOPLE, WOMEN, SHARE, POOR, KIND, NATION = range(1, 8)


@pytest.fixture
def checked(catalogue, form, tmp_path, office):
    rows = [
        {NUMBER: "a", PEOPLE: 3, WOMEN: 1, POOR: "否", NATION: "汉族"},
        {NUMBER: "b", PEOPLE: "2000", WOMEN: 2001, POOR: "√"},
        {NUMBER: "c", PEOPLE: 1, WOMEN: "　", NATION: "01"},
        {NUMBER: "d", PEOPLE: 1, NATION: "回族"},
        {NUMBER: "e"},
    ]
    path = fill(form, catalogue, rows, tmp_path / "filled.xlsx")
    return office(path, "xlsx")


@pytest.mark.office
def test_the_column_says_the_first_fault_and_how_many_there_are(checked):
    book = load_workbook(checked, data_only=True)
    assert read_columns(book, CHECK_HEADING) == [
        None,
        '必填未填：“种"类"”（共 3 处）',
        None,
        "错误：人数过少",
        "必填未填：“人数”",
        None,
    ]


@pytest.mark.office
def test_computed_fields_are_shown_and_not_imported(checked, catalogue, form):
    book = load_workbook(checked, data_only=True)
    shares = read_columns(book, "比例（自动计算）")
    assert shares == [33.33, 100.05, None, None, None, None]
    with read_workbook(checked, form, catalogue) as reading:
        (block,) = reading.blocks()
    assert "share" not in block.columns
    assert (reading.columns_unknown, block.numbers) == ((), [2, 3, 4, 5, 6])


@pytest.mark.office
def test_the_sheet_counts_faults_and_links_to_their_rows(checked):
    sheet = load_workbook(checked, data_only=True)[CHECK_SHEET]
    lines = [[cell.value for cell in row] for row in sheet["A6:G9"]]
    assert lines == [
        ["错误", None, "必填未填", 2, 3, 6, None],
        ["错误", "女", "女不得多于人数", 1, 3, None, None],
        ["错误", "人数", "人数过少", 1, 5, None, None],
        ["警告", "人数", '人数很多，"请核对"', 1, 3, None, None],
    ]
    assert sheet["A2"].value == "错误 4 处，警告 1 处"
    assert sheet["A4"].value is None


def test_links_go_to_the_cell_the_rule_names(catalogue, form):
    sheet = build_template(form, catalogue, rows=ROWS)[CHECK_SHEET]
    assert "HYPERLINK(\"#'T1 表'!C\"&(" in sheet["E7"].value


def test_the_sheet_lists_what_it_cannot_judge(catalogue, form):
    sheet = build_template(form, catalogue, rows=ROWS)[CHECK_SHEET]
    texts = [[cell.value for cell in row][:4] for row in sheet.iter_rows(min_row=11)]
    assert texts[0][0] == "上传后检查（工作簿里判断不了）"
    assert texts[2] == ["错误", "人数", "人数重复", "要看本表的其他行"]


@pytest.mark.office
def test_rows_below_the_formulas_are_told(catalogue, form, tmp_path, office):
    rows = [{NUMBER: str(at), PEOPLE: 5} for at in range(ROWS + 1)]
    path = fill(form, catalogue, rows, tmp_path / "filled.xlsx")
    sheet = load_workbook(office(path, "xlsx"), data_only=True)[CHECK_SHEET]
    assert sheet["A4"].value.startswith(f"第 {ROWS + 2} 行起还有数据")


def test_flags_are_hidden_and_their_headings_belong_to_nobody(catalogue, form):
    sheet = build_template(form, catalogue, rows=ROWS).worksheets[0]
    flags = [c for c in sheet[1] if str(c.value).startswith(FLAG_PREFIX)]
    hidden = sheet.column_dimensions
    assert len(flags) == len(form_formulas(form, catalogue).flags) == 7
    assert all(hidden[get_column_letter(cell.column)].hidden for cell in flags)
    rows = [[cell or "" for cell in row] for row in sheet.iter_rows(values_only=True)]
    assert find_header(rows, form, catalogue, all_new=True).unknown == ()


def test_cells_are_coloured_by_what_is_wrong(catalogue, form):
    sheet = build_template(form, catalogue, rows=ROWS).worksheets[0]
    rules = {
        str(area.sqref): [rule.formula[0] for rule in area.rules]
        for area in sheet.conditional_formatting
    }
    assert set(rules) == {"B2:B7", "C2:C7", "F2:F7"}
    assert all(len(text) < 255 for texts in rules.values() for text in texts)
    # Excel takes neither arrays nor other sheets there.
    assert not any(set(text) & set("{!") for texts in rules.values() for text in texts)


@pytest.mark.office
def test_a_checked_file_is_marked_like_any_other(checked, catalogue, form, tmp_path):
    details = {"value": "2001", "bound": "maximum", "limit": "9"}
    problem = Problem(3, "women", Code.RANGE, Level.ERROR, details)
    mark_workbook(checked, form, catalogue, [problem], tmp_path / "marked.xlsx")
    book = load_workbook(tmp_path / "marked.xlsx")
    assert book.worksheets[0]["C3"].comment is not None
    with read_workbook(tmp_path / "marked.xlsx", form, catalogue) as reading:
        assert sum(len(block.numbers) for block in reading.blocks()) == 5


def test_a_record_gets_formulas_in_its_only_row(form, catalogue):
    schema = schema_of(people="integer")
    schema["x-form"]["shape"] = "record"
    del schema["x-form"]["key"]
    single = catalogue_of(schema)
    record = single.get("test/T1")
    assert record.shape is Shape.RECORD
    assert count_prepared(form_formulas(record, single)) == 1
    assert count_prepared(form_formulas(form, catalogue)) == 500


@pytest.mark.office
def test_last_period_stands_beside_the_row_with_its_key(tmp_path, office):
    schema = schema_of(
        number=field_of("code", "编号"),
        day=field_of("date", "日期"),
        people=field_of("integer", "人数"),
    )
    schema["x-form"]["key"] = ["number", "day"]
    growth = rule_of(
        "people <= 2 * prev(people)", "growth", message="增长过快", fields=["people"]
    )
    catalogue = catalogue_of(schema | {"x-rules": [growth]})
    form = catalogue.get("test/T1")
    last = [
        {"number": "甲", "day": date(2023, 9, 1), "people": 10},
        {"number": "=乙", "day": date(2023, 9, 1), "people": None},
    ]
    book = build_template(form, catalogue, last_rows=last, rows=ROWS)
    sheet = book.worksheets[0]
    for row, (number, people) in enumerate([("甲 ", 30), ("=乙", 5), ("丙", 1)], 2):
        put_value(sheet, row, 1, number, "@")
        put_value(sheet, row, 2, date(2023, 9, 1), "yyyy-mm-dd")
        put_value(sheet, row, 3, people, "0")
    book.save(tmp_path / "filled.xlsx")
    saved = office(tmp_path / "filled.xlsx", "xlsx")
    read = load_workbook(saved, data_only=True)
    assert read_columns(read, "上期：人数") == [10, None, None, None, None, None]
    assert read_columns(read, CHECK_HEADING)[:3] == ["错误：增长过快", None, None]
    with read_workbook(saved, form, catalogue) as reading:
        (block,) = reading.blocks()
    assert (reading.columns_unknown, block.numbers) == ((), [2, 3, 4])


def test_personal_keys_keep_last_period_out(catalogue):
    schema = schema_of(card=field_of("id_card", "证件"), people="integer")
    guarded = catalogue_of(schema)
    form = guarded.get("test/T1")
    book = build_template(form, guarded, last_rows=[{"card": "x", "people": 1}])
    assert LAST_SHEET not in book.sheetnames


def test_the_value_of_last_period_without_its_sheet_is_left_out(catalogue):
    schema = schema_of(number="code", people="integer")
    rule = rule_of("people >= prev(people)", "less", fields=["people"])
    plain = catalogue_of(schema | {"x-rules": [rule]})
    form = plain.get("test/T1")
    (left,) = form_formulas(form, plain).left_out
    assert left.reason == "要看上期的数据"
    assert form_formulas(form, plain, has_last=True).left_out == ()
