"""The page about expressions says what the language has, and its examples are right."""

import pytest

from form_schemas.expression_nodes import TYPE_NAMES
from form_schemas.expressions import Column, parse_expression
from form_schemas.functions import AGGREGATES, FUNCTIONS, GIVEN, GROUPING
from form_schemas.kinds import TRAITS, FieldKind, ValueType
from tests.support.docs import find_code, find_rows, find_section, read_page

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


def examples_of(title):
    return [code for row in find_rows(find_section(PAGE, title)) for code in row[1:2]]


def names_in(title):
    rows = find_rows(find_section(PAGE, title))
    return {find_code(row[0])[0].partition("(")[0] for row in rows}


@pytest.mark.parametrize("title", ["写什么", "函数", "查看别的行"])
def test_every_example_is_an_expression(title):
    for example in examples_of(title):
        for text in find_code(example):
            parse_expression(text, TABLES, "T")


def test_every_example_of_a_derivation_is_one():
    for example in examples_of("只在 x-derive、x-generate 里"):
        for text in find_code(example):
            parse_expression(text, TABLES, "T", grouping=True)


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
