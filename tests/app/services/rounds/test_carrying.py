"""Starting a round with the last one's rows: what comes, and how it is judged."""

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import insert, select, update

from app.errors import Refused
from app.models import (
    Assignment,
    AuditAction,
    AuditEntry,
    Base,
    Contribution,
    Department,
    Filing,
    Round,
    RowChange,
    UnitRound,
)
from app.models.base import now_utc
from app.services.audit_chain import verify
from app.services.rounds.carrying import carry_forward, preview_carrying
from app.storage.carried_gaps import count_gaps, find_empty, find_gaps
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

LAST, HERE = Scope(1, 1), Scope(1, 2)
PERIODS = {"snapshot": ["2023-09-01", "2024-08-31"]}


def _snapshot(code, /, kind="business", required=(), **fields):
    schema = schema_of(code, **fields)
    schema["x-form"] |= {"period": "snapshot", "kind": kind}
    return {**schema, "required": [next(iter(fields)), *required]}


def _refer(to, field):
    return field_of("ref", ref={"table": to, "field": field})


def _editions():
    """Rooms, teachers with a mentor, and their prizes; next year asks for more."""
    room = _snapshot("R", "base", number="code", name="text", seats="integer")
    teacher = {
        "number": "code",
        "name": "text",
        "pay": "money",
        "born": "date",
        "tags": "multi_enum",
        "room": _refer("R", "number"),
        "mentor": _refer("T", "number"),
        "half": field_of("money", computed="pay / 2"),
    }
    old = [
        room,
        _snapshot("T", "base", **teacher),
        _snapshot("P", winner=_refer("T", "number"), title="text"),
        schema_of("Y", name="text"),
        _snapshot("K", name="text", other="text"),
        _snapshot("B", code="code", sort="text", first="text", last="text"),
    ]
    wage = {**teacher, "wage": field_of("money", was=["pay"])}
    del wage["pay"]
    wage["half"] = field_of("money", computed="wage / 2")
    renamed = _snapshot("T", "base", ["wage", "phone"], **wage, phone=field_of("text"))
    renamed["x-form"]["carryWithout"] = ["born"]
    keyed = _snapshot("K", name="text", other="text")
    keyed["x-form"]["key"] = ["other"]
    prize = _snapshot("P", winner=_refer("T", "number"), title="text")
    short = _snapshot(
        "R",
        "base",
        number="code",
        name=field_of("text", maxLength=3),
        seats="integer",
    )
    # Another code; a word said otherwise, two fields made one, one from another form.
    book = _snapshot(
        "C",
        code="code",
        sort=field_of(recode={"旧": "新"}),
        whole=field_of(**{"from": "last if first == '甲' else first"}),
        seats=field_of("integer", was=["R.seats"]),
    )
    book["x-form"]["was"] = ["B"]
    return {
        "2023": old,
        "2024": [short, renamed, prize, schema_of("Y", name="text"), keyed, book],
    }


@pytest.fixture(scope="module")
def catalogue():
    made = catalogue_of(editions=_editions())
    settings = {"title": "测试", "unitKind": "school", "periods": PERIODS}
    editions = (replace(edition, settings=settings) for edition in made.editions)
    return replace(made, editions=tuple(editions))


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend, catalogue):
    with lend(request.param, _fill, catalogue) as url:
        yield get_engine(url)


def _fill(engine, catalogue):
    with engine.begin() as connection:
        Base.metadata.create_all(connection, checkfirst=False)
        build_metadata(catalogue).create_all(connection, checkfirst=False)
        add_units(connection, 1)
        connection.execute(
            insert(Department).values(id=1, unit_id=1, name="教务处", aliases=[])
        )
        connection.execute(
            insert(Department).values(id=2, unit_id=1, name="旧部门", aliases=[])
        )
        add_round(connection, 1, "test", "2023")
        add_round(connection, 2, "test", "2024", previous_id=1)
        connection.execute(update(Round).values(periods=PERIODS))
        connection.execute(
            update(Base.metadata.tables["units"]).values(collections=["test"])
        )


@pytest.fixture
def form(catalogue):
    return lambda code, year="2024": catalogue.get(f"test/{year}/{code}")


@pytest.fixture
def put(engine, catalogue, form):
    """Store rows: `put("R", {...}, scope=LAST)`."""

    def put(code, *rows, scope=LAST, department=1):
        year = "2023" if scope.round_id == 1 else "2024"
        own = replace(scope, department_id=department)
        with engine.begin() as connection:
            store = RowStore(connection, catalogue, by_engine=True)
            store.upsert_many(form(code, year), own, rows, None)

    return put


@pytest.fixture
def filled(put):
    put("R", {"number": "101", "name": "长长的名字", "seats": 30}, {"number": "102"})
    put(
        "T",
        {"number": "1", "name": "甲", "pay": 7, "room": "101", "tags": ("甲", "乙")},
        {"number": "2", "name": "乙", "mentor": "1"},
    )
    put("P", {"winner": "1", "title": "一等奖"})
    put("Y", {"name": "每年重填"})


@pytest.fixture
def carry(engine, catalogue):
    """Carry forms: `carry("R")`, or all; gives what came by code."""

    def carry(*codes):
        done = carry_forward(engine, catalogue, None, HERE, codes or None)
        return {one.form.code: one for one in done}

    return carry


@pytest.fixture
def rows_of(engine, catalogue, form):
    def rows_of(code, scope=HERE):
        with begin_reading(engine) as connection:
            store = RowStore(connection, catalogue)
            return list(store.iterate_rows(form(code), scope))

    return rows_of


@pytest.mark.usefixtures("filled")
def test_rows_of_forms_that_last_come_and_no_others(carry, rows_of):
    added = {code: one.added for code, one in carry().items()}
    assert added == {"R": 2, "T": 2, "P": 1, "K": 0, "C": 0}
    assert rows_of("Y") == []


@pytest.mark.usefixtures("filled")
def test_values_keep_their_fields_under_new_names(carry, rows_of):
    carry()
    first, second = rows_of("T")
    assert (first.row["wage"], first.row["half"]) == (7, 3.5)
    assert first.row["tags"] == ("甲", "乙")
    assert (first.row["room"], second.row["mentor"]) == ("101", "1")
    assert (first.department_id, first.updated_by) == (1, None)


def test_values_are_recoded_computed_and_moved_on_their_way(put, carry, rows_of):
    put("R", {"number": "b1", "name": "一", "seats": 7}, scope=LAST)
    told = {"code": "b1", "sort": "旧", "first": "甲", "last": "乙"}
    put("B", told, {"code": "b2", "sort": "别的", "first": "丙"}, scope=LAST)
    carry("C")
    assert [one.row for one in rows_of("C")] == [
        {"code": "b1", "sort": "新", "whole": "乙", "seats": 7},
        {"code": "b2", "sort": "别的", "whole": "丙", "seats": None},
    ]


def test_a_field_of_that_year_alone_stays_empty(put, carry, rows_of):
    put("T", {"number": "1", "born": date(1980, 1, 1)})
    carry()
    assert rows_of("T")[0].row["born"] is None


@pytest.mark.usefixtures("filled")
def test_a_second_call_adds_only_what_is_missing(put, carry, rows_of):
    carry()
    put("R", {"number": "103"})
    assert carry()["R"].added == 1
    assert [stored.row["number"] for stored in rows_of("R")] == ["101", "102", "103"]


@pytest.mark.usefixtures("filled")
def test_a_row_that_is_here_is_left_alone(put, carry, rows_of):
    put("R", {"number": "101", "name": "新"}, scope=HERE)
    assert carry()["R"].added == 1
    assert rows_of("R")[0].row["name"] == "新"


@pytest.mark.usefixtures("filled")
def test_a_value_that_no_longer_fits_is_kept_and_judged(carry, rows_of):
    carry()
    first, second = rows_of("R")
    assert (first.row["name"], first.level) == ("长长的名字", "error")
    assert second.level == ""


@pytest.mark.usefixtures("filled")
def test_rows_are_inherited_until_somebody_changes_them(
    engine, catalogue, form, carry, rows_of
):
    carry()
    first, second = rows_of("R")
    assert first.is_inherited
    with engine.begin() as connection:
        store = RowStore(connection, catalogue, by_engine=True)
        store.update(form("R"), HERE, first.id, {"seats": 31}, first.version, None)
    assert [one.is_inherited for one in rows_of("R")] == [False, True]
    assert second.is_inherited


@pytest.mark.usefixtures("filled")
def test_a_reference_to_what_did_not_come_stays_empty(carry, rows_of):
    carry("T")
    assert [stored.row["room"] for stored in rows_of("T")] == [None, None]


@pytest.mark.usefixtures("filled")
def test_a_row_named_by_what_did_not_come_stays_behind(carry, rows_of):
    done = carry("P")["P"]
    assert (done.added, done.left) == (0, 1)
    assert rows_of("P") == []


@pytest.mark.usefixtures("filled")
def test_history_and_audit_log_tell_of_it(engine, carry):
    carry()
    with begin_reading(engine) as connection:
        changes = connection.execute(
            select(RowChange.__table__).where(
                RowChange.table_name == "test_t", RowChange.round_id == 2
            )
        ).all()
        actions = connection.scalars(select(AuditEntry.action)).all()
    assert [(one.actor_id, one.reason) for one in changes] == [(None, "由上期带入")] * 2
    assert changes[0].after["wage"] == "7.00"
    assert actions.count(AuditAction.CARRIED_FORWARD) == 3


@pytest.mark.usefixtures("filled")
def test_gaps_are_counted_and_listed(engine, catalogue, form, carry):
    plan = preview_carrying(engine, catalogue, None, HERE)
    lines = {line.form.code: line.counts for line in plan.lines}
    # The second teacher has no wage; nobody has a phone yet.
    assert (lines["T"].rows, lines["T"].new, lines["T"].gaps) == (2, 2, 2)
    assert lines["R"].gaps == 0
    carry()
    with begin_reading(engine) as connection:
        assert count_gaps(connection, catalogue, form("T"), HERE) == 2
        first, second = find_gaps(connection, catalogue, form("T"), HERE, 1, 50)
    assert [item.id for item in find_empty(form("T"), first.row)] == ["phone"]
    assert [item.id for item in find_empty(form("T"), second.row)] == ["wage", "phone"]


@pytest.mark.usefixtures("filled")
def test_a_form_that_was_handed_in_is_left_alone(engine, carry):
    with engine.begin() as connection:
        connection.execute(
            insert(Filing).values(
                unit_id=1, round_id=2, form_code="R", state="submitted", step="x"
            )
        )
    done = carry()["R"]
    assert (done.added, "已提交" in done.obstacle) == (0, True)


@pytest.fixture
def handed_over(engine, put):
    """The second department has handed over its part of the teachers."""
    put("T", {"number": "1", "name": "甲"})
    put("T", {"number": "2", "name": "乙"}, department=2)
    put("T", {"number": "3", "name": "丙", "mentor": "2"})
    with engine.begin() as connection:
        connection.execute(
            insert(Assignment),
            [
                {
                    "unit_id": 1,
                    "round_id": 2,
                    "form_code": "T",
                    "department_id": department_id,
                    "position": department_id,
                }
                for department_id in (1, 2)
            ],
        )
        filing_id = connection.execute(
            insert(Filing).values(unit_id=1, round_id=2, form_code="T")
        ).inserted_primary_key[0]
        connection.execute(
            insert(Contribution).values(
                filing_id=filing_id, department_id=2, state="handed"
            )
        )


@pytest.mark.usefixtures("handed_over")
def test_what_a_department_handed_over_stays_as_it_is(
    engine, catalogue, carry, rows_of
):
    plan = preview_carrying(engine, catalogue, None, HERE)
    line = next(one for one in plan.lines if one.form.code == "T")
    assert (line.counts.new, line.counts.handed) == (2, 1)
    assert "旧部门已移交数据，它的 1 行不带入" in line.held_back
    done = carry("T")["T"]
    assert (done.added, done.left, done.held_back) == (2, 0, line.held_back)
    rows = {row.row["number"]: row.row["mentor"] for row in rows_of("T")}
    # Who stayed behind cannot be referred to.
    assert rows == {"1": None, "3": None}


@pytest.mark.usefixtures("filled")
def test_a_form_that_is_mended_in_places_takes_no_rows(engine, catalogue, carry):
    with engine.begin() as connection:
        connection.execute(
            insert(Filing).values(
                unit_id=1, round_id=2, form_code="R", state="returned"
            )
        )
    plan = preview_carrying(engine, catalogue, None, HERE)
    line = next(one for one in plan.lines if one.form.code == "R")
    assert "退回修改" in line.obstacle
    assert carry("R")["R"].obstacle == line.obstacle


def test_a_form_whose_key_changed_is_left_alone(put, carry):
    put("K", {"name": "a", "other": "b"})
    done = carry()["K"]
    assert (done.added, "认行的栏改了" in done.obstacle) == (0, True)


def test_rows_of_a_department_that_supplies_no_more_become_the_leads(
    put, carry, rows_of
):
    put("R", {"number": "101"}, department=2)
    carry("R")
    assert rows_of("R")[0].department_id == 1


def test_nothing_is_carried_into_a_closed_round(engine, carry):
    with engine.begin() as connection:
        connection.execute(
            insert(UnitRound).values(unit_id=1, round_id=2, closed_at=now_utc())
        )
    with pytest.raises(Refused, match="已关闭"):
        carry()


def test_without_a_last_round_there_is_nothing(engine, catalogue):
    assert preview_carrying(engine, catalogue, None, LAST).lines == ()
    with pytest.raises(Refused, match="没有上一期"):
        carry_forward(engine, catalogue, None, LAST)


def test_the_log_of_carried_rows_can_be_proved(engine, filled, carry):
    carry()
    assert verify(engine, with_changes=True).is_intact
