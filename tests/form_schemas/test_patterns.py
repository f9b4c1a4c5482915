import pytest

from form_schemas.patterns import find_pattern_fault


@pytest.mark.parametrize(
    "pattern",
    [r"^(a+)+$", r"(\w+\s?)*", r"^\d*\d*x$", r"^(\w\d|[a-z]1)*$", "(", "[z-a]", "a**"],
)
def test_a_pattern_that_can_explode_or_is_none_is_refused(pattern):
    assert find_pattern_fault(pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        r"^\d{6}(-\d{2})?$",
        r"^(97[89]-?)?\d{1,5}-?\d{1,7}-?\d{1,7}-?[\dX]$",
        r"^([0-9A-Z]{8}-?[0-9X]|[0-9A-HJ-NPQRTUWXY]{18}|境外\d*)$",
        r"^([a-z]+\.)*[a-z]+$",
        r"^[^@]+@[^@]+$",
    ],
)
def test_a_pattern_that_matches_in_bounded_time_passes(pattern):
    assert find_pattern_fault(pattern) is None
