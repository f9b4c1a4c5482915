"""Formulas of workbooks, recalculated by LibreOffice, say what Python says."""

from random import Random

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from exporters.formula_functions import FUNCTIONS as WRITTEN
from exporters.formula_functions import MISSING
from exporters.formulas import NotInExcel
from form_schemas.functions import FUNCTIONS, GROUPING
from tests.expressions.test_agreement import ROWS
from tests.support.expressions import CASES, TABLES, answer_row
from tests.support.formulas import (
    Asked,
    answer_in_office,
    fits_a_spreadsheet,
    write_formula,
)
from tests.support.sentences import Sentences

RANDOM = 1000


def ask(cases):
    """The cases a formula can answer exactly, numbered as they will stand."""
    asked = []
    for text, row in cases:
        if not fits_a_spreadsheet(text, row):
            continue
        try:
            asked.append(Asked(text, row, write_formula(text, len(asked) + 1)))
        except NotInExcel:
            continue
    return asked


@pytest.mark.office
def test_formulas_answer_the_list_of_cases(tmp_path):
    expected = {(text, str(row)): value for text, row, value in CASES["cases"]}
    asked = ask((text, row) for text, row, _ in CASES["cases"])
    answers = answer_in_office(asked, tmp_path)
    assert len(asked) > 140
    assert [
        (question, answer)
        for question, answer in zip(asked, answers, strict=True)
        if answer != expected[question.text, str(question.row)]
    ] == []


def draw_cases(number):
    """Random expressions and rows, the same for the same number."""
    drawn = []

    @seed(number)
    @settings(
        max_examples=4 * RANDOM,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        deadline=None,
        database=None,
    )
    @given(row=ROWS, start=st.integers(0, 2**32 - 1))
    def draw(row, start):
        drawn.append((Sentences(Random(start), TABLES, "F").draw().text, row))

    draw()
    return drawn


@pytest.mark.office
def test_formulas_agree_with_python_on_random_expressions(tmp_path):
    number = Random().getrandbits(32)
    print(f"seed {number}")
    asked = ask(draw_cases(number))[:RANDOM]
    answers = answer_in_office(asked, tmp_path)
    assert len(asked) == RANDOM
    assert [
        (question.text, question.row, answer, answer_row(question.text, question.row))
        for question, answer in zip(asked, answers, strict=True)
        if answer != answer_row(question.text, question.row)
    ] == []


def test_every_function_is_written_or_known_to_be_missing():
    assert set(WRITTEN) | set(MISSING) == set(FUNCTIONS) | set(GROUPING)
    assert not set(WRITTEN) & set(MISSING)


def test_the_functions_no_formula_can_say_are_these():
    assert set(MISSING) - set(GROUPING) == {"is_unique"}
