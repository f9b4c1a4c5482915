from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError
from sqlalchemy.orm import Session

from app.models import (
    Base,
    Department,
    ImportJob,
    JobState,
    Membership,
    Role,
    Round,
    StagedRow,
    StagedState,
    Unit,
    UnitKind,
    User,
)
from app.models.rounds import read_period
from app.storage.engine import open_engine


@pytest.fixture
def session(database_url):
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@pytest.fixture
def unit(session):
    unit = Unit(kind=UnitKind.SCHOOL, code="demo", name="示范学校")
    session.add(unit)
    session.flush()
    return unit


@pytest.fixture
def user(session):
    user = User(username="filler", name="填报员", password_hash="x")
    session.add(user)
    session.flush()
    return user


def test_moments_come_back_in_utc(session, user):
    moment = datetime(2024, 9, 1, 8, 30, tzinfo=timezone(timedelta(hours=8)))
    user.last_login_at = moment
    session.commit()
    session.refresh(user)
    assert user.last_login_at == moment
    assert user.last_login_at.tzinfo is UTC


def test_a_moment_without_zone_is_refused(session, user):
    user.last_login_at = datetime(2024, 9, 1)
    with pytest.raises(StatementError, match="time zone"):
        session.flush()


def test_a_person_has_roles_in_units_and_departments(session, unit, user):
    department = Department(unit=unit, name="教务处", aliases=["教学管理处"])
    session.add(department)
    user.memberships = [
        Membership(unit=unit, department=department, role=Role.FILLER),
        Membership(unit=unit, role=Role.DEPARTMENT_HEAD),
    ]
    session.commit()
    session.expire_all()
    found = session.get(User, user.id).memberships
    assert [(m.role, m.department and m.department.aliases) for m in found] == [
        (Role.FILLER, ["教学管理处"]),
        (Role.DEPARTMENT_HEAD, None),
    ]


def test_a_department_name_is_taken_once_in_a_unit(session, unit):
    session.add_all([Department(unit=unit, name="教务处") for _ in range(2)])
    with pytest.raises(IntegrityError):
        session.flush()


def test_an_unknown_word_is_refused(session, unit):
    unit.kind = "castle"
    with pytest.raises(StatementError, match="castle"):
        session.flush()


def test_a_round_has_a_period_of_each_sort():
    periods = {
        "academic_year": ["2023-09-01", "2024-08-31"],
        "snapshot": ["2024-08-31", "2024-08-31"],
    }
    year = (date(2023, 9, 1), date(2024, 8, 31))
    assert read_period(periods, "academic_year") == year
    assert read_period(periods, "none") == (date(2024, 8, 31), date(2024, 8, 31))


def test_staged_rows_keep_chinese_readable_and_go_with_their_import(
    session, unit, user
):
    held = Round(collection="talent", edition="2024", title="一", periods={})
    session.add(held)
    session.flush()
    job = ImportJob(
        unit_id=unit.id,
        round_id=held.id,
        actor_id=user.id,
        form_name="talent/2024/0.1.1",
        file_token="t",
        file_name="专业.xlsx",
        file_hash="0" * 64,
    )
    session.add(job)
    session.flush()
    assert job.job_state is JobState.WAITING
    row = StagedRow(import_id=job.id, row_number=2, values={"name": "计算机"})
    session.add(row)
    session.commit()
    stored = session.execute(text('SELECT "values" FROM staged_rows')).scalar()
    assert row.state is StagedState.WAITING
    assert "计算机" in str(stored)
    session.delete(job)
    session.commit()
    assert session.execute(text("SELECT count(*) FROM staged_rows")).scalar() == 0
