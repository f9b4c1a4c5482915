"""Every hand-written case of a generated form: planned, carried out, taken back."""

import pytest

from tests.support.derivation_cases import all_cases, national_forms, tally

CASES = [case for case in all_cases() if not national_forms()[case.code].is_derived]


def keep(rows, names):
    return [{name: row.get(name) for name in names} for row in rows]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_adds_its_rows_once_and_leaves_the_others_alone(school_of, case):
    school = school_of(case.code)
    school.fill(case.tables)
    generated = school.order.find_generated()
    before = {one.id: one for one in school.read()}
    plan = school.preview()
    assert plan.blocked == ()
    assert tally(keep((one.row for one in plan.additions), generated)) == tally(
        case.adds
    )
    gone = [one.stored.row for one in plan.gone]
    assert tally(keep(gone, school.form.key)) == tally(case.gone)
    if not case.adds:
        return
    school.generate()
    after = {one.id: one for one in school.read()}
    assert {row_id: after[row_id] for row_id in before} == before
    added = [one.row for row_id, one in after.items() if row_id not in before]
    assert tally(keep(added, generated)) == tally(case.adds)
    again = school.preview()
    assert (again.additions, len(again.gone)) == ((), len(case.gone))
    assert school.undo().removed == len(case.adds)
    assert {one.id: one for one in school.read()} == before
