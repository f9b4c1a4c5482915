"""Pages of circulars: written by a province, read and confirmed by its groups."""

import io
import re

import pytest

from app.services.circulars.reach import get_own
from app.services.circulars.sending import send_circular
from app.storage.engine import begin_reading
from app.web import circular_receipts
from tests.app.web.test_areas import solve
from tests.support.areas import (
    FAR_GROUP,
    GROUP,
    OTHER,
    PASSWORD,
    PROVINCE,
    fill_nation,
    find_nation,
)
from tests.support.circulars import PDF, Office

_VERSION = re.compile(r'name="version" value="(\d+)"')
_KEY = re.compile(r'name="key" value="([^"]*)"')
TEXT = (
    '<p onclick="x()">请核对<script>alert(1)</script><a href="javascript:x">。</a></p>'
)


@pytest.fixture
def fill():
    return fill_nation


@pytest.fixture
def nation(engine, catalogue):
    return find_nation(engine, catalogue)


@pytest.fixture
def office(nation, tmp_path):
    return Office(nation, tmp_path)


@pytest.fixture
def enter(client):
    """Sign an account in, in a browser of its own: `enter(GROUP, "group_admin")`."""

    def enter(unit, kind="gov_admin"):
        browser = type(client)(client.client.application)
        fields = {"type": kind, "username": unit, "password": PASSWORD}
        answer = browser.post("/login", fields | solve(browser, "/login"))
        assert answer.status_code == 302, answer.text
        return browser

    return enter


@pytest.fixture
def province(enter):
    return enter(PROVINCE)


@pytest.fixture
def group(enter):
    return enter(GROUP, "group_admin")


def write(browser, nation, page="/circulars/sent/new", **fields):
    """Fill in the page of a draft, and press one of its buttons."""
    text = browser.get(page).text
    typed = {
        "unit": str(nation.units[PROVINCE]),
        "version": _VERSION.search(text).group(1),
        "key": _KEY.search(text).group(1),
        "title": "关于核对数据的通知",
        "text": TEXT,
        "kinds": "group",
        "receipt": "1",
        "question": "谁参加",
        "act": "send",
    }
    body = {**typed, **fields}
    return browser.post(page, body, page="", content_type="multipart/form-data")


def test_a_circular_goes_from_the_page_to_the_receipt(province, group, nation):
    files = [(io.BytesIO(PDF), "安排.pdf")]
    answer = write(province, nation, files=files, due="2099-01-31T18:00")
    assert answer.status_code == 303, answer.text
    page = province.get(answer.location).text
    assert "已发出。发给 1 个单位，2 个账号收到提醒。" in page
    assert "未读，未签收" in page
    assert "2099-01-31 18:00" in province.get("/circulars/sent/").text
    home = group.get("/circulars/").text
    assert 'aria-label="工作通知，1 份待看或待签收"' in home
    assert 'class="unread"' in home
    assert "2099-01-31 18:00</time> 前签收" in home
    address = re.search(r'href="(/circulars/\d+)"', home).group(1)
    shown = group.get(address).text
    assert "<p>请核对<a" in shown
    for mark in ("alert(1)", "onclick", "javascript:"):
        assert mark not in shown
    paper = re.search(rf'href="({address}/files/[^"]+)"', shown).group(1)
    fetched = group.get(paper)
    assert fetched.data == PDF
    assert fetched.headers["Content-Disposition"].startswith("attachment")
    fields = {"unit": str(nation.units[GROUP]), "reply": ""}
    refused = group.post(f"{address}/confirm", fields, page=address)
    assert refused.status_code == 422
    assert "请先回答“谁参加”" in refused.text
    fields["reply"] = "<b>一人</b>"
    assert group.post(f"{address}/confirm", fields, page=address).status_code == 303
    assert "已签收。" in group.get(address).text
    assert "份待看或待签收" not in group.get("/circulars/").text.split("<main")[0]
    page = province.get(answer.location).text
    assert "&lt;b&gt;一人&lt;/b&gt;" in page
    assert page.count("集团管理员 签收") == 1
    book = province.get(f"{answer.location}/receipts.xlsx?show=confirmed")
    assert book.status_code == 200
    assert book.data.startswith(b"PK")


def test_all_that_is_wrong_is_said_at_once_and_the_draft_is_kept(province, nation):
    answer = write(
        province, nation, title="", text="", kinds=[], due="2020-01-01T08:00"
    )
    assert answer.status_code == 422
    for said in ("没有标题", "没有正文", "没有选发给哪些单位", "已经过去"):
        assert said in answer.text
    assert "还没有发出，草稿已保存" in answer.text
    address = re.search(r'action="(/circulars/sent/\d+)"', answer.text).group(1)
    answer = write(province, nation, address)
    assert answer.status_code == 303
    assert "已发出" in province.get(answer.location).text


@pytest.mark.parametrize("due", ["明天", "0001-01-01T00:00", "9999-12-31T23:59"])
def test_what_cannot_be_read_is_not_saved_and_still_there(province, nation, due):
    answer = write(province, nation, due=due)
    assert answer.status_code == 422
    assert "截止时间没有看懂" in answer.text
    assert 'value="关于核对数据的通知"' in answer.text
    assert "还没有写过工作通知" in province.get("/circulars/sent/").text


def test_the_second_account_is_told_what_the_first_changed(province, enter, nation):
    address = write(province, nation, act="save").location
    mine, theirs = province, enter(PROVINCE)
    old = _VERSION.search(mine.get(address).text).group(1)
    assert write(theirs, nation, address, act="save", title="乙").status_code == 303
    answer = write(mine, nation, address, act="save", title="甲", version=old)
    assert answer.status_code == 409
    assert "改过这份草稿，这次没有保存" in answer.text
    assert 'value="甲"' in answer.text
    newer = _VERSION.search(answer.text).group(1)
    kept = write(mine, nation, address, act="save", title="甲", version=newer)
    assert kept.status_code == 303
    assert 'value="甲"' in theirs.get(address).text


def test_a_double_click_sends_one(province, group, nation):
    text = province.get("/circulars/sent/new").text
    key = _KEY.search(text).group(1)
    first = write(province, nation, key=key)
    second = write(province, nation, key=key)
    assert first.location == second.location
    assert "先前已经发出，没有再发" in province.get(first.location).text
    assert group.get("/circulars/").text.count('class="unread"') == 1


def test_acts_of_the_sender(province, group, nation, office):
    circular_id = office.send(due_at=None)
    page = f"/circulars/sent/{circular_id}"
    province.post(f"{page}/remind", page=page)
    assert "已催 1 个单位，2 个账号收到提醒" in province.get(page).text
    province.post(f"{page}/remind", page=page)
    assert "刚催过" in province.get(page).text
    nation.add(office.actor(), "澄湖农业职教集团", "group", PROVINCE)
    assert "有 1 个单位还没有收到" in province.get(page).text
    province.post(f"{page}/later", page=page)
    assert "已补发。发给 1 个单位" in province.get(page).text
    province.post(f"{page}/withdraw", {"reason": " "}, page=page)
    assert "请写明撤回的理由" in province.get(page).text
    province.post(f"{page}/withdraw", {"reason": "日期有误"}, page=page)
    assert "已撤回，收到的单位都看得到理由" in province.get(page).text
    shown = group.get(f"/circulars/{circular_id}").text
    assert "这份通知已经撤回" in shown
    assert "日期有误" in shown
    assert "请各集团核对" not in shown
    fields = {"unit": str(nation.units[GROUP])}
    late = group.post(f"/circulars/{circular_id}/confirm", fields)
    assert late.status_code == 409
    assert "不用再签收" in late.text


def test_strangers_find_nothing(province, enter, group, nation, office):
    saved = office.save(office.draft())
    sent = office.send()
    other, far = enter(OTHER), enter(FAR_GROUP, "group_admin")
    for circular_id in (saved.id, sent):
        assert other.get(f"/circulars/sent/{circular_id}").status_code == 404
        assert far.get(f"/circulars/{circular_id}").status_code == 404
        assert group.get(f"/circulars/sent/{circular_id}").status_code == 403
    assert group.get(f"/circulars/{saved.id}").status_code == 404
    assert group.get("/circulars/sent/new").status_code == 403
    fields = {"unit": str(nation.units[GROUP])}
    assert far.post(f"/circulars/{sent}/confirm", fields).status_code == 404
    assert ">工作通知" not in far.get("/circulars/").text.split("<main")[0]


def test_filters_and_pages_narrow_the_units(province, nation, office, monkeypatch):
    monkeypatch.setattr(circular_receipts, "_UNITS", 2)
    circular_id = office.send()
    actor = office.actor()
    for number in range(2):
        nation.add(actor, f"第{number}职教集团", "group", PROVINCE)
    province.post(f"/circulars/sent/{circular_id}/later")
    page = f"/circulars/sent/{circular_id}"
    assert "第 1–2 个单位" in province.get(page).text
    assert "第 3–3 个单位" in province.get(f"{page}?page=2").text
    assert "第 1–1 个单位" in province.get(f"{page}?q=第1职教").text
    assert "这里没有单位" in province.get(f"{page}?show=confirmed").text
    area = nation.units["港城市教育局"]
    assert "第 1–1 个单位" in province.get(f"{page}?area={area}").text


def test_the_draft_is_thrown_away(province, nation, office):
    saved = office.save(office.draft())
    page = f"/circulars/sent/{saved.id}"
    assert province.post(f"{page}/discard", page=page).status_code == 303
    assert province.get(page).status_code == 404


def test_a_draft_that_was_sent_meanwhile_says_so(province, nation, office):
    saved = office.save(office.draft())
    page = f"/circulars/sent/{saved.id}"
    text = province.get(page).text
    send_circular(office.engine, office.actor(), saved.id, saved.version)
    fields = {"version": _VERSION.search(text).group(1), "key": "", "unit": "1"}
    answer = province.post(page, fields, page="", content_type="multipart/form-data")
    assert answer.location == page
    assert "已经发出，不能再改" in province.get(page).text
    with begin_reading(office.engine) as connection:
        row = get_own(connection, office.actor(), saved.id)
    assert row.title == "关于核对数据的通知"
