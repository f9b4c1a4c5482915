"""Who has something to mend is told once before its deadline, by the calendar alone."""

import threading
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from app.jobs import Worker
from app.models import Extension, Mail, NoticeKind, Round, UnitRound, User
from app.services.chain.emptying import declare_empty
from app.services.chain.handing import hand_over
from app.services.chain.lengthening import lengthen
from app.services.chain.questions import Named
from app.services.chain.submitting import submit
from app.services.chain.whole import hand_in, return_whole
from app.services.return_reminders import LEAD, remind_of_returns
from app.storage.timetable import show_end
from tests.support.chain import WHOLE_STEPS

HOUR = timedelta(hours=1)
BOOKLET = {
    "id": "yearly",
    "title": "年报",
    "blocks": [{"form": "1", "as": "figures"}, {"form": "2", "as": "list"}],
}


def now():
    return datetime.now(UTC)


@pytest.fixture
def row(school):
    """The only row; the round was handed in, and waits for the city."""
    school.have_steps(*(step for step in WHOLE_STEPS if step["id"] != "leadership"))
    row = school.add("1", name="甲", count="3")
    given = school.form("1"), school.supplier_id
    hand_over(school.workshop, school.supplier, school.scope, *given, no_rows=True)
    for code in ("2", "3"):
        form = school.form(code)
        declare_empty(
            school.workshop, school.filler, school.scope, form, confirmed=True
        )
    for code in ("1", "2", "3"):
        submit(school.workshop, school.filler, school.scope, school.form(code))
    hand_in(school.workshop, school.office, school.scope)
    return row


@pytest.fixture
def end(school, row):
    """An hour from now, given long ago: the deadline of what the city returned."""
    end = now() + HOUR
    give_back(school, row, end)
    let_time_pass(school)
    return end


def give_back(school, row, until):
    named = {school.form("1"): [Named(row.id, "count", "wrong")]}
    return_whole(school.workshop, school.city, school.scope, named, "请核对", until)


def let_time_pass(school):
    school.execute(update(Extension.__table__).values(at=now() - 30 * LEAD))


def reminders(school, person):
    found = school.notices(person)
    return [one for one in found if one.kind is NoticeKind.REMINDER]


def test_people_are_told_once_with_the_page_of_what_came_back(school, end):
    school.execute(
        update(User.__table__)
        .where(User.id == school.filler.user_id)
        .values(email="filler@example.invalid", wants_mail=True)
    )
    Worker(school.workshop, "first").do_chores()
    Worker(school.workshop, "second").do_chores()
    for person in (school.filler, school.head, school.office):
        (told,) = reminders(school, person)
        assert told.title == (
            f"退回修改的期限 {show_end(end)} 截止：还有 1 张表没有提交"
        )
        assert told.text.startswith("1 ")
        assert told.link == f"/?at={school.unit_id}-{school.round_id}"
    assert reminders(school, school.city) == []
    (told,) = reminders(school, school.filler)
    assert school.ask_one(select(Mail.address).where(Mail.notice_id == told.id))


def test_where_the_forms_stand_in_a_booklet_it_leads_there(school, end):
    (edition,) = school.catalogue.editions
    edition = replace(edition, settings={**edition.settings, "booklets": [BOOKLET]})
    catalogue = replace(school.catalogue, editions=(edition,))
    remind_of_returns(replace(school.workshop, catalogue=catalogue))
    (told,) = reminders(school, school.filler)
    at = f"{school.unit_id}-{school.round_id}"
    assert told.link == f"/booklets/test/yearly/?at={at}"


def test_what_was_returned_a_moment_ago_is_left_alone(school, row):
    give_back(school, row, now() + HOUR)
    assert remind_of_returns(school.workshop) == 0
    school.execute(update(Extension.__table__).values(at=now() - 30 * LEAD))
    school.execute(update(Extension.__table__).values(until=now() + LEAD + HOUR))
    assert remind_of_returns(school.workshop) == 0
    school.execute(update(Extension.__table__).values(until=now() - HOUR))
    assert remind_of_returns(school.workshop) == 0


def test_a_longer_time_is_told_of_anew(school, end):
    remind_of_returns(school.workshop)
    until = now() + 30 * LEAD
    lengthen(school.workshop, school.city, school.scope, until)
    assert remind_of_returns(school.workshop) == 0
    later = now() + LEAD - HOUR
    school.execute(
        update(Extension.__table__).where(Extension.until == until).values(until=later)
    )
    let_time_pass(school)
    assert remind_of_returns(school.workshop) > 0
    first, second = reminders(school, school.filler)
    assert show_end(end) in first.title
    assert show_end(later) in second.title


def test_who_handed_in_again_is_not_told(school, row, end):
    school.edit("1", row.id, count="4")
    school.answer("1")
    submit(school.workshop, school.filler, school.scope, school.form("1"))
    assert remind_of_returns(school.workshop) == 0


def test_where_the_hours_end_later_their_reminders_tell(school, end):
    phase = {
        "id": "fill",
        "title": "填报",
        "from": (now() - HOUR).isoformat(),
        "to": (end + 30 * LEAD).isoformat(),
        "tasks": [{"title": "填报", "forms": ["*"]}],
    }
    school.execute(update(UnitRound.__table__).values(phases=[phase]))
    assert remind_of_returns(school.workshop) == 0


def test_a_closed_round_reminds_nobody(school, end):
    school.execute(update(Round.__table__).values(state="closed"))
    assert remind_of_returns(school.workshop) == 0


def test_two_workers_at_once_tell_people_once(school, end):
    start = threading.Barrier(2)

    def act():
        start.wait()
        remind_of_returns(school.workshop)

    threads = [threading.Thread(target=act) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(reminders(school, school.filler)) == 1
