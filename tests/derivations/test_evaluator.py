"""The evaluator of derivations answers as the grammar says: the SQL is held to it."""

from datetime import date
from decimal import Decimal

import pytest

from form_schemas.functions import GROUPING
from tests.support.forms import field_of, read_schemas, schema_of
from validators.compiling import Env
from validators.deriving import derive_rows, generate_rows
from validators.grouping import GROUPED

ENV = Env(date(2024, 11, 1), date(2023, 9, 1), date(2024, 8, 31))
TARGETS = {"table": "T", "field": "no"}
#: What rows are derived from: courses that teachers (T) give, and who takes them (S).
COURSES = schema_of(
    "C",
    no="text",
    name="text",
    group="text",
    hours="decimal",
    starts="date",
    ends="date",
    first="integer",
    last="integer",
    open="boolean",
    teacher=field_of("ref", ref=TARGETS),
)
TEACHERS = schema_of("T", no="text", name="text", born="date", level="integer")
STUDENTS = schema_of(
    "S",
    no="text",
    name="text",
    course="text",
    mark="integer",
    tutor=field_of("ref", ref=TARGETS),
)


def derived_form(derivation, word="x-derive", **fields):
    """The forms of an edition in which D follows from others."""
    schema = schema_of("D", **fields) | {word: {"from": "C", **derivation}}
    if word == "x-derive":
        schema["x-form"]["kind"] = "auto"
    reading = read_schemas(schema, COURSES, TEACHERS, STUDENTS)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    return {form.code: form for form in reading.forms}


def derive(derivation, tables, **fields):
    """The rows of D as tuples of its fields."""
    forms = derived_form(derivation, **fields)
    rows = derive_rows(forms["D"], forms, tables, ENV)
    return [tuple(row[field_id] for field_id in fields) for row in rows]


def courses(*rows):
    """Courses of a name each, numbered in their order of entry."""
    return [{"no": str(number), **row} for number, row in enumerate(rows, 1)]


# Rows, conditions, columns.


def test_each_row_of_the_source_gives_a_row():
    found = derive(
        {"columns": {"no": "no", "double": "hours * 2"}},
        {"C": courses({"hours": Decimal("1.5")}, {"hours": None})},
        no="text",
        double="decimal",
    )
    assert found == [("1", Decimal("3.0")), ("2", None)]


def test_nothing_follows_from_an_empty_form():
    assert derive({"columns": {"no": "no"}}, {}, no="text") == []


def test_a_condition_that_is_null_counts_as_not_true():
    found = derive(
        {"columns": {"no": "no"}, "where": "open"},
        {"C": courses({"open": True}, {"open": None}, {"open": False})},
        no="text",
    )
    assert found == [("1",)]


def test_all_of_several_conditions_have_to_be_true():
    found = derive(
        {
            "columns": {"no": "no"},
            "where": [
                {"check": "open", "message": "没有开课"},
                {"check": "hours > 1", "message": "没有学时"},
            ],
        },
        {"C": courses({"open": True, "hours": 2}, {"open": True}, {"hours": 2})},
        no="text",
    )
    assert found == [("1",)]


def test_values_are_settled_to_their_fields():
    found = derive(
        {"columns": {"no": "' 甲 '", "third": "1 / 3", "month": "starts"}},
        {"C": courses({"starts": date(2024, 2, 29)})},
        no="text",
        third="money",
        month="year_month",
    )
    assert found == [("甲", Decimal("0.33"), "2024-02")]


def test_a_field_without_an_expression_stays_empty():
    found = derive(
        {"columns": {"no": "no"}}, {"C": courses({})}, no="text", name="text"
    )
    assert found == [("1", None)]


def test_aggregates_look_at_the_source_row_as_this():
    found = derive(
        {"columns": {"no": "no", "taken": "count('S', course == this.no)"}},
        {
            "C": courses({}, {}),
            "S": [{"no": "a", "course": "2"}, {"no": "b", "course": "2"}],
        },
        no="text",
        taken="integer",
    )
    assert found == [("1", 0), ("2", 2)]


def test_references_of_the_source_are_followed():
    found = derive(
        {"columns": {"no": "no", "name": "ref(teacher).name"}},
        {
            "C": courses({"teacher": "t"}, {"teacher": None}),
            "T": [{"no": "t", "name": "云知行"}],
        },
        no="text",
        name="text",
    )
    assert found == [("1", "云知行"), ("2", None)]


# Partners.

JOINED = {"no": "no", "name": "who.name"}


def join(**words):
    return [{"table": "S", "as": "who", "on": "who.course == no", **words}]


PARTNERS = {
    "C": courses({}, {}, {}),
    "S": [
        {"no": "a", "course": "2", "name": "甲", "mark": None},
        {"no": "b", "course": "3", "name": "乙", "mark": 2},
        {"no": "c", "course": "2", "name": "丙", "mark": 5},
        {"no": "d", "course": "2", "name": "丁", "mark": 1},
        {"no": "e", "course": "2", "name": "戊", "mark": 1},
    ],
}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (
            {"many": True},
            [("2", "甲"), ("2", "丙"), ("2", "丁"), ("2", "戊"), ("3", "乙")],
        ),
        ({"first": "who.mark"}, [("2", "丁"), ("3", "乙")]),
        ({"first": "-who.mark"}, [("2", "丙"), ("3", "乙")]),
        ({"first": "null"}, [("2", "甲"), ("3", "乙")]),
        (
            {"first": "who.mark", "optional": True},
            [("1", None), ("2", "丁"), ("3", "乙")],
        ),
    ],
)
def test_a_row_has_the_partners_that_are_meant(words, expected):
    found = derive(
        {"join": join(**words), "columns": JOINED}, PARTNERS, no="text", name="text"
    )
    assert found == expected


def test_a_partner_finds_the_next_one_and_what_it_refers_to():
    joins = [
        *join(first="who.mark"),
        {"table": "T", "as": "tutor", "on": "tutor.no == who.tutor", "optional": True},
    ]
    found = derive(
        {
            "join": joins,
            "columns": {
                "no": "no",
                "name": "tutor.name",
                "level": "ref(who.tutor).level",
            },
        },
        {
            "C": courses({}, {}),
            "S": [
                {"no": "a", "course": "1", "tutor": "t"},
                {"no": "b", "course": "2", "tutor": None},
            ],
            "T": [{"no": "t", "name": "云知行", "level": 3}],
        },
        no="text",
        name="text",
        level="integer",
    )
    assert found == [("1", "云知行", 3), ("2", None, None)]


def test_aggregates_compare_with_the_partner():
    found = derive(
        {
            "join": join(many=True),
            "where": "not exists('T', no == who.tutor and level > this.first)",
            "columns": JOINED,
        },
        {
            "C": courses({"first": 1}),
            "S": [
                {"no": "a", "course": "1", "name": "甲", "tutor": "s"},
                {"no": "b", "course": "1", "name": "乙", "tutor": "t"},
            ],
            "T": [{"no": "s", "level": 2}, {"no": "t", "level": 1}],
        },
        no="text",
        name="text",
    )
    assert found == [("1", "乙")]


# Expanded columns.


def test_each_listed_value_gives_a_row():
    found = derive(
        {
            "expand": {"term": ["上", "下"], "week": [1, 2]},
            "columns": {"no": "no", "term": "term", "week": "week"},
        },
        {"C": courses({})},
        no="text",
        term="text",
        week="integer",
    )
    assert found == [("1", "上", 1), ("1", "上", 2), ("1", "下", 1), ("1", "下", 2)]


@pytest.mark.parametrize(
    ("starts", "ends", "expected"),
    [
        (date(2024, 2, 28), date(2024, 3, 1), ["02-28", "02-29", "03-01"]),
        (date(2024, 2, 28), date(2024, 2, 28), ["02-28"]),
        (date(2024, 2, 28), date(2024, 2, 27), []),
        (None, date(2024, 2, 27), []),
        (date(2024, 2, 28), None, []),
    ],
)
def test_a_run_of_days_gives_a_row_each(starts, ends, expected):
    found = derive(
        {
            "expand": {"day": {"from": "starts", "to": "ends"}},
            "columns": {"no": "no", "day": "day"},
        },
        {"C": courses({"starts": starts, "ends": ends})},
        no="text",
        day="date",
    )
    assert [day.isoformat()[5:] for _, day in found] == expected


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        (1, 3, [1, 2, 3]),
        (2, 1, []),
        (1, 5000, list(range(1, 1001))),
        (Decimal("1.4"), Decimal("3.9"), [2, 3]),
        (Decimal("1.4"), Decimal("1.9"), []),
    ],
)
def test_a_run_of_numbers_is_whole_and_ends_somewhere(first, last, expected):
    found = derive(
        {
            "expand": {"week": {"from": "first", "to": "last"}},
            "columns": {"no": "no", "week": "week"},
        },
        {"C": courses({"first": first, "last": last})},
        no="text",
        week="integer",
    )
    assert [week for _, week in found] == expected


def test_an_aggregate_compares_with_the_expanded_value():
    found = derive(
        {
            "expand": {"mark": [1, 2]},
            "columns": {
                "no": "no",
                "mark": "mark",
                "n": "count('S', mark == this.mark)",
            },
        },
        {"C": courses({}), "S": [{"no": "a", "mark": 2}]},
        no="text",
        mark="integer",
        n="integer",
    )
    assert found == [("1", 1, 0), ("1", 2, 1)]


# Groups.


def test_a_plain_column_comes_from_the_row_entered_first():
    found = derive(
        {"groupBy": ["group"], "columns": {"group": "group", "name": "name"}},
        {
            "C": courses(
                {"group": "A", "name": "乙"},
                {"group": None, "name": "丙"},
                {"group": "A", "name": "甲"},
                {"group": None, "name": "丁"},
            )
        },
        group="text",
        name="text",
    )
    assert found == [("A", "乙"), (None, "丙")]


GROUPED_ROWS = courses(
    {"name": "乙", "hours": Decimal("1.5"), "open": True, "starts": date(2024, 1, 1)},
    {"name": None, "hours": None, "open": None, "starts": date(2024, 3, 1)},
    {"name": "甲", "hours": Decimal("2.5"), "open": True, "starts": None},
    {"name": "A", "hours": Decimal("2.5"), "open": False, "starts": date(2024, 3, 1)},
    {"name": "乙", "hours": Decimal("4.0"), "open": True, "starts": date(2024, 2, 1)},
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rows()", 5),
        ("rows(open)", 3),
        ("rows(hours > 100)", 0),
        ("distinct(hours)", 3),
        ("distinct(hours, open)", 3),
        ("distinct(name, hours == 2.5)", 2),
        ("total(hours)", Decimal("10.5")),
        ("total(hours, open)", Decimal(8)),
        ("total(hours, first > 0)", 0),
        # 4.0 for 乙, 2.5 for 甲 and A each; the row without a name is none.
        ("total_per(hours, name)", Decimal(9)),
        ("total_per(first, name)", 0),
        ("mean(hours)", Decimal("2.63")),
        ("mean(first)", None),
        ("least(hours)", Decimal("1.5")),
        ("greatest(hours) - least(hours)", Decimal("2.5")),
        ("greatest(first)", None),
        # Null is the earliest; of 3 March's rows the one entered last.
        ("latest(hours, starts)", Decimal("2.5")),
        ("latest(hours, first)", Decimal(4)),
        ("rows(open) / rows() * 100", Decimal(60)),
        ("rows() / rows(hours > 100)", None),
        ("count('C', hours == this.hours)", 1),
        ("hours", Decimal("1.5")),
    ],
)
def test_a_number_of_a_group(text, expected):
    found = derive(
        {"groupBy": ["group"], "columns": {"group": "'X'", "number": text}},
        {"C": GROUPED_ROWS},
        group="text",
        number="money",
    )
    assert found == [("X", expected)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("joined(name)", "A、乙、甲"),
        ("joined(group)", None),
        ("least(name)", "A"),
        ("greatest(name)", "甲"),
        ("latest(name, starts)", "A"),
        ("'晚' if greatest(starts) > today else '早'", "早"),
    ],
)
def test_a_text_of_a_group(text, expected):
    found = derive(
        {"groupBy": ["group"], "columns": {"group": "'X'", "text": text}},
        {"C": GROUPED_ROWS},
        group="text",
        text="text",
    )
    assert found == [("X", expected)]


def test_a_group_counts_the_conditions_of_partners_and_references():
    found = derive(
        {
            "join": join(many=True),
            "groupBy": ["group"],
            "columns": {
                "group": "group",
                "marked": "rows(who.mark > 1)",
                "names": "joined(who.name)",
                "old": "rows(ref(who.tutor).level > 1)",
            },
        },
        {
            "C": courses({"group": "A"}, {"group": "A"}, {"group": "B"}),
            "S": [
                {"no": "a", "course": "1", "name": "乙", "mark": 1, "tutor": "t"},
                {"no": "b", "course": "2", "name": "甲", "mark": 2},
                {"no": "c", "course": "1", "name": "甲", "mark": 3, "tutor": "t"},
            ],
            "T": [{"no": "t", "level": 2}],
        },
        group="text",
        marked="integer",
        names="text",
        old="integer",
    )
    assert found == [("A", 2, "乙、甲", 2)]


def test_rows_are_grouped_by_an_expanded_value():
    found = derive(
        {
            "expand": {"term": ["上", "下"]},
            "groupBy": ["term", "group"],
            "columns": {"group": "group", "n": "rows()"},
        },
        {"C": courses({"group": "A"}, {"group": "B"}, {"group": "A"})},
        term="text",
        group="text",
        n="integer",
    )
    assert found == [("上", "A", 2), ("下", "A", 2), ("上", "B", 1), ("下", "B", 1)]


# The total row.

TOTALS = {
    "where": "open",
    "groupBy": ["group"],
    "columns": {"group": "group", "name": "'组'", "n": "rows()"},
    "totalRow": {"name": "'合计'", "n": "rows()"},
}


def test_the_total_row_is_over_all_rows_that_passed():
    found = derive(
        TOTALS,
        {
            "C": courses(
                {"group": "A", "open": True},
                {"group": "B", "open": True},
                {"group": "A", "open": True},
                {"group": "C", "open": False},
            )
        },
        group="text",
        name="text",
        n="integer",
    )
    assert found == [("A", "组", 2), ("B", "组", 1), (None, "合计", 3)]


def test_without_rows_there_is_no_total():
    found = derive(
        TOTALS,
        {"C": courses({"group": "A", "open": False})},
        group="text",
        name="text",
        n="integer",
    )
    assert found == []


# What is generated.


def test_generated_rows_hold_only_what_is_given():
    forms = derived_form(
        {"where": "open", "columns": {"no": "no"}},
        "x-generate",
        no="text",
        remark="text",
    )
    tables = {"C": courses({"open": True}, {"open": False})}
    assert generate_rows(forms["D"], forms, tables, ENV) == [{"no": "1"}]


def test_every_function_over_a_group_is_known():
    assert set(GROUPED) == set(GROUPING)
