"""Several people at once: one wins, the others are told; nothing is lost."""

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import insert

from app.errors import AppError, Forbidden, Refused
from app.models import (
    Decision,
    FilingState,
    ImportJob,
    ImportState,
    JobState,
    Membership,
    Role,
    StagedAction,
    StagedRow,
    UnitRound,
    User,
)
from app.models.base import now_utc
from app.permissions import Actor
from app.services.chain.deciding import approve
from app.services.chain.submitting import submit, withdraw
from app.services.chain.whole import withdraw_whole
from app.services.entering import Entry, Status, save_rows
from app.services.passing import pass_rows
from app.services.rounds.changing import change_assignments
from app.services.rounds.closing import close_part
from app.storage.content import hash_content
from app.storage.engine import begin_reading
from app.storage.filing_gate import lock_filing
from app.storage.rows import RowStore
from app.storage.timetable import find_now
from tests.support.chain import LEAD, SUPPLIER, School

_FILLERS = 200
_TRIES = 4


def at_once(*acts):
    """What came of acts that begin together: a result, or the refusal."""
    outcomes = [None] * len(acts)
    barrier = threading.Barrier(len(acts))

    def run(place, act):
        barrier.wait()
        try:
            outcomes[place] = act()
        except AppError as refusal:
            outcomes[place] = refusal

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=120)
    assert None not in outcomes
    return outcomes


def refusals(outcomes):
    return [one for one in outcomes if isinstance(one, AppError)]


def hash_now(school, code):
    form = school.form(code)
    with begin_reading(school.engine) as connection:
        return hash_content(connection, school.catalogue, form, school.scope)


@pytest.fixture
def form(school):
    return school.form("2")


@pytest.fixture
def row(school):
    return school.add("2", name="甲", count="3")


def make_fillers(school, number):
    """Accounts of the department that leads."""
    with school.engine.begin() as connection:
        users = insert(User.__table__).returning(User.id)
        ids = connection.scalars(
            users,
            [
                {"username": f"many-{n}", "name": f"第{n}人", "password_hash": "-"}
                for n in range(number)
            ],
        ).all()
        connection.execute(
            insert(Membership.__table__),
            [
                {
                    "user_id": user_id,
                    "unit_id": school.unit_id,
                    "department_id": school.departments[LEAD],
                    "role": Role.FILLER,
                }
                for user_id in ids
            ],
        )
    grants = school.filler.grants
    return [Actor(user_id, f"many-{user_id}", "", grants) for user_id in ids]


def test_of_200_fillers_nobody_loses_what_he_typed(school, row):
    fillers = make_fillers(school, _FILLERS)

    def fill(number, actor):
        entries = [
            Entry("own", None, None, {"name": f"行{number}", "count": str(number)}),
            Entry("shared", row.id, row.version, {"count": str(number + 1000)}),
        ]
        desk = school.desk(actor, "2")
        return lambda: save_rows(desk, entries)

    acts = [fill(number, actor) for number, actor in enumerate(fillers)]
    outcomes = at_once(*acts)
    own = [one[0].status for one in outcomes]
    shared = [one[1] for one in outcomes]
    assert own == [Status.SAVED] * _FILLERS
    (winner,) = [n for n, one in enumerate(shared) if one.status is Status.SAVED]
    conflicts = [one for one in shared if one.status is Status.CONFLICT]
    assert len(conflicts) == _FILLERS - 1
    # Who lost sees what the winner wrote.
    assert {one.row["count"] for one in conflicts} == {winner + 1000}
    rows = {one.row["name"]: one.row["count"] for one in school.rows("2").values()}
    expected = {f"行{number}": number for number in range(_FILLERS)}
    assert rows == {**expected, "甲": winner + 1000}


def test_the_closing_second_is_the_databases(workshop):
    schools = [School(workshop, f"late{n}") for n in range(8)]
    for school in schools:
        school.add("2", name="甲", count="1")
    with workshop.engine.begin() as connection:
        end = find_now(connection) + timedelta(seconds=3)
        phase = {
            "id": "fill",
            "title": "填报",
            "from": (end - timedelta(days=1)).isoformat(),
            "to": end.isoformat(),
            "tasks": [{"title": "填报", "forms": ["*"]}],
        }
        connection.execute(
            insert(UnitRound.__table__),
            [
                {
                    "unit_id": school.unit_id,
                    "round_id": school.round_id,
                    "phases": [phase],
                }
                for school in schools
            ],
        )

    def hand_in_at(school, seconds):
        moment = end + timedelta(seconds=seconds)

        def act():
            time.sleep(max(0, (moment - now_utc()).total_seconds()))
            return submit(workshop, school.filler, school.scope, school.form("2"))

        return act

    moments = (-9, -0.5, -0.3, -0.15, -0.05, 0, 0.1, 0.5)
    outcomes = at_once(
        *(hand_in_at(one, at) for one, at in zip(schools, moments, strict=True))
    )
    accepted = [one for one in outcomes if not isinstance(one, AppError)]
    decided = {one.id: one.at for one in schools[0].ask(Decision.__table__.select())}
    assert {one.decision_id for one in accepted} == set(decided)
    assert all(at < end for at in decided.values())
    assert not isinstance(outcomes[0], AppError)
    assert [isinstance(one, AppError) for one in outcomes[-3:]] == [True] * 3
    assert all("截止" in one.message for one in refusals(outcomes))


def test_of_an_approval_and_a_withdrawal_one_wins(school, form, row):
    workshop, scope = school.workshop, school.scope
    for _ in range(_TRIES):
        seen = submit(workshop, school.filler, scope, form).content_hash
        outcomes = at_once(
            lambda seen=seen: approve(workshop, school.head, scope, form, seen),
            lambda: withdraw(workshop, school.filler, scope, form),
        )
        (told,) = refusals(outcomes)
        assert "没有提交" in told.message or "已经有人审核" in told.message
        if school.filing("2").state is FilingState.DRAFT:
            continue
        assert school.filing("2").step == "compliance"
        return


def test_what_is_submitted_is_what_was_stored(school, form, row):
    """An edit at the moment of submission is in it, or is refused."""
    workshop, scope = school.workshop, school.scope
    for number in range(_TRIES):
        outcomes = at_once(
            lambda: submit(workshop, school.filler, scope, form),
            lambda number=number: school.edit("2", row.id, count=str(number + 10)),
        )
        (moved, edited) = outcomes
        assert moved.content_hash == hash_now(school, "2")
        is_stored = school.rows("2")[row.id].row["count"] == number + 10
        is_told = isinstance(edited, AppError) or bool(edited.message)
        assert is_stored != is_told
        withdraw(workshop, school.filler, scope, form)


def test_an_approval_is_of_what_was_seen_before_an_edit(school, form, row):
    """Taken back, changed and submitted again: the reviewer is told."""
    workshop, scope = school.workshop, school.scope
    seen = submit(workshop, school.filler, scope, form).content_hash

    def change():
        withdraw(workshop, school.filler, scope, form)
        school.edit("2", row.id, count="9")
        return submit(workshop, school.filler, scope, form)

    outcomes = at_once(
        lambda: approve(workshop, school.head, scope, form, seen), change
    )
    (told,) = refusals(outcomes)
    filing = school.filing("2")
    assert filing.content_hash == hash_now(school, "2")
    assert told is outcomes[1] or filing.step == "department"


def test_of_two_approvals_of_a_step_one_counts(school, form, row):
    other = school.add_person("deputy", Role.DEPARTMENT_HEAD, LEAD)
    seen = submit(school.workshop, school.filler, school.scope, form).content_hash
    outcomes = at_once(
        *(
            lambda who=who: approve(school.workshop, who, school.scope, form, seen)
            for who in (school.head, other)
        )
    )
    assert len(refusals(outcomes)) == 1
    kinds = [one.kind.value for one in school.decisions()]
    assert kinds == ["submit", "approve"]


def stage(school, form):
    """An import whose one row waits."""
    with school.engine.begin() as connection:
        job_id = connection.execute(
            insert(ImportJob.__table__).values(
                unit_id=school.unit_id,
                round_id=school.round_id,
                actor_id=school.filler.user_id,
                form_name=form.full_name,
                form_fingerprint=form.fingerprint,
                state=ImportState.STAGED,
                job_state=JobState.DONE,
                file_token="t",
                file_name="a.xlsx",
                file_hash="0" * 64,
                fields=["name", "count"],
                created_at=now_utc(),
            )
        ).inserted_primary_key[0]
        connection.execute(
            insert(StagedRow.__table__).values(
                import_id=job_id,
                row_number=2,
                key="乙",
                values={"name": "乙", "count": 5},
                action=StagedAction.ADD,
            )
        )
        return job_id


def test_an_import_that_passes_is_in_the_submission_or_stops_it(school, form, row):
    workshop, scope = school.workshop, school.scope
    job_id = stage(school, form)
    moved, passed = at_once(
        lambda: submit(workshop, school.filler, scope, form),
        lambda: pass_rows(workshop, school.head, job_id),
    )
    assert not isinstance(passed, AppError)
    assert len(school.rows("2")) == 2
    if isinstance(moved, AppError):
        assert "临时库" in moved.message
        moved = submit(workshop, school.filler, scope, form)
    assert moved.content_hash == hash_now(school, "2")


def test_closing_a_round_waits_for_what_was_let_in(school, form, row):
    """Nothing comes into a round that is closed already."""
    workshop, scope, actor = school.workshop, school.scope, school.filler.user_id
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        store.gate.require_open(form, scope)
        closing = threading.Thread(
            target=close_part,
            args=(workshop.engine, workshop.catalogue, school.office, scope),
            kwargs={"even_unfinished": True},
        )
        closing.start()
        closing.join(timeout=1)
        assert closing.is_alive()
        store.insert(form, scope, {"name": "乙", "count": 1}, actor)
    closing.join(timeout=60)
    assert not closing.is_alive()
    assert len(school.rows("2")) == 2
    with pytest.raises(Forbidden, match="没有开放"):
        school.save(school.filler, "2", name="丙")


def test_who_holds_many_forms_waits_for_nobody_that_waits_for_him(school):
    """Forms were begun against the order of their codes: whoever goes by that order
    holds the first of them while the round as a whole holds the last."""
    with school.engine.begin() as connection:
        for code in ("3", "2", "1"):
            lock_filing(connection, school.form(code), school.scope)
    lead, supplier = school.departments[LEAD], school.supplier_id
    assigned = {"1": (lead,), "3": (lead, supplier)}
    school.add_person("other", Role.DEPARTMENT_HEAD, SUPPLIER)
    act = school.workshop, school.office, school.scope
    between = threading.Barrier(2)
    blocker = threading.Thread(target=hold, args=(school, "2", between))
    blocker.start()
    between.wait()

    def change():
        # By then the other one is stopped.
        time.sleep(0.5)
        return change_assignments(
            school.engine, school.catalogue, school.office, school.scope, assigned
        )

    withdrawn, changed = at_once(lambda: withdraw_whole(*act), change)
    blocker.join()
    assert isinstance(withdrawn, Refused)
    assert changed == ("1", "3")


def hold(school, code, between):
    """Keep a form for a while, so that others are stopped in the middle."""
    with school.engine.begin() as connection:
        lock_filing(connection, school.form(code), school.scope)
        between.wait()
        time.sleep(1.5)
