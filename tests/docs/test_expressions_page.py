"""The page about expressions says what the language has, and its examples are right."""

from datetime import date
from decimal import Decimal

import pytest

from form_schemas.expression_nodes import TYPE_NAMES
from form_schemas.expressions import Column, Reach, parse_expression
from form_schemas.functions import AGGREGATES, FUNCTIONS, GIVEN, GROUPING
from form_schemas.kinds import TRAITS, FieldKind, ValueType
from tests.support.docs import find_code, find_rows, find_section, read_page
from validators.compiling import Env
from validators.rules import compile_expression

PAGE = read_page("expressions.zh.md")


def columns_of(kind, names):
    return {name: Column(name, ValueType(kind)) for name in names.split()}


#: The fields that the page names at its beginning.
TABLES = {
    "T": {
        **columns_of("number", "amount people area"),
        **columns_of("text", "title id_number"),
        **columns_of("date", "start finish"),
        **columns_of("month", "since"),
        **columns_of("boolean", "is_open"),
        **columns_of("list", "languages"),
        **columns_of("file", "report"),
        "keywords": Column("keywords", ValueType.TEXT, separator="；"),
        "level": Column("level", ValueType.TEXT, options=("国家级", "省级", "校级")),
        "teacher": Column("teacher", ValueType.TEXT, ref_tables=("0.1.3",)),
    },
    "0.1.3": {
        **columns_of("text", "teacher_no teacher_name"),
        **columns_of("number", "age_now"),
    },
}

#: A row of that table with every field filled.
ROW = {
    "amount": Decimal("120.5"),
    "people": 3,
    "area": Decimal(80),
    "title": "技能大赛",
    "id_number": "11010519491231002X",
    "keywords": "实训；竞赛",
    "level": "省级",
    "start": date(2024, 3, 1),
    "finish": date(2024, 3, 20),
    "since": "2023-09",
    "is_open": True,
    "languages": ("英语", "日语"),
    "report": "t1",
    "teacher": "T1",
}
ENV = Env(
    today=date(2024, 11, 1),
    period_start=date(2023, 9, 1),
    period_end=date(2024, 8, 31),
    ref=lambda row, field_id, column: "甲",
)
PYTHON_TYPES = {
    ValueType.NUMBER: (int, Decimal),
    ValueType.TEXT: str,
    ValueType.DATE: date,
    ValueType.BOOLEAN: bool,
}


def examples_of(title):
    return [code for row in find_rows(find_section(PAGE, title)) for code in row[1:2]]


def names_in(title):
    rows = find_rows(find_section(PAGE, title))
    return {find_code(row[0])[0].partition("(")[0] for row in rows}


def calls_of(title):
    """Each function of a table, and the example that stands beside it."""
    return [
        (find_code(name)[0].partition("(")[0], find_code(example)[0])
        for name, example, *_ in find_rows(find_section(PAGE, title))
    ]


def texts_of(title):
    return [text for example in examples_of(title) for text in find_code(example)]


@pytest.mark.parametrize("text", [*texts_of("写什么"), *texts_of("函数")])
def test_an_example_gives_a_value_of_its_type(text):
    expression = parse_expression(text, TABLES, "T")
    if not expression.is_runnable:
        assert expression.reach in (Reach.TABLE, Reach.ACROSS, Reach.PREVIOUS)
        return
    value = compile_expression(expression)(ROW, ENV)
    assert isinstance(value, PYTHON_TYPES[expression.type])


@pytest.mark.parametrize(("name", "text"), calls_of("查看别的行"))
def test_an_example_looks_into_the_form_it_names(name, text):
    expression = parse_expression(text, TABLES, "T")
    assert (expression.tables, expression.type) == ({"0.1.3"}, ValueType.BOOLEAN)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        *calls_of("函数"),
        *calls_of("查看别的行"),
        *calls_of("只在 x-derive、x-generate 里"),
    ],
)
def test_an_example_calls_the_function_that_it_explains(name, text):
    assert parse_expression(text, TABLES, "T", grouping=True).text.count(f"{name}(")


@pytest.mark.parametrize(
    ("title", "known"),
    [
        ("函数", FUNCTIONS),
        ("查看别的行", AGGREGATES),
        ("只在 x-derive、x-generate 里", GROUPING),
        ("现成的值", GIVEN),
    ],
)
def test_the_page_names_all_that_can_be_called_and_nothing_else(title, known):
    assert names_in(title) == set(known)


def test_the_page_gives_each_kind_its_type():
    types = {name: t for t, name in TYPE_NAMES.items()}
    told = {
        kind: types[row[0]]
        for row in find_rows(find_section(PAGE, "类型"))
        for kind in find_code(row[1])
        if kind in set(FieldKind)
    }
    known = {kind: TRAITS[kind].value_type for kind in FieldKind}
    assert told == {k: t for k, t in known.items() if k is not FieldKind.REF}
