"""The order in which forms wait for a person."""

import pytest

from app.services.navigation import FormLine, FormState, sort_by_need


def line(name, state, **counts):
    return FormLine(name, state, 1, None, 0, True, **counts)


def test_faulty_forms_come_after_returned_and_before_open_ones():
    lines = [
        line("passed", FormState.PASSED, errors=1),
        line("empty", FormState.NONE),
        line("clean", FormState.DRAFT, warnings=3),
        line("faulty", FormState.DRAFT, errors=1),
        line("returned", FormState.RETURNED),
    ]
    order = [found.form for found in sort_by_need(lines)]
    assert order == ["returned", "faulty", "clean", "empty", "passed"]


@pytest.mark.parametrize(
    ("state", "expected"),
    [(FormState.DRAFT, True), (FormState.WAITING, False), (FormState.PASSED, False)],
)
def test_only_what_can_be_mended_now_is_faulty(state, expected):
    assert line("form", state, errors=1).is_faulty is expected
