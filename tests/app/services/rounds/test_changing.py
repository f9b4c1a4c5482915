"""Changes to a round under way: phases, assignments, more time, its end."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from app.errors import BadRequest, Forbidden, Refused
from app.models import (
    Assignment,
    AuditAction,
    AuditEntry,
    Contribution,
    ContributionState,
    Department,
    Extension,
    Filing,
    Round,
    RoundState,
    UnitRound,
)
from app.permissions import Role
from app.services.rounds.changing import (
    change_assignments,
    change_phases,
    change_title,
)
from app.services.rounds.closing import close_part, reopen_part
from app.services.rounds.drafts import RefusedRound
from app.services.rounds.extending import (
    Wanted,
    end_extension,
    extend,
    list_extensions,
)
from app.storage.assignments import load_assignments
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.standings import find_standing
from app.storage.timetable import read_phases
from tests.support.people import add_person, find_actor, notices_of
from tests.support.rounds import phase_of

pytestmark = pytest.mark.usefixtures("last_round")

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
NEXT_WEEK = datetime.now(UTC).replace(microsecond=0) + timedelta(days=7)


@pytest.fixture
def ask(engine):
    """All rows of a statement."""

    def ask(statement):
        with begin_reading(engine) as connection:
            return connection.execute(statement).all()

    return ask


@pytest.fixture
def scope(school, propose, open_for):
    """A round whose only phase is over."""
    over = phase_of(0, start=LONG_AGO)
    return Scope(school, open_for(propose(phases=(over,))))


@pytest.fixture
def departments(ask, school):
    """Name -> id."""
    found = ask(select(Department.name, Department.id).filter_by(unit_id=school))
    return dict(map(tuple, found))


@pytest.fixture
def standing(engine, edition, scope):
    """How a form stands: `standing("0.1.1")`."""

    def standing(code):
        with begin_reading(engine) as connection:
            return find_standing(connection, edition.get(code), scope)

    return standing


@pytest.fixture
def file(engine, scope):
    """Write down how a form stands: `file("0.1.1", "approved")`; gives its id."""

    def file(code, state="draft"):
        values = {"unit_id": scope.unit_id, "round_id": scope.round_id}
        with engine.begin() as connection:
            return connection.execute(
                insert(Filing).values(form_code=code, state=state, **values)
            ).inserted_primary_key[0]

    return file


def _actions(ask):
    return [action for (action,) in ask(select(AuditEntry.action))]


def test_other_phases_hold_at_once_and_everybody_is_told(
    engine, workshop, office, scope, ask, standing
):
    person = add_person(engine, "students", Role.FILLER, "学生工作处")
    assert not standing("0.1.1").timetable.is_open("0.1.1", ())
    now = phase_of(-1, start=datetime.now(UTC))
    change_phases(engine, workshop.catalogue, office, scope, (now,))
    assert standing("0.1.1").timetable.is_open("0.1.1", ())
    [(stored,)] = ask(select(UnitRound.phases))
    assert read_phases(stored) == (now,)
    assert "填报时间改了" in notices_of(engine, person)[-1].title
    assert AuditAction.ROUND_CHANGED in _actions(ask)


def test_phases_that_overlap_change_nothing(engine, workshop, office, scope, ask):
    both = (phase_of(0, 3), phase_of(2, 3))
    with pytest.raises(RefusedRound, match="还没有结束"):
        change_phases(engine, workshop.catalogue, office, scope, both)
    [(stored,)] = ask(select(UnitRound.phases))
    assert len(stored) == 1


def test_a_round_is_renamed(engine, workshop, office, scope, ask):
    change_title(engine, workshop.catalogue, office, scope, " 新名称 ")
    assert ask(select(Round.title).where(Round.id == scope.round_id)) == [("新名称",)]


def test_a_new_lead_takes_over_and_hands_over_to_nobody(
    engine, workshop, office, scope, ask, departments, file
):
    money, students = departments["财务处"], departments["学生工作处"]
    filing = {"filing_id": file("0.1.1"), "state": ContributionState.HANDED}
    with engine.begin() as connection:
        for one in (money, departments["后勤处"]):
            connection.execute(insert(Contribution).values(department_id=one, **filing))
    changed = change_assignments(
        engine, workshop.catalogue, office, scope, {"0.1.1": (money, students)}
    )
    assert changed == ("0.1.1",)
    with begin_reading(engine) as connection:
        found = load_assignments(connection, scope.unit_id, scope.round_id)
        form = workshop.catalogue.get("talent/0.1.1")
        assert found.names(form) == ("财务处", "学生工作处")
    assert ask(select(Contribution.department_id, Contribution.state)) == [
        (money, ContributionState.OPEN)
    ]


def test_what_the_file_says_needs_no_line(
    engine, workshop, office, scope, ask, departments
):
    usual = departments["教学管理处"]
    for ids in ((departments["财务处"],), (usual,)):
        change_assignments(engine, workshop.catalogue, office, scope, {"0.1.1": ids})
    assert ask(select(Assignment.id)) == []


def test_a_form_before_a_reviewer_keeps_its_departments(
    engine, workshop, office, scope, departments, file
):
    file("0.1.1", "submitted")
    ids = {"0.1.1": (departments["财务处"],)}
    with pytest.raises(RefusedRound, match="分工不能再改"):
        change_assignments(engine, workshop.catalogue, office, scope, ids)


def test_a_round_with_unfinished_forms_is_closed_only_if_meant(
    engine, workshop, office, scope, standing, ask
):
    with pytest.raises(Refused, match="没有审核通过"):
        close_part(engine, workshop.catalogue, office, scope)
    close_part(engine, workshop.catalogue, office, scope, even_unfinished=True)
    assert "本期填报没有开放" in standing("0.1.1").obstacle
    # Nobody else took part.
    rounds = ask(select(Round.state).where(Round.id == scope.round_id))
    assert rounds == [(RoundState.CLOSED,)]
    assert AuditAction.ROUND_CLOSED in _actions(ask)


def test_a_round_closed_by_mistake_opens_again(
    engine, workshop, office, scope, standing
):
    close_part(engine, workshop.catalogue, office, scope, even_unfinished=True)
    reopen_part(engine, workshop.catalogue, office, scope, "关错了")
    assert standing("0.1.1").obstacle == ""


def test_nothing_changes_in_a_closed_round(engine, workshop, office, scope):
    close_part(engine, workshop.catalogue, office, scope, even_unfinished=True)
    with pytest.raises(Refused, match="已关闭"):
        change_phases(engine, workshop.catalogue, office, scope, (phase_of(0),))


@pytest.fixture
def give(engine, workshop, office, scope):
    """Give more time: `give("财务处的编号", "0.1.1")`."""

    def give(department_id=None, code=None, until=NEXT_WEEK, reason="停电", by=office):
        wanted = Wanted(department_id, code, until, reason)
        extend(engine, workshop.catalogue, by, scope, wanted)

    return give


def test_more_time_holds_at_once_for_those_it_is_for(
    engine, give, departments, standing, ask
):
    own = departments["教学管理处"]
    person = add_person(engine, "teacher", Role.FILLER, "教学管理处")
    other = add_person(engine, "money", Role.FILLER, "财务处")
    give(own)
    assert standing("0.1.1").find_obstacle(own) == ""
    assert "截止" in standing("0.1.1").find_obstacle(departments["财务处"])
    assert [n.kind for n in notices_of(engine, person)] == ["deadline"]
    assert notices_of(engine, other) == []
    assert AuditAction.DEADLINE_EXTENDED in _actions(ask)


def test_more_time_for_a_form_is_for_all_its_departments(give, departments, standing):
    give(code="0.1.1")
    assert standing("0.1.1").find_obstacle(None) == ""
    assert "截止" in standing("0.1.2").find_obstacle(None)


def read_extensions(engine, scope):
    with begin_reading(engine) as connection:
        return list_extensions(connection, scope)


def test_more_time_can_end_early(engine, workshop, office, scope, give, standing, ask):
    give(code="0.1.1")
    [line] = read_extensions(engine, scope)
    end_extension(engine, workshop.catalogue, office, scope, line.id, "已补完")
    assert "截止" in standing("0.1.1").find_obstacle(None)
    ended, given = read_extensions(engine, scope)
    assert (ended.holds, given.holds, given.is_last) == (False, False, False)
    assert len(ask(select(Extension.id))) == 2
    with pytest.raises(Refused, match="已经结束"):
        end_extension(engine, workshop.catalogue, office, scope, given.id, "再来")


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"code": "0.1.1", "until": LONG_AGO}, "已经过去"),
        ({"code": "0.1.1", "reason": " "}, "请写明原因"),
        ({"code": "0.1.9"}, "没有表 0.1.9。是不是“0.1."),
        ({"department_id": 9999}, "没有这个部门"),
        ({}, "请选部门或报表"),
    ],
)
def test_more_time_that_means_nothing_is_refused(give, values, expected):
    with pytest.raises(BadRequest, match=expected):
        give(**values)


def test_a_filler_gives_no_time(engine, give):
    with pytest.raises(Forbidden):
        give(code="0.1.1", by=find_actor(engine, "filler"))
