"""Large sheets are cut into parts."""

import pytest

from exporters.gate import Limits
from exporters.reader import read_workbook
from tests.support.awards import HEADING
from tests.support.workbooks import (
    inline,
    inline_row,
    write_cells,
    write_sheet,
)


@pytest.fixture
def large(book):
    rows = [[f"A{n}", f"名{n}", n, None] for n in range(2, 300)]
    return write_sheet(book, [HEADING, *rows])


def test_a_sheet_read_in_parts_gives_the_same_rows(large, read):
    _, whole, _ = read(large)
    reading, parts, problems = read(
        large, limits=Limits(whole_bytes=0, slice_bytes=4000)
    )
    assert parts == whole
    assert problems == []
    assert reading.header_row == 1


def test_blocks_are_full_whatever_the_parts_are(large, form, catalogue):
    limits = Limits(whole_bytes=0, slice_bytes=4000)
    with read_workbook(
        large, form, catalogue, limits=limits, block_rows=1000
    ) as reading:
        assert [len(block.numbers) for block in reading.blocks()] == [298]


def test_error_cells_are_found_in_every_part(book, read):
    labels = inline_row(1, HEADING)
    body = "".join(
        f'<row r="{n}">{inline(f"A{n}", f"A{n}")}<c r="C{n}"><f>1+1</f></c></row>'
        for n in range(2, 200)
    )
    write_cells(book, f'<row r="1">{labels}</row>{body}')
    _, rows, problems = read(book, limits=Limits(whole_bytes=0, slice_bytes=3000))
    assert [p.row_number for p in problems] == list(rows) == list(range(2, 200))


def test_a_part_whose_first_column_is_blank_keeps_its_columns(book, read):
    rows = [[f"A{n}", f"名{n}", n, None] for n in range(2, 60)]
    late = [[f"A{n}", None, n, None] for n in range(60, 120)]
    write_sheet(book, [["x", *HEADING], *(["", *row] for row in rows + late)])
    _, found, _ = read(book, limits=Limits(whole_bytes=0, slice_bytes=2000))
    assert found[119] == {"number": "A119", "name": None, "people": 119, "start": None}


def test_a_large_sheet_written_unusually_is_read_whole(book, read):
    labels = "".join(f"<c t='inlineStr'><is><t>{x}</t></is></c>" for x in HEADING)
    body = "".join(
        f"<row><c t='inlineStr'><is><t>A{n}</t></is></c></row>" for n in range(2, 99)
    )
    write_cells(book, f"<row>{labels}</row>{body}")
    assert len(read(book, limits=Limits(whole_bytes=0, slice_bytes=2000))[1]) == 97


def test_many_closed_blank_rows_are_cut_too(book, read):
    labels = inline_row(1, HEADING)
    blank = "".join(f'<row r="{n}" ht="20"/>' for n in range(2, 900))
    last = f'<row r="900">{inline("A900", "A1")}</row>'
    write_cells(book, f'<row r="1">{labels}</row>{blank}{last}')
    assert list(read(book, limits=Limits(whole_bytes=0, slice_bytes=2000))[1]) == [900]


def test_reading_in_parts_resumes_after_a_row(large, read):
    _, rows, _ = read(
        large, start_after=150, limits=Limits(whole_bytes=0, slice_bytes=4000)
    )
    assert list(rows) == list(range(151, 300))
