"""A group's report as one page: saved block by block, handed in by one act."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.models import Extension, Filing, FilingState, Role, Round, Unit, UnitRound
from app.services.accounts import NewMembership, create_user
from app.services.organisation import insert_round
from app.storage.engine import begin_reading
from tests.app.web.conftest import PASSWORD

PAGE = "/booklets/group/report/"
#: What only concerns the look of the page.
LOOKS = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BASICS = {
    "founded_month": "2012-06",
    "lead_units": "砚溪机电职业技术学院;砚溪精工有限公司",
    "is_approved": "是",
    "is_filed": "否",
    "is_registered": "否",
    "approval_org": "砚溪市教育局",
}
SCHOOL = {
    "member_name": "砚溪机电职业技术学院",
    "organization_code": "U6BKJB2C3",
    "school_level": "其他",
    "is_lead_unit": "是",
}
COMPANY = {
    "member_name": "砚溪精工有限公司",
    "organization_code": "6J75KJ730",
    "is_lead_unit": "否",
}
INDUSTRY = {"industry_section": "D", "industry_divisions": ["44", "45"]}


@pytest.fixture
def reporter(engine, sign_in):
    for name in ("reporter", "second"):
        create_user(
            engine,
            username=name,
            name=f"{name} 的姓名",
            memberships=[NewMembership(Role.REPORTER, "demo-group", may_import=True)],
            password=PASSWORD,
            must_change_password=False,
        )
    return sign_in("reporter")


@pytest.fixture
def complete(reporter):
    for form, cells in (
        ("group/G1", BASICS),
        ("group/G2", INDUSTRY),
        ("group/G5.2", SCHOOL),
        ("group/G5.6", COMPANY),
    ):
        answer = reporter.save(form, (None, None, cells)).json["rows"][0]
        assert answer["status"] == "saved", answer
    return reporter


def list_states(engine):
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(Filing.form_code, Filing.state, Filing.is_empty).where(
                Filing.form_code.startswith("G")
            )
        )
        return {code: (state, is_empty) for code, state, is_empty in found}


def find_round_state(engine):
    with begin_reading(engine) as connection:
        return connection.scalar(
            select(UnitRound.state).where(UnitRound.submitted_at.is_not(None))
        )


def hand_in_too_early(browser):
    """The page that lists what is missing."""
    answer = browser.post(PAGE, {"act": "submit"}, page=PAGE)
    assert answer.status_code == 303
    assert "/missing" in answer.location
    return browser.get(answer.location)


def read_missing(answer):
    part = answer.text.partition('id="missing"')[2].partition("</section>")[0]
    return re.findall(r'<a class="link" href="([^"]*)">([^<]*)</a>：([^<]*)<', part)


@LOOKS
def test_the_page_has_the_blocks_in_their_order(reporter):
    text = reporter.get(PAGE).text
    heads = re.findall(r"<h2>([^<]+)</h2>", text)
    assert heads == [
        "基本情况",
        "集团成立审批情况",
        "办学覆盖的主要行业",
        "集团企业情况",
        "成员单位构成情况",
        "集团教学情况汇总",
    ]
    assert re.search(r"state is-draft[^>]*>([^<]+)<", text).group(1) == "未填报"


@LOOKS
def test_fields_of_several_forms_have_ids_of_their_own(reporter):
    text = reporter.get(PAGE).text
    ids = re.findall(r'\bid="([^"]+)"', text)
    assert len(ids) == len(set(ids))
    assert {"f-G1-lead_units", "f-G3-employee_total"} <= set(ids)


@LOOKS
def test_a_code_is_ticked_with_what_stands_below_it(reporter):
    reporter.save("group/G2", (None, None, INDUSTRY))
    text = reporter.get(PAGE).text
    line = text.partition('data-tick="D"')[2].partition("</li>")[0]
    assert " checked" in line
    assert "2 个行业大类" in line
    dialog = text.partition('data-dialog="D"')[2].partition("</dialog>")[0]
    assert re.findall(r'value="(\d\d)"( checked)?', dialog) == [
        ("44", " checked"),
        ("45", " checked"),
        ("46", ""),
    ]


@LOOKS
def test_a_tick_without_anything_below_says_what_it_lacks(reporter):
    cells = {"industry_section": "I", "industry_divisions": []}
    reporter.save("group/G2", (None, None, cells))
    line = reporter.get(PAGE).text.partition('data-tick="I"')[2].partition("</li>")[0]
    assert "未选行业大类" in line


def test_counts_follow_the_lists_by_themselves(complete):
    text = complete.get(PAGE).text
    part = text.partition('id="b-G4"')[2].partition("</table>")[0]
    counts = re.findall(
        r'<th [^>]*scope="row">(?:<a[^>]*>)?([^<]+).*?num">(\d+)<', part, re.S
    )
    assert ("高职学校数", "1") in counts
    assert ("企业数", "1") in counts
    assert ("成员单位总数", "2") in counts


@LOOKS
def test_what_is_missing_is_listed_with_the_way_to_it(reporter):
    cells = BASICS | {"approval_org": ""}
    reporter.save("group/G1", (None, None, cells))
    answer = hand_in_too_early(reporter)
    assert "项目信息不全" in answer.text
    missing = read_missing(answer)
    assert ("#f-G1-approval_org", "批准、备案或注册部门名称") in [
        m[:2] for m in missing
    ]
    assert ("#b-G2", "办学覆盖的主要行业", "还没有勾选，请至少勾选一项。") in missing
    assert any(url == "#b-G4" and "不足2个" in text for url, _, text in missing)


@LOOKS
def test_what_a_report_has_to_hold_is_not_declared_empty(reporter):
    reporter.post("/forms/group/G2/empty", {"confirmed": "1"}, page=PAGE)
    assert "必须填的，不能申报" in reporter.get(PAGE).text
    missing = read_missing(hand_in_too_early(reporter))
    assert "#b-G2" in [url for url, *_ in missing]


def count_missing(browser):
    return browser.get(f"{PAGE}count").json["total"]


def test_as_much_is_missing_as_is_listed_when_it_is_handed_in(reporter):
    before = count_missing(reporter)
    # Counting begins nothing.
    assert not re.search(r'data-row="\d', reporter.get(PAGE).text)
    told = hand_in_too_early(reporter).text
    assert f"项目信息不全，还差 {before} 处" in told
    assert count_missing(reporter) == before


def test_less_is_missing_with_each_thing_that_is_stored(complete):
    assert count_missing(complete) == 0
    cells = SCHOOL | {"organization_code": "YT8184WM7", "is_lead_unit": ""}
    complete.save("group/G5.8", (None, None, cells))
    missing = read_missing(hand_in_too_early(complete))
    assert count_missing(complete) == len(missing) > 0


@LOOKS
def test_of_what_was_handed_in_nothing_is_counted(complete):
    complete.post(PAGE, {"act": "submit"}, page=PAGE)
    assert count_missing(complete) is None


def test_nothing_is_handed_in_while_anything_is_missing(engine, complete):
    [row] = complete.save(
        "group/G5.8",
        (None, None, SCHOOL | {"organization_code": "YT8184WM7", "is_lead_unit": "否"}),
    ).json["rows"]
    answer = hand_in_too_early(complete)
    [(url, _place, _text)] = read_missing(answer)
    assert url.startswith(f"/forms/group/G5.8/rows/{row['id']}")
    states = {state for state, _ in list_states(engine).values()}
    assert states == {FilingState.DRAFT}


def test_a_rule_over_lists_left_empty_is_judged_before_anything_is_handed_in(
    reporter,
):
    for form, cells in (
        ("group/G1", BASICS),
        ("group/G2", INDUSTRY),
        ("group/G5.2", SCHOOL | {"is_lead_unit": "否"}),
        ("group/G5.6", COMPANY),
    ):
        reporter.save(form, (None, None, cells))
    answer = hand_in_too_early(reporter)
    [(_url, _place, text)] = read_missing(answer)
    assert "没有标明牵头单位" in text


def test_one_act_hands_all_in_and_locks_it(engine, complete):
    answer = complete.post(PAGE, {"act": "submit"}, page=PAGE)
    assert answer.status_code == 303, read_missing(answer)
    states = list_states(engine)
    assert {state for state, _ in states.values()} == {FilingState.APPROVED}
    assert states["G5.8"] == (FilingState.APPROVED, True)
    assert states["G3"] == (FilingState.APPROVED, False)
    assert find_round_state(engine) is FilingState.SUBMITTED
    text = complete.get(PAGE).text
    assert "已提交" in text
    assert 'value="submit"' not in text
    assert complete.save("group/G5.1", (None, None, SCHOOL)).status_code == 403


@LOOKS
def test_a_second_account_gets_a_conflict_for_the_same_cell(complete, sign_in):
    second = sign_in("second")
    [row] = complete.save("group/G3", (None, None, {"employee_total": "10"})).json[
        "rows"
    ]
    cells = {"employee_total": "20"}
    [theirs] = second.save("group/G3", (row["id"], row["version"], cells)).json["rows"]
    assert theirs["status"] == "saved"
    cells = {"employee_total": "30"}
    [mine] = complete.save("group/G3", (row["id"], row["version"], cells)).json["rows"]
    assert mine["status"] == "conflict"
    assert mine["current"]["employee_total"] == "20"


@LOOKS
def test_a_block_saved_without_a_script_comes_back_to_the_booklet(reporter):
    text = reporter.get(PAGE).text
    action = re.search(r'action="(/forms/group/G1/[^"]*)"', text).group(1)
    answer = reporter.post(action.replace("&amp;", "&"), BASICS, page=PAGE)
    assert answer.status_code == 303
    assert answer.location.startswith(PAGE)


@LOOKS
def test_units_of_other_kinds_have_no_such_booklet(filler):
    assert filler.get(PAGE).status_code == 404


@pytest.fixture
def last(engine, catalogue, reporter):
    """Where the group reported a year before, with two members of one list."""
    edition = catalogue.edition("group", "2014")
    with engine.begin() as connection:
        this = connection.scalar(
            select(Round.id).where(Round.collection == "group", ~Round.is_standing)
        )
        before = insert_round(connection, edition, "上一年")
        connection.execute(
            update(Round).where(Round.id == this).values(previous_id=before)
        )
        unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-group"))
    members = [
        SCHOOL | {"student_count": "1200"},
        SCHOOL | {"member_name": "砚溪第二职业学校", "organization_code": "6J75KJ730"},
    ]
    for cells in members:
        answer = reporter.send(
            f"/forms/group/G5.1/save?at={unit}-{before}",
            {"rows": [{"key": "r", "id": None, "version": None, "cells": cells}]},
        )
        assert answer.json["rows"][0]["status"] == "saved"
    reporter.get(f"/?at={unit}-{this}")
    return f"{unit}-{this}"


def test_members_are_chosen_from_the_last_round_without_their_figures(reporter, last):
    page = f"/forms/group/G5.1/last/?at={last}"
    text = reporter.get(page).text
    marks = re.findall(r'name="row" value="([0-9a-f]+)"', text)
    assert len(marks) == 2
    found = reporter.get(f"{page}&q=第二").text
    [mark] = re.findall(r'name="row" value="([0-9a-f]+)"', found)
    other = next(one for one in marks if one != mark)
    answer = reporter.post(page, {"row": other}, page=page)
    assert answer.location.endswith("/forms/group/G5.1/")
    text = reporter.get(f"/forms/group/G5.1/?at={last}").text
    assert SCHOOL["member_name"] in text
    assert "砚溪第二职业学校" not in text
    assert 'value="1,200"' not in text
    assert re.findall(r'name="row" value="([0-9a-f]+)"', reporter.get(page).text) == [
        mark
    ]
    part = reporter.get(f"{PAGE}?at={last}").text.partition('id="b-G4"')[2]
    assert re.search(r'中职学校数</a></th>\s*<td[^>]*num">1</td>', part)


@LOOKS
def test_nothing_chosen_brings_nothing(reporter, last):
    page = f"/forms/group/G5.1/last/?at={last}"
    answer = reporter.post(page, {}, page=page)
    assert "还没有选" in reporter.get(answer.location).text


def test_a_province_returns_a_cell_with_a_deadline_of_its_own(
    engine, complete, sign_in
):
    complete.post(PAGE, {"act": "submit"}, page=PAGE)
    province = sign_in("province")
    with begin_reading(engine) as connection:
        unit, round_id = connection.execute(
            select(UnitRound.unit_id, UnitRound.round_id).where(
                UnitRound.state == FilingState.SUBMITTED
            )
        ).one()
    here = f"/reviews/round?at={unit}-{round_id}"
    fields = {
        "act": "return",
        "form": "G1",
        "cell": f"G1|{find_row(complete)}.lead_units",
        "reason|G1": "wrong",
        "words|G1": "牵头单位少了一家",
        "until": "2099-01-31T18:00",
    }
    answer = province.post(here, fields, page=here)
    assert answer.status_code == 303
    told = province.get(answer.location).text
    assert "已退回" in told, told
    with begin_reading(engine) as connection:
        [code] = connection.scalars(select(Extension.form_code))
    assert code == "G1"
    text = complete.get(PAGE).text
    assert "牵头单位少了一家" in text
    locked = re.search(r'data-given="founded_month"', text)
    assert locked
    cells = {"lead_units": "砚溪机电职业技术学院;砚溪精工有限公司;昭宁公司"}
    version = int(re.search(r'name="_version" value="(\d+)"', text).group(1))
    mended = (find_row(complete), version, cells)
    require_locked_after_the_deadline(engine, complete, mended)
    fields = {"act": "lengthen", "until": "2099-02-28T18:00"}
    answer = province.post(here, fields, page=here)
    assert "2099-02-28 18:00" in province.get(answer.location).text
    [row] = complete.save("group/G1", mended).json["rows"]
    assert (
        row["cells"]["lead_units"] == "砚溪机电职业技术学院；砚溪精工有限公司；昭宁公司"
    )
    answer = complete.post(PAGE, {"act": "submit"}, page=PAGE)
    assert answer.status_code == 303
    assert find_round_state(engine) is FilingState.SUBMITTED


def require_locked_after_the_deadline(engine, group, mended):
    with engine.begin() as connection:
        over = datetime.now(UTC) - timedelta(minutes=1)
        connection.execute(update(Extension.__table__).values(until=over))
    told = "改好的期限是.*已经过了.*演示省教育厅.*延长期限"
    page = group.get(PAGE).text
    assert re.search(told, page)
    assert re.search(told, group.save("group/G1", mended).json["message"])
    submitted = group.post(PAGE, {"act": "submit"}, page=PAGE)
    assert re.search(told, group.get(submitted.location).text)
    imported = group.get("/forms/group/G1/import")
    assert imported.status_code == 403
    assert re.search(told, imported.text)


def find_row(browser):
    text = browser.get("/forms/group/G1/").text
    return int(re.search(r'data-row="(\d+)"', text).group(1))


def test_a_province_sees_who_has_not_reported_in_the_words_of_the_list(
    complete, sign_in
):
    def find_state():
        text = sign_in("province").get("/").text
        main = text.partition("<main")[2]
        listed = r'/progress/\?at=[0-9-]+">演示职业教育集团</a>(.*?)</li>'
        line = re.search(listed, main, re.DOTALL).group(1)
        words = ("未填报", "填报中", "已提交", "已退回", "审核通过", "已上报")
        return next(word for word in words if word in line)

    assert find_state() == "填报中"
    complete.post(PAGE, {"act": "submit"}, page=PAGE)
    assert find_state() == "已提交"


@LOOKS
def test_what_is_handed_in_together_is_not_handed_in_by_itself(reporter):
    form = reporter.get("/forms/group/G5.6/").text
    assert "回到填报职教集团情况" in form
    assert "我已初审" not in form
    workbench = reporter.get("/").text
    assert "报无数据" not in workbench
    assert re.search(r'href="/booklets/group/report/\?at=[\d-]+#b-G3"', workbench)
