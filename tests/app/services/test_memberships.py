"""Roles of people: who gives which, moving and ending them, the last administrator."""

import threading

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.errors import AppError, Forbidden, NotFound, Refused
from app.models import AuditAction, AuditEntry, Membership, Role, User
from app.permissions import actor_of, can
from app.policy import Action
from app.services.accounts import (
    create_user,
    find_user_id,
    require_management,
    reset_password,
    set_active,
)
from app.services.memberships import (
    NewMembership,
    change_membership,
    end_membership,
    give_membership,
)
from app.services.units import UnitEntry, add_unit, set_unit_active

SCHOOL = "demo-school"


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture
def add(engine):
    """Add an account with a role; gives its id."""

    def add(username, role, department=None, unit=SCHOOL, may_import=False):
        create_user(
            engine,
            username=username,
            name=f"{username}的姓名",
            memberships=[NewMembership(role, unit, department, may_import)],
            password="zhang-hao-9341",
            must_change_password=False,
        )
        return find_user_id(engine, username)

    return add


@pytest.fixture
def office(engine, add):
    """The quality office of the demo school."""
    return load_actor(engine, add("bangong", Role.QUALITY_OFFICE))


@pytest.fixture
def admin(engine):
    return load_actor(engine, find_user_id(engine, "admin"))


def load_actor(engine, user_id):
    with Session(engine) as session:
        return actor_of(session.get(User, user_id))


def roles_of(engine, user_id):
    """(id, role, department) of each."""
    with Session(engine) as session:
        found = session.scalars(
            select(Membership).where(Membership.user_id == user_id)
        ).all()
        return [
            (m.id, m.role, m.department.name if m.department else None) for m in found
        ]


def tell(act, *arguments, **options):
    """The sentence of a refusal."""
    with pytest.raises(AppError) as caught:
        act(*arguments, **options)
    return caught.value.message


def test_a_person_has_several_roles(engine, office, add):
    user_id = add("wang", Role.FILLER, "学生工作处")
    new = NewMembership(Role.DEPARTMENT_HEAD, SCHOOL, "教学管理处")
    give_membership(engine, user_id, new, actor=office)
    held = {(role, department) for _, role, department in roles_of(engine, user_id)}
    assert held == {
        (Role.FILLER, "学生工作处"),
        (Role.DEPARTMENT_HEAD, "教学管理处"),
    }
    with engine.connect() as connection:
        entry = connection.execute(
            select(AuditEntry.actor_id, AuditEntry.details)
            .where(AuditEntry.action == AuditAction.MEMBERSHIP_GIVEN)
            .order_by(AuditEntry.id.desc())
        ).first()
    assert entry.actor_id == office.user_id
    assert entry.details["membership"].endswith("/教学管理处")


def test_the_same_role_is_not_given_twice(engine, office, add):
    user_id = add("wang", Role.FILLER, "学生工作处")
    new = NewMembership(Role.FILLER, SCHOOL, "学生工作处")
    message = tell(give_membership, engine, user_id, new, actor=office)
    assert "已经有这个角色" in message


def test_moving_to_another_department_ends_the_rights_at_once(engine, office, add):
    user_id = add("wang", Role.FILLER, "学生工作处")
    [(membership_id, *_)] = roles_of(engine, user_id)
    change_membership(engine, membership_id, "教学管理处", True, actor=office)
    [(_, role, department)] = roles_of(engine, user_id)
    assert (role, department) == (Role.FILLER, "教学管理处")
    names = load_actor(engine, user_id).grants[0].department_names
    assert "学生工作处" not in names


def test_a_role_of_a_closed_unit_gives_nothing(engine, add):
    unit_id = add_unit(engine, UnitEntry("s9", "第九学校"), kind="school")
    user_id = add("li", Role.ANALYST, unit="s9")
    assert can(load_actor(engine, user_id), Action.VIEW_ROWS)
    set_unit_active(engine, unit_id, False)
    assert not can(load_actor(engine, user_id), Action.VIEW_ROWS)


@pytest.mark.parametrize("role", [Role.ADMINISTRATOR, Role.AUTHORITY])
def test_a_quality_office_does_not_give_what_reaches_beyond_its_unit(
    engine, office, add, role
):
    user_id = add("wang", Role.FILLER)
    with pytest.raises(AppError):
        give_membership(engine, user_id, NewMembership(role, SCHOOL), actor=office)
    assert len(roles_of(engine, user_id)) == 1


def test_a_quality_office_manages_no_other_unit(engine, office, add):
    stranger = add("groupie", Role.FILLER, unit="demo-group")
    new = NewMembership(Role.FILLER, SCHOOL)
    with pytest.raises(NotFound):
        give_membership(engine, stranger, new, actor=office)
    user_id = add("wang", Role.FILLER)
    elsewhere = NewMembership(Role.FILLER, "demo-group")
    message = tell(give_membership, engine, user_id, elsewhere, actor=office)
    assert "demo-group" in message


def test_a_quality_office_cannot_take_over_an_administrator(engine, office):
    with pytest.raises(Forbidden):
        reset_password(engine, find_user_id(engine, "admin"), actor=office)


def test_somebody_with_roles_elsewhere_is_not_the_quality_offices_alone(
    engine, office, add
):
    user_id = add("wang", Role.FILLER)
    give_membership(engine, user_id, NewMembership(Role.FILLER, "demo-group"))
    with Session(engine) as session, pytest.raises(Forbidden):
        require_management(office, session.get(User, user_id))


def test_nobody_changes_his_own_roles(engine, office):
    [(membership_id, *_)] = roles_of(engine, office.user_id)
    new = NewMembership(Role.LEADERSHIP, SCHOOL)
    for refusal in (
        tell(give_membership, engine, office.user_id, new, actor=office),
        tell(end_membership, engine, membership_id, actor=office),
        tell(change_membership, engine, membership_id, None, True, actor=office),
    ):
        assert "自己的角色不能自己改" in refusal


def test_an_authority_stands_above_schools(engine, admin, add):
    user_id = add("wang", Role.FILLER)
    new = NewMembership(Role.AUTHORITY, SCHOOL)
    message = tell(give_membership, engine, user_id, new, actor=admin)
    assert "市、省、国家" in message
    add_unit(engine, UnitEntry("city", "某市教育局"), kind="city")
    give_membership(engine, user_id, NewMembership(Role.AUTHORITY, "city"), actor=admin)


def test_an_unknown_department_suggests_the_nearest(engine, admin, add):
    user_id = add("wang", Role.FILLER)
    new = NewMembership(Role.FILLER, SCHOOL, "学生工作处室")
    message = tell(give_membership, engine, user_id, new, actor=admin)
    assert "是不是“学生工作处”？" in message


def test_leaders_have_no_department(engine, admin, add):
    user_id = add("wang", Role.FILLER)
    new = NewMembership(Role.LEADERSHIP, SCHOOL, "学生工作处")
    message = tell(give_membership, engine, user_id, new, actor=admin)
    assert "部门请留空" in message


def test_the_last_administrator_stays(engine, add):
    user_id = find_user_id(engine, "admin")
    [(membership_id, *_)] = roles_of(engine, user_id)
    for act, what in (
        (set_active, (user_id, False)),
        (end_membership, (membership_id,)),
    ):
        assert "没有在用的系统管理员" in tell(act, engine, *what)
    add("second", Role.ADMINISTRATOR)
    end_membership(engine, membership_id)
    assert roles_of(engine, user_id) == []


def test_a_closed_account_is_no_other_administrator(engine, add):
    set_active(engine, add("second", Role.ADMINISTRATOR), False)
    with pytest.raises(Refused):
        set_active(engine, find_user_id(engine, "admin"), False)


def test_the_unit_of_the_last_administrator_stays_open(engine, workshop):
    with Session(engine) as session:
        unit_id = session.scalar(
            select(Membership.unit_id).where(Membership.role == Role.ADMINISTRATOR)
        )
    assert "没有在用的系统管理员" in tell(set_unit_active, engine, unit_id, False)


@pytest.mark.parametrize("by_role", [False, True], ids=["closing", "ending a role"])
def test_two_administrators_do_not_remove_each_other_at_once(engine, add, by_role):
    people = [find_user_id(engine, "admin"), add("second", Role.ADMINISTRATOR)]
    roles = [roles_of(engine, user_id)[0][0] for user_id in people]
    start, refused = threading.Barrier(2), []

    def remove(at):
        start.wait()
        try:
            if by_role and at:
                end_membership(engine, roles[at])
            else:
                set_active(engine, people[at], False)
        except Refused as error:
            refused.append(error)

    threads = [threading.Thread(target=remove, args=(at,)) for at in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 1
