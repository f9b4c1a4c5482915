"""Accounts that a test invents, beside those of the demo units."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Notice, User
from app.permissions import actor_of
from app.services.accounts import NewMembership, create_user, find_user_id
from app.services.demo import DEMO_PASSWORD

SCHOOL = "demo-school"


def add_person(engine, username, role, department=None, *, email=None, unit=SCHOOL):
    """An account; gives its id."""
    create_user(
        engine,
        username=username,
        name=f"{username} 的姓名",
        memberships=[NewMembership(role, unit, department)],
        password=DEMO_PASSWORD,
        must_change_password=False,
    )
    user_id = find_user_id(engine, username)
    with engine.begin() as connection:
        connection.execute(
            update(User.__table__).where(User.id == user_id).values(email=email)
        )
    return user_id


def find_actor(engine, username):
    """The account as the policy sees it now."""
    with Session(engine) as session:
        return actor_of(session.get(User, find_user_id(engine, username)))


def notices_of(engine, user_id):
    """What a person was told, oldest first."""
    table = Notice.__table__
    found = select(table).where(table.c.user_id == user_id).order_by(table.c.id)
    with engine.begin() as connection:
        return connection.execute(found).all()
