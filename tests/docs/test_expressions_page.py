"""The page about expressions says what the language has, and its examples are right."""

from datetime import date
from decimal import Decimal

import pytest

from form_schemas.expression_types import TYPE_NAMES
from form_schemas.expressions import Column, parse_expression
from form_schemas.functions import AGGREGATES, FUNCTIONS, GIVEN, GROUPING
from form_schemas.kinds import TRAITS, FieldKind, ValueType
from tests.support.docs import find_code, find_rows, find_section, read_page
from tests.support.expressions import to_plain
from tests.support.forms import field_of, read_schemas, schema_of
from validators.compiling import Env
from validators.interpreting import interpret
from validators.places import Place

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
READERS = {
    ValueType.NUMBER: Decimal,
    ValueType.DATE: date.fromisoformat,
    ValueType.BOOLEAN: lambda text: text == "是",
    ValueType.LIST: lambda text: tuple(text.split("、")),
}


def read_row(table, cells):
    """A row of the page as typed values."""
    columns = TABLES[table]
    return {
        name: None if text == "空" else READERS.get(columns[name].type, str)(text)
        for name, text in cells.items()
    }


def read_place():
    """The row that the page's results are of, with what is around it."""
    told, others = PAGE.partition("\n## ")[0].split("0.1.3 有三行")
    rows = [(find_code(row[0])[0], *row[2:]) for row in find_rows(told)]
    now, last = (read_row("T", {row[0]: row[i] for row in rows}) for i in (1, 2))
    teachers = [
        read_row("0.1.3", dict(zip(TABLES["0.1.3"], row, strict=True)))
        for row in find_rows(others)
    ]
    teacher = field_of("ref", ref={"table": "0.1.3", "field": "teacher_no"})
    fields = dict.fromkeys(TABLES["T"], "text") | {"teacher": teacher}
    teachers_form = schema_of("0.1.3", **dict.fromkeys(TABLES["0.1.3"], "text"))
    schema = schema_of("T", **fields)
    schema["x-form"]["key"] = ["title"]
    forms = read_schemas(schema, teachers_form).forms
    by_code = {form.code: form for form in forms}
    return Place(
        form=by_code["T"],
        row=now,
        forms=by_code,
        tables={"T": [now], "0.1.3": teachers},
        env=Env(date(2024, 9, 7), date(2023, 9, 1), date(2024, 8, 31)),
        previous={"T": [last]},
    )


def show(value):
    """A value as the page writes it."""
    if value is None:
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    plain = to_plain(value)
    return plain if isinstance(plain, str) else "、".join(plain)


def names_in(title):
    rows = find_rows(find_section(PAGE, title))
    return {find_code(row[0])[0].partition("(")[0] for row in rows}


def calls_of(title):
    """Each function of a table, and the example that stands beside it."""
    return [
        (find_code(name)[0].partition("(")[0], find_code(example)[0])
        for name, example, *_ in find_rows(find_section(PAGE, title))
    ]


def results_of(title):
    """Each example of a table, and the result that stands beside it."""
    return [
        (find_code(example)[0], result)
        for _, example, result, _ in find_rows(find_section(PAGE, title))
    ]


@pytest.mark.parametrize(
    ("text", "result"),
    [*results_of("写什么"), *results_of("函数"), *results_of("查看别的行")],
)
def test_an_example_comes_to_its_result(text, result):
    tree = parse_expression(text, TABLES, "T").root
    assert show(interpret(tree, read_place())) == result


@pytest.mark.parametrize(("name", "text"), calls_of("查看别的行"))
def test_an_example_looks_into_the_form_it_names(name, text):
    expression = parse_expression(text, TABLES, "T")
    assert expression.tables == {"0.1.3"}


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
