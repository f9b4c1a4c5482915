"""The hand-written cases hold what could really be stored, and cover all forms."""

from itertools import chain

import pytest

from form_schemas.codelists import load_codelists
from form_schemas.rule_spec import Level
from tests.support.derivation_cases import (
    Case,
    all_cases,
    cases_with_change,
    national_forms,
)
from validators.constraints import ValueJudge
from validators.interpreted_rows import evaluate_row
from validators.interpreting import refer
from validators.places import Place

CASES = pytest.mark.parametrize("case", all_cases(), ids=lambda case: case.id)


def derived_codes():
    forms = national_forms().values()
    return {form.code for form in forms if form.derive or form.generate}


def moments(case: Case):
    return [case] if case.change is None else [case, case.after_change()]


def places(case: Case):
    """Every row of a case among the others."""
    forms = national_forms()
    for code, rows in case.tables.items():
        for row in rows:
            whole = {**dict.fromkeys(forms[code].by_id), **row}
            yield Place(forms[code], whole, forms, case.tables, case.env)


def test_every_form_that_follows_from_others_has_cases_and_a_change():
    assert {case.code for case in all_cases()} == derived_codes()
    assert {case.code for case in cases_with_change()} == derived_codes()


def test_names_of_cases_are_unique():
    names = [case.id for case in all_cases()]
    assert len(names) == len(set(names))


@CASES
def test_rows_of_a_case_hold_values_that_their_fields_allow(case):
    codelists = load_codelists()
    told = [(code, row) for m in moments(case) for code, row in _told_rows(m)]
    wrong = [
        (code, field_id, value, finding)
        for code, row in told
        for field_id, value in row.items()
        if value is not None
        for field in [national_forms()[code].by_id[field_id]]
        for finding in ValueJudge(
            national_forms()[code], field, codelists.get(field.codes or "")
        ).find(value)
        if finding.level is Level.ERROR
    ]
    assert wrong == []


def _told_rows(case):
    own = ((case.code, row) for row in chain(case.rows, case.adds, case.gone))
    others = ((code, row) for code, rows in case.tables.items() for row in rows)
    return chain(own, others)


@CASES
def test_references_of_a_case_lead_to_rows_that_are_there(case):
    missing = [
        (place.form.code, field.id, value)
        for moment in moments(case)
        for place in places(moment)
        for field in place.form.fields
        # What a filter picks may go; the rows that it left are cases of their own.
        if field.reference is not None and field.reference.filter is None
        for value in _values_of(place.row.get(field.id))
        if not _leads_somewhere(place, field, value)
    ]
    assert missing == []


def _values_of(value):
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _leads_somewhere(place, field, value):
    at = Place(
        place.form,
        {**place.row, field.id: value},
        place.forms,
        place.tables,
        place.env,
    )
    return refer(at, field.id, field.reference.field) == value


@CASES
def test_values_that_the_engine_gives_are_those_it_would_give(case):
    wrong = [
        (place.form.code, field.id, place.row[field.id], filled[field.id])
        for moment in moments(case)
        for place in places(moment)
        for filled in [evaluate_row(place)]
        for field in place.form.fields
        if _is_told(place, field) and place.row[field.id] != filled[field.id]
    ]
    assert wrong == []


def _is_told(place, field):
    # Computed values that do not matter to a case are left out of it.
    is_computed = field.computed is not None and place.row[field.id] is not None
    return field.fill is not None or is_computed


@CASES
def test_rows_of_a_case_differ_by_their_key(case):
    for moment in moments(case):
        for code, rows in moment.tables.items():
            form = national_forms()[code]
            keys = [tuple(row.get(name) for name in form.key) for row in rows]
            assert len(keys) == len(set(keys)), code
