"""Rows that references pick, and values that no row has."""

from datetime import date

import pytest

from tests.support.forms import field_of, form_of, rule_of, schema_of
from tests.support.lookups import Rows
from validators.check import Context, Stage, check_columns, check_row
from validators.conversion import ConvertedColumns
from validators.references import columns_read
from validators.report import Code

TEACHERS = schema_of("T2", no="text", name="text", born="date")
GUESTS = schema_of("T3", no="text", name="text")
FITS = "month == this.month and this.day == born"
SEVERAL = {"type": "array", "items": {"type": "string"}, "uniqueItems": True}


def context(**rows):
    return Context(date(2023, 9, 1), date(2024, 8, 31), date(2024, 10, 1), Rows(**rows))


def course_form(**words):
    ref = field_of("ref", ref={"table": "T2", "field": "no", **words})
    return form_of(
        schema_of(
            "T1",
            code="text",
            teacher=ref,
            teacher_name=field_of("text", fill="teacher.name"),
        ),
        TEACHERS,
        GUESTS,
    )


def check(form, row, where):
    return check_row(form, row, where, Stage.IMPORT)


def kinds(checked):
    return [(problem.field_id, problem.kind) for problem in checked.problems]


def test_a_fill_takes_the_value_of_the_row_picked():
    where = context(T2=[{"no": "1", "name": "甲"}])
    checked = check(course_form(), {"code": "A", "teacher": "1"}, where)
    assert checked.row["teacher_name"] == "甲"
    assert checked.problems == ()


def test_a_value_that_no_row_has_is_a_problem():
    checked = check(course_form(), {"code": "A", "teacher": "9"}, context())
    assert kinds(checked) == [("teacher", "reference")]
    assert checked.row["teacher_name"] is None


def test_near_values_are_suggested():
    where = context(T2=[{"no": "T01", "name": "甲"}])
    (problem,) = check(course_form(), {"code": "A", "teacher": "t01"}, where).problems
    assert problem.details["suggestions"] == ["T01"]


def test_other_forms_are_asked_where_the_first_has_no_such_row():
    form = course_form(also=["T3"])
    where = context(T2=[{"no": "1", "name": "甲"}], T3=[{"no": "2", "name": "乙"}])
    assert check(form, {"code": "A", "teacher": "2"}, where).row["teacher_name"] == "乙"
    assert kinds(check(form, {"code": "A", "teacher": "3"}, where)) == [
        ("teacher", "reference")
    ]


def test_a_filter_chooses_among_the_rows_of_a_value():
    plan = schema_of("T2", program="text", course="text", hours="integer")
    plan["x-form"]["key"] = ["program", "course"]
    form = form_of(
        schema_of(
            "T1",
            program="text",
            course=field_of(
                "ref",
                ref={
                    "table": "T2",
                    "field": "course",
                    "filter": "program == this.program",
                },
            ),
            hours=field_of("integer", fill="course.hours"),
        ),
        plan,
    )
    where = context(
        T2=[
            {"program": "P1", "course": "C", "hours": 10},
            {"program": "P2", "course": "C", "hours": 20},
        ]
    )
    columns = {"program": ["P1", "P2", "P3"], "course": ["C", "C", "C"]}
    block = check_columns(form, ConvertedColumns([2, 3, 4], columns), where)
    assert block.columns["hours"] == [10, 20, None]
    (problem,) = block.problems
    assert (problem.row_number, problem.kind) == (4, "reference")
    assert problem.details["reason"] == "filter"


@pytest.mark.parametrize(
    ("month", "expected"),
    [("甲 ", "第 2 位"), ("乙", "第 41 位"), ("丙", None), (None, None)],
)
def test_a_filter_finds_its_row_among_many_of_a_value(month, expected):
    teacher = field_of("ref", ref={"table": "T2", "field": "no", "filter": FITS})
    form = form_of(
        schema_of(
            "T1",
            code="text",
            month="text",
            day="date",
            teacher=teacher,
            teacher_name=field_of("text", fill="teacher.name"),
        ),
        schema_of("T2", no="text", month="text", born="date", name="text"),
    )
    names = ["乙", "甲", *["乙"] * 40]
    rows = [
        {
            "no": "1",
            "month": m,
            "born": date(2000, 1, 1 + (n == 41)),
            "name": f"第 {n} 位",
        }
        for n, m in enumerate(names, 1)
    ]
    day = date(2000, 1, 2) if month == "乙" else date(2000, 1, 1)
    row = {"code": "A", "teacher": "1", "month": month, "day": day}
    checked = check(form, row, context(T2=rows))
    assert checked.row["teacher_name"] == expected
    assert kinds(checked) == ([] if expected else [("teacher", "reference")])


def test_every_value_of_several_has_to_exist():
    many = field_of("ref", ref={"table": "T2", "field": "no"}, multiple=True) | SEVERAL
    form = form_of(schema_of("T1", code="text", teachers=many), TEACHERS)
    where = context(T2=[{"no": "1"}, {"no": "2"}])
    assert check(form, {"code": "A", "teachers": ("1", "2")}, where).problems == ()
    (problem,) = check(form, {"code": "A", "teachers": ("1", "8", "9")}, where).problems
    assert problem.details["value"] == "8、9"


def test_a_reference_to_the_form_itself_sees_the_rows_of_the_file():
    parent = field_of("ref", ref={"table": "T1", "field": "code"})
    form = form_of(schema_of("T1", code="text", parent=parent))
    columns = {"code": ["A", "B", "C"], "parent": ["C", "A", "X"]}
    block = check_columns(form, ConvertedColumns([2, 3, 4], columns), context())
    assert [(p.row_number, p.kind) for p in block.problems] == [(4, "reference")]
    block = check_columns(
        form,
        ConvertedColumns([2, 3, 4], columns),
        context(),
        own_values={"code": {"X"}},
    )
    assert block.problems == ()


def test_one_look_up_serves_a_block():
    where = context(T2=[{"no": "1", "name": "甲"}])
    columns = {"code": list("ABCD"), "teacher": ["1", "1", None, "1"]}
    check_columns(course_form(), ConvertedColumns([2, 3, 4, 5], columns), where)
    assert where.lookup.asked == [("T2", "no", frozenset({"1"}))]


def test_only_the_columns_that_something_reads_are_asked_for():
    schema = schema_of(
        "T1",
        code="text",
        teacher=field_of("ref", ref={"table": "T2", "field": "no"}),
        substitute=field_of("ref", ref={"table": "T2", "field": "no"}),
        name=field_of("text", fill="teacher.name"),
    )
    schema["x-rules"] = [rule_of("ref(teacher).born < today", fields=["teacher"])]
    form = form_of(schema, TEACHERS)
    assert columns_read(form) == {
        "teacher": {"name", "born"},
        "substitute": frozenset(),
    }


def test_rules_read_the_rows_picked():
    schema = schema_of(
        "T1", code="text", teacher=field_of("ref", ref={"table": "T2", "field": "no"})
    )
    schema["x-rules"] = [rule_of("age(ref(teacher).born, today) >= 18")]
    schema["x-rules"][0]["fields"] = ["teacher"]
    form = form_of(schema, TEACHERS)
    where = context(T2=[{"no": "1", "born": date(2010, 1, 1)}])
    (problem,) = check(form, {"code": "A", "teacher": "1"}, where).problems
    assert (problem.field_id, problem.code) == ("teacher", Code.RULE)
