"""The workbook of who supplies which form: there and back, and what is refused."""

import pytest
from openpyxl import load_workbook

from app.services.rounds.assignment_list import read_assignments, write_assignments
from app.services.rounds.drafts import RefusedRound, list_suppliers
from app.storage.assignments import load_assignments
from app.storage.engine import begin_reading
from exporters.gate import Limits


@pytest.fixture
def assignments(engine, school):
    with begin_reading(engine) as connection:
        return load_assignments(connection, school, 0)


@pytest.fixture
def book(tmp_path, edition, assignments):
    """The workbook as it is taken home; `book(row, C="财务处")` changes cells."""
    path = tmp_path / "book.xlsx"
    suppliers = list_suppliers(edition, assignments, None)
    names = [name for _, name in assignments.departments.values()]
    write_assignments(path, edition, suppliers, names)

    def change(row, **cells):
        workbook = load_workbook(path)
        for letter, text in cells.items():
            workbook.worksheets[0][f"{letter}{row}"] = text
        workbook.save(path)

    change.path = path
    return change


@pytest.fixture
def read(book, edition, assignments):
    return lambda: read_assignments(book.path, edition, assignments, Limits())


def test_it_comes_back_as_it_went(read, edition, assignments):
    suppliers = list_suppliers(edition, assignments, None)
    assert read() == {
        code: tuple(one.department_id for one in found)
        for code, found in suppliers.items()
    }


def test_changes_come_back(book, read, assignments):
    book(2, C="财务处", D="后勤处，团委")
    names = assignments.departments
    expected = tuple(names[name][0] for name in ("财务处", "后勤处", "团委"))
    assert read()["0.1.1"] == expected


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            {"C": "学生处"},
            "第 2 行 C 列“牵头部门”：本单位没有部门“学生处”。是不是“学生工作处”？",
        ),
        ({"D": "财务科"}, "第 2 行 D 列“协助部门”：本单位没有部门“财务科”。"),
        ({"A": "0.1.11"}, "第 2 行 A 列“表号”：没有表“0.1.11”。是不是“"),
        ({"A": "0.1.2"}, "表 0.1.2 在第 2 行已经有了"),
        ({"C": "财务处、后勤处"}, "表 0.1.1 有 2 个牵头部门，只能有一个"),
        ({"C": ""}, "表 0.1.1 没有牵头部门"),
    ],
)
def test_what_cannot_be_read_is_told_by_row_and_column(book, read, cells, expected):
    book(2, **cells)
    with pytest.raises(RefusedRound, match=expected):
        read()
