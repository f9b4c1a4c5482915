"""What was changed leads back: columns that held values hold them again."""

from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.models import ImportJob, Round, RoundState, StagedRow
from app.services.schema_changes import OperationKind, Risk, initialise
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.app.services.test_schema_apply import (
    School,
    award,
    find,
    stage_row,
    was,
)
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

OVER, OPEN = Scope(1, 1), Scope(1, 2)


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _fill(engine):
    initialise(engine, catalogue_of())
    with engine.begin() as connection:
        add_units(connection, 1)
        add_round(connection, OVER.round_id, "test", "2024")
        add_round(connection, OPEN.round_id, "test", "2024", OVER.round_id)
        periods = {"snapshot": ["2023-09-01", "2024-08-31"]}
        connection.execute(update(Round).values(periods=periods))


def close(engine):
    with engine.begin() as connection:
        over = update(Round).where(Round.id == OVER.round_id)
        connection.execute(over.values(state=RoundState.CLOSED))


def read_archived(school):
    form = school.catalogue.edition("test", "2024@1").get("A")
    with school.engine.begin() as connection:
        store = RowStore(connection, school.catalogue)
        return [str(one.row["amount"]) for one in store.iterate_rows(form, OVER)]


def test_rounds_that_are_over_keep_their_decimals(engine):
    first = award(amount=field_of("money", digits=2))
    school = School(engine, first)
    for scope in (OVER, OPEN):
        school.store("A", {"number": "1", "amount": Decimal("2.50")}, scope=scope)
    close(engine)
    school.change(award(amount=field_of("money", digits=4)))
    assert school.read("A", OPEN)[0]["amount"] == Decimal("2.5000")
    assert read_archived(school) == ["2.50"]
    school.change(first, back=True)
    # The column of four places is in nobody's use any more.
    assert str(school.read("A", OPEN)[0]["amount"]) == "2.50"
    assert read_archived(school) == ["2.50"]


def test_fields_of_a_form_with_another_code_have_their_values_again(engine):
    first = award(amount="money", sort="enum")
    school = School(engine, first)
    row = {"number": "1", "amount": Decimal("2.50"), "sort": "甲"}
    school.store("A", row, scope=OPEN)
    recoded = field_of("enum", enum=["乙"], recode={"甲": "乙"})
    after = schema_of("C", number="code", sort=recoded)
    after["x-form"]["was"] = ["A"]
    school.change(after)
    assert school.read("C", OPEN) == [{"number": "1", "sort": "乙"}]
    school.change(first, back=True)
    assert school.read("A", OPEN) == [row]


def test_what_is_empty_needs_no_row_where_it_moves_to(engine):
    more = schema_of("B", number="code", remark="text")
    school = School(engine, award(amount="money"), more)
    school.store("A", {"number": "1"}, scope=OPEN)
    school.store("B", {"number": "1", "remark": "有"}, {"number": "2"}, scope=OPEN)
    moved = was(field_of(), "B.remark")
    made = school.change(
        award(amount="money", remark=moved), schema_of("B", number="code")
    )
    assert find(made, OperationKind.MOVE_FIELD).risk is Risk.SAFE
    assert school.read("A", OPEN) == [{"number": "1", "remark": "有"}]


def test_what_others_were_computed_from_is_not_made_up_in_rows_that_wait(engine):
    first = award(amount=field_of("money", digits=2))
    school = School(engine, first)
    stage_row(engine, school.catalogue.get("test/A"), number="1", amount="12.50")
    unit = field_of("money", digits=4) | {"x-from": "amount / 10000"}
    made = school.change(award(amount=unit))
    assert find(made, OperationKind.COMPUTE).touched.rows == 0
    school.change(first, back=True)
    with engine.connect() as connection:
        values = connection.scalars(select(StagedRow.__table__.c["values"])).one()
        fields = connection.scalars(select(ImportJob.fields)).one()
    # Whatever the formal row has stays, as the field does not come with the import.
    assert (values, fields) == ({"number": "1"}, ["number"])
