"""Problems and findings."""

from form_schemas.rule_spec import Level
from validators.report import QUOTED_CHARACTERS, Code, Finding, Problem, quote


def test_the_kind_of_a_broken_rule_names_the_rule():
    problem = Problem(2, "a", Code.RULE, Level.WARNING, {"rule": "too_high"})
    assert problem.kind == "rule:too_high"
    assert not problem.is_error


def test_a_finding_becomes_a_problem_at_a_place():
    finding = Finding(Code.TYPE, {"value": "三十"})
    expected = Problem(2, "people", Code.TYPE, Level.ERROR, {"value": "三十"})
    assert finding.at(2, "people") == expected


def test_a_long_value_is_quoted_by_its_beginning():
    assert quote("短") == "短"
    assert quote("长" * 1000) == "长" * QUOTED_CHARACTERS + "…"
