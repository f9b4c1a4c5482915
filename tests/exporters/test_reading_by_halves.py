"""A large sheet is read by two processes, half by half: the rows are the same."""

import pytest
from openpyxl import Workbook

from exporters.gate import Limits
from exporters.reader import read_workbook
from exporters.refusals import Reason
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.workbooks import inline, write_cells, write_sheet

HEADING = ["编号", "人数", "比例"]
HALVES = Limits(half_bytes=0)


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(
        schema_of(
            "T1",
            number=field_of("code", "编号"),
            people=field_of("integer", "人数"),
            share=field_of("percent", "比例"),
        )
    )


@pytest.fixture
def book(tmp_path):
    return tmp_path / "book.xlsx"


@pytest.fixture
def read(catalogue):
    """Numbers, values and problems of a file's rows, or the refusal."""

    def read_file(path, **options):
        form = catalogue.get("test/T1")
        with read_workbook(path, form, catalogue, **options) as reading:
            if reading.refusal is not None:
                return reading.refusal.reason
            rows, problems = [], []
            for block in reading.blocks():
                values = zip(*block.columns.values(), strict=True)
                rows += zip(block.numbers, values, strict=True)
                problems += [(p.row_number, p.field_id, p.code) for p in block.problems]
        return rows, problems

    return read_file


def heading():
    return "".join(
        inline(f"{letter}1", label)
        for letter, label in zip("ABC", HEADING, strict=True)
    )


@pytest.mark.parametrize("count", [1, 2, 3, 50, 9001])
def test_both_halves_together_are_the_sheet(book, read, count):
    write_sheet(book, [HEADING, *([f"A{n}", n, n % 100] for n in range(count))])
    rows, problems = read(book, limits=HALVES)
    assert (rows, problems) == read(book)
    assert [number for number, _ in rows] == list(range(2, count + 2))


@pytest.mark.parametrize("wide", [0, 40, 400])
def test_rows_of_which_only_errors_are_left_stand_in_their_half(book, read, wide):
    """Wherever the sheet is cut: the first rows are made longer and longer."""
    body = "".join(
        f'<row r="{n}">{inline(f"A{n}", "A" * (wide if n < 20 else 1) + str(n))}</row>'
        if n % 3
        else f'<row r="{n}"><c r="B{n}" t="e"><v>#N/A</v></c></row>'
        for n in range(2, 100)
    )
    write_cells(book, f'<row r="1">{heading()}</row>{body}')
    rows, problems = read(book, limits=HALVES)
    assert [number for number, _ in rows] == list(range(2, 100))
    assert [row for row, _, _ in problems] == list(range(3, 100, 3))


def test_numbers_shown_as_per_cent_are_scaled_in_both_halves(book, read):
    workbook = Workbook()
    workbook.active.append(HEADING)
    for number in range(200):
        workbook.active.append([f"A{number}", number, 0.85])
        workbook.active.cell(number + 2, 3).number_format = "0%"
    workbook.save(book)
    rows, _ = read(book, limits=HALVES)
    assert {values[2] for _, values in rows} == {85}
    assert len(rows) == 200


def test_a_half_without_a_value_is_no_harm(book, read):
    blank = "".join(f'<row r="{n}" ht="20"/>' for n in range(3, 400))
    first = f'<row r="2">{inline("A2", "A1")}</row>'
    write_cells(book, f'<row r="1">{heading()}</row>{first}{blank}')
    assert read(book, limits=HALVES) == ([(2, ("A1", None, None))], [])


def test_a_heading_without_rows_is_refused_all_the_same(book, read):
    blank = "".join(f'<row r="{n}" ht="20"/>' for n in range(2, 400))
    write_cells(book, f'<row r="1">{heading()}</row>{blank}')
    assert read(book, limits=HALVES) is Reason.NO_ROWS


def test_a_sheet_without_any_value_is_refused_all_the_same(book, read):
    write_cells(book, "".join(f'<row r="{n}" ht="20"/>' for n in range(1, 400)))
    assert read(book, limits=HALVES) is Reason.EMPTY


def test_a_sheet_written_unusually_is_read_once(book, read):
    labels = "".join(f"<c t='inlineStr'><is><t>{x}</t></is></c>" for x in HEADING)
    body = "".join(
        f"<row><c t='inlineStr'><is><t>A{n}</t></is></c></row>" for n in range(2, 99)
    )
    write_cells(book, f"<row>{labels}</row>{body}")
    rows, _ = read(book, limits=HALVES)
    assert len(rows) == 97


def test_halves_that_are_too_large_are_read_in_parts(book, read):
    write_sheet(book, [HEADING, *([f"A{n}", n, n % 100] for n in range(500))])
    limits = Limits(half_bytes=0, whole_bytes=0, slice_bytes=3000)
    assert read(book, limits=limits) == read(book)


@pytest.mark.parametrize("row", [2, 120, 260, 299])
def test_reading_resumes_after_a_row_of_either_half(book, read, row):
    write_sheet(book, [HEADING, *([f"A{n}", n, 1] for n in range(299))])
    rows, _ = read(book, limits=HALVES, start_after=row)
    assert [number for number, _ in rows] == list(range(row + 1, 301))


def test_rows_that_must_be_judged_together_come_in_one_block(book, catalogue):
    write_sheet(book, [HEADING, *([f"A{n}", n, 1] for n in range(299))])
    form = catalogue.get("test/T1")
    with read_workbook(
        book, form, catalogue, limits=HALVES, block_rows=HALVES.rows
    ) as reading:
        assert [len(block.numbers) for block in reading.blocks()] == [299]
