"""The browser judges the examples of schema files as these say."""

from datetime import date

import pytest

from form_schemas.expressions import Reach
from form_schemas.functions import GIVEN
from tests.support.catalogues import get_catalogue
from tests.support.expressions import run_browser, to_plain
from validators.examples import make_setting, read_place
from validators.trees import to_tree

CATALOGUE = get_catalogue()


@pytest.fixture(scope="module")
def interpreter():
    with run_browser() as running:
        yield running


def rules_of_the_row(form):
    """The rules that a page can judge knowing nothing but the row."""
    return [
        rule
        for rule in form.rules
        if rule.check is not None
        and rule.check.reach is Reach.ROW
        and (rule.when is None or rule.when.reach is Reach.ROW)
    ]


def describe_given(env):
    values = {name: getattr(env, name) for name in GIVEN}
    return {
        name: value.isoformat() if isinstance(value, date) else value
        for name, value in values.items()
    }


def judge(interpreter, rules, places):
    """For each row the ids of the rules it breaks."""
    conditions = [part for rule in rules for part in (rule.check, rule.when) if part]
    rows = [
        {name: to_plain(value) for name, value in place.row.items()} for place in places
    ]
    answers = interpreter.answer_rows(
        [to_tree(condition) for condition in conditions],
        rows,
        describe_given(places[0].env),
    )
    found = dict(zip(conditions, answers, strict=True))
    return [
        {
            rule.id
            for rule in rules
            if found[rule.check][index] is False
            and (rule.when is None or found[rule.when][index] is True)
        }
        for index in range(len(places))
    ]


@pytest.mark.parametrize("edition", CATALOGUE.editions, ids=lambda each: each.name)
def test_the_rules_of_the_row_judge_each_example_alike(interpreter, edition):
    setting = make_setting(edition.forms, edition.settings, CATALOGUE.codelists)
    different = []
    for form in edition.forms:
        rules = rules_of_the_row(form)
        if not rules:
            continue
        places = [read_place(form, example, setting) for example in form.examples]
        found = judge(interpreter, rules, places)
        for example, broken in zip(form.examples, found, strict=True):
            if broken != set(example.breaks) & {rule.id for rule in rules}:
                different.append((form.full_name, example.name, broken))
    assert different == []
