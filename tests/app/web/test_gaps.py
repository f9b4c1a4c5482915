"""Pages of gap lists: how much is missing, and the way to where it is entered."""

import re
from html import unescape

import pytest

from tests.support.internship_rows import (
    DESTINATIONS,
    PEOPLE,
    PROJECT,
    STUDENTS,
    National,
    situation,
    words_of,
)

GAPS = "/forms/national/Z7.3.2/"


@pytest.fixture
def school(workshop):
    return National(workshop)


def list_ways(answer):
    """Addresses of the buttons of the rows."""
    found = re.findall(r'<a class="link" href="([^"]+)">去补填', answer.text)
    return [unescape(one) for one in found]


def test_each_row_leads_to_a_new_row_that_knows_what_is_known(filler, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    answer = filler.get(f"{GAPS}?at={school.key}")
    words = words_of(answer)
    assert "还缺 3 行，应有 3 行，已有 0 行" in words
    assert "去补填：Z7.3.1 学生实习情况列表" in words
    first, *others = list_ways(answer)
    assert len(others) == 2
    assert first.startswith("/forms/national/Z7.3.1/rows/new?")
    for part in (
        f"at={school.key}",
        "set.internship_no=X01",
        f"set.student_no={STUDENTS[0]}",
        "set.start_date=2024-02-26",
    ):
        assert part in first
    page = filler.get(first)
    assert page.status_code == 200
    assert 'value="2024-02-26"' in page.text


def test_closing_a_gap_takes_its_row_away(filler, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    [_, *left] = list_ways(filler.get(f"{GAPS}?at={school.key}"))
    school.add({"Z7.3.1": [situation(STUDENTS[0])]})
    answer = filler.get(f"{GAPS}?at={school.key}")
    assert list_ways(answer) == left
    assert "还缺 2 行，应有 3 行，已有 1 行" in words_of(answer)


def test_a_list_without_gaps_says_that_the_step_is_done(filler, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    school.add({"Z7.3.1": [situation(one) for one in STUDENTS]})
    words = words_of(filler.get(f"{GAPS}?at={school.key}"))
    assert "没有缺口，这一步已完成。" in words
    assert "应有 3 行，都在 Z7.3.1" in words


def test_a_list_with_nothing_to_look_through_says_so(filler, school):
    words = words_of(filler.get(f"{GAPS}?at={school.key}"))
    assert "现在看不出缺口" in words
    assert "这一步已完成" not in words


def test_counts_are_of_the_list_and_not_of_what_a_search_leaves(filler, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    answer = filler.get(f"{GAPS}?q={STUDENTS[1]}&at={school.key}")
    assert "还缺 3 行" in words_of(answer)
    assert len(list_ways(answer)) == 1


def test_who_may_only_look_is_told_who_enters_it(sign_in, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    answer = sign_in("office").get(f"{GAPS}?at={school.key}")
    assert list_ways(answer) == []
    words = words_of(answer)
    assert "补在 Z7.3.1 学生实习情况列表：您可以查看，不能录入" in words


def test_a_form_names_the_chains_that_it_stands_in(filler, school):
    answer = filler.get(f"/forms/national/Z7.3.1/?at={school.key}")
    assert f"/chains/national/internship/?at={school.key}" in answer.text
    assert "实习业务链" in words_of(answer)


def test_a_total_is_shown_as_rows_that_nobody_changes(filler, school):
    answer = filler.get(f"/forms/national/Z6.3.6/?at={school.key}")
    assert "data-read-only" in answer.text
    assert "新增行" not in words_of(answer)
