"""What differs between two editions, each thing told once, in words."""

import json

import pytest

from form_schemas.catalogue import Edition
from form_schemas.codelists import load_codelists
from form_schemas.differences import KIND_WORDS, DifferenceKind
from form_schemas.drafts import Source
from form_schemas.edition_diff import compare_editions
from form_schemas.form_diff import FORM_KIND_WORDS, SHAPE_WORDS
from form_schemas.reader import read_edition
from form_schemas.spec import FormKind, Shape
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, rule_of, schema_of

BASE = {"collection": "test", "title": "测试", "periods": {}, "reviewSteps": []}


def edition_of(year, *schemas, **settings):
    sources = [
        Source(
            f"test/{year}/{schema['x-form']['code']}.json",
            json.dumps(
                {**schema, "$id": f"urn:tianbao:test:{year}:{schema['x-form']['code']}"}
            ),
        )
        for schema in schemas
    ]
    reading = read_edition("test", year, sources, load_codelists())
    assert not reading.faults, [str(fault) for fault in reading.faults]
    return Edition("test", year, BASE | settings, reading.forms)


def differ(before, after):
    """What is told of the forms: kind, code, field, before, after, sentence."""
    found = compare_editions(edition_of("2024", *before), edition_of("2025", *after))
    return [
        (d.kind.value, d.code, d.field_id, d.before, d.after, d.sentence) for d in found
    ]


def form(words=None, rules=(), required=(), layout=None, **fields):
    schema = schema_of("A", number="text", **fields)
    schema["x-form"] |= words or {}
    for word, told in (
        ("x-rules", rules),
        ("required", required),
        ("x-layout", layout),
    ):
        if told:
            schema[word] = list(told)
    return schema


@pytest.mark.parametrize(
    ("words", "members"),
    [
        (KIND_WORDS, DifferenceKind),
        (SHAPE_WORDS, Shape),
        (FORM_KIND_WORDS, FormKind),
    ],
)
def test_everything_has_a_word_of_its_own(words, members):
    assert set(words) == set(members)
    assert len(set(words.values())) == len(words)


def test_an_edition_does_not_differ_from_itself():
    for edition in get_catalogue().editions:
        assert compare_editions(edition, edition) == ()


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("text", None, ("field_removed", "x", "", "不再填“x”，以前的值保留。")),
        (
            None,
            field_of("money", maximum=5),
            (
                "field_added",
                "",
                "金额，单位 万元，可以不填，不大于 5",
                "新字段“x”：金额，单位 万元，可以不填，不大于 5。",
            ),
        ),
        (
            "text",
            field_of("text", title="名称"),
            ("field_label", "x", "名称", "“x”改名为“名称”。"),
        ),
        (
            "text",
            "long_text",
            ("field_kind", "文字", "长文字", "“x”的种类由“文字”改为“长文字”。"),
        ),
        (
            "integer",
            field_of("integer", unit="人次"),
            ("field_unit", "人", "人次", "“x”的单位由“人”改为“人次”。"),
        ),
        (
            "decimal",
            field_of("decimal", digits=3),
            ("field_bounds", "1 位", "3 位", "“x”的小数位数由“1 位”改为“3 位”。"),
        ),
        (
            field_of("integer", minimum=0),
            field_of("integer", minimum=1, maximum=100),
            (
                "field_bounds",
                "不小于 0",
                "1 至 100",
                "“x”的范围由“不小于 0”改为“1 至 100”。",
            ),
        ),
        (
            "text",
            field_of("text", maxLength=9),
            ("field_bounds", "", "9 个字", "“x”的字数上限：现在是“9 个字”，原来没有。"),
        ),
        (
            field_of("text", pattern="^[0-9]+$"),
            "text",
            (
                "field_bounds",
                "^[0-9]+$",
                "",
                "“x”的格式：不再有，原来是“^[0-9]+$”。",
            ),
        ),
        (
            "enum",
            field_of("enum", enum=["乙", "丙"]),
            (
                "field_options",
                "甲、乙",
                "乙、丙",
                "“x”的选项：增加“丙”；去掉“甲”。",
            ),
        ),
        (
            "enum",
            field_of("enum", enum=["丙", "乙"], recode={"甲": "丙"}),
            ("field_options", "甲、乙", "丙、乙", "“x”的选项：“甲”改为“丙”。"),
        ),
        (
            "enum",
            field_of("enum", enum=["乙", "甲"]),
            ("field_options", "甲、乙", "乙、甲", "“x”的选项：换了次序。"),
        ),
        (
            field_of("code", codes="gbt-2260"),
            field_of("code", codes="gbt-4754-2017"),
            (
                "field_options",
                "gbt-2260",
                "gbt-4754-2017",
                "“x”的代码表由“gbt-2260”改为“gbt-4754-2017”。",
            ),
        ),
        (
            "text",
            field_of("text", visible_when="number == '1'"),
            (
                "field_visible",
                "",
                "number = “1”",
                "“x”的显示条件：现在是“number = “1””，原来没有。",
            ),
        ),
        (
            "text",
            field_of("text", required_when="number == '1'"),
            (
                "field_required",
                "可以不填",
                "number = “1” 时必填",
                "“x”由“可以不填”改为“number = “1” 时必填”。",
            ),
        ),
        (
            field_of("integer", computed="1"),
            field_of("integer", computed="2"),
            ("field_given", "1", "2", "“x”的算式由“1”改为“2”。"),
        ),
        (
            field_of("ref", ref={"table": "A", "field": "number"}),
            field_of(
                "ref",
                ref={"table": "A", "field": "number", "filter": "number != this.x"},
            ),
            (
                "field_reference",
                "A 表",
                "A 表，其中 number ≠ 本行的x",
                "“x”的可选的行由“A 表”改为“A 表，其中 number ≠ 本行的x”。",
            ),
        ),
        (
            field_of("phone", sensitive=True),
            field_of("phone", sensitive=False),
            ("field_privacy", "遮蔽", "", "“x”的个人信息：不再有，原来是“遮蔽”。"),
        ),
        (
            "enum",
            field_of("enum", default="甲"),
            ("field_default", "", "甲", "“x”的预填的值：现在是“甲”，原来没有。"),
        ),
    ],
)
def test_a_field_that_differs_is_told_once(before, after, expected):
    old, new = ({} if one is None else {"x": one} for one in (before, after))
    kind, *told = expected
    assert differ([form(**old)], [form(**new)]) == [(kind, "A", "x", *told)]


def test_a_field_that_has_to_be_filled():
    found = differ([form(x="text")], [form(x="text", required=["x"])])
    assert found == [
        (
            "field_required",
            "A",
            "x",
            "可以不填",
            "必填",
            "“x”由“可以不填”改为“必填”。",
        )
    ]


@pytest.mark.parametrize(
    ("words", "kind", "sentence"),
    [
        ({"section": ["一", "二"]}, "form_section", "目录位置由“一”改为“一 → 二”。"),
        (
            {"departments": ["财务处"]},
            "form_departments",
            "填报部门由“教务处”改为“财务处”。",
        ),
        (
            {"period": "snapshot"},
            "form_period",
            "表的统计时间由“学年”改为“时点”。",
        ),
        ({"kind": "base"}, "form_nature", "表的种类由“业务表”改为“基础表”。"),
        ({"key": ["x"]}, "form_key", "认定一行的字段由“number”改为“x”。"),
        (
            {"closable": True},
            "form_carrying",
            "关闭填报：现在是“可以关闭填报”，原来没有。",
        ),
    ],
)
def test_what_is_said_of_a_form_as_a_whole(words, kind, sentence):
    found = differ([form(x="text")], [form(words, x="text")])
    assert (kind, sentence) in [(told[0], told[-1]) for told in found]


def test_both_departments_are_told_of_a_form_that_goes_over():
    found = compare_editions(
        edition_of("2024", form()),
        edition_of("2025", form({"departments": ["财务处"]})),
    )
    assert [d.departments for d in found] == [("财务处", "教务处")]


def test_new_and_gone_forms():
    found = differ([form()], [schema_of("B", a="text")])
    assert [(told[0], told[1], told[-1]) for told in found] == [
        ("form_added", "B", "新表“B 表”，1 个字段。"),
        ("form_removed", "A", "不再填“A 表”（1 个字段）。"),
    ]


def test_a_renamed_form_and_field_are_the_same_ones():
    after = schema_of("B", number="text", y=field_of("text", was=["x"], maxLength=5))
    after["x-form"]["was"] = ["A"]
    after["title"] = "A 表"
    found = differ([form(x=field_of("text", title="y"))], [after])
    assert [(told[0], *told[2:5]) for told in found] == [
        ("form_renamed", "", "A", "B"),
        ("field_renamed", "y", "x", "y"),
        ("field_bounds", "y", "", "5 个字"),
    ]


def test_a_field_that_moved_is_told_at_both_forms():
    other = schema_of("B", number="text", y=field_of("text", was=["A.x"]))
    found = differ([form(x="text"), schema_of("B", number="text")], [form(), other])
    assert [told for told in found if told[0] == "field_moved"] == [
        ("field_moved", "A", "x", "x", "B B 表", "“x”移到表 B B 表 的“y”。"),
        ("field_moved", "B", "y", "A A 表", "y", "“y”由表 A A 表 的“x”移来。"),
    ]
    assert "field_removed" not in [told[0] for told in found]


def test_a_field_that_is_split_tells_what_becomes_of_its_values():
    after = form(
        first=field_of("text", **{"from": "left(whole, 2)"}),
        rest=field_of("text", **{"from": "whole"}),
    )
    found = differ([form(whole="text")], [after])
    assert [told[-1] for told in found] == [
        "“first”以前的值由“whole的前 2 个字”算出。",
        "“rest”以前的值由“whole”算出。",
        "不再填“whole”，以前的值用来算出“first”、“rest”。",
    ]


def test_only_the_fields_that_moved_are_said_to_stand_elsewhere():
    before = form(a="text", b="text", c="text", d="text")
    after = form(d="text", a="text", b="text", e="text", c="text")
    found = differ([before], [after])
    assert [told for told in found if told[0] == "field_order"] == [
        (
            "field_order",
            "A",
            "d",
            "“c”之后",
            "“number”之后",
            "“d”移到“number”之后，原来在“c”之后。",
        )
    ]


def test_a_field_in_another_cell_of_a_table():
    def lay(cells):
        row = {"title": "行", "cells": cells}
        table = {"columns": ["项目", "甲", "乙"], "rows": [row]}
        return [{"title": "一", "fields": ["number", "x"], "table": table}]

    before, after = lay([["x"]]), lay([[], ["x"]])
    found = differ([form(layout=before, x="text")], [form(layout=after, x="text")])
    assert [told[0] for told in found] == ["form_layout"]
    assert "x" in found[0][-1]


def test_a_field_in_another_group():
    fields = {"x": "text", "y": "text"}
    before = [{"title": "一", "fields": ["number", "x", "y"]}]
    after = [{"title": "一", "fields": ["number", "x", ["y"]]}]
    found = differ([form(layout=before, **fields)], [form(layout=after, **fields)])
    assert [told[0] for told in found] == ["form_layout"]
    assert "y" in found[0][-1]


def test_rules_are_known_by_their_ids():
    fields = {"x": "integer", "y": "integer"}
    before = form(
        rules=[
            rule_of("x <= y", "less", fields=["x"]),
            rule_of("x > 0", "gone", message="x 要大于零", fields=["x"]),
        ],
        **fields,
    )
    after = form(
        rules=[
            rule_of("x < y", "less", level="warning", when="y > 1", fields=["x"]),
            rule_of("y > 0", "new", message="y 要大于零", fields=["y"]),
        ],
        **fields,
    )
    assert [told[-1] for told in differ([before], [after])] == [
        "规则“不对”的等级由“错误”改为“警告”。",
        "规则“不对”的要求由“x ≤ y”改为“x < y”。",
        "规则“不对”的适用条件：现在是“y > 1”，原来没有。",
        "新规则（错误）：y 要大于零。",
        "不再检查：x 要大于零。",
    ]


def test_a_rule_that_reads_a_renamed_field_is_no_other_rule():
    def make(name, **words):
        compare = {"with": "last_period", "warn": "20%"}
        declared = field_of("integer", title="人数", compare=compare, **words)
        rule = rule_of(f"{name} > 0 and not is_empty({name})", fields=[name])
        return form(rules=[rule], **{name: declared})

    found = differ([make("x")], [make("count", was=["x"])])
    assert [told[0] for told in found] == ["field_renamed"]


def test_a_reference_to_a_renamed_form_picks_the_same_rows():
    def make(code, **words):
        target = schema_of(code, number="text", name="text") | {"title": "目标表"}
        target["x-form"] |= words
        picked = field_of("ref", ref={"table": code, "field": "number"})
        return [form(x=picked, y=field_of("text", fill="x.name")), target]

    found = differ(make("B"), make("C", was=["B"]))
    assert [told[0] for told in found] == ["form_renamed"]


def test_settings_of_the_edition():
    phase = {"id": "fill", "title": "填报", "from": "2024-09-03", "to": "2024-09-06"}
    step = {"id": "first", "title": "初审", "role": "filler"}
    before = edition_of(
        "2024",
        periods={"academic_year": ["2023-09-01", "2024-08-31"]},
        phases=[phase | {"tasks": []}],
        reviewSteps=[step],
        departments=[{"name": "教务处"}],
    )
    after = edition_of(
        "2025",
        title="测验",
        periods={"academic_year": ["2024-09-01", "2025-08-31"]},
        phases=[phase | {"from": "2025-09-03", "to": "2025-09-06", "tasks": []}],
        reviewSteps=[step, {"id": "head", "title": "审核", "role": "department_head"}],
        departments=[{"name": "教学处", "aliases": ["教务处"]}],
    )
    assert [d.sentence for d in compare_editions(before, after)] == [
        "名称由“测试”改为“测验”。",
        "简称由“测试”改为“测验”。",
        "统计时间（学年）由“2023-09-01 至 2024-08-31”改为“2024-09-01 至 2025-08-31”。",
        "阶段“填报”由“2024-09-03 至 2024-09-06”改为“2025-09-03 至 2025-09-06”。",
        "审核步骤由“初审”改为“初审 → 审核”。",
        "不再有部门“教务处”。",
        "新部门“教学处”，即原来的“教务处”。",
    ]
