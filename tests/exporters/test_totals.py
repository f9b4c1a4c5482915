"""Rows of totals below the data: passed over and named, never a row of data."""

import pytest

from exporters.gate import Limits
from exporters.reader import read_workbook
from exporters.refusals import Reason
from exporters.totals import find_total_word
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.workbooks import inline, write_cells, write_sheet

HEADING = ["序号", "项目", "单位", "人数", "金额", "说明"]
ROWS = [[1, "甲", "一系", 3, 10, "见附件"], [2, "乙", "二系", 4, 20, None]]


def grants():
    schema = schema_of(
        "G",
        name=field_of("text", "项目"),
        unit=field_of("text", "单位"),
        people=field_of("integer", "人数"),
        amount=field_of("money", "金额"),
        note=field_of("text", "说明"),
    )
    schema["x-form"]["key"] = ["name", "unit"]
    return schema


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(grants())


@pytest.fixture
def read(tmp_path, catalogue):
    """Read a sheet: the numbers of its rows, and of those that were passed over."""

    def read_rows(*rows, **options):
        path = write_sheet(tmp_path / "book.xlsx", [HEADING, *rows])
        return read_file(path, catalogue, **options)

    return read_rows


def read_file(path, catalogue, **options):
    form = catalogue.get("test/G")
    with read_workbook(path, form, catalogue, **options) as reading:
        assert reading.refusal is None
        numbers = [n for block in reading.blocks() for n in block.numbers]
        return numbers, [tuple(total) for total in reading.totals]


@pytest.mark.parametrize(
    ("total", "word"),
    [
        ([None, "合计", None, 7, 30, None], "合计"),
        (["合计", None, None, 7, 30, None], "合计"),
        ([None, " 合　计 ", None, 7, 30, None], "合　计"),
        ([None, "总计：", "", "7", "30.00", "—"], "总计："),
        ([3, "合计（万元）", None, None, "1,030.5", None], "合计（万元）"),
        ([None, None, "小计", 7, 30, None], "小计"),
        ([None, "合计", None, None, None, None], "合计"),
        (["共计", "共计", "共计", 7, 30, None], "共计"),
    ],
)
def test_a_row_of_totals_at_the_end_is_passed_over_and_named(read, total, word):
    assert read(*ROWS, total) == ([2, 3], [(4, word)])


@pytest.mark.parametrize(
    "row",
    [
        # A key, or the rest of one, is a row of data.
        [3, "丙", "三系", 7, 30, "合计"],
        [3, "合计", "三系", 7, 30, None],
        # Somebody wrote more than numbers.
        [3, "合计", None, 7, 30, "见附件"],
        [3, "合计服务项目", None, 7, 30, None],
        # Without the word it is a row that lacks its key.
        [3, None, None, 7, 30, None],
    ],
)
def test_anything_else_is_a_row(read, row):
    assert read(*ROWS, row) == ([2, 3, 4], [])


def test_several_totals_and_what_is_signed_below_them(read):
    totals = [[None, "小计", None, 7, 30], ["合计", None, None, 7, 30]]
    signature = [None, "制表人：", None, None, None, "年 月 日"]
    numbers, passed = read(*ROWS, *totals, [], signature)
    assert (numbers, passed) == ([2, 3, 7], [(4, "小计"), (5, "合计")])


def test_a_total_with_data_below_it_stays_a_row(read):
    subtotal = [None, "小计", None, 3, 10, None]
    assert read(ROWS[0], subtotal, [], ROWS[1]) == ([2, 3, 5], [])


def test_data_far_below_a_total_are_looked_for_in_bounds(read):
    nameless = [[None, None, None, n, n, None] for n in range(150)]
    numbers, passed = read(*ROWS, [None, "合计", None, 7, 30], *nameless)
    assert (len(numbers), passed) == (153, [])
    assert numbers == sorted(numbers)


def test_a_sheet_with_nothing_but_totals_has_no_rows(tmp_path, catalogue):
    path = write_sheet(tmp_path / "book.xlsx", [HEADING, [None, "合计", None, 0, 0]])
    with read_workbook(path, catalogue.get("test/G"), catalogue) as reading:
        assert reading.refusal.reason is Reason.NO_ROWS


def test_sums_that_were_never_calculated_are_totals_too(tmp_path, catalogue):
    cells = [
        "".join(inline(f"{chr(65 + at)}1", text) for at, text in enumerate(HEADING)),
        inline("B2", "甲") + inline("C2", "一系") + '<c r="D2"><v>3</v></c>',
        inline("A3", "合计") + '<c r="D3"><f>SUM(D2:D2)</f></c>',
    ]
    rows = "".join(f'<row r="{n}">{row}</row>' for n, row in enumerate(cells, 1))
    path = write_cells(tmp_path / "book.xlsx", rows)
    assert read_file(path, catalogue) == ([2], [(3, "合计")])


def test_totals_of_a_csv_file_are_passed_over(tmp_path, catalogue):
    path = tmp_path / "rows.csv"
    path.write_text("项目,单位,人数\n甲,一系,3\n合计,,3\n", "utf-8")
    assert read_file(path, catalogue) == ([2], [(3, "合计")])


def test_a_sheet_that_is_read_in_parts_has_its_totals_at_its_end(read):
    rows = [[n, f"项目{n}", "一系", 1, 1, "长" * 50] for n in range(400)]
    rows[100] = [None, "小计", None, 100, 100, None]
    total = [None, "合计", None, 400, 400, None]
    limits = Limits(half_bytes=10_000, whole_bytes=20_000, slice_bytes=10_000)
    numbers, passed = read(*rows, total, limits=limits)
    assert (numbers, passed) == (list(range(2, 402)), [(402, "合计")])


@pytest.mark.parametrize("start_after", [2, 3])
def test_totals_are_known_to_who_goes_on_reading(read, start_after):
    total = [None, "合计", None, 7, 30, None]
    numbers, passed = read(*ROWS, total, start_after=start_after)
    assert numbers == [n for n in (2, 3) if n > start_after]
    assert passed == [(4, "合计")]


def test_a_date_is_no_amount():
    assert find_total_word([""], ["合计", "", 1, 2.5, "-", "12%"]) == "合计"
    assert find_total_word([""], ["合计", "", "2024年"]) is None
