"""Chains of work: the path of an edition's forms, and the lists of what is missing."""

import re

import pytest

from app.models import FilingState
from tests.support.internship_rows import (
    BASES,
    DESTINATIONS,
    PEOPLE,
    PROJECT,
    STUDENTS,
    National,
    situation,
    words_of,
)

CHAIN = "/chains/national/internship/"


@pytest.fixture
def school(workshop):
    return National(workshop)


def step_of(answer, step):
    """The words of one step of the page."""
    part = answer.text.split(f'id="step-{step}"', 1)[1].split("</section>", 1)[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", part))


def test_a_step_waits_for_what_has_no_rows_and_names_it(filler, school):
    answer = filler.get(f"{CHAIN}?at={school.key}")
    first, project = step_of(answer, "base"), step_of(answer, "project")
    assert "还看不出" in step_of(answer, "process")
    assert "可以开始" in first
    assert "等前面的步骤" in project
    for code in BASES:
        assert code in project
        assert f"/forms/national/{code}/?at={school.key}" in answer.text
    school.add({"Z7.1.1": BASES["Z7.1.1"]})
    school.file("Z7.1.2", FilingState.DRAFT, is_empty=True)
    project = step_of(filler.get(f"{CHAIN}?at={school.key}"), "project")
    assert "Z7.1.1" not in project
    assert "Z7.1.2" not in project
    assert "Z7.1.3" in project


def test_gaps_shrink_until_the_step_is_done(filler, school):
    school.add(BASES, PEOPLE, PROJECT, DESTINATIONS)
    answer = filler.get(f"{CHAIN}?at={school.key}")
    assert "已齐" in step_of(answer, "destination")
    assert "可以开始" in step_of(answer, "process")
    assert "待生成 3 行" in step_of(answer, "process")
    assert "有缺口 3 行 逐行补填" in step_of(answer, "process")
    assert "还有 6 处缺口" in words_of(answer)
    school.add({"Z7.3.1": [situation(one) for one in STUDENTS[:2]]})
    process = step_of(filler.get(f"{CHAIN}?at={school.key}"), "process")
    assert "进行中" in process
    assert "待生成 1 行" in process
    assert "有缺口 1 行" in process
    school.add({"Z7.3.1": [situation(STUDENTS[2])]})
    process = step_of(filler.get(f"{CHAIN}?at={school.key}"), "process")
    assert "已齐" in process
    assert "没有缺口" in process
    assert "待生成" not in process
    assert "这一步已完成" in process


def test_rows_of_a_stored_link_are_shown_locked(filler, school):
    book = {"textbook_code": "B1", "textbook_name": "教材"}
    course = {"course_code": "C1", "course_name": "课程", "textbook_codes": ["B1"]}
    school.add({"Z6.2.1": [book], "Z6.2.3": [course]})
    answer = filler.get(f"/chains/national/teaching/?at={school.key}")
    assert step_of(answer, "base").count("1 行已锁定") == 2


def test_who_sees_part_of_a_chain_reads_nothing_of_the_rest(sign_in, school):
    school.add(BASES, PEOPLE, PROJECT, DESTINATIONS)
    teaching = sign_in("teaching")
    answer = teaching.get(f"/chains/national/teaching/?at={school.key}")
    assert "学期课程安排" in words_of(answer)
    assert teaching.get(f"{CHAIN}?at={school.key}").status_code == 404


@pytest.mark.parametrize(
    "address",
    [
        "/chains/national/nothing/",
        "/chains/talent/internship/",
        "/chains/nothing/internship/",
        "/chains/national/%E5%AE%9E%E4%B9%A0/",
    ],
)
def test_a_chain_that_there_is_not_is_not_found(filler, address):
    assert filler.get(address).status_code == 404


# The workbench and the progress page.


def test_gap_lists_stand_among_what_is_to_be_done(sign_in, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    address = f"/?at={school.key}"
    for person, page in (("filler", address), ("office", f"/progress/{address[1:]}")):
        words = words_of(sign_in(person).get(page))
        assert "未填写实习情况列表 校企合作与就业处，补在 Z7.3.1" in words
        assert "还缺 3 行 去补填" in words
        assert "来源还没有行" in words
        assert "实习业务链" in words


def test_a_gap_list_that_is_empty_is_done(filler, school):
    school.add(PEOPLE, PROJECT, DESTINATIONS)
    school.add({"Z7.3.1": [situation(one) for one in STUDENTS]})
    words = words_of(filler.get(f"/?at={school.key}"))
    assert "补在 Z7.3.1 学生实习情况列表 没有缺口" in words


def test_a_collection_without_chains_says_nothing_of_gaps(filler):
    assert "缺口清单" not in words_of(filler.get("/"))
