"""Explained warnings: which of them hold, and as statements over whole tables."""

import json
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import insert, select

from app.models import Base, Confirmation, Round, Unit, User
from app.models.base import now_utc
from app.storage.binding import bind
from app.storage.confirmations import (
    fields_judged,
    find_confirmed,
    find_confirmed_in_table,
    find_written,
    withdraw_confirmations,
    write_confirmation,
)
from app.storage.passed_warnings import write_values
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, rule_of, schema_of
from tests.support.lending import get_engine
from validators.conversion import from_json

FEES = ("rule:dear", "fee")


def _forms():
    major = schema_of(
        "M",
        code="code",
        fee="money",
        seats="integer",
        years="decimal",
        founded="date",
        approved="year_month",
        active="boolean",
        tags="multi_enum",
        phone=field_of("phone"),
    )
    major["x-rules"] = [
        rule_of(
            "fee <= 1000", "dear", level="warning", fields=["fee"], when="seats > 10"
        )
    ]
    # More than one call of the databases' JSON functions can take.
    wide = schema_of("W", code="code", **{f"n{i}": "integer" for i in range(90)})
    return major, wide


@pytest.fixture(scope="module")
def forms():
    return catalogue_of(*_forms())


@pytest.fixture(params=["sqlite", "postgresql"])
def connection(request, lend, forms):
    with (
        lend(request.param, _fill, forms) as url,
        get_engine(url).begin() as connection,
    ):
        yield connection


def _fill(engine, forms):
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(forms).create_all(connection, checkfirst=False)
        _add_people(connection)


def _add_people(connection):
    now = now_utc()
    connection.execute(
        insert(Unit.__table__).values(
            id=1, kind="school", code="u", name="校", collections=[], created_at=now
        )
    )
    for number in (1, 2):
        connection.execute(
            insert(Round.__table__).values(
                id=number,
                collection="test",
                edition="2024",
                title="一",
                state="open",
                periods={},
                created_at=now,
            )
        )
        connection.execute(
            insert(User.__table__).values(
                id=number,
                username=f"u{number}",
                name=f"老师{number}",
                password_hash="",
                created_at=now,
            )
        )


@pytest.fixture
def store(connection, forms):
    return RowStore(connection, forms)


@pytest.fixture
def major(forms):
    return forms.get("test/M")


@pytest.fixture
def scope():
    return Scope(1, 1)


@pytest.fixture
def explain(connection, major, scope):
    def explain(row, text="已核实", mark=FEES, actor_id=1, within=scope):
        write_confirmation(
            connection,
            major,
            within,
            row,
            mark,
            reason_code="other",
            reason_text=text,
            value_text="",
            actor_id=actor_id,
        )

    return explain


@pytest.fixture
def find(connection, major, scope):
    def find(row):
        found = find_confirmed(connection, major, scope, [row])
        return found.get(row.id, {})

    return find


ROW = {"code": "1", "fee": Decimal("1200.50"), "seats": 20, "phone": "13800000000"}


def test_an_explanation_is_about_all_fields_its_rule_reads(major):
    assert fields_judged(major, FEES) == ("fee", "seats")
    assert fields_judged(major, ("enum", "code")) == ("code",)
    assert fields_judged(major, ("rule:gone", "fee")) == ("fee",)


def test_an_explanation_stays_while_other_fields_change(
    store, major, scope, explain, find
):
    row = store.insert(major, scope, ROW, 1)
    explain(row)
    changed = store.update(major, scope, row.id, {"active": True}, 1, 1)
    [confirmed] = find(changed).values()
    assert (confirmed.reason_text, confirmed.by) == ("已核实", "老师1")


@pytest.mark.parametrize(
    "change", [{"fee": Decimal(1201)}, {"seats": 21}, {"seats": None}]
)
def test_an_explanation_is_void_once_a_value_of_the_rule_changes(
    store, major, scope, explain, find, change
):
    row = store.insert(major, scope, ROW, 1)
    explain(row)
    assert find(store.update(major, scope, row.id, change, 1, 1)) == {}


def test_a_value_that_comes_back_finds_its_reason_again(
    store, major, scope, explain, find
):
    row = store.insert(major, scope, ROW, 1)
    explain(row)
    store.update(major, scope, row.id, {"seats": 30}, 1, 1)
    assert FEES in find(store.update(major, scope, row.id, {"seats": 20}, 2, 1))


def test_the_newest_explanation_counts(store, major, scope, explain, find):
    row = store.insert(major, scope, ROW, 1)
    explain(row, "先这样")
    explain(row, "问过后勤", actor_id=2)
    assert (find(row)[FEES].reason_text, find(row)[FEES].by) == ("问过后勤", "老师2")


def test_what_was_withdrawn_is_found_no_more_but_kept(
    connection, store, major, scope, explain, find
):
    row = store.insert(major, scope, ROW, 1)
    explain(row, "先这样")
    explain(row, "问过后勤")
    count = withdraw_confirmations(connection, major, scope, row.id, FEES, 2)
    assert (count, find(row)) == (2, {})
    kept = connection.execute(select(Confirmation.__table__)).all()
    assert [record.withdrawn_by for record in kept] == [2, 2]


def test_other_rows_rounds_and_rules_have_no_part_in_it(
    store, major, scope, explain, find
):
    row = store.insert(major, scope, ROW, 1)
    other = store.insert(major, scope, ROW | {"code": "2"}, 1)
    explain(row)
    explain(other, mark=("enum", "code"))
    assert list(find(row)) == [FEES]
    assert list(find(other)) == [("enum", "code")]


def test_a_whole_table_tells_its_explanations(
    connection, forms, store, major, scope, explain
):
    row = store.insert(major, scope, ROW, 1)
    void = store.insert(major, scope, ROW | {"code": "2"}, 1)
    explain(row)
    explain(void)
    explain(None, "全表如此", mark=("rule:table", ""))
    store.update(major, scope, void.id, {"seats": 1}, 1, 1)
    found = find_confirmed_in_table(connection, bind(forms, major), scope)
    assert {row_id: list(marks) for row_id, marks in found.items()} == {
        row.id: [FEES],
        None: [("rule:table", "")],
    }


def test_the_next_round_finds_reasons_by_key_also_void_ones(
    connection, store, major, scope, explain
):
    row = store.insert(major, scope, ROW, 1)
    explain(row, "上年扩招")
    store.update(major, scope, row.id, {"seats": 30}, 1, 1)
    found = find_written(connection, major, scope, ["1", "2"])
    assert {key: marks[FEES].reason_text for key, marks in found.items()} == {
        "1": "上年扩招"
    }
    assert find_written(connection, major, Scope(1, 2), ["1"]) == {}


FULL = {
    "code": "一'\"\\",
    "fee": Decimal("-1234567890123.45"),
    "seats": -3,
    "years": Decimal("3.5"),
    "founded": date(1999, 9, 1),
    "approved": "1998-06",
    "active": False,
    "tags": ("甲", "乙"),
    "phone": "13800000000",
}


@pytest.mark.parametrize("row", [FULL, FULL | {"active": True}, {"code": "1"}])
def test_statements_write_values_as_json_that_reads_back(
    connection, forms, store, major, scope, row
):
    stored = store.insert(major, scope, row, 1)
    assert read_values(connection, forms, major) == stored.row


def test_statements_write_more_values_than_one_function_takes(
    connection, forms, store, scope
):
    wide = forms.get("test/W")
    row = {"code": "1"} | {f"n{i}": i for i in range(0, 90, 2)}
    stored = store.insert(wide, scope, row, 1)
    assert read_values(connection, forms, wide) == stored.row


def read_values(connection, forms, form):
    binding = bind(forms, form)
    values = connection.scalar(select(write_values(connection, binding.columns)))
    return from_json(form, json.loads(values) if isinstance(values, str) else values)
