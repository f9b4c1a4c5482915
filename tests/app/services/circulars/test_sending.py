"""To whom a circular goes, what keeps it back, and how it is taken back."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.errors import BadRequest, NotFound, Refused
from app.models import (
    AuditAction,
    AuditEntry,
    CircularUnit,
    Mail,
    Unit,
    UnitKind,
    User,
)
from app.models.base import now_utc
from app.policy import Action
from app.services.areas.changing import set_open, set_rights
from app.services.circulars.audience import Audience
from app.services.circulars.confirming import confirm
from app.services.circulars.judging import NotReady
from app.services.circulars.received import list_received, open_circular
from app.services.circulars.sending import (
    Told,
    find_later_units,
    send_circular,
    send_to_later_units,
    withdraw,
)
from app.services.installation import get_console_actor
from app.storage.engine import begin_reading
from tests.support.areas import CITY, FAR_GROUP, GROUP, OTHER, PROVINCE
from tests.support.circulars import NATION, everybody_but, in_days
from tests.support.people import notices_of

ADMIN, LEADER = "group_admin", "group_leader"


def given_to(office, circular_id):
    with begin_reading(office.engine) as connection:
        found = select(Unit.name).join(CircularUnit, CircularUnit.unit_id == Unit.id)
        mine = CircularUnit.circular_id == circular_id
        return set(connection.scalars(found.where(mine)))


def told(office, unit, account_type):
    user_id = office.nation.user_id(unit, account_type)
    return [one.title for one in notices_of(office.engine, user_id)]


def list_titles(office, unit, account_type):
    actor = office.actor(unit, account_type)
    return [one.title for one in list_received(office.engine, actor, 1, 9).lines]


def test_a_province_reaches_the_groups_of_its_area_with_both_accounts(office):
    assert given_to(office, office.send()) == {GROUP}
    for account_type in (ADMIN, LEADER):
        assert told(office, GROUP, account_type) == ["关于核对数据的通知"]
    assert told(office, FAR_GROUP, ADMIN) == told(office, CITY, "gov_admin") == []


def test_the_nation_chooses_levels_and_areas(office, nation):
    kinds = frozenset({UnitKind.PROVINCE, UnitKind.GROUP})
    everywhere = office.send(NATION, kinds=kinds)
    assert given_to(office, everywhere) == {PROVINCE, OTHER, GROUP, FAR_GROUP}
    areas = frozenset({nation.units[OTHER]})
    assert given_to(office, office.send(NATION, kinds=kinds, areas=areas)) == {
        OTHER,
        FAR_GROUP,
    }
    below = frozenset({nation.units[CITY]})
    assert given_to(office, office.send(NATION, kinds=kinds, areas=below)) == {GROUP}


def test_a_city_writes_once_the_right_was_switched_on(office, nation):
    user_id = nation.user_id(CITY)
    args = (office.engine, nation.catalogue, office.actor(), nation.units[CITY])
    set_rights(*args, user_id, [Action.SEND_CIRCULARS])
    assert given_to(office, office.send(CITY)) == {GROUP}


def test_only_the_chosen_accounts_are_told_and_see_it(office):
    circular_id = office.send(audience=everybody_but(ADMIN))
    assert (told(office, GROUP, ADMIN), list_titles(office, GROUP, ADMIN)) == ([], [])
    assert list_titles(office, GROUP, LEADER) == ["关于核对数据的通知"]
    with pytest.raises(NotFound):
        open_circular(office.engine, office.actor(GROUP, ADMIN), circular_id)


def test_a_mail_goes_out_as_with_other_notices(office, engine):
    user_id = office.nation.user_id(GROUP, ADMIN)
    with engine.begin() as connection:
        table = User.__table__
        mail = {"email": "jituan@example.org"}
        connection.execute(table.update().where(table.c.id == user_id).values(**mail))
    office.send()
    with engine.connect() as connection:
        assert connection.scalars(select(Mail.address)).all() == ["jituan@example.org"]


def test_a_second_click_sends_nothing(office):
    actor, saved = office.actor(), office.save(office.draft())
    args = (office.engine, actor, saved.id, saved.version)
    assert send_circular(*args) == Told(units=1, people=2)
    assert send_circular(*args) == Told(was_sent=True)
    assert told(office, GROUP, ADMIN) == ["关于核对数据的通知"]


def test_of_two_who_send_at_the_same_moment_one_does(office):
    saved = office.save(office.draft())
    args = (office.engine, office.actor(), saved.id, saved.version)
    with ThreadPoolExecutor() as pool:
        sent = list(pool.map(lambda _: send_circular(*args), range(2)))
    assert sorted(one.was_sent for one in sent) == [False, True]
    assert told(office, GROUP, ADMIN) == ["关于核对数据的通知"]


def test_a_title_is_one_line(office):
    circular_id = office.send(title="关于核对\nBcc: x@example.org")
    assert office.row(circular_id).title == "关于核对 Bcc: x@example.org"


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"title": " "}, "没有标题"),
        ({"text": "<p> </p>"}, "没有正文"),
        ({"kinds": frozenset()}, "没有选发给哪些单位"),
        ({"kinds": frozenset({UnitKind.SCHOOL})}, "没有所选类型的在用单位"),
        ({"audience": Audience(frozenset({"king"}))}, "没有所选类型的在用账号"),
        ({"due_at": now_utc() - timedelta(hours=1)}, "已经过去"),
        ({"wants_receipt": False, "question": "几人"}, "没有勾“要求签收”"),
        ({"remind_days": 3}, "没有写截止时间"),
    ],
)
def test_what_is_wrong_keeps_it_back(office, changed, said):
    saved = office.save(office.draft(**changed))
    with pytest.raises(NotReady) as refused:
        send_circular(office.engine, office.actor(), saved.id, saved.version)
    [problem] = refused.value.problems
    assert said in problem
    assert given_to(office, saved.id) == set()


def test_an_area_of_somebody_else_is_not_reached(office, nation):
    saved = office.save(office.draft(areas=frozenset({nation.units[OTHER]})))
    with pytest.raises(NotReady, match="不在您范围内"):
        send_circular(office.engine, office.actor(), saved.id, saved.version)


def test_units_that_came_later_get_it_when_that_is_asked_for(office, nation):
    circular_id, actor = office.send(), office.actor()
    nation.add(actor, "澄湖农业职教集团", "group", PROVINCE)
    with begin_reading(office.engine) as connection:
        later = find_later_units(connection, actor, office.row(circular_id))
    assert later.unit_ids == (nation.units["澄湖农业职教集团"],)
    assert send_to_later_units(office.engine, actor, circular_id).units == 1
    assert send_to_later_units(office.engine, actor, circular_id).was_sent
    assert given_to(office, circular_id) == {GROUP, "澄湖农业职教集团"}
    assert told(office, GROUP, ADMIN) == ["关于核对数据的通知"]


def test_a_closed_group_gets_nothing(office, nation, engine):
    set_open(engine, get_console_actor(engine), nation.units[GROUP], False)
    saved = office.save(office.draft())
    with pytest.raises(NotReady, match="没有所选类型的在用单位"):
        send_circular(engine, office.actor(), saved.id, saved.version)


def test_what_was_taken_back_shows_its_reason_and_nothing_else(office, engine, nation):
    circular_id, actor = office.send(), office.actor(GROUP, ADMIN)
    assert withdraw(engine, office.actor(), circular_id, "日期有误")
    assert not withdraw(engine, office.actor(), circular_id, "又一次")
    seen = open_circular(engine, actor, circular_id)
    assert (seen.html, seen.reason) == ("", "日期有误")
    assert "已撤回：关于核对数据的通知" in told(office, GROUP, LEADER)
    with pytest.raises(Refused, match="不用再签收"):
        confirm(engine, actor, circular_id, nation.units[GROUP])


def test_taking_back_needs_a_reason_and_something_sent(office, engine):
    with pytest.raises(BadRequest, match="理由"):
        withdraw(engine, office.actor(), office.send(), " ")
    saved = office.save(office.draft())
    with pytest.raises(Refused, match="还没有发出"):
        withdraw(engine, office.actor(), saved.id, "不发了")


def test_the_audit_log_tells_of_all_of_it(office, engine, nation):
    circular_id = office.send(due_at=in_days(3))
    confirm(engine, office.actor(GROUP, ADMIN), circular_id, nation.units[GROUP])
    withdraw(engine, office.actor(), circular_id, "日期有误")
    acts = (
        AuditAction.CIRCULAR_SENT,
        AuditAction.CIRCULAR_CONFIRMED,
        AuditAction.CIRCULAR_WITHDRAWN,
    )
    with engine.connect() as connection:
        found = connection.execute(
            select(AuditEntry.action, AuditEntry.unit_id, AuditEntry.subject)
            .where(AuditEntry.action.in_(acts))
            .order_by(AuditEntry.id)
        ).all()
    mine, theirs = nation.units[PROVINCE], nation.units[GROUP]
    title = "关于核对数据的通知"
    assert [tuple(one) for one in found] == [
        (acts[0], mine, title),
        (acts[1], theirs, title),
        (acts[2], mine, title),
    ]
