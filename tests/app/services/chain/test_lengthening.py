from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import update

from app.errors import Forbidden, LockedForm, Refused
from app.models import Extension, FilingState, UnitRound
from app.services.chain.emptying import declare_empty
from app.services.chain.handing import hand_over
from app.services.chain.lengthening import lengthen
from app.services.chain.questions import Named
from app.services.chain.submitting import find_missing, submit, withdraw
from app.services.chain.undoing import undo
from app.services.chain.views import Act, view_whole
from app.services.chain.whole import approve_whole, hand_in, return_whole
from app.storage.filing_gate import FilingGate
from app.storage.timetable import show_end
from tests.support.chain import WHOLE_STEPS

HOUR = timedelta(hours=1)
CITY = "chain-city"


def now():
    return datetime.now(UTC)


@pytest.fixture
def row(school):
    """The only row; all forms were handed in, and the round waits for the city."""
    school.have_steps(*(step for step in WHOLE_STEPS if step["id"] != "leadership"))
    row = school.add("1", name="甲", count="3")
    hand_over(
        school.workshop,
        school.supplier,
        school.scope,
        school.form("1"),
        school.supplier_id,
        no_rows=True,
    )
    for code in ("2", "3"):
        form = school.form(code)
        declare_empty(
            school.workshop, school.filler, school.scope, form, confirmed=True
        )
    for code in ("1", "2", "3"):
        submit(school.workshop, school.filler, school.scope, school.form(code))
    hand_in(school.workshop, school.office, school.scope)
    return row


def have_phase(school, first, end):
    """Give the unit's round one phase for all forms."""
    phase = {
        "id": "fill",
        "title": "填报",
        "from": first.isoformat(),
        "to": end.isoformat(),
        "tasks": [{"title": "填报", "forms": ["*"]}],
    }
    school.execute(update(UnitRound.__table__).values(phases=[phase]))


def let_deadlines_pass(school):
    school.execute(update(Extension.__table__).values(until=now() - HOUR / 60))


def give_back(school, row, until=None, actor=None):
    named = {school.form("1"): [Named(row.id, "count", "wrong")]}
    given = school.workshop, actor or school.city, school.scope, named, "请核对", until
    return return_whole(*given)


def require_nothing_open(school, row):
    """No path changes what was returned, and each tells who gives more time."""
    form, locked = school.form("1"), f"期限是.*{CITY}.*延长期限"
    with pytest.raises(Forbidden, match=locked):
        school.edit("1", row.id, count="4")
    with school.engine.begin() as connection:
        gate = FilingGate(connection)
        for ask in (
            lambda: gate.require_insert(form, school.scope),
            lambda: gate.require_update(form, school.scope, row.id, ["count"]),
            lambda: gate.require_load(form, school.scope),
            lambda: gate.require_delete(form, school.scope, row.id),
        ):
            with pytest.raises(LockedForm, match=locked):
                ask()
    with pytest.raises(Refused, match=locked):
        submit(school.workshop, school.filler, school.scope, form)


def test_what_was_returned_is_locked_after_its_deadline(school, row):
    give_back(school, row, now() + HOUR)
    assert not school.edit("1", row.id, count="4").message
    let_deadlines_pass(school)
    require_nothing_open(school, row)
    assert school.rows("1")[row.id].row["count"] == 4
    until = now() + 24 * HOUR
    lengthen(school.workshop, school.city, school.scope, until)
    assert school.notices(school.office)[-1].title.endswith(show_end(until))
    assert not school.edit("1", row.id, count="5").message
    school.answer("1")
    submit(school.workshop, school.filler, school.scope, school.form("1"))
    let_deadlines_pass(school)
    # It could not be handed in again, so it is not taken back either.
    with pytest.raises(Refused, match="填报时间已过"):
        withdraw(school.workshop, school.filler, school.scope, school.form("1"))
    assert hand_in(school.workshop, school.office, school.scope).step == "city"


def test_a_return_after_the_hours_has_to_set_a_deadline(school, row):
    have_phase(school, now() - 9 * HOUR, now() - HOUR)
    shown = view_whole(school.workshop, school.city, school.scope)
    assert [form.code for form in shown.without_time] == ["1", "2", "3"]
    with pytest.raises(Refused, match="1 的填报时间已经过了，不定期限"):
        give_back(school, row)
    assert school.filing("1").state is FilingState.APPROVED
    give_back(school, row, now() + HOUR)
    assert not school.edit("1", row.id, count="4").message


def test_within_the_hours_the_later_end_counts(school, row):
    have_phase(school, now() - HOUR, now() + HOUR)
    give_back(school, row, now() + HOUR / 2)
    let_deadlines_pass(school)
    assert not school.edit("1", row.id, count="4").message
    have_phase(school, now() - 9 * HOUR, now() - HOUR)
    require_nothing_open(school, row)


def test_a_return_without_a_deadline_keeps_to_the_hours(school, row):
    have_phase(school, now() - HOUR, now() + HOUR)
    give_back(school, row)
    assert not school.edit("1", row.id, count="4").message
    have_phase(school, now() - 9 * HOUR, now() - HOUR)
    require_nothing_open(school, row)
    lengthen(school.workshop, school.city, school.scope, now() + HOUR)
    assert not school.edit("1", row.id, count="5").message


def test_without_any_limits_what_was_returned_waits_for_no_hours(school, row):
    give_back(school, row)
    assert not school.edit("1", row.id, count="4").message
    shown = view_whole(school.workshop, school.city, school.scope)
    assert (shown.mending_end, Act.LENGTHEN in shown.acts) == (None, False)


def test_the_superior_alone_gives_more_time_and_only_more(school, row):
    until = now() + HOUR
    with pytest.raises(Refused, match="没有被退回"):
        lengthen(school.workshop, school.city, school.scope, until)
    give_back(school, row, until)
    for actor in (school.office, school.filler, school.leader):
        with pytest.raises(Forbidden):
            lengthen(school.workshop, actor, school.scope, until + HOUR)
    for wrong, told in (
        (now() - HOUR, "已经过去"),
        (until - HOUR / 2, "要比它晚"),
    ):
        with pytest.raises(Refused, match=told):
            lengthen(school.workshop, school.city, school.scope, wrong)
    for actor, more in ((school.city, 2), (school.province, 3)):
        assert Act.LENGTHEN in view_whole(school.workshop, actor, school.scope).acts
        lengthen(school.workshop, actor, school.scope, until + more * HOUR)
    shown = view_whole(school.workshop, school.office, school.scope)
    assert shown.mending_end == until + 3 * HOUR
    assert Act.LENGTHEN not in shown.acts


def test_a_return_that_was_taken_back_sets_no_hours(school, row):
    give_back(school, row, now() + HOUR)
    undo(school.workshop, school.city, school.decisions()[-1].id)
    shown = view_whole(school.workshop, school.city, school.scope)
    assert Act.LENGTHEN not in shown.acts
    approve_whole(school.workshop, school.city, school.scope, shown.content_hash)
    assert (
        find_missing(school.workshop, school.filler, school.scope, school.form("1"))
        is None
    )
