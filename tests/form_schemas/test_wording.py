import typing

import pytest

from form_schemas import functions, nodes, wording
from form_schemas.wording import Names, describe, describe_condition
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of

TEACHER = {"table": "T", "field": "no"}
SOURCES = (
    schema_of(
        "A",
        no=field_of("text", "编号"),
        sort=field_of("enum", "类别", enum=["甲", "乙"]),
        hours=field_of("decimal", "学时"),
        starts=field_of("date", "开始日期"),
        ends=field_of("date", "结束日期"),
        is_open=field_of("boolean", "是否开放"),
        teacher=field_of("ref", "教师", ref=TEACHER),
    )
    | {"title": "课程"},
    schema_of(
        "T",
        no=field_of("text", "工号"),
        name=field_of("text", "姓名"),
        is_full=field_of("boolean", "是否专职"),
        age=field_of("integer", "年龄"),
    )
    | {"title": "教师名单"},
)
JOIN = [{"table": "T", "as": "t", "on": "t.no == teacher", "optional": True}]


def say(text, kind="boolean", *, is_grouped=False, is_condition=False):
    """What people read of an expression of a form derived from courses."""
    derive = {"from": "A", "join": JOIN, "columns": {"no": "no", "found": text}}
    derive |= {"expand": {"day": {"from": "starts", "to": "ends"}}}
    if is_grouped:
        derive |= {"groupBy": ["no"]}
    own = schema_of("D", no="text", found=kind, day=field_of("date", "日子"))
    catalogue = catalogue_of(*SOURCES, _derived(own, derive))
    forms = catalogue.editions[0].by_code
    names = Names(forms, forms["A"], partners={"t": forms["T"]}, derived=forms["D"])
    tell = describe_condition if is_condition else describe
    return tell(forms["D"].derive.columns["found"].root, names)


def _derived(schema, derive):
    head = schema["x-form"] | {"kind": "auto"}
    return schema | {"x-form": head, "x-derive": derive}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("sort == '甲'", "类别 = “甲”"),
        ("sort in ('甲', '乙')", "类别 是 “甲”、“乙”之一"),
        ("sort not in ('甲', '乙')", "类别 不是 “甲”、“乙”之一"),
        (
            "is_empty(ends) or ends > period_end",
            "结束日期 没有填，或 结束日期 > 采集期末日",
        ),
        ("not is_empty(t.name)", "“教师名单”的姓名 已填"),
        ("is_open", "是否开放为“是”"),
        ("not is_open", "是否开放不为“是”"),
        (
            "is_open and (hours > 2 or not t.is_full)",
            "是否开放为“是”，且 （学时 > 2，或 “教师名单”的是否专职不为“是”）",
        ),
        ("not (hours > 2)", "并非（学时 > 2）"),
        ("ref(teacher).is_full", "教师在“教师名单”里的是否专职为“是”"),
        ("day == today", "日子 = 今天"),
        ("in_period(starts)", "开始日期 在采集期内"),
        (
            "not exists('T', no == this.teacher)",
            "“教师名单”里没有符合（工号 = 本行的教师）的行",
        ),
        (
            "exists('A', starts == this.day and teacher == t.no)",
            "“课程”里有符合（开始日期 = 本行的日子，且 教师 = “教师名单”的工号）的行",
        ),
        ("hours * 2 + 1 > -3", "学时 × 2 + 1 > −3"),
        ("hours - (hours + 1) > 2", "学时 − （学时 + 1） > 2"),
        ("2 * (hours + 1) > 2", "2 × （学时 + 1） > 2"),
    ],
)
def test_a_condition_is_said_with_labels(text, words):
    assert say(text, is_condition=True) == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("no", "编号"),
        ("'校内' if is_open else '校外'", "是否开放为“是” 时为“校内”；其余为“校外”"),
        (
            "'高' if hours > 9 else '中' if hours > 3 else '低'",
            "学时 > 9 时为“高”；学时 > 3 时为“中”；其余为“低”",
        ),
        ("texts('T', 'name')", "“教师名单”的行的各个不同的姓名，用顿号连起来"),
        ("coalesce(t.name, no)", "“教师名单”的姓名，没有时取编号"),
    ],
)
def test_a_value_is_said_with_labels(text, words):
    assert say(text, "text") == words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rows()", "来源行的行数"),
        ("rows(is_open)", "符合（是否开放为“是”）的来源行的行数"),
        ("distinct(teacher, hours > 1)", "符合（学时 > 1）的不同的教师的个数"),
        ("total(hours) / rows() * 100", "学时的合计 ÷ 来源行的行数 × 100"),
        ("count('T', age > 60)", "“教师名单”里符合（年龄 > 60）的行数"),
        ("sum('T', 'age')", "“教师名单”的行的年龄合计"),
    ],
)
def test_what_is_computed_over_many_rows_is_said(text, words):
    assert say(text, "decimal", is_grouped=True) == words


def test_there_are_words_for_all_that_an_expression_may_hold():
    assert set(wording._WORDS) == set(typing.get_args(nodes.Node))
    called = functions.FUNCTIONS.keys() | functions.GROUPING.keys() | {"split"}
    assert wording.FUNCTION_WORDS.keys() == called
    assert wording.AGGREGATE_WORDS.keys() | {"exists"} == functions.AGGREGATES.keys()
    assert wording.GIVEN_WORDS.keys() == functions.GIVEN.keys()
