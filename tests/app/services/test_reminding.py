"""People are told which forms they still have to hand in, by hand and by calendar."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, select, update

from app.errors import BadRequest, Forbidden, Refused
from app.jobs import Worker
from app.models import (
    Contribution,
    ContributionState,
    Department,
    Extension,
    Filing,
    FilingState,
    Membership,
    Notice,
    NoticeKind,
    Role,
    Round,
    Unit,
    UnitRound,
    User,
)
from app.models.base import now_utc
from app.permissions import Actor, Grant
from app.services.open_forms import sort_open
from app.services.phase_reminders import remind_of_phases
from app.services.reminding import PAUSE, list_titles, remind
from app.storage.records import Scope
from app.storage.standings import find_standings
from app.storage.timetable import PhaseTask, RoundPhase, show_end, write_phases
from tests.support.people import SCHOOL, add_person, notices_of

DAY = timedelta(days=1)
LEAD, HELPER = "教学管理处", "学生工作处"


@pytest.fixture
def engine(workshop):
    """Without the people of the demo: who is told is told by the test."""
    with workshop.engine.begin() as connection:
        connection.execute(
            delete(Membership.__table__).where(
                Membership.role.in_((Role.FILLER, Role.DEPARTMENT_HEAD))
            )
        )
    return workshop.engine


@pytest.fixture
def scope(engine):
    with engine.begin() as connection:
        return Scope(
            connection.scalar(select(Unit.id).where(Unit.code == SCHOOL)),
            connection.scalar(select(Round.id).where(Round.collection == "talent")),
        )


@pytest.fixture
def departments(engine, scope):
    """Name -> id."""
    found = select(Department.name, Department.id)
    with engine.begin() as connection:
        return dict(
            connection.execute(found.where(Department.unit_id == scope.unit_id)).all()
        )


@pytest.fixture
def office(engine, scope):
    """Somebody of the quality office."""
    user_id = add_person(engine, "sender", Role.QUALITY_OFFICE)
    return Actor(
        user_id, "sender", "质量办", (Grant(Role.QUALITY_OFFICE, scope.unit_id),)
    )


@pytest.fixture
def shared_form(workshop):
    """A form that two departments supply, and its code."""
    (form,) = [
        one
        for one in workshop.catalogue.edition("talent", "2024").forms
        if len(one.departments) > 1 and not one.is_derived
    ][:1]
    return form


class TestByHand:
    def test_each_person_gets_one_notice_of_all_his_forms(
        self, engine, scope, departments, office
    ):
        both = add_person(engine, "both", Role.FILLER, LEAD)
        with engine.begin() as connection:
            connection.execute(
                insert(Membership.__table__).values(
                    user_id=both,
                    unit_id=scope.unit_id,
                    department_id=departments[HELPER],
                    role=Role.FILLER,
                    may_import=False,
                )
            )
        targets = {
            departments[LEAD]: ("1.1 甲表", "1.2 乙表"),
            departments[HELPER]: ("1.2 乙表", "1.3 丙表"),
        }
        done = remind(engine, office, scope, targets)
        (notice,) = notices_of(engine, both)
        assert done.names == ("both 的姓名",)
        assert notice.title == "请尽快填报：还有 3 张表没有提交"
        assert notice.text == "1.1 甲表\n1.2 乙表\n1.3 丙表"
        assert (notice.kind, notice.sender_id) == (
            NoticeKind.REMINDER,
            office.user_id,
        )

    def test_fillers_and_heads_are_told(self, engine, scope, departments, office):
        filler = add_person(engine, "filler1", Role.FILLER, LEAD)
        head = add_person(engine, "head1", Role.DEPARTMENT_HEAD, LEAD)
        other = add_person(engine, "other1", Role.FILLER, HELPER)
        remind(engine, office, scope, {departments[LEAD]: ["1.1 甲表"]})
        told = [bool(notices_of(engine, one)) for one in (filler, head, other)]
        assert told == [True, True, False]

    def test_a_department_without_people_is_named(
        self, engine, scope, departments, office
    ):
        add_person(engine, "filler1", Role.FILLER, LEAD)
        targets = {departments[LEAD]: ["1.1 甲表"], departments[HELPER]: ["1.2 乙表"]}
        assert remind(engine, office, scope, targets).deserted == (HELPER,)

    def test_nobody_at_all_is_refused_with_what_to_do(
        self, engine, scope, departments, office
    ):
        with pytest.raises(Refused, match=f"{HELPER}没有填报员.*建账号"):
            remind(engine, office, scope, {departments[HELPER]: ["1.2 乙表"]})

    def test_who_fills_for_the_whole_unit_stands_in(
        self, engine, scope, departments, office
    ):
        whole = add_person(engine, "whole", Role.FILLER)
        done = remind(engine, office, scope, {departments[HELPER]: ["1.2 乙表"]})
        assert done.deserted == ()
        assert len(notices_of(engine, whole)) == 1

    def test_nothing_open_is_refused(self, engine, scope, departments, office):
        with pytest.raises(BadRequest, match="都已提交"):
            remind(engine, office, scope, {departments[LEAD]: []})

    def test_a_second_reminder_waits(self, engine, scope, departments, office):
        filler = add_person(engine, "filler1", Role.FILLER, LEAD)
        targets = {departments[LEAD]: ["1.1 甲表"]}
        remind(engine, office, scope, targets)
        with pytest.raises(Refused, match="10 分钟内刚催过"):
            remind(engine, office, scope, targets)
        with engine.begin() as connection:
            connection.execute(
                update(Notice.__table__).values(at=now_utc() - PAUSE - DAY / 1440)
            )
        remind(engine, office, scope, targets)
        assert len(notices_of(engine, filler)) == 2

    def test_only_who_was_reminded_is_spared(self, engine, scope, departments, office):
        first = add_person(engine, "first", Role.FILLER, LEAD)
        second = add_person(engine, "second", Role.FILLER, HELPER)
        remind(engine, office, scope, {departments[LEAD]: ["1.1 甲表"]})
        both = {departments[LEAD]: ["1.1 甲表"], departments[HELPER]: ["1.2 乙表"]}
        done = remind(engine, office, scope, both)
        assert (done.names, done.spared) == (("second 的姓名",), ("first 的姓名",))
        assert [len(notices_of(engine, one)) for one in (first, second)] == [1, 1]

    def test_two_who_remind_at_once_tell_people_once(
        self, engine, scope, departments, office
    ):
        filler = add_person(engine, "filler1", Role.FILLER, LEAD)
        targets = {departments[LEAD]: ["1.1 甲表"]}
        start, refused = threading.Barrier(2), []

        def act():
            start.wait()
            try:
                remind(engine, office, scope, targets)
            except Refused as error:
                refused.append(error)

        run_together(act, act)
        assert len(notices_of(engine, filler)) == 1
        assert len(refused) == 1

    def test_a_filler_reminds_nobody(self, engine, scope, departments):
        user_id = add_person(engine, "filler1", Role.FILLER, LEAD)
        filler = Actor(user_id, "", "", (Grant(Role.FILLER, scope.unit_id),))
        with pytest.raises(Forbidden):
            remind(engine, filler, scope, {departments[LEAD]: ["1.1 甲表"]})

    def test_another_unit_is_not_reminded(self, engine, scope, departments, office):
        with pytest.raises(Forbidden):
            remind(
                engine,
                Actor(office.user_id, "", "", (Grant(Role.QUALITY_OFFICE, 10**6),)),
                scope,
                {departments[LEAD]: ["1.1 甲表"]},
            )

    def test_a_long_list_ends_with_how_many_more(self):
        lines = list_titles([f"表{n}" for n in range(40)]).split("\n")
        assert len(lines) == 31
        assert lines[-1] == "另有 10 张，见工作台。"


class TestOpenForms:
    def open(self, engine, form, scope):
        with engine.begin() as connection:
            return set(sort_open(find_standings(connection, [form], scope).values()))

    @pytest.mark.parametrize(
        ("values", "is_open"),
        [
            ({}, True),
            ({"state": FilingState.RETURNED}, True),
            ({"state": FilingState.SUBMITTED}, False),
            ({"state": FilingState.APPROVED}, False),
            ({"is_empty": True}, True),
            ({"is_empty": True, "state": FilingState.SUBMITTED}, False),
            ({"is_closed": True}, False),
        ],
    )
    def test_a_form_is_open_until_it_is_handed_in(
        self, engine, scope, shared_form, values, is_open
    ):
        file(engine, scope, shared_form, **values)
        assert bool(self.open(engine, shared_form, scope)) is is_open

    def test_a_department_that_handed_over_waits_for_nothing(
        self, engine, scope, shared_form, departments
    ):
        filing_id = file(engine, scope, shared_form)
        before = self.open(engine, shared_form, scope)
        helper = departments[shared_form.departments[1]]
        with engine.begin() as connection:
            connection.execute(
                insert(Contribution.__table__).values(
                    filing_id=filing_id,
                    department_id=helper,
                    state=ContributionState.HANDED,
                    is_empty=False,
                )
            )
        assert self.open(engine, shared_form, scope) == before - {helper}


class TestByCalendar:
    @pytest.mark.parametrize(
        ("ends_in", "words"),
        [
            (4 * DAY, None),
            (2.5 * DAY, "截止"),
            (0.5 * DAY, "只剩一天"),
            (-0.5 * DAY, "已于"),
            (-2 * DAY, None),
        ],
    )
    def test_people_are_told_before_and_after_a_phase_ends(
        self, workshop, engine, scope, shared_form, ends_in, words
    ):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, ends_in)
        remind_of_phases(workshop)
        titles = [notice.title for notice in notices_of(engine, filler)]
        assert [words in title for title in titles] == ([True] if words else [])

    def test_nobody_is_told_before_the_phase_begins(
        self, workshop, engine, scope, shared_form
    ):
        add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 2.5 * DAY, lasts=DAY)
        assert remind_of_phases(workshop) == 0

    def test_each_reminder_goes_out_once(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        worker = Worker(workshop, "worker")
        worker.do_chores()
        worker.do_chores()
        assert len(notices_of(engine, filler)) == 1

    def test_two_workers_tell_people_once(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        start = threading.Barrier(2)

        def act():
            start.wait()
            remind_of_phases(workshop)

        run_together(act, act)
        assert len(notices_of(engine, filler)) == 1

    def test_a_later_end_is_told_of_anew(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        remind_of_phases(workshop)
        set_phase(engine, scope, shared_form, 0.75 * DAY)
        remind_of_phases(workshop)
        assert len(notices_of(engine, filler)) == 2

    def test_who_handed_in_is_not_told(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        file(engine, scope, shared_form, state=FilingState.SUBMITTED)
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        remind_of_phases(workshop)
        assert notices_of(engine, filler) == []

    def test_who_has_more_time_is_not_told(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, -0.5 * DAY)
        with engine.begin() as connection:
            connection.execute(
                insert(Extension.__table__).values(
                    unit_id=scope.unit_id,
                    round_id=scope.round_id,
                    form_code=shared_form.code,
                    until=now_utc() + DAY,
                    reason="补充材料",
                )
            )
        remind_of_phases(workshop)
        assert notices_of(engine, filler) == []

    def test_a_closed_round_reminds_nobody(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        with engine.begin() as connection:
            connection.execute(update(Round.__table__).values(state="closed"))
        remind_of_phases(workshop)
        assert notices_of(engine, filler) == []

    @pytest.mark.parametrize("closed", [{"is_active": False}, {"is_shut_above": True}])
    def test_a_closed_unit_reminds_nobody(
        self, workshop, engine, scope, shared_form, closed
    ):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        with engine.begin() as connection:
            connection.execute(
                update(Unit.__table__).where(Unit.id == scope.unit_id).values(**closed)
            )
        remind_of_phases(workshop)
        assert notices_of(engine, filler) == []

    def test_closed_accounts_are_not_told(self, workshop, engine, scope, shared_form):
        filler = add_person(engine, "lead", Role.FILLER, shared_form.departments[0])
        set_phase(engine, scope, shared_form, 0.5 * DAY)
        with engine.begin() as connection:
            connection.execute(
                update(User.__table__).where(User.id == filler).values(is_active=False)
            )
        assert remind_of_phases(workshop) == 0

    def test_the_end_of_a_day_is_told_as_that_day(self):
        midnight = now_utc().astimezone().replace(2024, 9, 7, 0, 0, 0, 0)
        assert show_end(midnight) == "2024-09-06 24:00"
        assert show_end(midnight + timedelta(hours=17)) == "2024-09-07 17:00"


def file(engine, scope, form, **values):
    with engine.begin() as connection:
        return connection.execute(
            insert(Filing.__table__).values(
                unit_id=scope.unit_id,
                round_id=scope.round_id,
                form_code=form.code,
                **values,
            )
        ).inserted_primary_key[0]


def set_phase(engine, scope, form, ends_in, lasts=30 * DAY):
    end = now_utc() + ends_in
    phase = RoundPhase(
        "fill", "填报", end - lasts, end, (PhaseTask("填表", (form.code,)),)
    )
    key = {"unit_id": scope.unit_id, "round_id": scope.round_id}
    with engine.begin() as connection:
        connection.execute(delete(UnitRound.__table__).filter_by(**key))
        connection.execute(
            insert(UnitRound.__table__).values(phases=write_phases([phase]), **key)
        )


def run_together(*acts):
    threads = [threading.Thread(target=act) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
