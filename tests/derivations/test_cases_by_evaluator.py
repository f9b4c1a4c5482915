"""Every hand-written case, before and after its change, through the evaluator."""

import pytest

from tests.support.derivation_cases import (
    national_forms,
    tally,
    told_cases,
)
from validators.deriving import derive_rows, generate_rows


def derive(case):
    forms = national_forms()
    form = forms[case.code]
    find = derive_rows if form.is_derived else generate_rows
    return find(form, forms, case.tables, case.env)


@pytest.mark.parametrize("case", told_cases())
def test_a_case_gives_its_rows(case):
    assert tally(derive(case)) == tally(case.rows)
    if case.change is not None:
        assert tally(derive(case.after_change())) == tally(case.rows_after)
