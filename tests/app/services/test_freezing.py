"""What a stored link freezes, met by files: imports, and the taking back of one."""

import pytest

from app.errors import RowFrozen
from app.services.taking_back import take_back
from app.storage.rows import RowStore
from tests.support.courses import BOOK, BOOKS, COURSE, COURSES, DEPARTMENTS
from tests.support.imports import write_sheet


@pytest.fixture
def send(office, catalogue, tmp_path):
    """Import rows as a file and let them pass: `send(BOOKS, BOOK)`."""

    def send(form_name, *rows):
        path = write_sheet(tmp_path / "行.xlsx", catalogue.get(form_name), rows)
        report = office.send(form_name, path)
        return report, office.pass_all(report)

    return send


@pytest.fixture
def linked(office, workshop, catalogue, send):
    """The import of a course that chooses the book T-1."""
    send(BOOKS, BOOK)
    form = catalogue.get(DEPARTMENTS)
    scope = office.scope(form)
    with workshop.engine.begin() as connection:
        row = {"department_code": "01"}
        RowStore(connection, catalogue).insert(form, scope, row, None)
    report, done = send(COURSES, COURSE)
    assert done.counts.added == 1
    return report


@pytest.mark.parametrize(
    ("form_name", "row", "said"),
    [
        (BOOKS, BOOK | {"price": "31.00"}, "教材信息有 1 行不能再修改或删除：T-1"),
        (COURSES, COURSE | {"course_name": "语文"}, "课程信息有 1 行.*：C-1"),
    ],
)
def test_an_import_that_changes_a_frozen_row_does_not_pass(
    office, linked, send, form_name, row, said
):
    before = office.rows(form_name)
    with pytest.raises(RowFrozen, match=said):
        send(form_name, row)
    assert office.rows(form_name) == before


def test_an_import_of_frozen_rows_as_they_are_passes(office, linked, send):
    _, done = send(COURSES, COURSE, COURSE | {"course_code": "C-2"})
    assert (done.counts.added, done.counts.updated) == (1, 0)


def test_an_import_whose_rows_link_others_is_not_taken_back(office, workshop, linked):
    with pytest.raises(RowFrozen, match="C-1"):
        take_back(workshop, None, linked.job.id)
    assert len(office.rows(COURSES)) == 1
