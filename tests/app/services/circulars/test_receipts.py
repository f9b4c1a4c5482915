"""Reading is an account's, a receipt a unit's; who has given none is reminded."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from openpyxl import load_workbook
from sqlalchemy import select, update

from app.errors import BadRequest, NotFound, Refused
from app.models import Circular, Notice, NoticeKind, Unit, UnitKind
from app.models.base import now_utc
from app.services.circulars import reminding
from app.services.circulars.confirming import confirm
from app.services.circulars.receipts import count_by_area, write_receipts
from app.services.circulars.received import (
    count_waiting,
    get_paper,
    list_received,
    open_circular,
)
from app.services.circulars.reminding import remind_of_circulars, remind_units
from app.services.circulars.sending import send_circular, withdraw
from app.services.circulars.sent import list_sent, view_sent
from app.services.units import move_unit
from app.services.workshop import Workshop
from exporters.gate import Limits
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE
from tests.support.circulars import NATION, Papers, in_days

ADMIN, LEADER = "group_admin", "group_leader"


@pytest.fixture
def admin(office):
    return office.actor(GROUP, ADMIN)


@pytest.fixture
def leader(office):
    return office.actor(GROUP, LEADER)


@pytest.fixture
def unit_id(nation):
    return nation.units[GROUP]


def look(office, circular_id, unit=PROVINCE):
    row = office.row(circular_id, unit)
    actor = office.actor(unit)
    return view_sent(office.engine, office.nation.catalogue, actor, row)


def reminders(office, account_type=ADMIN):
    with office.engine.connect() as connection:
        found = select(Notice.title).where(
            Notice.user_id == office.nation.user_id(GROUP, account_type),
            Notice.kind == NoticeKind.REMINDER,
        )
        return connection.scalars(found).all()


def test_reading_is_counted_by_account_and_a_receipt_by_unit(
    office, engine, admin, leader, unit_id
):
    circular_id = office.send()
    assert count_waiting(engine, admin).count == 1
    open_circular(engine, admin, circular_id)
    assert count_waiting(engine, admin).count == 1
    confirm(engine, admin, circular_id, unit_id)
    assert count_waiting(engine, admin).count == 0
    # The other account has not read it yet.
    assert count_waiting(engine, leader).count == 1
    open_circular(engine, leader, circular_id)
    assert count_waiting(engine, leader) == count_waiting(engine, admin)
    [receipt] = open_circular(engine, leader, circular_id).receipts
    assert [one.name for one in receipt.readers] == [admin.name, leader.name]
    assert (receipt.confirmer, receipt.state.word) == (admin.name, "已签收")


def test_of_two_accounts_the_first_receipt_holds(
    office, engine, admin, leader, unit_id
):
    circular_id = office.send(question="谁参加")
    first = confirm(engine, admin, circular_id, unit_id, "一人")
    second = confirm(engine, leader, circular_id, unit_id, "两人")
    assert (first.was_given, second.was_given, second.name) == (False, True, admin.name)
    [line] = look(office, circular_id).lines
    assert (line.confirmer, line.reply) == (admin.name, "一人")


def test_of_two_at_the_same_moment_one_receipt_holds(
    office, engine, admin, leader, unit_id
):
    circular_id = office.send()
    with ThreadPoolExecutor() as pool:
        given = list(
            pool.map(
                lambda one: confirm(engine, one, circular_id, unit_id),
                (admin, leader),
            )
        )
    assert sorted(one.was_given for one in given) == [False, True]
    assert given[0].name == given[1].name


def test_a_question_has_to_be_answered(office, engine, admin, unit_id):
    circular_id = office.send(question="谁参加")
    with pytest.raises(BadRequest, match="请先回答“谁参加”"):
        confirm(engine, admin, circular_id, unit_id, " ")
    with pytest.raises(BadRequest, match="最多 500 字"):
        confirm(engine, admin, circular_id, unit_id, "长" * 501)


def test_a_receipt_that_nobody_wants_is_refused(office, engine, admin, unit_id):
    circular_id = office.send(wants_receipt=False)
    with pytest.raises(Refused, match="不要求签收"):
        confirm(engine, admin, circular_id, unit_id)


def test_a_group_of_another_province_finds_nothing(office, engine, nation):
    circular_id = office.send()
    stranger = office.actor(FAR_GROUP, ADMIN)
    with pytest.raises(NotFound):
        open_circular(engine, stranger, circular_id)
    with pytest.raises(NotFound):
        confirm(engine, stranger, circular_id, nation.units[FAR_GROUP])
    with pytest.raises(NotFound):
        confirm(engine, stranger, circular_id, nation.units[GROUP])
    assert not count_waiting(engine, stranger).has_any


def test_files_are_fetched_by_those_who_got_them_alone(office, engine, admin):
    papers = Papers((office.paper("安排.pdf"),), size_limit_mb=1)
    saved = office.save(office.draft(), papers=papers)
    [token] = office.row(saved.id).files
    with pytest.raises(NotFound):
        get_paper(engine, admin, saved.id, token)
    circular_id = office.send()
    with pytest.raises(NotFound):
        get_paper(engine, admin, circular_id, token)
    with pytest.raises(NotFound):
        get_paper(engine, office.actor(FAR_GROUP, ADMIN), saved.id, token)


def test_a_file_is_gone_with_a_circular_that_was_taken_back(office, engine, admin):
    actor = office.actor()
    papers = Papers((office.paper("安排.pdf"),), size_limit_mb=1)
    saved = office.save(office.draft(), papers=papers)
    send_circular(engine, actor, saved.id, saved.version)
    [token] = office.row(saved.id).files
    assert get_paper(engine, admin, saved.id, token).name == "安排.pdf"
    withdraw(engine, actor, saved.id, "日期有误")
    with pytest.raises(NotFound):
        get_paper(engine, admin, saved.id, token)


def test_marks_of_an_editor_that_could_run_are_cleaned(office, engine, admin):
    text = '<p onclick="x()">好<script>alert(1)</script><img src="https://x/1.gif"></p>'
    circular_id = office.send(text=text)
    shown = open_circular(engine, admin, circular_id).html
    assert shown == "<p>好<img></p>"
    assert look(office, circular_id).html == shown
    with office.engine.connect() as connection:
        [told] = connection.scalars(
            select(Notice.text).where(Notice.user_id == admin.user_id)
        )
    assert told.splitlines()[0] == "好"


def test_opening_it_reads_the_notice_that_told_of_it(office, engine, admin):
    circular_id = office.send()
    open_circular(engine, admin, circular_id)
    with engine.connect() as connection:
        found = select(Notice.read_at).where(Notice.user_id == admin.user_id)
        assert connection.scalars(found).one() is not None


def test_the_sender_sees_who_read_and_who_confirmed_by_area(
    office, engine, admin, unit_id, tmp_path
):
    kinds = frozenset({UnitKind.GROUP, UnitKind.CITY})
    circular_id = office.send(NATION, kinds=kinds)
    open_circular(engine, admin, circular_id)
    confirm(engine, admin, circular_id, unit_id)
    view = look(office, circular_id, NATION)
    assert {one.name: one.word for one in view.lines} == {
        GROUP: "已签收",
        FAR_GROUP: "未读，未签收",
        CITY: "未读，未签收",
    }
    areas = {one.name: one for one in count_by_area(view.lines)}
    assert [areas[PROVINCE].units, areas[PROVINCE].confirmed] == [2, 1]
    assert [areas[OTHER].units, areas[OTHER].read] == [1, 0]
    [line] = list_sent(engine, office.actor(NATION), 1, 9).lines
    assert (line.units, line.read, line.confirmed) == (3, 1, 1)
    path = tmp_path / "receipts.xlsx"
    actor = office.actor(NATION)
    name = write_receipts(engine, actor, view.row, view.lines, path)
    assert name == "签收情况（关于核对数据的通知）.xlsx"
    book = load_workbook(path)
    rows = {row[1]: row for row in book["各单位"].iter_rows(values_only=True)}
    assert rows[GROUP][3] == "已签收"
    assert rows[GROUP][5] == admin.name


def test_a_unit_that_was_moved_to_another_area_stays_on_the_list(office, nation):
    circular_id = office.send()
    move_unit(nation.engine, nation.units[GROUP], nation.units[OTHER])
    view = look(office, circular_id)
    assert [one.name for one in view.lines] == [GROUP]
    assert [one.name for one in count_by_area(view.lines)] == [GROUP]


def test_a_late_receipt_is_taken_and_called_late(office, engine, admin, unit_id):
    circular_id = office.send(due_at=in_days(1))
    with engine.begin() as connection:
        past = now_utc() - timedelta(hours=1)
        connection.execute(update(Circular).values(due_at=past))
    [line] = list_received(engine, admin, 1, 9).lines
    assert line.state.word == "逾期未签收"
    confirm(engine, admin, circular_id, unit_id)
    assert look(office, circular_id).lines[0].word == "逾期签收"


def test_only_who_has_not_confirmed_is_reminded_and_not_twice(
    office, engine, admin, unit_id
):
    circular_id, actor = office.send(), office.actor()
    assert remind_units(engine, actor, circular_id).people == 2
    with pytest.raises(Refused, match="刚催过"):
        remind_units(engine, actor, circular_id)
    assert reminders(office) == reminders(office, LEADER)
    assert reminders(office) == ["请签收：关于核对数据的通知"]
    confirm(engine, admin, circular_id, unit_id)
    with pytest.raises(Refused, match="都已签收"):
        remind_units(engine, actor, circular_id)


def test_nothing_is_urged_that_wants_no_receipt(office, engine):
    with pytest.raises(Refused, match="要求签收"):
        remind_units(engine, office.actor(), office.send(wants_receipt=False))


def test_workers_remind_once_so_many_days_before(office, engine, nation, tmp_path):
    workshop = Workshop(engine, nation.catalogue, office.store, Limits())
    office.send(due_at=in_days(5), remind_days=3)
    assert remind_of_circulars(workshop) == 0
    office.send(title="快到期的通知", due_at=in_days(2), remind_days=3)
    assert remind_of_circulars(workshop) == 2
    assert remind_of_circulars(workshop) == 0
    assert reminders(office) == ["请签收：快到期的通知"]


def test_a_pause_of_reminders_is_a_units_own(office, engine, nation, monkeypatch):
    circular_id = office.send(NATION)
    actor = office.actor(NATION)
    assert remind_units(engine, actor, circular_id).units == 2
    monkeypatch.setattr(reminding, "PAUSE", timedelta(0))
    with engine.begin() as connection:
        far = Unit.id == nation.units[FAR_GROUP]
        connection.execute(update(Unit).where(far).values(is_active=False))
    # A closed unit is not told.
    assert remind_units(engine, actor, circular_id).units == 1
