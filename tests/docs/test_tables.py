import pytest

from exporters.refusals import Reason
from tests.support.doc_tables import TABLES, find_table, make_table
from validators.report import Code


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_documentation_is_the_one_the_code_gives(name):
    # `python -m tests.support.doc_tables` writes them anew.
    assert find_table(name) == make_table(name)


def test_every_sort_of_problem_and_of_refusal_has_its_line():
    lines = find_table("problems").count("\n"), find_table("refusals").count("\n")
    assert lines == (len(Code) + 2, len(Reason) + 2)


@pytest.mark.parametrize("name", ["problems", "refusals"])
def test_no_sentence_has_a_gap(name):
    assert "未知" not in find_table(name)
