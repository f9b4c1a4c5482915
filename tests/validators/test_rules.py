"""Given values, visibility, required fields and rules, of rows and of columns."""

from datetime import date
from decimal import Decimal

import pytest

from form_schemas.expressions import Column, parse_expression
from form_schemas.field_spec import FieldSpec, Fill, Reference
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.ordering import order_steps
from form_schemas.rule_spec import Level, RuleSpec
from form_schemas.spec import FormSpec, Period, Shape
from tests.support.catalogues import get_catalogue
from validators import rules
from validators.compiling import Ask, Env, Question, compile_row
from validators.generating import NotRunnableError
from validators.rules import (
    broken_rules,
    compile_expression,
    evaluate_columns,
    evaluate_steps,
    find_broken,
    find_missing,
    hidden_fields,
    required_fields,
    waiting_rules,
)
from validators.trees import to_tree

TEACHERS = {"T1": {"name": "甲", "born": date(1980, 5, 6)}}
ENV = Env(
    today=date(2024, 11, 1),
    period_start=date(2023, 9, 1),
    period_end=date(2024, 8, 31),
    ref=lambda row, field_id, column: TEACHERS.get(row[field_id], {}).get(column),
)

KINDS = {
    "level": FieldKind.TEXT,
    "part": FieldKind.INTEGER,
    "total": FieldKind.INTEGER,
    "share": FieldKind.PERCENT,
    "share_text": FieldKind.TEXT,
    "teacher": FieldKind.REF,
    "teacher_name": FieldKind.TEXT,
    "start": FieldKind.DATE,
    "start_month": FieldKind.YEAR_MONTH,
}
TYPES = {
    FieldKind.TEXT: ValueType.TEXT,
    FieldKind.INTEGER: ValueType.NUMBER,
    FieldKind.PERCENT: ValueType.NUMBER,
    FieldKind.REF: ValueType.TEXT,
    FieldKind.DATE: ValueType.DATE,
    FieldKind.YEAR_MONTH: ValueType.MONTH,
}
COLUMNS = {name: Column(name, TYPES[kind]) for name, kind in KINDS.items()}
COLUMNS["teacher"] = Column("teacher", ValueType.TEXT, ref_tables=("T",))
TABLES = {
    "F": COLUMNS,
    "T": {"name": Column("name", ValueType.TEXT), "no": Column("no", ValueType.TEXT)},
}


def parse(text):
    return parse_expression(text, TABLES, "F")


def form_of(checks=(), whens=(), **declared):
    """A form of all KINDS; `share={"computed": "…"}` declares more of a field."""
    words = ("computed", "visible_when", "required_when")
    fields = []
    for name, kind in KINDS.items():
        traits = {
            word: parse(value) if word in words else value
            for word, value in declared.get(name, {}).items()
        }
        value_kind = FieldKind.CODE if kind is FieldKind.REF else kind
        fields.append(
            FieldSpec(
                id=name,
                label=name,
                kind=kind,
                value_kind=value_kind,
                reference=Reference(("T",), "no") if kind is FieldKind.REF else None,
                **traits,
            )
        )
    made = [
        RuleSpec(
            id=f"rule_{index}",
            message="不符",
            level=Level.ERROR,
            fields=("part",),
            check=parse(check),
            when=parse(whens[index]) if index < len(whens) else None,
        )
        for index, check in enumerate(checks)
    ]
    return FormSpec(
        collection="test",
        edition="2024",
        code="F",
        title="表",
        fields=tuple(fields),
        shape=Shape.ROWS,
        period=Period.SNAPSHOT,
        rules=tuple(made),
        steps=order_steps(fields),
    )


def as_columns(rows):
    return {name: [row.get(name) for row in rows] for name in KINDS}


def evaluate_both(form, row):
    """The evaluated row, having seen that columns give the same."""
    evaluated = evaluate_steps(form, row, ENV)
    block = evaluate_columns(form, as_columns([{}, row]), 2, ENV)
    for name, values in block.items():
        assert values[1] == evaluated.get(name), name
    return evaluated


def test_a_computed_value_is_rounded_half_up_to_the_places_of_its_field():
    form = form_of(share={"computed": "part / total * 100"})
    row = evaluate_both(form, {"part": 1, "total": 800})
    assert str(row["share"]) == "0.13"


def test_a_computed_value_is_null_where_it_cannot_be_computed():
    form = form_of(share={"computed": "part / total * 100"})
    assert evaluate_both(form, {"part": 1, "total": 0})["share"] is None


@pytest.mark.parametrize("formula", ["total * 1000000", "0 - total * 1000000"])
def test_a_computed_value_is_null_where_no_column_holds_its_digits(formula):
    form = form_of(share={"computed": formula})
    row = {"part": 1, "total": 10**15 - 1}
    assert evaluate_steps(form, row, ENV)["share"] is None
    columns = {"part": [1, 1], "total": [10**15 - 1, 10**9]}
    found = evaluate_columns(form, columns, 2, ENV)["share"]
    assert [value is None for value in found] == [True, False]


def test_a_computed_value_replaces_what_was_given():
    form = form_of(total={"computed": "part + 1"})
    assert evaluate_both(form, {"part": 1, "total": 9})["total"] == 2


def test_whole_numbers_stay_whole():
    form = form_of(total={"computed": "part * 1.5"})
    total = evaluate_both(form, {"part": 3})["total"]
    assert (total, type(total)) == (5, int)


def test_a_date_in_a_month_field_is_cut_to_its_month():
    form = form_of(start_month={"computed": "start"})
    assert evaluate_both(form, {"start": date(2024, 2, 29)})["start_month"] == "2024-02"


def test_a_month_in_a_date_field_is_its_first_day():
    form = form_of(start={"computed": "start_month"})
    assert evaluate_both(form, {"start_month": "2024-02"})["start"] == date(2024, 2, 1)


@pytest.mark.parametrize(
    ("teacher", "name"), [("T1", "甲"), ("T9", None), (None, None)]
)
def test_a_fill_is_copied_from_the_referenced_row(teacher, name):
    form = form_of(teacher_name={"fill": Fill("teacher", "name")})
    assert evaluate_both(form, {"teacher": teacher})["teacher_name"] == name


def test_a_fill_of_many_rows_asks_for_the_column_once():
    asked = []

    def find_names(columns, field_id, column):
        asked.append((field_id, column))
        return [TEACHERS.get(no, {}).get(column) for no in columns[field_id]]

    env = Env(ENV.today, ENV.period_start, ENV.period_end, ref_column=find_names)
    form = form_of(teacher_name={"fill": Fill("teacher", "name")})
    block = evaluate_columns(form, {"teacher": ["T1", None, "T1"]}, 3, env)
    assert block["teacher_name"] == ["甲", None, "甲"]
    assert asked == [("teacher", "name")]


def test_a_hidden_field_is_empty_and_reads_as_null():
    form = form_of(
        part={"visible_when": "level == '甲'"},
        total={"computed": "coalesce(part, 0) + 1"},
    )
    row = evaluate_both(form, {"level": "乙", "part": 5})
    assert (row["part"], row["total"]) == (None, 1)
    assert hidden_fields(form, row, ENV) == {"part"}


def test_a_hidden_computed_field_is_empty():
    form = form_of(
        total={"computed": "part + 1", "visible_when": "level == '甲'"},
        share={"computed": "total"},
    )
    row = evaluate_both(form, {"part": 5})
    assert (row["total"], row["share"]) == (None, None)


def test_a_field_shows_as_soon_as_its_condition_is_true():
    form = form_of(part={"visible_when": "level == '甲'"})
    row = evaluate_both(form, {"level": "甲", "part": 5})
    assert row["part"] == 5
    assert hidden_fields(form, row, ENV) == frozenset()


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({}, {"level"}),
        ({"level": "甲"}, {"level", "part"}),
        ({"level": "乙"}, {"level", "total"}),
        ({"level": "乙", "total": 0}, {"level", "total"}),
    ],
)
def test_required_fields_depend_on_conditions_and_visibility(row, expected):
    form = form_of(
        level={"required": True},
        part={"required_when": "level == '甲'"},
        total={"required": True, "visible_when": "level == '乙'"},
    )
    required = {field.id for field in required_fields(form, row, ENV)}
    assert required == expected
    missing = dict(find_missing(form, as_columns([row]), 1, ENV))
    empty = {name for name in required if row.get(name) is None}
    assert {field.id for field in missing} == empty


def test_a_given_field_is_never_required():
    form = form_of(share={"computed": "part / total", "required": True})
    assert required_fields(form, {}, ENV) == ()


@pytest.mark.parametrize(
    ("row", "is_broken"),
    [
        ({"part": 3, "total": 2}, True),
        ({"part": 2, "total": 2}, False),
        ({"part": 3}, False),
        ({"part": 3, "total": 2, "level": "免检"}, False),
    ],
)
def test_a_rule_is_broken_where_it_applies_and_is_false(row, is_broken):
    form = form_of(["part <= total"], ["is_empty(level) or level != '免检'"])
    assert bool(list(broken_rules(form, row, ENV))) is is_broken
    block = dict(find_broken(form, as_columns([{}, row]), 2, ENV))
    assert list(block.values()) == ([[1]] if is_broken else [])


def test_a_rule_beyond_the_row_waits():
    form = form_of(["is_unique(part)", "part > prev(part)", "part > 0"])
    assert [rule.id for rule in waiting_rules(form)] == ["rule_0", "rule_1"]
    assert [rule.id for rule in broken_rules(form, {"part": 0}, ENV)] == ["rule_2"]


def test_what_looks_beyond_the_row_is_not_compiled():
    with pytest.raises(NotRunnableError):
        compile_expression(parse("count('T') > 1"))
    with pytest.raises(NotRunnableError):
        to_tree(parse("prev(part)"))


def test_an_expression_reads_dates_given_to_it():
    assert compile_expression(parse("year(today)"))({}, ENV) == 2024
    assert compile_expression(parse("report_year"))({}, ENV) == 2024


def test_a_filter_compares_the_target_with_the_referring_row():
    expression = parse_expression("name == this.level", TABLES, "T", within="F")
    env = Env(ENV.today, ENV.period_start, ENV.period_end, this={"level": "甲"})
    assert compile_expression(expression)({"name": "甲"}, env) is True
    assert compile_expression(expression)({"name": "乙"}, env) is False


def test_a_number_without_end_is_null():
    expression = parse("*".join(["part"] * 14))
    assert compile_expression(expression)({"part": Decimal("9" * 40)}, ENV) is None
    form = form_of(share={"computed": "*".join(["part"] * 14)})
    assert evaluate_both(form, {"part": Decimal("9" * 40)})["share"] is None


DEEP = {
    "calls": ("abs(" * 57 + "part" + ")" * 57, 2),
    "cuts": ("left(" * 57 + "level" + ", 9)" * 57, "甲"),
    "signs": ("-" * 57 + "part", -2),
    "sums": (" + ".join(["part"] * 57), 114),
    "branches": ("part if part > 2 else " * 50 + "part", 2),
    "conditions": (
        "(part > 1 and " * 27 + "total > 1" + " or part > 2)" * 27,
        True,
    ),
}


@pytest.mark.parametrize(("text", "value"), DEEP.values(), ids=DEEP.keys())
def test_the_deepest_expressions_are_answered(text, value):
    row = {"part": 2, "total": 2, "level": "甲"}
    assert compile_row(Question(parse(text), Ask.VALUE))(row, ENV) == value


@pytest.mark.parametrize(("ask", "answer"), [(Ask.TRUE, True), (Ask.FALSE, False)])
def test_the_deepest_condition_is_true_and_not_false(ask, answer):
    question = Question(parse(DEEP["conditions"][0]), ask)
    assert compile_row(question)({"part": 2, "total": 2}, ENV) is answer


def test_every_kind_knows_how_its_values_are_kept():
    assert set(rules._SETTLERS) == set(FieldKind)


@pytest.fixture(scope="module")
def catalogue():
    return get_catalogue()


def test_expressions_of_every_form_run_and_travel(catalogue):
    env = Env(ENV.today, ENV.period_start, ENV.period_end, ref=lambda *asked: None)
    for form in catalogue.forms:
        row = evaluate_steps(form, {}, env)
        columns = evaluate_columns(form, {}, 2, env)
        required = required_fields(form, row, env)
        missing = dict(find_missing(form, columns, 2, env))
        assert set(missing) == set(required), form.name
        broken = list(broken_rules(form, row, env))
        assert [rule for rule, _ in find_broken(form, columns, 2, env)] == broken
        for field in form.fields:
            for part in (field.computed, field.visible_when, field.required_when):
                assert part is None or not part.is_runnable or to_tree(part)
