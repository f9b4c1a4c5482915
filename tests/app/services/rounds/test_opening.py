"""Opening a round: what is written, who is told, what is refused."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import delete, select, update

from app.errors import Forbidden
from app.models import (
    Assignment,
    AuditAction,
    AuditEntry,
    Department,
    Membership,
    Round,
    Unit,
    UnitKind,
    UnitRound,
)
from app.permissions import Role
from app.services.organisation import prepare_unit
from app.services.rounds.drafts import RefusedRound
from app.services.rounds.opening import open_round_for
from app.services.rounds.previewing import preview_opening
from app.services.rounds.proposing import propose_round
from app.storage.engine import begin_reading
from app.storage.timetable import PhaseTask, read_phases
from tests.app.services.rounds.conftest import TODAY
from tests.support.people import add_person, find_actor, notices_of
from tests.support.rounds import phase_of

pytestmark = pytest.mark.usefixtures("last_round")


def _read(engine, table, **values):
    wanted = select(table.__table__).filter_by(**values)
    with begin_reading(engine) as connection:
        return connection.execute(wanted).all()


def _department(engine, school, name):
    [found] = _read(engine, Department, unit_id=school, name=name)
    return found.id


@pytest.fixture
def faults_of(engine, office, school):
    """What is said against a plan, one sentence a line."""

    def faults_of(draft):
        preview = preview_opening(engine, office, [school], draft)
        with pytest.raises(RefusedRound) as refused:
            open_round_for(engine, office, [school], draft)
        assert refused.value.faults == preview.faults
        assert _read(engine, UnitRound) == []
        return [fault.message for fault in preview.faults]

    return faults_of


def test_a_round_of_the_editions_example_opens(
    engine, school, propose, open_for, last_round
):
    draft = propose()
    round_id = open_for(draft)
    [opened] = _read(engine, Round, id=round_id)
    assert (opened.previous_id, opened.by_unit) == (last_round, True)
    assert opened.periods["academic_year"] == ["2024-09-01", "2025-08-31"]
    [part] = _read(engine, UnitRound, round_id=round_id)
    assert part.unit_id == school
    assert read_phases(part.phases) == draft.phases
    assert _read(engine, Assignment) == []
    [entry] = _read(engine, AuditEntry, action=AuditAction.ROUND_OPENED)
    assert (entry.unit_id, entry.round_id) == (school, round_id)


def test_phases_begin_on_the_same_day_of_the_first_year_to_come(propose):
    assert [p.first.astimezone().date() for p in propose().phases] == [
        date(2025, 8, 26),
        date(2025, 9, 3),
        date(2025, 9, 7),
    ]


def test_everybody_is_told_what_concerns_the_own_department(
    engine, propose, open_for, office
):
    students = add_person(engine, "students", Role.FILLER, "学生工作处")
    whole = add_person(engine, "whole", Role.FILLER)
    round_id = open_for(propose())
    [own], [all_of_it] = notices_of(engine, students), notices_of(engine, whole)
    assert "0.1.5" in own.text
    assert "0.1.3" not in own.text
    assert "0.1.3" in all_of_it.text
    assert own.link == f"/?at={own.unit_id}-{round_id}"
    assert notices_of(engine, office.user_id) == []


def test_a_change_of_the_assignment_is_all_that_is_stored(
    engine, school, propose, open_for
):
    money = _department(engine, school, "财务处")
    draft = propose(assigned={"0.1.1": (money,)})
    open_for(draft)
    lines = _read(engine, Assignment)
    assert [(one.form_code, one.department_id) for one in lines] == [("0.1.1", money)]


def test_the_next_round_starts_from_what_the_last_one_changed(
    engine, school, propose, open_for
):
    money = _department(engine, school, "财务处")
    open_for(propose(assigned={"0.1.1": (money,)}))
    assert propose().assigned == {"0.1.1": (money,)}


def test_a_round_that_other_schools_have_open_is_joined(
    engine, edition, propose, open_for
):
    with engine.begin() as connection:
        other = prepare_unit(connection, edition, "second-school", "第二所学校")
    administrator = find_actor(engine, "admin")
    for username, role in (
        ("filler2", Role.FILLER),
        ("head2", Role.DEPARTMENT_HEAD),
        ("office2", Role.QUALITY_OFFICE),
        ("leader2", Role.LEADERSHIP),
    ):
        add_person(engine, username, role, unit="second-school")
    first = open_for(propose(title="全省采集"))
    joining = propose(title="另一个名称")
    assert preview_opening(engine, administrator, [other], joining).joins == "全省采集"
    assert open_round_for(engine, administrator, [other], joining) == first
    assert len(_read(engine, UnitRound, round_id=first)) == 2


def test_who_joins_a_round_is_proposed_its_title_and_periods_from_today_on(
    engine, edition, propose, open_for
):
    with engine.begin() as connection:
        other = prepare_unit(connection, edition, "second-school", "第二所学校")
    first = propose(title="全省采集")
    open_for(first)
    with begin_reading(engine) as connection:
        joining = propose_round(connection, edition, other, TODAY)
    assert (joining.title, joining.periods) == ("全省采集", first.periods)
    assert min(phase.first for phase in joining.phases).astimezone().date() == TODAY


def test_only_the_unit_that_opened_a_round_takes_part(engine, propose, open_for):
    add_person(engine, "stranger", Role.FILLER, unit="demo-group")
    open_for(propose())
    assert len(_read(engine, UnitRound)) == 1


def test_a_second_open_round_is_refused(engine, propose, open_for, office, school):
    open_for(propose())
    with pytest.raises(RefusedRound, match="还开着，一个单位同一系列同时只开一期"):
        open_round_for(engine, office, [school], propose())


@pytest.mark.parametrize(
    ("phases", "expected"),
    [
        (
            [phase_of(0, 3), phase_of(2, 3, "审核")],
            "阶段“审核”从 2025-09-03",
        ),
        ([phase_of(0, -1)], "不晚于开始"),
        ([phase_of(0, tasks=())], "没有任务，请至少写一项"),
        (
            [phase_of(0, tasks=[PhaseTask("填", ("*",)), PhaseTask("查", ("0.1.9",))])],
            "没有表 0.1.9。是不是“0.1.",
        ),
        (
            [phase_of(0, tasks=[PhaseTask("填", ("*",), ("学生处",))])],
            "本单位没有部门“学生处”。是不是“学生工作处”？",
        ),
        ([phase_of(0, tasks=[PhaseTask("填", ("0.1.1",))])], "没有一个阶段开放"),
        ([phase_of(0, title=" ")], "有个阶段没有名称"),
        (
            [phase_of(0, tasks=[PhaseTask("填", ("*", "0.1.1"))])],
            "不要再列表号",
        ),
    ],
)
def test_phases_that_cannot_be_kept_are_refused(faults_of, propose, phases, expected):
    assert any(expected in one for one in faults_of(propose(phases=tuple(phases))))


def test_a_period_that_ends_before_it_starts_is_refused(faults_of, propose):
    wrong = {"academic_year": (date(2025, 8, 31), date(2024, 9, 1))}
    [message] = faults_of(propose(periods=wrong))
    assert message.startswith("“学年”到 2024-09-01 为止，早于它的第一天 2025-08-31")


def test_a_form_without_a_department_is_refused(faults_of, propose):
    assert faults_of(propose(assigned={"0.1.1": ()})) == [
        "表 0.1.1 没有部门来填，请选一个牵头部门。"
    ]


def test_an_edition_with_faults_is_refused(faults_of, propose, edition):
    broken = replace(edition, faults=("collection.json：坏了。",))
    assert "collection.json：坏了。 改好后再打开。" in faults_of(
        propose(edition=broken)
    )


@pytest.fixture
def remove(engine, school):
    """End memberships of a role, in the whole unit or in any department."""

    def remove(role):
        table = Membership.__table__
        with engine.begin() as connection:
            connection.execute(
                delete(table).where(table.c.unit_id == school, table.c.role == role)
            )

    return remove


def test_a_department_without_a_filler_is_named_with_its_forms(
    engine, faults_of, propose, remove
):
    remove(Role.FILLER)
    add_person(engine, "only", Role.FILLER, "学生工作处")
    found = faults_of(propose())
    assert any(one.startswith("“财务处”没有填报员，却要填 ") for one in found)
    assert not any("学生工作处" in one for one in found)


def test_a_department_that_leads_needs_a_head(engine, faults_of, propose, remove):
    remove(Role.DEPARTMENT_HEAD)
    add_person(engine, "own-head", Role.DEPARTMENT_HEAD, "学生工作处")
    found = faults_of(propose())
    assert any(one.startswith("“财务处”没有负责人，却牵头 ") for one in found)
    assert not any("学生工作处" in one for one in found)


def test_a_step_that_nobody_can_take_is_refused(faults_of, propose, remove):
    remove(Role.LEADERSHIP)
    assert faults_of(propose()) == [
        "“领导小组审议”没有人来办：本单位没有“学校领导”的账号。请先设好。"
    ]


def test_the_only_filler_cannot_be_the_only_reviewer(
    engine, faults_of, propose, remove, school
):
    remove(Role.FILLER)
    remove(Role.DEPARTMENT_HEAD)
    both = add_person(engine, "both", Role.FILLER)
    with engine.begin() as connection:
        connection.execute(
            Membership.__table__.insert().values(
                user_id=both, unit_id=school, role=Role.DEPARTMENT_HEAD
            )
        )
    found = faults_of(propose())
    assert any("同时是它唯一的填报员，不能审核自己填的表" in one for one in found)


def test_an_authority_without_people_is_refused_a_missing_one_is_told(
    engine, propose, faults_of, office, school
):
    alone = update(Unit.__table__).where(Unit.id == school)
    with engine.begin() as connection:
        connection.execute(alone.values(path=f"/{school}/", parent_id=None))
    draft = propose()
    preview = preview_opening(engine, office, [school], draft)
    assert preview.missing_levels == ("市教育局审核", "省教育厅审核")
    with engine.begin() as connection:
        city = connection.execute(
            Unit.__table__.insert().values(
                kind=UnitKind.CITY,
                code="city",
                name="市教育局",
                collections=[],
                is_active=True,
                created_at=phase_of(0).first,
            )
        ).inserted_primary_key[0]
        connection.execute(
            update(Unit.__table__)
            .where(Unit.id == school)
            .values(path=f"/{city}/{school}/", parent_id=city)
        )
    [message] = faults_of(draft)
    assert message.startswith("“市教育局审核”没有人来办：上面的市级单位没有")


def test_a_filler_opens_no_round(engine, propose, open_for):
    with pytest.raises(Forbidden):
        open_for(propose(), find_actor(engine, "filler"))
