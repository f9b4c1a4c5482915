"""Every hand-written case, before and after its change, through the evaluator."""

import pytest

from tests.support.derivation_cases import (
    all_cases,
    cases_with_change,
    national_forms,
    tally,
)
from validators.deriving import derive_rows, generate_rows


def derive(case):
    forms = national_forms()
    form = forms[case.code]
    find = derive_rows if form.is_derived else generate_rows
    return find(form, forms, case.tables, case.env)


#: Cases whose requirement the form's file does not say yet, and what it leaves out.
UNSAID = {
    "Z1.1.13 没填教师的安排不属于任何教师，不列入": "not is_empty(teacher_no)",
    "Z4.4.2 还没有设班主任的班级不列入，设了随即列入": "not is_empty(teacher_no)",
    "Z4.4.4 没填教师的安排不成一行": "not is_empty(teacher_no)",
    "Z6.1.2 教师可挂在两个专业，两处都计入教师数，生师比只按主属专业算": "is_primary",
    "Z6.3.5 别的学年的课程安排和实习不算本学年的": "academic_year == school_year",
}


def told(cases):
    """Each case with its name; what a file does not say yet has to fail."""
    return [pytest.param(case, id=case.id, marks=_marks(case.id)) for case in cases]


def _marks(name):
    if name not in UNSAID:
        return ()
    return pytest.mark.xfail(strict=True, reason=f"没有写 {UNSAID[name]}")


def test_cases_that_files_do_not_say_yet_are_there():
    assert {case.id for case in all_cases()} >= UNSAID.keys()


@pytest.mark.parametrize("case", told(all_cases()))
def test_a_case_gives_its_rows(case):
    assert tally(derive(case)) == tally(case.rows)


@pytest.mark.parametrize("case", told(cases_with_change()))
def test_a_case_gives_other_rows_once_its_source_has_changed(case):
    assert tally(derive(case.after_change())) == tally(case.rows_after)
