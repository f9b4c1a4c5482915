"""Files of a small table, read or refused."""

import pytest

from exporters.reader import read_workbook
from exporters.refusals import describe_refusal
from tests.support.awards import make_catalogue


@pytest.fixture(scope="module")
def catalogue():
    return make_catalogue()


@pytest.fixture(scope="module")
def form(catalogue):
    return catalogue.get("test/T1")


@pytest.fixture
def read(form, catalogue):
    """Read a file whole: its Reading, the rows by number, and the problems."""

    def read_file(path, **options):
        with read_workbook(path, form, catalogue, **options) as reading:
            rows, problems = {}, []
            for block in reading.blocks():
                for at, number in enumerate(block.numbers):
                    rows[number] = {k: v[at] for k, v in block.columns.items()}
                problems += block.problems
        return reading, rows, problems

    return read_file


@pytest.fixture
def refuse(form, catalogue):
    """The reason a file is refused for; its sentence must be complete."""

    def reason_of(path, **options):
        with read_workbook(path, form, catalogue, **options) as reading:
            assert reading.refusal is not None
            sentence = describe_refusal(reading.refusal)
        assert "未知" not in sentence
        assert "{" not in sentence
        return reading.refusal.reason

    return reason_of


@pytest.fixture
def book(tmp_path):
    return tmp_path / "book.xlsx"
