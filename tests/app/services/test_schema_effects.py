"""Whom a plan of schema changes concerns."""

import pytest
from sqlalchemy import insert, update

from app.models import Filing, FilingState, Round, RoundState
from app.services.schema_changes.operations import Operation, OperationKind
from app.services.schema_effects import find_effects
from tests.support.chain import LEAD, SUPPLIER, School, chain_catalogue


@pytest.fixture(scope="session")
def catalogue():
    return chain_catalogue()


@pytest.fixture
def school(workshop):
    return School(workshop)


def change(code, kind=OperationKind.RETYPE):
    return Operation(kind, f"test/2024/{code}", "count", "")


def have_filing(school, code, state):
    values = {"unit_id": school.unit_id, "round_id": school.round_id}
    school.execute(
        insert(Filing.__table__).values(form_code=code, state=state, **values)
    )


def effects_of(school, *operations):
    return find_effects(school.engine, school.catalogue, operations)


def test_forms_in_the_hands_of_reviewers_come_back(school):
    have_filing(school, "1", FilingState.APPROVED)
    have_filing(school, "2", FilingState.SUBMITTED)
    have_filing(school, "3", FilingState.DRAFT)
    effects = effects_of(school, change("1"), change("2"), change("3"))
    assert [(one.form[:1], one.is_approved) for one in effects.filings] == [
        ("1", True),
        ("2", False),
    ]
    assert (effects.filings_total, effects.unnamed) == (2, 0)


def test_a_form_that_stays_as_it_is_stays_where_it_is(school):
    have_filing(school, "1", FilingState.APPROVED)
    assert effects_of(school, change("2")).filings == ()


def test_a_closed_round_keeps_its_forms_and_its_filings(school):
    have_filing(school, "1", FilingState.APPROVED)
    school.execute(
        update(Round.__table__).values(state=RoundState.CLOSED, edition="2024@1")
    )
    effects = effects_of(school, change("1"))
    assert effects.filings == ()
    assert [one.id for one in effects.closed] == [school.round_id]
    assert effects.open == ()


def test_departments_are_told_by_their_forms(school):
    departments = effects_of(school, change("1"), change("2")).departments
    codes = {name: [form.code for form in own] for name, own in departments.items()}
    assert codes == {LEAD: ["1", "2"], SUPPLIER: ["1"]}


def test_an_index_concerns_nobody(school):
    have_filing(school, "1", FilingState.APPROVED)
    effects = effects_of(school, change("1", OperationKind.ADD_INDEX))
    assert (effects.rounds, effects.filings_total) == ((), 0)
