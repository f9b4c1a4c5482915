"""Departments of a unit: names and aliases, order, what forms of open rounds need."""

import pytest
from sqlalchemy import select, update

from app.errors import AppError, Forbidden
from app.models import AuditAction, AuditEntry, Role, Round, RoundState, Unit
from app.permissions import Actor, Grant
from app.services.department_tasks import list_departments
from app.services.departments import (
    add_department,
    move_department,
    read_aliases,
    rename_department,
    set_department_active,
)

ADMIN = Actor(1, "admin", "管理员", (Grant(Role.ADMINISTRATOR, 1),))


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture
def unit_id(engine):
    with engine.connect() as connection:
        return connection.scalar(select(Unit.id).where(Unit.code == "demo-school"))


@pytest.fixture
def departments(engine, workshop, unit_id):
    """The lines of the demo school by name."""

    def load():
        found = list_departments(engine, workshop.catalogue, ADMIN, unit_id)
        return {line.name: line for line in found}

    return load


def tell(act, *arguments, **options):
    with pytest.raises(AppError) as caught:
        act(*arguments, **options)
    return caught.value.message


def test_a_department_shows_its_forms_and_people(departments):
    lines = departments()
    assert lines["学生工作处"].leads
    assert any(line.supplies for line in lines.values())
    clerk = [m.name for line in lines.values() for m in line.members]
    assert "演示部门填报员" in clerk


def test_a_new_department_comes_last(engine, unit_id, departments):
    add_department(engine, unit_id, "  图书馆 ", ["图书信息中心"], actor=ADMIN)
    line = list(departments().values())[-1]
    assert (line.name, line.aliases) == ("图书馆", ("图书信息中心",))


@pytest.mark.parametrize(
    ("name", "aliases"),
    [("学生工作处", ()), ("学生 工作处", ()), ("新部门", ("学生工作处",))],
)
def test_a_name_belongs_to_one_department(engine, unit_id, name, aliases):
    message = tell(add_department, engine, unit_id, name, aliases)
    assert "已经是“学生工作处”的名称" in message


def test_a_name_that_forms_use_stays_as_an_alias(
    engine, workshop, unit_id, departments
):
    old = departments()["学生工作处"]
    rename_department(engine, workshop.catalogue, old.id, "学工部", (), actor=ADMIN)
    line = departments()["学工部"]
    assert (line.aliases, line.leads) == (("学生工作处",), old.leads)
    assert "别名" in tell(add_department, engine, unit_id, "学生工作处")


def test_an_alias_by_which_forms_find_it_stays(engine, workshop, departments):
    old = departments()["学生工作处"]
    rename_department(engine, workshop.catalogue, old.id, "学工部", ())
    message = tell(rename_department, engine, workshop.catalogue, old.id, "学工部", ())
    assert "牵头" in message
    assert departments()["学工部"].leads == old.leads


def test_a_department_that_leads_a_form_stays_open(engine, workshop, departments):
    line = departments()["学生工作处"]
    message = tell(set_department_active, engine, workshop.catalogue, line.id, False)
    assert line.leads[0] in message
    assert "分工" in message
    assert departments()["学生工作处"].is_active
    with engine.begin() as connection:
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    set_department_active(engine, workshop.catalogue, line.id, False, actor=ADMIN)
    assert list(departments().values())[-1].name == "学生工作处"


def test_departments_change_their_order(engine, departments):
    first, second, *_ = departments().values()
    move_department(engine, second.id, -1, actor=ADMIN)
    assert list(departments())[:2] == [second.name, first.name]
    move_department(engine, second.id, -1, actor=ADMIN)
    assert list(departments())[:2] == [second.name, first.name]


def test_a_quality_office_manages_its_own_departments_only(engine, unit_id):
    office = Actor(9, "office", "质量办", (Grant(Role.QUALITY_OFFICE, unit_id + 1),))
    with pytest.raises(Forbidden):
        add_department(engine, unit_id, "图书馆", actor=office)
    own = Actor(9, "office", "质量办", (Grant(Role.QUALITY_OFFICE, unit_id),))
    add_department(engine, unit_id, "图书馆", actor=own)
    with engine.connect() as connection:
        entry = connection.execute(
            select(AuditEntry.actor_id, AuditEntry.subject)
            .where(AuditEntry.action == AuditAction.DEPARTMENT_CHANGED)
            .order_by(AuditEntry.id.desc())
        ).first()
    assert tuple(entry) == (9, "图书馆")


@pytest.mark.parametrize(
    "text", ["科技处、教师处", "科技处，教师处", " 科技处;教师处\n"]
)
def test_aliases_are_read_whatever_stands_between(text):
    assert read_aliases(text) == ("科技处", "教师处")


def test_an_open_department_takes_over_the_name_of_a_closed_one(
    engine, workshop, departments
):
    lines = departments()
    small = next(line for line in lines.values() if not line.leads)
    large = lines["学生工作处"]
    set_department_active(engine, workshop.catalogue, small.id, False)
    names = [*large.aliases, small.name]
    rename_department(engine, workshop.catalogue, large.id, large.name, names)
    assert set(small.supplies) <= {
        *departments()["学生工作处"].supplies,
        *departments()["学生工作处"].leads,
    }
    message = tell(set_department_active, engine, workshop.catalogue, small.id, True)
    assert "的别名" in message
