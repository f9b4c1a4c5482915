"""Lists that people fill in: the template, what is read back, what is refused."""

import io

import pytest
from openpyxl import Workbook, load_workbook

from exporters.entry_list import ListColumn, read_list, write_list
from exporters.gate import Limits
from exporters.refusals import Reason, RefusedFile

COLUMNS = (
    ListColumn("用户名", required=True),
    ListColumn("姓名", required=True),
    ListColumn("角色", choices=("填报员", "部门负责人")),
)


@pytest.fixture
def save(tmp_path):
    """A workbook of these rows; gives its path."""

    def save(*rows):
        workbook = Workbook()
        for row in rows:
            workbook.active.append(row)
        path = tmp_path / "list.xlsx"
        workbook.save(path)
        return path

    return save


def read(path, most=100):
    return read_list(path, COLUMNS, Limits(), most)


def refusal(path, most=100):
    with pytest.raises(RefusedFile) as caught:
        read(path, most)
    return caught.value.refusal


def test_the_template_offers_choices_and_reads_back(tmp_path):
    path = tmp_path / "template.xlsx"
    with path.open("wb") as stream:
        write_list(stream, "账号", COLUMNS, [("wang", "=王", "")], ("说明",))
    sheet = load_workbook(path).worksheets[0]
    assert [cell.value for cell in sheet[1]] == ["*用户名", "*姓名", "角色"]
    assert len(sheet.data_validations.dataValidation) == 1
    [row] = read(path)
    assert (row.number, row.cells["姓名"], row.letters["姓名"]) == (2, "=王", "B")


def test_an_empty_template_has_no_rows(tmp_path):
    stream = io.BytesIO()
    write_list(stream, "账号", COLUMNS)
    path = tmp_path / "template.xlsx"
    path.write_bytes(stream.getvalue())
    assert refusal(path).reason is Reason.NO_ROWS


def test_columns_may_stand_anywhere_below_a_title(save):
    path = save(["名单"], ["备注", "姓名", "*用户名"], ["x", " 王 ", 20240101], [None])
    [row] = read(path)
    assert row.number == 3
    assert row.cells == {"姓名": "王", "用户名": "20240101"}


def test_a_formula_and_an_error_are_said(save):
    path = save(["用户名", "姓名"], ["=A1", "王"], ["a", "#N/A"])
    first, second = read(path)
    assert "公式" in first.cells["用户名"]
    assert second.cells["姓名"] == "#N/A"


@pytest.mark.parametrize(
    ("rows", "reason"),
    [
        ([], Reason.EMPTY),
        ([["甲", "乙"], ["1", "2"]], Reason.NO_HEADER),
        ([["用户名", "角色"], ["a", "填报员"]], Reason.MISSING_COLUMN),
        ([["用户名", "姓名", "姓名"], ["a", "王", "李"]], Reason.DOUBLED_COLUMN),
    ],
)
def test_what_is_no_such_list_is_refused(save, rows, reason):
    assert refusal(save(*rows)).reason is reason


def test_too_many_rows_are_refused(save):
    rows = [[f"a{number}", "王"] for number in range(41)]
    path = save(["用户名", "姓名"], *rows)
    assert len(read(path, 41)) == 41
    assert refusal(path, 40).reason is Reason.TOO_MANY_ROWS


def test_a_file_that_is_no_workbook_is_refused(tmp_path):
    path = tmp_path / "list.xlsx"
    path.write_bytes(b"PK\x03\x04 nothing")
    assert refusal(path).reason is Reason.DAMAGED


def test_a_csv_is_read(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("用户名,姓名\nwang,王\n", encoding="gb18030")
    assert read(path)[0].cells["姓名"] == "王"
