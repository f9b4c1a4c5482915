"""The reference evaluator answers as the grammar says."""

from datetime import date
from decimal import Decimal

import pytest

from tests.support.expressions import (
    CASES,
    TABLES,
    make_env,
    parse,
    to_plain,
    to_typed,
)
from tests.support.forms import field_of, read_schemas, rule_of, schema_of
from validators.compiling import Env
from validators.interpreted_rows import evaluate_row, is_broken
from validators.interpreting import interpret
from validators.places import Place

ENV = Env(date(2024, 11, 1), date(2023, 9, 1), date(2024, 8, 31))


# The cases that every back end answers.


@pytest.fixture(scope="module")
def forms_of_cases():
    columns = {**dict.fromkeys(CASES["columns"], "text")}
    columns["r"] = field_of("ref", ref={"table": "T", "field": "no"})
    target = schema_of("T", no="text", **dict.fromkeys(CASES["target"], "text"))
    forms = read_schemas(schema_of("F", **columns), target).forms
    return {form.code: form for form in forms}


@pytest.mark.parametrize(("text", "row", "expected"), CASES["cases"])
def test_it_answers_the_cases_of_the_back_ends(forms_of_cases, text, row, expected):
    targets = [
        {"no": no, **to_typed(target, TABLES["T"])}
        for no, target in CASES["targets"].items()
    ]
    place = Place(
        form=forms_of_cases["F"],
        row=to_typed(row, TABLES["F"]),
        forms=forms_of_cases,
        tables={"T": targets},
        env=make_env(),
    )
    assert to_plain(interpret(parse(text).root, place)) == expected


# What looks beyond the row.

TEACHERS = schema_of(
    "T1",
    no=field_of("text"),
    age=field_of("decimal"),
    boss=field_of("ref", ref={"table": "T1", "field": "no"}),
)
ROWS = [
    {"no": "1", "age": Decimal(30)},
    {"no": "2", "age": None, "boss": "1"},
    {"no": "3", "age": Decimal("40.5"), "boss": "1"},
]


def place_of(check, row, tables=(), previous=None, **words):
    teacher = field_of("ref", ref={"table": "T1", "field": "no"})
    fields = {"name": "text", "amount": "integer", "teacher": teacher, **words}
    schema = schema_of("F1", **fields)
    reading = read_schemas(
        schema | {"x-rules": [rule_of(check, fields=["name"])]}, TEACHERS
    )
    assert not reading.faults, [str(fault) for fault in reading.faults]
    forms = {form.code: form for form in reading.forms}
    tables = {"T1": ROWS, "F1": [row, *tables]}
    return Place(forms["F1"], row, forms, tables, ENV, previous)


def answer(check, row, tables=(), previous=None, **words):
    place = place_of(check, row, tables, previous, **words)
    return interpret(place.form.rules[0].check.root, place)


@pytest.mark.parametrize(
    ("check", "expected"),
    [
        ("count('T1') == 3", True),
        ("count('T1', boss == this.teacher) == 2", True),
        ("count('T1', age > 30) == 1", True),
        ("count('T1', ref(boss).age == 30) == 2", True),
        ("sum('T1', 'age') == 70.5", True),
        ("sum('T1', 'age', no == 'x') == 0", True),
        ("texts('T1', 'no', age > 0) == '1、3'", True),
        ("texts('T1', 'boss') == '1'", True),
        ("is_empty(texts('T1', 'no', no == 'x'))", True),
        ("exists('T1', no == this.teacher)", True),
        ("exists('T1', age > 100)", False),
        ("exists('T1', age == this.amount)", False),
        ("ref(teacher).age == 30", True),
        ("exists('T1', ref(this.teacher).age == age)", True),
        ("count('F1') == 1", True),
    ],
)
def test_rows_of_the_unit_and_round_are_looked_through(check, expected):
    assert answer(check, {"name": "甲", "teacher": "1"}) is expected


@pytest.mark.parametrize(
    ("row", "others", "expected"),
    [
        ({"name": "甲", "amount": 1}, [{"name": "乙", "amount": 1}], True),
        ({"name": "甲", "amount": 1}, [{"name": " 甲", "amount": 1}], False),
        ({"name": "甲"}, [{"name": "甲"}], None),
    ],
)
def test_rows_are_told_apart_by_their_values(row, others, expected):
    assert answer("is_unique(name, amount)", row, others) is expected


@pytest.mark.parametrize(
    ("previous", "expected"),
    [
        (None, None),
        ({}, None),
        ({"F1": [{"name": "乙", "amount": 5}]}, None),
        ({"F1": [{"name": "甲", "amount": 5}]}, True),
        ({"F1": [{"name": "甲", "amount": 6}]}, False),
        ({"F1": [{"name": "甲", "old_amount": 5}]}, True),
    ],
)
def test_the_last_value_is_that_of_the_same_key(previous, expected):
    row = {"name": "甲", "amount": 5}
    amount = field_of("integer", was=["old_amount"])
    found = answer("amount == prev(amount)", row, previous=previous, amount=amount)
    assert found is expected


@pytest.mark.parametrize(
    ("check", "previous", "expected"),
    [
        ("prev(count('F1')) == 2", {"F1": [{}, {}]}, True),
        ("prev(count('F1')) == 0", {"T1": [{"no": "1"}]}, True),
        ("prev(count('F1')) == 0", {"T1": [], "F1": []}, None),
        ("prev(count('F1')) == 0", {}, None),
        ("prev(count('F1')) == 0", None, None),
        ("prev(exists('F1', name == this.name))", {"F1": [{"name": "甲"}]}, True),
        ("prev(exists('F1', name == this.name))", {"F1": [{"name": "乙"}]}, False),
    ],
)
def test_an_aggregate_looks_through_the_last_round(check, previous, expected):
    assert answer(check, {"name": "甲"}, previous=previous) is expected


def test_the_present_row_keeps_its_references_in_the_last_round():
    before = {"T1": [{"no": "1", "age": Decimal(29)}, {"no": "2", "age": Decimal(30)}]}
    check = "prev(count('T1', age == ref(this.teacher).age and no == '2')) == 1"
    assert answer(check, {"name": "甲", "teacher": "1"}, previous=before) is True


def test_a_rule_is_broken_where_it_applies_and_is_false():
    place = place_of("amount > 3", {"name": "甲", "amount": 3})
    (rule,) = place.form.rules
    assert is_broken(rule, place)
    assert not is_broken(rule, place_of("amount > 3", {"name": "甲"}))


def test_given_values_and_visibility_come_in_their_order():
    place = place_of(
        "amount > 0",
        {"name": "甲", "teacher": "3", "amount": 2, "extra": 5},
        age=field_of("decimal", fill="teacher.age"),
        staff=field_of("integer", computed="count('T1', boss == this.no_of_boss)"),
        no_of_boss=field_of("text", computed="ref(teacher).boss"),
        extra=field_of("integer", visible_when="amount > 2"),
        double=field_of("decimal", computed="age * 2 + coalesce(extra, 0)"),
    )
    row = evaluate_row(place)
    assert (row["age"], row["no_of_boss"], row["staff"]) == (Decimal("40.5"), "1", 2)
    assert (row["extra"], row["double"]) == (None, Decimal("81.0"))
