"""The landing page of every role: what waits for it, and what it may do about it."""

import re

import pytest

from app.models import FilingState
from tests.support.standings import SchoolRound

#: A form of the department that leads most, with rows.
OWN = "0.1.1"
ROLES = ["filler", "clerk", "head", "office", "leader", "analyst", "city", "admin"]


@pytest.fixture
def school(workshop):
    return SchoolRound(workshop)


def words_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


@pytest.mark.parametrize("role", ROLES)
def test_everybody_has_a_workbench(sign_in, role):
    answer = sign_in(role).get("/")
    assert answer.status_code == 200
    assert "我的工作台" in answer.text
    assert "style=" not in answer.text


def test_a_filler_sees_phases_and_what_is_left_of_them(sign_in, school):
    school.set_part(("准备", -9, -2, [OWN]), ("填报", -2, 3.5, ["*"]))
    words = words_of(sign_in("clerk").get("/"))
    assert "还剩 3 天 11 小时" in words
    assert "填报的任务" in words
    assert "逾期 3 天" in words


def test_what_was_returned_comes_first_with_its_cell_and_reason(sign_in, school):
    school.give_back(OWN, "像是按元填的。", row_id=12, row_key="护理", field_id="name")
    answer = sign_in("clerk").get("/")
    words = words_of(answer)
    assert "被退回 1 处" in words
    assert "部门负责人审核，演示管理员于" in words
    assert "像是按元填的。" in words
    assert f"/forms/talent/{OWN}/rows/12?at={school.key}#f-name" in answer.text
    assert answer.text.index("去修改") < answer.text.index("开始填")


def test_a_form_without_rows_can_be_declared_empty(sign_in, school):
    answer = sign_in("clerk").get("/")
    assert f"/forms/talent/{OWN}/empty?at={school.key}" in answer.text


def test_a_returned_form_without_data_is_handed_in_again(sign_in, school):
    school.give_back(OWN, "请写明原因。")
    school.change(OWN, is_empty=True)
    page = sign_in("clerk").get("/").text
    assert f'aria-label="去提交 {OWN}"' in page
    assert "请写明原因。" in page


def test_a_submitted_form_says_whom_it_waits_for(sign_in, school):
    school.file(OWN, FilingState.SUBMITTED, step="department")
    assert "待部门负责人审核" in sign_in("clerk").get("/").text


@pytest.mark.parametrize(
    ("role", "step"), [("head", "department"), ("office", "compliance")]
)
def test_who_decides_next_is_led_to_what_waits(sign_in, school, role, step):
    school.file(OWN, FilingState.SUBMITTED, step=step)
    answer = sign_in(role).get("/")
    assert "待我审：1 张报表" in words_of(answer)
    assert f"/reviews/?at={school.key}" in answer.text


def test_what_waits_for_another_step_is_nobody_elses(sign_in, school):
    school.file(OWN, FilingState.SUBMITTED, step="department")
    assert "待我审：" not in sign_in("office").get("/").text


def test_leaders_decide_about_the_round_as_a_whole(sign_in, school):
    school.set_part(state=FilingState.SUBMITTED, step="leadership")
    assert "的数据等您审定" in sign_in("leader").get("/").text
    assert "的数据等您审定" not in sign_in("office").get("/").text


def test_who_sees_progress_sees_how_far_departments_have_come(sign_in, school):
    school.file(OWN, FilingState.APPROVED)
    words = words_of(sign_in("analyst").get("/"))
    assert "已完成 1 / 90 张" in words
    assert "各部门进度" in words


def test_an_administrator_sees_the_installation(sign_in):
    words = words_of(sign_in("admin").get("/"))
    assert "报表文件" in words
    assert "数据库" in words


def test_an_authority_sees_the_units_below(sign_in, school):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    answer = sign_in("city").get("/")
    assert "等我审：1 个单位" in words_of(answer)
    assert f"/progress/?at={school.key}" in answer.text


def test_an_authority_above_the_step_has_nothing_to_decide(sign_in, school):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    assert "等我审：" not in words_of(sign_in("province").get("/"))


@pytest.mark.parametrize(
    ("show", "count"), [("", 90), ("mine", 89), ("others", 1), ("done", 0)]
)
def test_chips_filter_the_list(filler, school, show, count):
    school.file(OWN, FilingState.SUBMITTED, step="department")
    page = filler.get(f"/?show={show}").text
    assert len(re.findall(r'<th scope="row"><a class="coded', page)) == count


def test_places_can_be_searched_and_chosen(filler):
    page = filler.get("/places/?q=中职").text
    (key,) = re.findall(r'class="btn btn-sm" name="place" value="(\d+-\d+)"', page)
    filler.post("/choice", {"place": key}, page="/places/")
    assert "Z1.1" in filler.get("/").text


def test_a_place_that_is_not_there_is_not_found_by_a_search(filler):
    assert "没有找到" in filler.get("/places/?q=不存在的学校").text
