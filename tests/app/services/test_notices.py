import pytest
from sqlalchemy import func, select

from app.models import Department, Mail, Notice, NoticeKind, Role, Unit, User
from app.services.accounts import NewMembership, create_user, find_user_id, set_active
from app.services.notices import Message, find_recipients, send
from tests.support.people import SCHOOL, add_person, notices_of

MESSAGE = Message(NoticeKind.ROUND, "本期填报已经开始", "请按时填报。", "/forms/")


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture
def unit_id(engine):
    with engine.begin() as connection:
        return connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))


@pytest.fixture
def departments(engine, unit_id):
    """Name -> id."""
    found = select(Department.name, Department.id).where(Department.unit_id == unit_id)
    with engine.begin() as connection:
        return dict(connection.execute(found).all())


def tell(engine, recipients, message=MESSAGE, **options):
    with engine.begin() as connection:
        return send(connection, message, recipients, **options)


def test_everybody_is_told_once_however_often_named(engine):
    first = add_person(engine, "first", Role.FILLER)
    second = add_person(engine, "second", Role.FILLER)
    assert tell(engine, [second, first, second]) == (first, second)
    (notice,) = notices_of(engine, first)
    assert (notice.title, notice.text, notice.link) == (
        MESSAGE.title,
        MESSAGE.text,
        MESSAGE.link,
    )
    assert notice.read_at is None


def test_whoever_acts_is_not_told_of_it(engine):
    first = add_person(engine, "first", Role.FILLER)
    second = add_person(engine, "second", Role.FILLER)
    assert tell(engine, [first, second], sender_id=first) == (second,)
    assert notices_of(engine, first) == []
    assert notices_of(engine, second)[0].sender_id == first


def test_closed_accounts_and_nobody_are_left_out(engine):
    person = add_person(engine, "gone", Role.FILLER)
    set_active(engine, person, False)
    assert tell(engine, [person, 10**9]) == ()
    assert notices_of(engine, person) == []


def test_an_act_that_fails_told_nobody(engine):
    person = add_person(engine, "first", Role.FILLER, email="a@example.edu.cn")
    with engine.connect() as connection, connection.begin() as transaction:
        assert send(connection, MESSAGE, [person]) == (person,)
        transaction.rollback()
    assert notices_of(engine, person) == []


def test_mails_wait_for_those_who_have_an_address_and_want_them(engine):
    with_address = add_person(engine, "a", Role.FILLER, email="a@example.edu.cn")
    unwilling = add_person(engine, "b", Role.FILLER, email="b@example.edu.cn")
    add_person(engine, "c", Role.FILLER)
    with engine.begin() as connection:
        connection.execute(
            User.__table__.update().where(User.id == unwilling).values(wants_mail=False)
        )
        everybody = connection.scalars(select(User.id)).all()
    tell(engine, everybody)
    with engine.begin() as connection:
        (mail,) = connection.execute(select(Mail.__table__)).all()
        told = connection.scalar(
            select(Notice.user_id).where(Notice.id == mail.notice_id)
        )
        count = connection.scalar(select(func.count()).select_from(Notice.__table__))
    assert (mail.address, told) == ("a@example.edu.cn", with_address)
    assert count == len(everybody)


def test_more_people_than_one_statement_takes_are_told(engine, unit_id):
    with engine.begin() as connection:
        connection.execute(
            User.__table__.insert(),
            [
                {"username": f"u{n}", "name": f"u{n}", "password_hash": "-"}
                for n in range(2500)
            ],
        )
        everybody = connection.scalars(select(User.id)).all()
    assert len(tell(engine, everybody)) == len(everybody)


def test_recipients_are_found_by_role(engine, unit_id, departments):
    name = next(iter(departments))
    office = add_person(engine, "sender", Role.QUALITY_OFFICE)
    head = add_person(engine, "chief", Role.DEPARTMENT_HEAD, name)
    with engine.begin() as connection:
        found = find_recipients(connection, unit_id, roles=[Role.QUALITY_OFFICE])
        everybody = find_recipients(connection, unit_id)
    assert office in found
    assert head not in found
    assert {office, head} <= set(everybody)


def test_recipients_are_found_by_department(engine, unit_id, departments):
    first, second = list(departments)[:2]
    filler = add_person(engine, "f1", Role.FILLER, first)
    head = add_person(engine, "h1", Role.DEPARTMENT_HEAD, first)
    add_person(engine, "f2", Role.FILLER, second)
    add_person(engine, "whole", Role.FILLER)
    with engine.begin() as connection:
        both = find_recipients(connection, unit_id, department_ids=[departments[first]])
        fillers = find_recipients(
            connection,
            unit_id,
            roles=[Role.FILLER],
            department_ids=[departments[first]],
        )
    assert {filler, head} <= set(both)
    assert filler in fillers
    assert head not in fillers
    assert find_user_id(engine, "whole") not in both


def test_somebody_with_two_roles_is_found_once(engine, unit_id, departments):
    first, second = list(departments)[:2]
    create_user(
        engine,
        username="both",
        name="两处任职",
        memberships=[
            NewMembership(Role.FILLER, SCHOOL, first),
            NewMembership(Role.DEPARTMENT_HEAD, SCHOOL, second),
        ],
    )
    person = find_user_id(engine, "both")
    with engine.begin() as connection:
        found = find_recipients(
            connection, unit_id, department_ids=departments.values()
        )
    assert found.count(person) == 1
