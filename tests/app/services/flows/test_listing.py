"""Lists of rows that travel: whose, in which states, and what waits for whom."""

from datetime import date

import pytest
from sqlalchemy import insert, select, update

from app.errors import NotFound
from app.models import Membership, Role, Round
from app.services.flows.listing import Asked, list_items, list_waiting
from tests.support.travelling import NEWS, YEARLY


@pytest.fixture
def listed(region):
    """What a unit's person finds: names of rows, and the list."""

    def listed(who, form="group/G9", **asked):
        found = list_items(region.workshop, region.actor(who), Asked(form, **asked))
        return [line.name for line in found.lines], found

    return listed


def _send(region, unit, title):
    row = region.add(unit, "G9", **NEWS | {"title": title})
    region.move(unit, "G9", row, "recommend")
    return row


def _policy(region, unit="city"):
    return {
        "title": "关于集团化办学的意见",
        "issuing_org": "东一市教育局",
        "issued_date": date(2013, 1, 24),
        "region_code": "110000",
        "policy_level": "市",
        "document_file": region.file(unit, "G8", "document_file"),
    }


def _case(region, unit):
    return {
        "case_title": "校企共建实训基地",
        "case_document": region.file(unit, "G7.1", "case_document"),
        "allow_publish": True,
    }


def test_each_level_finds_what_its_units_sent(region, listed):
    _send(region, "group", "东")
    _send(region, "far", "西")
    region.add("group", "G9", **NEWS | {"title": "没有交"})
    assert listed("nation")[0] == ["西", "东"]
    assert listed("east")[0] == listed("city")[0] == ["东"]
    assert listed("west")[0] == ["西"]


def test_states_are_counted_and_narrow_the_list(region, listed):
    for title in ("一", "二"):
        _send(region, "group", title)
    region.move("east", "G9", _send(region, "group", "三"), "decline", "重复")
    names, found = listed("east", state="未采用")
    assert names == ["三"]
    counts = {one.state: one.count for one in found.states}
    assert counts == {"已推荐": 2, "已采用": 0, "未采用": 1}
    assert listed("east", state="草稿")[0] == []


def test_lists_are_searched_by_title_unit_and_initials(region, listed):
    _send(region, "group", "实训基地")
    assert listed("east", search="基地")[0] == ["实训基地"]
    assert listed("east", search="东一 sxjd")[0] == ["实训基地"]
    assert listed("east", search="100%")[0] == []


def test_what_waits_is_told_to_whom_it_waits_for(region):
    _send(region, "group", "一")
    row = region.add("city", "G8", **_policy(region))
    region.move("city", "G8", row, "send_city")

    def waiting(who):
        found = list_waiting(region.workshop, region.actor(who))
        return {one.form.code: one.waiting for one in found}

    assert waiting("east") == {"G8": 1, "G9": 1}
    assert waiting("nation") == {"G9": 1}
    assert waiting("west") == waiting("city") == waiting("group") == {}
    region.move("east", "G8", row, "forward")
    assert waiting("east") == {"G9": 1}
    assert waiting("nation") == {"G8": 1, "G9": 1}


def test_nobody_is_told_that_his_own_rows_wait_for_him(region, listed):
    with region.engine.begin() as connection:
        viewing = update(Membership.__table__).where(Membership.role == Role.VIEWER)
        connection.execute(viewing.values(granted=["review_form"]))
    region.hand_in("group")
    for unit, move in (("city", "send_city"), ("group", "send_group")):
        row = region.add(unit, "G7.1", **_case(region, unit))
        region.move(unit, "G7.1", row, move)
    found = list_waiting(region.workshop, region.actor("city"))
    assert [(one.form.code, one.waiting) for one in found] == [("G7.1", 1)]
    _, shown = listed("city", "group/G7.1")
    mine = {line.row.unit_name: line.is_mine for line in shown.lines}
    assert mine == {"东一机械职教集团": True, "东一市教育局": False}


def test_a_list_begins_with_the_round_in_which_rows_wait(region, listed):
    row = region.add("city", "G8", **_policy(region))
    region.move("city", "G8", row, "send_city")
    with region.engine.begin() as connection:
        same = select(Round.edition, Round.periods).where(Round.id == YEARLY)
        edition, periods = connection.execute(same).one()
        later = {"id": YEARLY + 1, "collection": "group", "title": "2015 年度"}
        later |= {"edition": edition, "periods": periods}
        connection.execute(insert(Round.__table__).values(**later))
    assert listed("east", "group/G8")[0] == ["关于集团化办学的意见"]
    region.move("east", "G8", row, "forward")
    assert listed("east", "group/G8")[1].round_id == YEARLY + 1
    assert listed("nation", "group/G8")[1].round_id == YEARLY


def test_forms_of_a_year_are_listed_by_round(region, listed):
    region.add("east", "G8", **_policy(region, "east"))
    _, found = listed("nation", "group/G8")
    assert [one.id for one in found.rounds] == [YEARLY]
    with pytest.raises(NotFound):
        listed("nation", "group/G1")
