"""Surveys: whom they ask, what they take, what is kept and who sees it."""

import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.errors import Refused
from app.models import Role, RowChange, TryCounter, User
from app.services import captchas
from app.services.sessions import open_session
from app.services.surveys import answering
from app.services.surveys.answering import Respondent
from app.services.surveys.finding import get_survey, today
from app.services.tries import Allowance
from app.storage.binding import bind
from app.storage.tables import table_for
from tests.app.web.conftest import Browser
from tests.app.web.test_portal import fill
from tests.support.people import add_person
from tests.support.portal_world import PortalWorld

__all__ = ["fill"]

TITLE = "服务满意度调查"
QUESTIONS = (
    {
        "question_text": "您怎样看？",
        "question_type": "单选",
        "question_options": "好；一般;不好",
    },
    {
        "question_text": "用过什么？",
        "question_type": "多选",
        "question_options": "填报；统计；门户",
    },
    {"question_text": "打几分？", "question_type": "评分", "max_score": 5},
    {"question_text": "还有什么要说？", "question_type": "填空", "is_required": False},
)
SHEET = {"q1": "好", "q2": ["填报", "门户"], "q3": "4", "q4": "<b>很好</b>\r\n谢谢"}

WRONG = (
    ({"q1": "", "q2": "", "q3": ""}, "第 1 题：这一题必答"),
    ({**SHEET, "q1": "很坏"}, "第 1 题：选的不是"),
    ({**SHEET, "q1": ["好", "一般"]}, "第 1 题：这一题只能选一项"),
    ({**SHEET, "q2": ["填报", "填报"]}, "第 2 题：选的不是"),
    ({**SHEET, "q3": "6"}, "第 3 题：选的不是"),
    ({**SHEET, "q4": "长" * 2001}, "第 4 题：最多 2000 字，现在 2001 字"),
    ({**SHEET, "q5": "x"}, "没有的题目"),
    ({**SHEET, "q01": "好"}, "没有的题目"),
)


@pytest.fixture
def world(workshop):
    return SurveyWorld(workshop.engine, workshop.catalogue)


class SurveyWorld(PortalWorld):
    def ask(self, *targets, title=TITLE, **fields):
        """A survey of four questions that is open; gives its address."""
        days = {"start_date": today(), "end_date": today() + timedelta(days=7)}
        survey = {"is_anonymous": False, "is_result_public": False} | days | fields
        survey |= {"survey_title": title, "target_roles": targets}
        key = self.store("G11.1", "nation", "standing", {"status": "进行中", **survey})
        for number, question in enumerate(QUESTIONS, start=1):
            told = {"survey_title": title, "question_no": number, "is_required": True}
            self.store("G11.2", "nation", "standing", told | question)
        return f"/surveys/{key}"

    @property
    def answers(self):
        """Rows of the answers: number, who, answer."""
        table = bind(self.catalogue, self.edition.by_code["G11.3"]).table
        c = table.c
        asked = select(c.question_no, c.unit_name, c.answer).order_by(c._id)
        with self.engine.begin() as connection:
            return [tuple(one) for one in connection.execute(asked)]

    def person(self, unit, role=Role.REPORTER, account_type=""):
        """An account of a unit; gives its id."""
        name = f"{unit}-{account_type or role}".replace("_", "-")
        user_id = add_person(self.engine, name, role, unit=unit)
        with self.engine.begin() as connection:
            connection.execute(
                update(User.__table__)
                .where(User.id == user_id)
                .values(account_type=account_type)
            )
        return user_id


@pytest.fixture
def enter(world, app, config):
    """A browser in which somebody of a unit is signed in."""

    def enter(unit, **more):
        user_id = world.person(unit, **more)
        token = open_session(world.engine, config, user_id)
        browser = Browser(app)
        browser.client.set_cookie("tianbao", token)
        return browser

    return enter


def send(browser, address, sheet=SHEET, *, answer=None):
    """Fill in the page and hand it in, with the right captcha if there is one."""
    page = browser.get(address)
    fields = dict(sheet)
    seal = re.search(r'name="seal" value="([^"]+)"', page.text)
    if seal:
        fields |= {"seal": seal.group(1), "captcha": answer or "4444"}
    return browser.post(address, fields, page=address)


@pytest.fixture
def easy(monkeypatch):
    """Captchas whose answer a test knows: only the choice of digits is replaced."""
    monkeypatch.setattr(captchas, "_DIGITS", "4")


def test_a_unit_answers_once_in_its_own_name(world, enter):
    address = world.ask("省级管理员")
    province = enter("370000")
    page = province.get(address).text
    assert "您怎样看" in page
    assert "以溪东省教育厅的名义" in page
    assert send(province, address).status_code == 303
    assert "已经答过" in province.get(address).text
    assert world.answers == [
        (1, "溪东省教育厅", "好"),
        (2, "溪东省教育厅", "填报；门户"),
        (3, "溪东省教育厅", "4"),
        (4, "溪东省教育厅", "<b>很好</b>\n谢谢"),
    ]
    again = province.post(address, SHEET, page="/surveys")
    assert again.status_code == 409
    assert "只能答一次" in again.text
    # The unit's other people do not answer, either.
    other = enter("370000", role=Role.VIEWER)
    assert other.post(address, SHEET, page="/surveys").status_code == 409
    assert len(world.answers) == 4


def test_of_many_sheets_of_one_unit_at_once_one_is_kept(world, workshop):
    key = world.ask("省级管理员").rpartition("/")[2]
    survey = get_survey(workshop, key)
    unit = Respondent(f"unit {world.units['370000']}", "溪东省教育厅")

    def hand_in(number):
        try:
            given = workshop, "secret", survey, unit, {1: "好", 4: f"第 {number} 份"}
            answering.store(*given)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        kept = [*pool.map(hand_in, range(4))]
    assert sorted(kept) == [False, False, False, True]
    assert [answer for _, _, answer in world.answers] == [
        "好",
        f"第 {kept.index(True)} 份",
    ]


def test_only_those_who_are_asked_answer(world, enter, client):
    address = world.ask("职教集团管理员", "市级管理员")
    assert enter("370000").get(address).status_code == 403
    assert enter("alpha", account_type="group_leader").get(address).status_code == 403
    assert enter("alpha", account_type="group_admin").get(address).status_code == 200
    visitor = client.get(address)
    assert visitor.status_code == 404
    assert "请先登录" in visitor.text
    client.get("/surveys")
    assert client.post(address, SHEET, page="/surveys").status_code == 404
    assert TITLE not in client.get("/surveys").text
    assert world.answers == []


def test_an_anonymous_survey_keeps_nobody(world, enter):
    address = world.ask("省级管理员", is_anonymous=True)
    assert send(enter("370000"), address).status_code == 303
    assert send(enter("510000"), address).status_code == 303
    names = {who for _, who, _ in world.answers}
    assert len(names) == 2
    assert not any("省" in name for name in names)
    table = table_for(world.catalogue, world.edition.by_code["G11.3"])
    with world.engine.begin() as connection:
        stored = connection.execute(select(table)).mappings().all()
        changes = connection.execute(select(RowChange.__table__)).mappings().all()
        marks = connection.scalars(select(TryCounter.tries)).all()
    assert {row["_unit_id"] for row in stored} == {world.units["nation"]}
    assert {row["_created_by"] for row in stored} == {None}
    own = [one for one in changes if one["table_name"] == table.name]
    assert len(own) == len(stored) == 8
    assert {one["actor_id"] for one in own} == {None}
    first_day = datetime.combine(today(), time(), UTC)
    assert {one["at"] for one in own} == {first_day}
    for name in ("_created_at", "_updated_at"):
        assert {row[name] for row in stored} == {first_day}
    # Both marks were made at the same made-up time.
    assert len({tuple(one) for one in marks}) == 1


def test_the_order_of_anonymous_answers_says_nothing(world, workshop):
    key = world.ask("公众", is_anonymous=True).rpartition("/")[2]
    survey = get_survey(workshop, key)
    scores = [str(1 + number % 5) for number in range(30)]
    for number, score in enumerate(scores):
        answers = {1: "好", 3: score}
        answering.store(workshop, "", survey, Respondent(f"browser {number}"), answers)
    kept = [answer for asked, _, answer in world.answers if asked == 3]
    assert sorted(kept) == sorted(scores)
    assert kept != scores
    # Each sheet is still one, and the history tells of each row what stands in it.
    sheets = Counter(who for _, who, _ in world.answers)
    assert set(sheets.values()) == {2}
    table = table_for(world.catalogue, world.edition.by_code["G11.3"])
    with world.engine.begin() as connection:
        rows = connection.execute(select(table)).mappings().all()
        told = select(RowChange.row_id, RowChange.after)
        own = told.where(RowChange.table_name == table.name)
        logged = dict(map(tuple, connection.execute(own)))
    for row in rows:
        after = logged[row["_id"]]
        for name in ("unit_name", "answer"):
            assert after[name] == row[name]
    assert len({row["_key"] for row in rows}) == 60


def test_the_public_answers_after_a_captcha_once_a_browser(world, client, easy):
    address = world.ask("公众")
    assert TITLE in client.get("/surveys").text
    wrong = send(client, address, answer="9999")
    assert wrong.status_code == 422
    assert "验证码不对" in wrong.text
    assert "很好" in wrong.text
    assert world.answers == []
    assert send(client, address).status_code == 303
    assert "已经答过" in client.get(address).text
    assert {who[:2] for _, who, _ in world.answers} == {"匿名"}
    # A captcha serves once, whatever became of it.
    assert "seal" not in client.get(address).text


def test_an_address_sends_only_so_many(world, app, easy, monkeypatch):

    monkeypatch.setattr(answering, "_AT_ADDRESS", Allowance(2))
    address = world.ask("公众")
    codes = [send(Browser(app), address).status_code for _ in range(3)]
    assert codes == [303, 303, 429]
    assert len(world.answers) == 8


def test_what_is_no_answer_is_said_and_nothing_kept(world, enter):
    address = world.ask("省级管理员")
    province = enter("370000")
    for sheet, said in WRONG:
        answer = send(province, address, sheet)
        assert answer.status_code == 422, said
        assert said in answer.text
    assert world.answers == []


def test_a_sheet_comes_back_where_a_question_went_meanwhile(world, enter):
    address = world.ask("省级管理员")
    answer = send(enter("370000"), address, {**SHEET, "q5": "x"})
    assert answer.status_code == 422
    for told in ('value="好" checked', 'value="门户" checked', "&lt;b&gt;很好"):
        assert told in answer.text


def test_before_and_after_its_days_nobody_answers(world, enter):
    day = timedelta(days=1)
    province = enter("370000")
    for title, said, fields in (
        ("未开始的", "请到时再来", {"start_date": today() + day}),
        (
            "过了的",
            "已经结束",
            {"start_date": today() - day, "end_date": today() - day},
        ),
        ("关了的", "已经结束", {"status": "已结束"}),
    ):
        address = world.ask("省级管理员", title=title, **fields)
        assert said in province.get(address).text
        sent = province.post(address, SHEET, page="/surveys")
        assert sent.status_code == 409
        assert said in sent.text
    draft = world.ask("省级管理员", title="草稿的", status="草稿")
    assert province.get(draft).status_code == 404
    for odd in ("x", "1", "0-0", "1-99999999999999999999", "1-1-1"):
        assert province.get(f"/surveys/{odd}").status_code == 404
    assert world.answers == []


def test_results_are_for_the_asking_unit_or_for_all(world, enter, client):
    address = world.ask("省级管理员", is_result_public=True)
    hidden = world.ask("省级管理员", title="不公布的")
    send(enter("370000"), address)
    send(enter("510000"), address, {**SHEET, "q1": "不好", "q3": "2"})
    public = client.get(f"{address}/results").text
    assert "收到 <b>2</b> 份答卷" in public
    assert "平均 3.0 分" in public
    assert "50.0%" in public
    assert "不公布" in public
    assert "很好" not in public
    assert client.get(f"{hidden}/results").status_code == 404
    assert client.get(f"{address}/export").status_code == 404
    assert enter("alpha").get(f"{hidden}/results").status_code == 403
    nation = enter("nation")
    assert "&lt;b&gt;很好" in nation.get(f"{address}/results").text
    assert nation.get(f"{hidden}/results").status_code == 200
    book = load_workbook(BytesIO(nation.get(f"{address}/export").data))
    assert book.sheetnames == ["结果", "答卷"]
    heads, *lines = book["答卷"].iter_rows(values_only=True)
    assert heads[1] == "1. 您怎样看？"
    assert {line[0]: line[1] for line in lines} == {
        "溪东省教育厅": "好",
        "蜀西省教育厅": "不好",
    }
