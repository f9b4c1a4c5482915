"""Base forms first: which forms wait, and for what."""

import pytest
from sqlalchemy import insert

from app.models import Base, Filing, Round, Unit
from app.models.base import now_utc
from app.services.preconditions import find_waiting, order_forms
from app.storage.engine import open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of

HERE = Scope(unit_id=1, round_id=1)


def _base(code, order=None, /, **fields):
    schema = schema_of(code, **fields)
    schema["x-form"]["kind"] = "base"
    if order is not None:
        schema["x-form"]["fillOrder"] = order
    return schema


def _refer(to, field="code", **words):
    return field_of("ref", ref={"table": to, "field": field, **words})


def _requiring(schema, *names):
    return {**schema, "required": list(names)}


@pytest.fixture(scope="module")
def school():
    """Majors before teachers; prizes go to a teacher or to a guest."""
    return catalogue_of(
        _base("T", 2, code="code", major=_refer("M")),
        _base("G", 3, code="code"),
        _requiring(_base("M", 1, code="code", head=_refer("T")), "head"),
        _requiring(schema_of("C", code="code", major=_refer("M")), "major"),
        schema_of("O", code="code", major=_refer("M")),
        _requiring(
            schema_of("P", code="code", winner=_refer("T", also=["G"])), "winner"
        ),
    )


@pytest.fixture
def connection(database_url, school):
    engine = open_engine(database_url)
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(school).create_all(connection, checkfirst=False)
        yield connection
    engine.dispose()


def _find(connection, school, scope=HERE):
    return find_waiting(connection, school, scope, school.forms)


def _add(connection, school, code, unit_id=1):
    form = school.get(f"test/{code}")
    store = RowStore(connection, school, by_engine=True)
    store.upsert_many(form, Scope(unit_id, 1), [{"code": "1"}], None)


@pytest.fixture(autouse=True)
def places(connection):
    for unit_id in (1, 2):
        connection.execute(
            insert(Unit.__table__).values(
                id=unit_id,
                kind="school",
                code=str(unit_id),
                name="学校",
                path=f"/{unit_id}/",
                collections=["test"],
                is_active=True,
                created_at=now_utc(),
            )
        )
    connection.execute(
        insert(Round.__table__).values(
            id=1,
            collection="test",
            edition="2024",
            title="本期",
            periods={},
            state="open",
            created_at=now_utc(),
        )
    )


def test_a_form_waits_for_the_base_form_it_has_to_refer_to(connection, school):
    assert _find(connection, school) == {"C": ("M",), "P": ("T",)}


def test_rows_of_another_unit_open_nothing(connection, school):
    _add(connection, school, "M", unit_id=2)
    assert "C" in _find(connection, school)


def test_a_row_opens_the_forms_that_wait_for_it(connection, school):
    _add(connection, school, "M")
    assert "C" not in _find(connection, school)


def test_one_of_several_forms_to_refer_to_is_enough(connection, school):
    _add(connection, school, "G")
    assert "P" not in _find(connection, school)


@pytest.mark.parametrize("word", ["is_empty", "is_closed"])
def test_a_base_form_that_has_nothing_this_time_keeps_nobody_waiting(
    connection, school, word
):
    values = {"is_empty": False, "is_closed": False, word: True}
    connection.execute(
        insert(Filing.__table__).values(
            unit_id=1,
            round_id=1,
            form_code="M",
            state="draft",
            step="",
            submissions=0,
            updated_at=now_utc(),
            **values,
        )
    )
    assert "C" not in _find(connection, school)


def test_base_forms_come_first_in_the_order_of_filling(school):
    codes = [form.code for form in order_forms(school.forms)]
    assert codes[:3] == ["M", "T", "G"]
