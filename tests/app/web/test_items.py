"""Pages of rows that travel: the owner's form, the list of an area, a row's page."""

import io
import re

import pytest
from PIL import Image
from sqlalchemy import select

from app.models import AuditAction, AuditEntry
from tests.support.travelling import (
    NEWS,
    Region,
    fill_region,
    get_group_catalogue,
)


@pytest.fixture(scope="module")
def catalogue():
    return get_group_catalogue()


@pytest.fixture
def fill():
    return fill_region


@pytest.fixture
def database_url(sqlite_url):
    return sqlite_url


@pytest.fixture
def region(workshop):
    return Region(workshop)


@pytest.fixture
def news(region):
    """News that a group recommended."""
    row = region.add("group", "G9", **NEWS)
    region.move("group", "G9", row, "recommend")
    return row


@pytest.fixture
def group(sign_in):
    return sign_in("group")


@pytest.fixture
def east(sign_in):
    return sign_in("east")


def _move(browser, code, row, move, **fields):
    """Press a button of a row's page."""
    page = f"/items/group/{code}/{row}"
    found = re.search(r'name="version" value="(\d+)"', browser.get(page).text)
    fields = {"version": found.group(1) if found else "1"} | fields
    return browser.post(f"{page}/moves/{move}", fields, page=page)


def _at(region, unit, code):
    scope = region.scope(unit, code)
    return f"{scope.unit_id}-{scope.round_id}"


def test_a_province_finds_what_waits_and_adopts_it(region, news, east):
    page = east.get("/items/?form=group/G9").text
    assert NEWS["title"] in page
    assert "东一机械职教集团" in page
    answer = _move(east, "G9", news, "adopt")
    assert answer.status_code == 303
    shown = east.get(answer.location).text
    assert "已办“采用”，现在是“已采用”，并在通知公告与门户内容里建了一条" in shown
    assert "集团动态" in shown
    assert len(region.rows("east", "G14")) == 1


def test_a_reason_that_lacks_is_asked_for_and_what_was_typed_stays(news, east):
    answer = _move(east, "G9", news, "decline", reason=" ")
    assert answer.status_code == 409
    assert "要写明理由" in answer.text
    answer = _move(east, "G9", news, "decline", reason="与栏目不符")
    assert "与栏目不符" in east.get(answer.location).text


def test_an_answer_is_typed_on_the_page(region, east):
    content = {"title": "多发通知", "feedback_kind": "功能建议", "content": "请多发。"}
    row = region.add("group", "G10", **content)
    region.move("group", "G10", row, "submit")
    assert 'name="reply"' in east.get(f"/items/group/G10/{row}").text
    answer = _move(east, "G10", row, "answer", reply="")
    assert (answer.status_code, "回复内容" in answer.text) == (422, True)
    answer = _move(east, "G10", row, "answer", reply="已经<b>安排</b>。")
    assert "已经&lt;b&gt;安排&lt;/b&gt;。" in east.get(answer.location).text


def test_that_somebody_looked_is_told_once_a_day(region, news, east):
    for _ in range(2):
        east.get(f"/items/group/G9/{news}")
    with region.engine.begin() as connection:
        viewed = AuditEntry.action == AuditAction.FORM_VIEWED
        found = select(AuditEntry.form_name, AuditEntry.unit_id).where(viewed)
        [entry] = connection.execute(found).all()
    assert entry == ("group/2014/G9", region.scope("group", "G9").unit_id)


def test_others_do_not_see_it(news, sign_in):
    for who in ("west", "far"):
        browser = sign_in(who)
        assert browser.get(f"/items/group/G9/{news}").status_code == 403
        assert _move(browser, "G9", news, "adopt").status_code == 403
    west = sign_in("west").get("/items/?form=group/G9").text
    assert NEWS["title"] not in west


def test_what_a_unit_did_not_send_is_its_own_affair(region, east):
    region.add("group", "G9", **NEWS | {"title": "还没写完"})
    assert "还没写完" not in east.get("/items/?form=group/G9").text


def test_the_list_is_searched_and_narrowed(region, news, east):
    address = "/items/?form=group/G9"
    assert NEWS["title"] in east.get(f"{address}&q=东一机械").text
    assert NEWS["title"] not in east.get(f"{address}&q=没有的词").text
    assert NEWS["title"] in east.get(f"{address}&state=已推荐").text
    assert NEWS["title"] not in east.get(f"{address}&state=已采用").text
    assert east.get("/items/?form=group/G1").status_code == 404


def test_the_owner_s_pages_show_the_state_and_lead_to_the_moves(region, news, group):
    at = _at(region, "group", "G9")
    draft = region.add("group", "G9", **NEWS | {"title": "下一条"})
    grid = group.get(f"/forms/group/G9/?at={at}").text
    assert f"/items/group/G9/{draft}" in grid
    assert "不随整轮提交" in grid
    own = group.get(f"/forms/group/G9/rows/{draft}?at={at}").text
    assert "去推荐" in own
    sent = group.get(f"/forms/group/G9/rows/{news}?at={at}").text
    assert "去撤回" in sent
    assert "状态是“已推荐”，现在不能修改或删除" in grid + sent


def test_a_row_on_its_way_is_not_saved(region, news, group):
    at = _at(region, "group", "G9")
    version = region.view("group", "G9", news).version
    answer = group.send(
        f"/forms/group/G9/save?at={at}",
        {
            "rows": [
                {
                    "key": "r",
                    "id": news,
                    "version": version,
                    "cells": {"title": "改标题", "news_status": "已采用"},
                }
            ]
        },
    )
    [row] = answer.json["rows"]
    assert row["status"] == "refused"
    assert "已推荐" in row["message"]
    assert region.rows("group", "G9")[0]["news_status"] == "已推荐"


def test_a_form_that_travels_is_not_handed_in(region, news, group):
    at = _at(region, "group", "G9")
    form = f"/forms/group/G9/?at={at}"
    answer = group.post(f"/forms/group/G9/submit?at={at}", {"checked": "1"}, page=form)
    assert "一条一条地办" in group.get(answer.location).text
    assert group.get(f"/reviews/group/G9/?at={at}").status_code == 404


def test_files_of_a_row_are_given_to_who_may_see_it(region, east, sign_in):
    token = region.file("group", "G9", "thumbnail", "图.png")
    row = region.add("group", "G9", **NEWS, thumbnail=token)
    region.move("group", "G9", row, "recommend")
    address = f"/items/group/G9/{row}/files/{token}"
    assert address in east.get(f"/items/group/G9/{row}").text
    assert east.get(address).data.startswith(b"{")
    assert sign_in("west").get(address).status_code == 403


def test_pictures_of_a_row_are_shown_small(region, east, sign_in, tmp_path):
    photo = tmp_path / "photo.jpg"
    Image.new("RGB", (2400, 1200), "teal").save(photo, exif=_place_taken())
    token = region.file("group", "G9", "thumbnail", "图.jpg", photo, "image/jpeg")
    row = region.add("group", "G9", **NEWS, thumbnail=token)
    region.move("group", "G9", row, "recommend")
    address = f"/items/group/G9/{row}/files/{token}/small"
    page = east.get(f"/items/group/G9/{row}").text
    assert f'src="{address}" alt="缩略图：图.jpg" loading="lazy"' in page
    small = east.get(address)
    assert (small.mimetype, "sandbox" in small.headers["Content-Security-Policy"]) == (
        "image/jpeg",
        True,
    )
    with Image.open(io.BytesIO(small.data)) as image:
        assert (image.size, dict(image.getexif())) == ((480, 240), {})
    assert sign_in("west").get(address).status_code == 403


def test_what_is_no_picture_has_no_small_copy(region, east):
    token = region.file("group", "G9", "thumbnail", "图.png")
    row = region.add("group", "G9", **NEWS, thumbnail=token)
    region.move("group", "G9", row, "recommend")
    address = f"/items/group/G9/{row}/files/{token}/small"
    assert address not in east.get(f"/items/group/G9/{row}").text
    assert east.get(address).status_code == 404


def _place_taken():
    exif = Image.Exif()
    exif[0x010E] = "taken at home"
    return exif


def test_every_link_of_the_nation_s_bar_leads_somewhere(sign_in):
    nation = sign_in("nation")
    bar = re.search(r"<header.*?</header>", nation.get("/").text, re.DOTALL)[0]
    links = set(re.findall(r'href="(/[^"#]*)"', bar)) - {"/portal/manual/"}
    assert {"/forms/group/G14/items", "/forms/group/G12/", "/statistics/"} <= links
    for link in links:
        answer = nation.get(link)
        if answer.status_code == 302:
            answer = nation.get(answer.location)
        assert answer.status_code == 200, link


def test_the_nation_writes_an_article_where_its_menu_leads(region, sign_in):
    nation = sign_in("nation")
    assert "写一条" in nation.get("/forms/group/G14/items").text
    progress = nation.get("/progress/units/").text
    assert "东一机械职教集团" in progress
