"""Back from `x-from`: rows that were changed since do not show what held before."""

from decimal import Decimal

import pytest
from sqlalchemy import text

from app.errors import Refused
from app.services.schema_changes import OperationKind, Risk, apply
from tests.app.services.test_schema_apply import School, award, engine, find
from tests.support.forms import field_of

__all__ = ["engine"]

FIRST = award(amount="money", name="text")
#: In another unit: what was changed since can be led back.
IN_TENTHS = award(
    amount=field_of("money", digits=4) | {"x-from": "round(amount / 10000, 4)"},
    name="text",
)
#: Shortened: nobody knows what it was.
SHORT = award(amount="money", short=field_of("text") | {"x-from": "left(name, 1)"})


@pytest.fixture
def school(engine):
    school = School(engine, FIRST)
    school.store(
        "A",
        {"number": "1", "amount": Decimal("4400.00"), "name": "云山"},
        {"number": "2", "amount": Decimal("100.00"), "name": "海"},
        {"number": "3"},
    )
    return school


def amounts(school):
    return [row.get("amount") for row in school.read("A")]


def test_what_was_changed_in_another_unit_is_led_back(school):
    school.change(IN_TENTHS)
    school.store(
        "A",
        {"number": "2", "amount": Decimal("0.5000")},
        {"number": "4", "amount": Decimal("0.0001")},
    )
    made = school.change(FIRST, back=True)
    back = find(made, OperationKind.RECODE)
    assert (back.risk, back.touched.rows) == (Risk.SAFE, 2)
    assert "倒算" in back.summary
    assert [(o.row, o.before, o.after) for o in back.examples] == [
        ("2", "0.5000", "5000.00"),
        ("4", "0.0001", "1.00"),
        ("1", "0.4400", "4400.00"),
    ]
    assert amounts(school) == [Decimal("4400.00"), Decimal("5000.00"), None, Decimal(1)]


def test_nothing_comes_back_that_was_emptied_since(school):
    school.change(IN_TENTHS)
    school.store("A", {"number": "1", "amount": None})
    made = school.change(FIRST, back=True)
    assert find(made, OperationKind.RECODE).risk is Risk.SAFE
    assert amounts(school) == [None, Decimal("100.00"), None]


def test_what_nobody_can_lead_back_takes_a_reason_and_is_empty(school, engine):
    school.change(SHORT)
    school.store("A", {"number": "1", "short": "河"}, {"number": "4", "short": "新"})
    made = school.plan(FIRST, back=True)
    back = find(made, OperationKind.ADD_FIELD)
    assert (back.field_id, back.risk, back.touched.rows) == ("name", Risk.LOSSY, 2)
    assert "2 行倒算不出" in back.summary
    assert [(one.row, one.before, one.after) for one in back.examples] == [
        ("1", "河", ""),
        ("4", "新", ""),
    ]
    accept = {one.id: "按通知" for one in made.open if one is not back}
    with pytest.raises(Refused, match="add_field:test/2024/A/name"):
        apply(engine, school.wanted, made.hash, accept, back=True)
    school.change(FIRST, back=True)
    assert [row.get("name") for row in school.read("A")] == [None, "海", None, None]
    with engine.connect() as connection:
        kept = connection.scalars(text("SELECT short FROM test_a ORDER BY _id"))
        assert list(kept) == ["河", "海", None, "新"]


def test_a_way_back_without_changes_is_no_loss(school):
    before = school.read("A")
    school.change(SHORT)
    back = find(school.plan(FIRST, back=True), OperationKind.ADD_FIELD)
    assert (back.risk, back.touched.rows) == (Risk.SAFE, 2)
    school.change(FIRST, back=True)
    assert school.read("A") == before
