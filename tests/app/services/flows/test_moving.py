"""Rows travel from their units upward: who moves them, when, and what comes of it."""

import threading
from datetime import date

import pytest
from sqlalchemy import select, update

from app.errors import Forbidden, NotFound, Refused
from app.models import (
    AuditAction,
    AuditEntry,
    Membership,
    NoticeKind,
    Role,
    RowMove,
)
from app.policy import Action
from app.services.flows.asking import NotFilled
from app.services.flows.views import find_item_file
from tests.support.people import notices_of
from tests.support.travelling import NEWS

SUGGESTION = {
    "title": "多发通知",
    "feedback_kind": "功能建议",
    "content": "请多发通知。",
}


@pytest.fixture
def news(region):
    """News of a group, not yet sent."""
    return region.add("group", "G9", **NEWS)


def _told(region, who):
    actor_id = region.actor(who).user_id
    return [(one.kind, one.title) for one in notices_of(region.engine, actor_id)]


def test_news_that_a_province_adopts_become_a_draft_of_its_own(region, news):
    region.move("group", "G9", news, "recommend")
    moved = region.move("east", "G9", news, "adopt")
    form, row_id = moved.made
    [draft] = region.rows("east", "G14")
    assert (form.code, draft["status"], draft["portal_column"]) == (
        "G14",
        "草稿",
        "集团动态",
    )
    assert (draft["title"], draft["content"]) == (NEWS["title"], NEWS["content"])
    assert region.view("group", "G9", news).state == "已采用"
    region.move("east", "G14", row_id, "publish")
    assert region.rows("east", "G14")[0]["status"] == "已发布"


def test_pinning_is_a_move_of_what_is_published(region, news):
    region.move("group", "G9", news, "recommend")
    _, row_id = region.move("nation", "G9", news, "adopt").made
    assert region.offered("nation", "G14", row_id) == ["publish"]
    region.move("nation", "G14", row_id, "publish")
    assert region.offered("nation", "G14", row_id) == ["take_down", "pin"]
    region.move("nation", "G14", row_id, "pin")
    assert region.rows("nation", "G14")[0]["is_top"] is True
    assert region.offered("nation", "G14", row_id) == ["take_down", "unpin"]


def test_news_are_declined_with_a_reason_that_their_group_reads(region, news):
    region.move("group", "G9", news, "recommend")
    with pytest.raises(Refused, match="写明理由"):
        region.move("east", "G9", news, "decline")
    region.move("east", "G9", news, "decline", reason="与栏目不符")
    view = region.view("group", "G9", news)
    assert (view.state, [m.id for m in view.moves]) == ("未采用", ["recommend"])
    last = view.log[-1]
    assert (last.title, last.reason, last.unit) == (
        "不采用",
        "与栏目不符",
        "东省教育厅",
    )
    assert _told(region, "group") == [
        (NoticeKind.RETURNED, "单位新闻推荐“校企共建实训基地”：不采用")
    ]


def test_the_nearest_authority_is_told_and_the_log_is_sealed(region, news):
    region.move("group", "G9", news, "recommend")
    assert _told(region, "east") == [
        (
            NoticeKind.WAITING,
            "东一机械职教集团：单位新闻推荐“校企共建实训基地”等您办理",
        )
    ]
    assert (
        _told(region, "nation") == _told(region, "west") == _told(region, "city") == []
    )
    with region.engine.begin() as connection:
        [entry] = connection.execute(
            select(AuditEntry.__table__).where(
                AuditEntry.action == AuditAction.ROW_MOVED
            )
        )
        [move] = connection.execute(select(RowMove.__table__))
    assert entry.details["state"] == "已推荐"
    assert (move.before, move.after, move.move) == ("草稿", "已推荐", "recommend")


# Who may.


def test_only_units_above_may_act(region, news):
    region.move("group", "G9", news, "recommend")
    with pytest.raises(Forbidden, match="别的单位"):
        region.move("west", "G9", news, "adopt")
    with pytest.raises(Forbidden, match="别的单位"):
        region.move("far", "G9", news, "withdraw")
    with pytest.raises(Forbidden, match="东省教育厅或全国平台"):
        region.move("city", "G9", news, "adopt")
    with pytest.raises(Forbidden):
        region.move("group", "G9", news, "adopt")
    with pytest.raises(Forbidden):
        region.move("east", "G9", news, "withdraw")
    assert region.view("east", "G9", news).state == "已推荐"


def test_a_level_does_not_decide_for_another(region):
    row = region.add("east", "G10", **SUGGESTION)
    region.move("east", "G10", row, "submit")
    with pytest.raises(Forbidden, match="全国平台"):
        region.move("east", "G10", row, "answer", reply="好")
    region.move("nation", "G10", row, "answer", reply="好")


def test_what_is_not_there_is_said(region, news):
    with pytest.raises(NotFound, match="没有这一条"):
        region.view("group", "G9", news + 1000)
    with pytest.raises(NotFound, match="没有这种办理"):
        region.move("group", "G9", news, "vanish")
    with pytest.raises(NotFound, match="没有这张表"):
        region.view("group", "G1", 1)


# What is asked and needed.


def test_an_answer_has_to_be_written(region):
    row = region.add("group", "G10", **SUGGESTION)
    region.move("group", "G10", row, "submit")
    with pytest.raises(NotFilled, match="回复内容"):
        region.move("east", "G10", row, "answer")
    with pytest.raises(NotFilled, match="回复内容"):
        region.move("east", "G10", row, "answer", reply="字" * 2001)
    region.move("east", "G10", row, "answer", reply="已经安排。")
    [stored] = region.rows("group", "G10")
    assert (stored["status"], stored["reply"]) == ("已回复", "已经安排。")
    assert stored["replied_at"] == stored["submitted_at"] is not None
    filled = {c.label: c.text for c in region.view("group", "G10", row).log[-1].filled}
    assert filled["回复内容"] == "已经安排。"


def test_what_is_incomplete_is_not_sent_on(region):
    row = region.add("group", "G9", title="只有标题")
    with pytest.raises(Refused, match=r"还有 2 处要改好才能办“推荐”.*作者"):
        region.move("group", "G9", row, "recommend")


def test_a_case_is_no_substitute_for_the_data(region):
    row = region.add("group", "G7.1", **_case(region))
    with pytest.raises(Refused, match=r"还没有上报2014 年度的数据.*先报数据"):
        region.move("group", "G7.1", row, "send_group")
    [choice] = region.view("group", "G7.1", row).moves
    assert "先上报本期数据" in choice.obstacle
    region.hand_in("group")
    region.move("group", "G7.1", row, "send_group")
    assert region.rows("group", "G7.1")[0]["submitter_level"] == "集团"


def test_cases_go_from_group_and_city_over_the_province_to_the_nation(region):
    region.hand_in("group")
    own = region.add("group", "G7.1", **_case(region))
    cities = region.add("city", "G7.1", **_case(region, "city"))
    provinces = region.add("east", "G7.1", **_case(region, "east"))
    region.move("group", "G7.1", own, "send_group")
    region.move("city", "G7.1", cities, "send_city")
    region.move("east", "G7.1", provinces, "send_province")
    for row in (own, cities):
        assert region.offered("nation", "G7.1", row) == []
        region.move("east", "G7.1", row, "pass_province")
    for row in (own, cities, provinces):
        region.move("nation", "G7.1", row, "choose")
        assert region.view("east", "G7.1", row).state == "入选汇编"


def test_a_city_takes_part_where_that_was_switched_on(region):
    region.hand_in("group")
    row = region.add("group", "G7.1", **_case(region))
    region.move("group", "G7.1", row, "send_group")
    assert region.offered("city", "G7.1", row) == []
    with region.engine.begin() as connection:
        connection.execute(
            update(Membership)
            .where(Membership.role == Role.VIEWER)
            .values(granted=[Action.REVIEW_FORM.value])
        )
    assert region.offered("city", "G7.1", row) == ["pass_city", "give_back"]
    region.move("city", "G7.1", row, "pass_city")
    assert region.offered("east", "G7.1", row) == ["pass_province", "give_back"]


def _case(region, unit="group"):
    return {
        "case_title": f"{unit}的案例",
        "unit_name": unit,
        "case_document": region.file(unit, "G7.1", "case_document"),
        "allow_publish": True,
    }


def test_files_of_what_is_made_are_copies(region):
    token = region.file("group", "G9", "thumbnail", "图.png")
    row = region.add("group", "G9", **NEWS, thumbnail=token)
    region.move("group", "G9", row, "recommend")
    _, made = region.move("east", "G9", row, "adopt").made
    [draft] = region.rows("east", "G14")
    copy = draft["thumbnail"]
    assert copy not in (None, token)
    found = find_item_file(
        region.workshop, region.actor("east"), "group/G14", made, copy
    )
    assert (found.name, found.form_name) == ("图.png", "group/2014/G14")
    with pytest.raises(NotFound):
        find_item_file(region.workshop, region.actor("east"), "group/G14", made, token)


# At the same moment.


def test_of_two_who_move_a_row_one_is_told(region, news):
    region.move("group", "G9", news, "recommend")
    version = region.view("east", "G9", news).version
    found, start = [], threading.Barrier(2)

    def act(who, move, reason):
        start.wait(10)
        try:
            done = region.move(who, "G9", news, move, reason, version=version)
            found.append(done.title)
        except Refused as refusal:
            found.append(refusal.message)

    acts = [("east", "adopt", ""), ("nation", "decline", "重复")]
    threads = [threading.Thread(target=act, args=one) for one in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    refused = [one for one in found if "刚刚有人改过或办过" in one]
    assert (len(found), len(refused)) == (2, 1)
    assert len(region.view("east", "G9", news).log) == 2


def test_a_row_that_changed_since_it_was_seen_is_not_moved(region, news):
    with pytest.raises(Refused, match="刚刚有人改过"):
        region.move("group", "G9", news, "recommend", version=7)


def test_what_cannot_be_made_leaves_the_row_where_it_is(region, news):
    day = date(2013, 5, 1)
    other = region.add("group", "G9", **NEWS, event_date=day)
    for row in (news, other):
        region.move("group", "G9", row, "recommend")
    region.move("east", "G9", news, "adopt")
    with pytest.raises(Refused, match=r"没有办成.*不能重复"):
        region.move("east", "G9", other, "adopt")
    assert region.view("east", "G9", other).state == "已推荐"
