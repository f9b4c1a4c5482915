"""How many rows a gap list looks for: counted on both databases, in their cases."""

from dataclasses import replace

import pytest

from app.services.gaps import find_whole
from app.services.round_checks import RoundCheck
from app.storage.derivation_counts import count_derived_rows
from form_schemas.work_chains import is_gap_list
from tests.support.derivation_cases import all_cases, national_forms
from tests.support.derived_school import DerivedSchool
from validators.deriving import derive_rows

FORMS = national_forms()
CASES = [case for case in all_cases() if is_gap_list(FORMS[case.code])]


@pytest.fixture
def school(workshop, catalogue):
    return DerivedSchool(workshop.engine, catalogue)


def count(school, case, derivation):
    form = school.get_form(case.code)
    with school.engine.connect() as connection:
        check = RoundCheck(connection, school.catalogue, school.scope)
        place = replace(check.place_of(form), today=case.today)
        asked = (connection, school.catalogue, form, derivation, place)
        return count_derived_rows(*asked)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_gaps_are_counted_among_all_that_has_to_be_there(school, case):
    school.fill(case.tables)
    form = school.get_form(case.code)
    whole = find_whole(form)
    assert count(school, case, form.derive) == len(case.rows)
    wanted = derive_rows(replace(form, derive=whole), FORMS, case.tables, case.env)
    assert count(school, case, whole) == len(wanted)


@pytest.mark.parametrize("code", sorted({case.code for case in CASES}))
def test_one_condition_of_a_gap_list_asks_whether_it_is_closed(code):
    form = FORMS[code]
    kept = find_whole(form).conditions
    asking = [one for one in form.derive.conditions if one not in kept]
    assert [form.derive.closing.form in one.check.tables for one in asking] == [True]


def test_a_list_that_never_asks_tells_no_total():
    form = FORMS["Z7.3.2"]
    kept = find_whole(form).conditions
    blind = replace(form, derive=replace(form.derive, conditions=kept))
    assert find_whole(blind) is None
