"""What the expression language takes, what it refuses, and what it says of both."""

import re
import time

import pytest

from form_schemas.expression_types import TYPE_NAMES
from form_schemas.expressions import (
    Column,
    ExpressionError,
    Reach,
    parse_expression,
)
from form_schemas.functions import FUNCTIONS, GROUPING
from form_schemas.kinds import ValueType
from form_schemas.nodes import Call, Field, Literal


def columns_of(**kinds):
    return {name: Column(name, ValueType(kind)) for name, kind in kinds.items()}


TABLES = {
    "A": {
        **columns_of(
            x="number", y="number", s="text", d="date", m="month", b="boolean"
        ),
        **columns_of(items="list", picture="file"),
        "level": Column("level", ValueType.TEXT, options=("国家级", "省级")),
        "many": Column("many", ValueType.TEXT, separator="；"),
        "r": Column("r", ValueType.TEXT, ref_tables=("B",)),
        "several": Column("several", ValueType.LIST, ref_tables=("B",), multiple=True),
    },
    "B": columns_of(code="text", amount="number", title="text"),
}


def parse(text, **scope):
    return parse_expression(text, TABLES, scope.pop("table", "A"), **scope)


@pytest.mark.parametrize(
    ("text", "reach"),
    [
        ("x > 1 and not b", Reach.ROW),
        ("days(d, today) > 3", Reach.ROW),
        ("ref(r).amount > x", Reach.REFERENCE),
        ("is_unique(s)", Reach.TABLE),
        ("count('A', s == this.s) <= 2", Reach.TABLE),
        ("sum('B', 'amount') > 0", Reach.ACROSS),
        ("texts('B', 'title') == s", Reach.ACROSS),
        ("exists('B', code == this.r) and ref(r).amount > 1", Reach.ACROSS),
        ("x >= prev(x) * 0.9", Reach.PREVIOUS),
        ("count('A') >= prev(count('A'))", Reach.PREVIOUS),
    ],
)
def test_an_expression_says_how_far_it_looks(text, reach):
    assert parse(text).reach is reach


@pytest.mark.parametrize(
    ("text", "fields", "ref_fields"),
    [
        ("x + y > 1", {"x", "y"}, set()),
        ("ref(r).amount > 1", {"r"}, {"r"}),
        ("count('B', amount > this.x) > 0", {"x"}, set()),
        ("exists('B', ref(this.r).amount > amount)", {"r"}, {"r"}),
        ("x > prev(y)", {"x"}, set()),
        ("prev(count('A', x > 1)) > 0", set(), set()),
        ("prev(count('A', s == this.s)) > 0", {"s"}, set()),
        ("prev(exists('B', amount < ref(this.r).amount))", {"r"}, {"r"}),
        ("count('B') > 0", set(), set()),
    ],
)
def test_an_expression_says_what_it_reads_of_the_row(text, fields, ref_fields):
    expression = parse(text)
    assert expression.fields == fields
    assert expression.ref_fields == ref_fields


def test_an_expression_says_which_forms_it_looks_into():
    assert parse("count('A') > sum('B', 'amount')").tables == {"A", "B"}


def test_a_filter_reads_the_target_by_name_and_the_row_through_this():
    filter_ = parse("title == this.s and amount > 0", table="B", within="A")
    assert filter_.fields == {"s"}
    assert filter_.target_fields == {"title", "amount"}
    assert filter_.reach is Reach.ROW


def test_numbers_stay_exact():
    assert str(parse("12345678901234567.123456789").root.value) == (
        "12345678901234567.123456789"
    )


def test_a_text_with_a_separator_is_read_as_its_values():
    contains = parse("contains(many, '甲')").root
    separator = Literal("；", ValueType.TEXT)
    split = Call("split", (Field("many", ValueType.TEXT), separator), ValueType.LIST)
    assert contains.arguments[0] == split


def test_rank_carries_the_options():
    ranked = [part.value for part in parse("rank(level)").root.arguments[1:]]
    assert ranked == ["国家级", "省级"]


def test_dates_and_months_pass_for_each_other():
    assert parse("d == m").type is ValueType.BOOLEAN
    assert parse("d", expect=ValueType.MONTH).type is ValueType.DATE
    assert parse("in_period(m)").type is ValueType.BOOLEAN


def test_a_derivation_knows_joins_expanded_columns_and_groups():
    scope = {
        "joins": {"job": "B"},
        "expanded": {"day": Column("day", ValueType.DATE)},
        "grouping": True,
    }
    assert parse("total(x, job.amount > 1)", **scope).type is ValueType.NUMBER
    assert parse("latest(s, day)", **scope).type is ValueType.TEXT
    assert parse("exists('B', code == this.s)", **scope).reach is Reach.ACROSS


@pytest.mark.parametrize(
    ("text", "message", "position"),
    [
        ("", "是空的", 0),
        ("x > 1 and levl == '省级'", "没有字段“levl”。是不是“level”？", 10),
        ("lenght(s) > 1", "是不是“length”？", 0),
        ("level == '省'", "没有选项“省”。是不是“省级”？", 9),
        ("level in ('省级', '国家')", "是不是“国家级”？", 16),
        ("contains(level, '国家')", "没有选项", 16),
        ("'甲' == level", "没有选项“甲”。可用的有 国家级、省级。", 0),
        ("x == '甲'", "“数”和“文本”不能相互比较", 0),
        ("d > s", "“文本”和“日期”不能", 0),
        ("x and b", "这里要“是否”，“x”却是“数”", 0),
        ("b or not x", "这里要“是否”", 9),
        ("abs(s)", "这里要“数”，“s”却是“文本”", 4),
        ("x if b else s", "类型不同", 0),
        ("coalesce(x, s)", "类型不同", 0),
        ("b == true", "写 x 或 not x", 5),
        ("x == null", "判断空值写 is_empty(x)", 5),
        ("x == None", "请写 null", 5),
        ("x = 1", "请写 ==", 2),
        ("0 < x < 2", "a < b and b < c", 0),
        ("level in ('省级')", "只有一个值请用 ==", 10),
        ("x in (y, 1)", "只能写数和文本", 6),
        ("picture == '甲'", "不能比较", 0),
        ("items == '甲'", "contains", 0),
        ("round(x, y)", "整数", 9),
        ("round(x)", "要 2 个参数，这里有 1 个", 0),
        ("rank(s)", "有选项的字段", 5),
        ("ref(s).amount", "引用字段", 0),
        ("ref(several).amount", "选一行的引用字段", 0),
        ("ref(r).amnt", "是不是“amount”？", 0),
        ("this.x > 1", "请直接写 x", 0),
        ("count('C')", "没有表“C”。请核对表号。", 6),
        ("sum('B', 'title')", "只能加数，字段“title”是文本", 9),
        ("texts('B', 'amount')", "只能连接文本，字段“amount”是数", 11),
        ("texts('B', amount)", "请加引号，如 texts('B', 'area')", 11),
        ("texts('B')", "要 2 到 3 个参数，这里有 1 个", 0),
        ("prev(x + 1)", "一个字段，或 count", 0),
        ("total(x)", "只能用在 x-derive", 0),
        ("产权 > 1", "字段请写 id", 0),
        ("s == '甲", "引号没有成对", 5),
        ("s == '\\n'", "反斜杠", 5),
        ("x ＞ 1", "请改成 >", 2),
        ("(x > 1", "没有配上右括号", 0),
        ("x > 1)", "多了一个右括号", 5),
        ("r.amount > 1", "请写成 ref(r).amount", 0),
        ("q.amount > 1", "没有别名“q”", 0),
        ("x y", "接不上", 2),
        ("x if b", "if 条件 else", 0),
        ("foo(zz)", "没有函数“foo”", 0),
        ("zzz > 1", "没有字段“zzz”。请核对字段的 id。", 0),
        ("b && b", "请改成 and", 2),
        ("(x, y)", "只能跟在 in 后面", 0),
        ("y > 0 and " + "x * " * 14 + "x > 0", "的结果可能超过 400 位", 10),
    ],
)
def test_a_fault_is_named_where_it_stands(text, message, position):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert message in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    ["x y", "x = 1", "level == '省'", "foo(x)", "9" * 31, "(" * 61, "x" * 2001, "\0"],
)
def test_a_fault_is_told_in_whole_chinese_sentences(text):
    with pytest.raises(ExpressionError) as caught:
        parse(text)
    assert re.search("[一-鿿].*[。？]$", caught.value.message)


def test_every_type_has_a_name_for_administrators():
    assert set(TYPE_NAMES) == set(ValueType)


def test_a_value_of_the_wrong_type_is_refused():
    with pytest.raises(ExpressionError, match="这里要“数”，“s”却是“文本”"):
        parse("s", expect=ValueType.NUMBER)


@pytest.mark.parametrize(
    "text",
    [
        "x ** 9 ** 9 ** 9 > 1",
        "x // 2",
        "x % 2",
        " * ".join(["x"] * 15),
        " * ".join(["x", "9" * 30] * 8),
        "1" + " / 0.1" * 200,
        "round(" + " * ".join(["x"] * 12) + ", 100) * round(y, 100)",
        "s.__class__",
        "().__class__",
        "__import__('os')",
        "open('/etc/passwd')",
        "lambda: 1",
        "[x for x in y]",
        "{x}",
        "x[0]",
        "f'{x}'",
        "b'x'",
        "x := 1",
        "abs(*x)",
        "1e999999",
        "0x10",
        "1_000",
        "9" * 31,
        "x # comment",
        "x; y",
        "\0",
        "'\0'",
        "'\ud800'",
        "x\\\n",
        "...",
        "(x, y)",
        "(" * 61 + "x" + ")" * 61,
        "(" * 990,
        "not " * 400 + "b",
        "-" * 1900 + "x",
        "x + " * 400 + "x",
        "x if b else " * 150 + "x",
        "abs(" * 300 + "x" + ")" * 300,
        "x > 1 and " * 300,
        "x" * 2001,
        "1" + " " * 2000,
        "'" * 1999,
        "z" * 1999,
    ],
)
def test_hostile_texts_are_refused_at_once(text):
    started = time.perf_counter()
    with pytest.raises(ExpressionError):
        parse(text)
    # Generous: what explodes takes minutes.
    assert time.perf_counter() - started < 1


def test_sixty_levels_are_deep_enough():
    assert parse("(" * 60 + "x" + ")" * 60).type is ValueType.NUMBER
    assert parse(" + ".join(["x"] * 50)).type is ValueType.NUMBER


def test_fourteen_fields_may_be_multiplied():
    assert parse(" * ".join(["x"] * 14)).type is ValueType.NUMBER


def test_no_function_has_two_meanings():
    assert not FUNCTIONS.keys() & GROUPING.keys()
