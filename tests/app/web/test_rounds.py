"""The pages of rounds: one page opens a round, others change, extend and carry."""

import io
import re
from datetime import datetime, timedelta

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select, update

from app.models import (
    Assignment,
    Department,
    Extension,
    Round,
    RoundState,
    Unit,
    UnitRound,
)
from app.permissions import Role
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.people import add_person

_NEW = "/rounds/new?edition=talent/2024"
_FIELD = re.compile(r"<(?:input|select|textarea)\b[^>]*>")
_ATTRIBUTE = re.compile(r'([\w-]+)="([^"]*)"')


@pytest.fixture
def office(engine, sign_in):
    """The quality office of the school, which has leaders too."""
    add_person(engine, "quality", Role.QUALITY_OFFICE)
    add_person(engine, "principal", Role.LEADERSHIP)
    return sign_in("quality")


@pytest.fixture
def last_round(engine):
    """The demo's talent round, closed; its id."""
    with engine.begin() as connection:
        table = Round.__table__
        wanted = table.c.collection == "talent"
        connection.execute(update(table).where(wanted).values(state=RoundState.CLOSED))
        return connection.scalar(select(table.c.id).where(wanted))


def fields_of(page):
    """What a browser would post of the page's large form."""
    form = page[page.index('method="post" action="/rounds/') :]
    form = form[: form.index("</form>")]
    fields = {}
    for tag in re.finditer(r"<(input|select|option)\b([^>]*)>", form):
        kind, found = tag.group(1), dict(_ATTRIBUTE.findall(tag.group(2)))
        flags = tag.group(2).split()
        if kind == "select":
            current = found["name"]
        elif kind == "option" and "selected" in flags:
            fields.setdefault(current, []).append(found["value"])
        elif kind == "input" and "name" in found and found.get("type") != "file":
            if found.get("type") == "checkbox" and "checked" not in flags:
                continue
            fields.setdefault(found["name"], []).append(found.get("value", ""))
    fields.pop("csrf_token", None)
    return fields


@pytest.fixture
def post(office):
    """Post the page of the wizard: `post("preview", title="…")`."""

    def post(act, page=None, **changes):
        shown = office.get(_NEW) if page is None else page
        fields = fields_of(shown.text) | {"act": act} | changes
        return office.post(_NEW, fields, page=None)

    return post


@pytest.fixture
def opened(last_round, post, engine):
    """A round that was opened on the page; its address."""
    answer = post("open")
    assert answer.status_code == 303, answer.text
    return answer.location


def _read(engine, statement):
    with begin_reading(engine) as connection:
        return connection.execute(statement).all()


@pytest.mark.usefixtures("last_round")
def test_the_plan_is_prefilled_previewed_and_opened(office, post, engine):
    page = office.get(_NEW)
    assert 'value="2024-09-01"' in page.text
    preview = post("preview")
    assert preview.status_code == 200
    assert "打开前预览" in preview.text
    assert "分工都按表格文件" in preview.text
    assert _read(engine, select(UnitRound.id)) == []
    answer = post("open", page=preview)
    assert answer.status_code == 303
    assert "已打开" in office.get(answer.location).text
    [(phases,)] = _read(engine, select(UnitRound.phases))
    assert [phase["title"] for phase in phases] == ["准备", "填报", "审核提交"]
    assert _read(engine, select(Assignment.id)) == []


@pytest.mark.usefixtures("last_round")
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"p1-first": "2030-01-01T00:00", "p1-end": "2029-01-01T00:00"}, "不晚于开始"),
        ({"p1-first": ""}, "开始时间没有填好"),
        ({"p0-t0-forms": "0.1.9"}, "没有表 0.1.9。"),
        ({"p0-t0-departments": "学生处"}, "是不是“学生工作处”？"),
        ({"title": " "}, "还没有写本期的名称"),
        ({"period-academic_year-last": "2020-01-01"}, "早于它的第一天"),
        ({"lead-0.1.1": ""}, "表 0.1.1 没有部门来填"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_lost(post, engine, changes, expected):
    for act in ("preview", "open"):
        answer = post(act, **changes)
        assert answer.status_code == 422
        assert expected in answer.text
        assert 'value="在校生的基础表"' in answer.text
    assert _read(engine, select(UnitRound.id)) == []


@pytest.mark.usefixtures("last_round")
def test_phases_and_tasks_are_edited_without_script(post):
    page = post("remove-phase-0")
    assert [fields_of(page.text)[f"p{n}-title"] for n in (0, 1)] == [
        ["填报"],
        ["审核提交"],
    ]
    page = post("down-phase-0", page=page)
    assert fields_of(page.text)["p0-title"] == ["审核提交"]
    page = post("add-task-1", page=page)
    assert "p1-t1-title" in fields_of(page.text)
    page = post("add-phase", page=page)
    assert fields_of(page.text)["p2-first"] != [""]
    page = post("remove-task-1-1", page=page)
    assert "p1-t1-title" not in fields_of(page.text)


@pytest.mark.usefixtures("last_round")
def test_all_phases_move_to_another_first_day(post):
    fields = fields_of(post("shift", first_day="2030-08-20").text)
    assert fields["p0-first"] == ["2030-08-20T00:00"]
    assert fields["p0-end"] == ["2030-08-27T23:59"]


@pytest.mark.usefixtures("last_round")
def test_the_assignment_travels_as_a_workbook(office, post):
    book = post("download")
    workbook = load_workbook(io.BytesIO(book.data))
    sheet = workbook.worksheets[0]
    sheet["C2"] = "财务处"
    read = _upload(office, post, workbook)
    assert "与表格文件不同 1 张" in read.text
    sheet["D2"] = "财务科"
    refused = _upload(office, post, workbook)
    assert refused.status_code == 422
    assert "第 2 行 D 列“协助部门”：本单位没有部门“财务科”。" in refused.text


@pytest.mark.usefixtures("last_round")
def test_a_foreign_workbook_is_refused(office, post):
    answer = _upload(office, post, Workbook())
    assert (answer.status_code, "您填的内容都还在" in answer.text) == (422, True)


def _upload(office, post, workbook):
    stream = io.BytesIO()
    workbook.save(stream)
    stream.seek(0)
    fields = {k: v[0] for k, v in fields_of(office.get(_NEW).text).items()}
    fields |= {"act": "upload", "file": (stream, "book.xlsx")}
    return office.post(_NEW, fields, page=None, content_type="multipart/form-data")


def test_the_round_that_all_take_part_in_is_joined(office, post, engine):
    page = office.get(_NEW).text
    assert 'value="人才培养数据（2024）"' in page
    assert "在这里打开就是加入这一期" in page
    assert "本单位加入这一期" in post("preview").text
    opened = office.get(post("open").location).text
    assert "本期已打开" in opened
    assert "人才培养数据（2025）" not in opened
    [(round_id,)] = _read(engine, select(UnitRound.round_id))
    [(title,)] = _read(engine, select(Round.title).where(Round.id == round_id))
    assert title == "人才培养数据（2024）"


def test_phases_are_changed_on_the_settings_page(office, opened, engine):
    page = office.get(opened)
    form = page.text[page.text.index(f'action="{opened}phases"') :]
    fields = fields_of(f'method="post" action="/rounds/" {form}')
    saved = office.post(f"{opened}phases", fields | {"p0-title": "开头"}, page=None)
    assert saved.status_code == 303
    [(phases,)] = _read(engine, select(UnitRound.phases))
    assert phases[0]["title"] == "开头"
    wrong = fields | {"p1-end": fields["p0-first"][0]}
    refused = office.post(f"{opened}phases", wrong, page=None)
    assert (refused.status_code, "不晚于开始" in refused.text) == (422, True)


def test_a_form_is_given_to_another_department(office, opened, engine):
    [(money,)] = _read(
        engine,
        select(Department.id)
        .join(Unit)
        .where(Department.name == "财务处", Unit.code == "demo-school"),
    )
    office.post(f"{opened}assignments", {"lead-0.1.1": str(money)}, page=opened)
    assert _read(engine, select(Assignment.form_code)) == [("0.1.1",)]
    refused = office.post(f"{opened}assignments", {"lead-0.1.1": ""}, page=opened)
    assert (refused.status_code, "没有部门来填" in refused.text) == (422, True)


def test_more_time_is_given_and_ended(office, opened, engine):
    until = (datetime.now() + timedelta(days=3)).strftime("%Y-%m-%dT%H:%M")
    fields = {"department": "", "form": "0.1.1", "until": until}
    refused = office.post(f"{opened}extensions", fields, page=opened)
    assert (refused.status_code, "请写明原因" in refused.text) == (400, True)
    given = office.post(f"{opened}extensions", fields | {"reason": "停电"}, page=opened)
    assert given.status_code == 303
    assert "有效" in office.get(opened).text
    [(number,)] = _read(engine, select(Extension.id))
    office.post(f"{opened}extensions/{number}/end", {"reason": "好了"}, page=opened)
    assert "有效" not in office.get(opened).text


def test_a_round_is_closed_and_opened_again(office, opened):
    refused = office.post(f"{opened}close", {}, page=opened)
    assert (refused.status_code, "没有审核通过" in refused.text) == (409, True)
    office.post(f"{opened}close", {"even_unfinished": "1"}, page=opened)
    assert "已关闭" in office.get(opened).text
    office.post(f"{opened}reopen", {"reason": "关错了"}, page=opened)
    assert "保存阶段" in office.get(opened).text


@pytest.fixture
def majors(engine, catalogue, last_round):
    """Two majors of the last round."""
    form = catalogue.get("talent/0.1.1")
    world = World(catalogue, catalogue.edition_of(form))
    with engine.begin() as connection:
        table = Round.__table__
        old = update(table).where(table.c.id == last_round)
        connection.execute(old.values(state=RoundState.OPEN))
        unit = select(Unit.id).where(Unit.code == "demo-school")
        scope = Scope(connection.scalar(unit), last_round)
        store = RowStore(connection, catalogue, by_engine=True)
        store.upsert_many(form, scope, demo_rows(catalogue, form, 2, 1, world), None)
        connection.execute(old.values(state=RoundState.CLOSED))


@pytest.mark.usefixtures("majors")
def test_last_years_rows_are_carried_marked_and_completed(office, opened, filler):
    page = office.get(f"{opened}carry")
    assert "由上期带入" in page.text
    done = office.post(f"{opened}carry", {"form": "0.1.1"}, page=f"{opened}carry")
    assert "带入了 2 行" in office.get(done.location).text
    gaps = office.get(f"{opened}gaps/0.1.1")
    assert gaps.text.count(">去补</a>") == 2
    at = opened.strip("/").split("/")[-1]
    grid = filler.get(f"/forms/talent/0.1.1/?at={at}")
    assert "沿用 <span data-chip-count>2</span>" in grid.text
    inherited = filler.get(f"/forms/talent/0.1.1/?at={at}&state=inherited")
    assert '共 <b class="num" data-total-shown>2</b> 行' in inherited.text
    row = re.search(r"/forms/talent/0.1.1/rows/\d+", gaps.text).group()
    assert "由上期带入，还没有改过" in filler.get(f"{row}?at={at}").text


def test_rounds_are_for_those_who_manage_them(office, opened, filler, sign_in):
    stranger = sign_in("stranger")
    for browser in (filler, stranger):
        for address in ("/rounds/", _NEW, opened, f"{opened}carry"):
            assert browser.get(address).status_code == 403
        assert browser.post(f"{opened}close", {}).status_code == 403


def test_an_administrator_opens_for_several_units(
    engine, administrator, last_round, office
):
    for username, role in (
        ("head2", Role.DEPARTMENT_HEAD),
        ("office2", Role.QUALITY_OFFICE),
        ("leader2", Role.LEADERSHIP),
    ):
        add_person(engine, username, role, unit="other-school")
    with engine.begin() as connection:
        school = select(Unit.id).where(Unit.code == "demo-school")
        other = select(Unit.id).where(Unit.code == "other-school")
        ids = [connection.scalar(school), connection.scalar(other)]
        table = Department.__table__
        connection.execute(
            update(table)
            .where(table.c.unit_id == ids[1])
            .values(name="旧的" + table.c.name, is_active=False)
        )
        found = select(table.c.name, table.c.aliases).where(table.c.unit_id == ids[0])
        for name, aliases in connection.execute(found).all():
            connection.execute(
                table.insert().values(
                    unit_id=ids[1],
                    name=name,
                    aliases=aliases,
                    position=0,
                    is_active=True,
                )
            )
    fields = fields_of(administrator.get(f"{_NEW}&unit={ids[0]}").text)
    fields |= {"act": "open", "unit": [str(number) for number in ids]}
    answer = administrator.post(f"{_NEW}&unit={ids[0]}", fields, page=None)
    assert answer.status_code == 303, answer.text
    found = _read(engine, select(UnitRound.unit_id, UnitRound.round_id))
    assert sorted(unit_id for unit_id, _ in found) == sorted(ids)
    assert len({round_id for _, round_id in found}) == 1
