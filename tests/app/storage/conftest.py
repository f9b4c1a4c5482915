"""A small school in a database of either kind: majors, students, clubs, lessons."""

import pytest

from app.models import Base
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units


def _school():
    major = schema_of(
        "M",
        code="code",
        name="text",
        fee="money",
        years="decimal",
        founded="date",
        approved="year_month",
        active="boolean",
        tags="multi_enum",
        seats="integer",
        leader_phone=field_of("phone"),
    )
    major["x-form"]["titleField"] = "name"
    student = schema_of(
        "S",
        number="code",
        name="text",
        major=field_of("ref", ref={"table": "M", "field": "code"}),
        mentor=field_of("ref", ref={"table": "S", "field": "number"}),
        card="text",
    )
    student["x-form"]["titleField"] = "name"
    student["x-unique"] = [["card"]]
    club = schema_of(
        "C",
        title="text",
        members={
            "title": "成员",
            "type": "array",
            "items": {"type": "string"},
            "uniqueItems": True,
            "x-kind": "ref",
            "x-ref": {"table": "S", "field": "number"},
            "x-multiple": True,
        },
    )
    plan = schema_of("P", program="code", course="code", hours="integer")
    plan["x-form"]["key"] = ["program", "course"]
    lesson = schema_of(
        "L",
        day="date",
        program="code",
        course=field_of(
            "ref",
            ref={"table": "P", "field": "course", "filter": "program == this.program"},
        ),
    )
    visitor = schema_of("V", number="code", name="text")
    prize = schema_of(
        "Z",
        prize="text",
        winner=field_of("ref", ref={"table": "S", "field": "number", "also": ["V"]}),
    )
    record = schema_of("R", area="money", remark="text")
    record["x-form"]["shape"] = "record"
    del record["x-form"]["key"]
    return major, student, club, plan, lesson, visitor, prize, record


def _fill(engine, school):
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(school).create_all(connection, checkfirst=False)
        add_units(connection, 1, 2)
        for number in (1, 2):
            add_round(connection, number, "test", "2024")


@pytest.fixture(scope="session")
def school():
    """The catalogue of the small school."""
    return catalogue_of(*_school())


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend, school):
    with lend(request.param, _fill, school) as url:
        yield get_engine(url)


@pytest.fixture
def connection(engine):
    with engine.begin() as connection:
        yield connection


@pytest.fixture
def store(connection, school):
    return RowStore(connection, school)


@pytest.fixture
def scope():
    return Scope(unit_id=1, round_id=1)


@pytest.fixture(params=["M", "S", "C", "P", "L", "V", "Z", "R"])
def any_form(request, school):
    return school.get(f"test/{request.param}")


@pytest.fixture
def major(school):
    return school.get("test/M")


@pytest.fixture
def student(school):
    return school.get("test/S")
