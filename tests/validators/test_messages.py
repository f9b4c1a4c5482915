"""Sentences: where, what, what to do."""

import pytest

from form_schemas.codelists import load_codelists
from form_schemas.rule_spec import Level
from tests.support.forms import field_of, form_of, rule_of, schema_of
from validators.conversion import convert_value
from validators.converters import BadCell
from validators.formats import FORMATS
from validators.messages import (
    SENTENCES,
    describe,
    describe_place,
    describe_problem,
    mask,
)
from validators.report import Code, Finding, Problem

LISTS = load_codelists()


def award_form():
    schema = schema_of(
        "T1",
        no=field_of("code", "课程代码", pattern="^[0-9A-Za-z_-]{1,20}$"),
        name=field_of("text", "姓名", maxLength=36),
        birth=field_of("date", "出生日期"),
        month=field_of("year_month", "入学年月"),
        people=field_of("integer", "人数"),
        money=field_of("money", "金额"),
        rate=field_of("percent", "就业率"),
        since=field_of("year", "年级"),
        is_new=field_of("boolean", "是否新增"),
        kind=field_of("enum", "类别", enum=["在读", "休学"]),
        kinds=field_of("multi_enum", "方式"),
        region=field_of("code", "区划", codes="gbt-2260"),
        card=field_of("id_card", "证件号码"),
        phone=field_of("phone", "电话"),
        email=field_of("email", "邮箱"),
        site=field_of("url", "网址"),
        credit=field_of("uscc", "信用代码"),
        teacher=field_of("ref", "教工号", ref={"table": "T2", "field": "no"}),
    )
    schema["x-form"]["key"] = ["no", "card"]
    schema["x-rules"] = [
        rule_of(
            "people > 0 or money == 0",
            "money_without_people",
            message="没有人数时金额应为 0",
            fields=["money", "people", "card"],
        )
    ]
    return form_of(schema, schema_of("T2", no="text"))


FORM = award_form()


def say(field_id, finding, row=12):
    return describe(FORM, finding.at(row, field_id))


def say_cell(field_id, cell):
    found = convert_value(FORM.by_id[field_id], cell, LISTS)
    if not isinstance(found, Finding):
        found = FORMATS[FORM.by_id[field_id].value_kind](found)
    return say(field_id, found)


def test_every_code_has_a_sentence():
    assert set(SENTENCES) == set(Code)


@pytest.mark.parametrize("code", Code)
def test_a_problem_without_details_still_has_a_sentence(code):
    details = {
        Code.RANGE: {"bound": "maximum"},
        Code.FORMAT: {"reason": "pattern"},
        Code.RULE: {"rule": "gone"},
    }.get(code, {})
    problem = Problem(None, "name", code, Level.ERROR, details)
    assert describe(FORM, problem).startswith("“姓名”：")


@pytest.mark.parametrize(
    ("field_id", "cell", "sentence"),
    [
        (
            "birth",
            "2006-13-14",
            "“2006-13-14”不是日期，没有 13 月。请按 2024-09-01 的样子填写。",
        ),
        (
            "birth",
            "2007.2.29",
            "“2007.2.29”不是日期，2007 年 2 月没有 29 日。请按 2024-09-01 的样子填写。",
        ),
        (
            "birth",
            39290.0,
            "“39290”不是日期，是一个没有设成日期格式的数值。"
            "请按 2024-09-01 的样子填写。",
        ),
        ("month", "2023年", "“2023年”不是年月，缺少月份。请按 2024-09 的样子填写。"),
        (
            "month",
            2023.1,
            "“2023.1”不是年月，数值格式分不清是 1 月还是 10 月。"
            "请按 2024-09 的样子填写。",
        ),
        ("people", 12.5, "“12.5”不是整数。请填整数，不要小数。"),
        ("people", "约10", "“约10”不是整数。请只填数字，不要写单位、“约”等文字。"),
        ("money", "1000万元", "“1000万元”不是数。请只填数字，不要写单位、“约”等文字。"),
        (
            "money",
            12.345,
            "“12.345”的小数位太多，最多 2 位小数。四舍五入应填 12.35。",
        ),
        ("rate", "八成", "“八成”不是百分数。请填 0 到 100 的数，85% 填 85 或 85%。"),
        ("since", "今年", "“今年”不是年份。请填四位数字，如 2024。"),
        ("is_new", "待定", "“待定”看不出是“是”还是“否”。请填“是”或“否”。"),
        ("kind", "在校", "“在校”不是可选的内容。是不是“在读”？请从在读、休学中选填。"),
        (
            "region",
            "鼓楼区",
            "有 4 个“鼓楼区”，不能确定是哪一个。请填代码，如 320106 江苏省南京市鼓楼区"
            "、320302 江苏省徐州市鼓楼区、350102 福建省福州市鼓楼区。",
        ),
        ("region", "320199", "“320199”不在代码表里。请填代码或名称。"),
        (
            "card",
            1.1e17,
            "这一格存成了数值，超过 15 位的末几位已经变成 0，找不回来。"
            "请先把单元格设为“文本”格式，再重新输入完整号码。",
        ),
        (
            "card",
            "540221197304200741",
            "“5402**********0741”的校验位不对，可能输错了一位，请对照证件逐位核对。",
        ),
        (
            "phone",
            "1300000",
            "“1*****0”（7 位）不是电话号码。"
            "请填 11 位手机号，或带区号的座机号，如 010-12345678。",
        ),
        (
            "email",
            "a.b.cn",
            "“a.b.cn”不是电子邮箱地址。请填成 name@example.com 的样子。",
        ),
        ("site", "无", "“无”不是网址。请填成 https://www.example.com 的样子。"),
        (
            "credit",
            "9132",
            "“9132”有 4 位，统一社会信用代码应为 18 位，请补全或改正。",
        ),
        (
            "money",
            BadCell(Code.FORMULA, "=F12*2"),
            "这一格是公式，文件里没有它的计算结果。"
            "请用 Excel 或 WPS 打开文件、保存一次，或直接填写内容，再导入。",
        ),
        (
            "money",
            BadCell(Code.FORMULA, "#REF!"),
            "这一格的公式出错了（#REF!）。请改好公式，或直接填写内容，再导入。",
        ),
    ],
)
def test_what_is_wrong_with_a_cell_and_what_to_do(field_id, cell, sentence):
    label = FORM.by_id[field_id].label
    assert say_cell(field_id, cell) == f"第 12 行“{label}”：{sentence}"


@pytest.mark.parametrize(
    ("field_id", "finding", "sentence"),
    [
        ("name", Finding(Code.REQUIRED, {"reason": "always"}), "必须填写，不能为空。"),
        (
            "name",
            Finding(Code.REQUIRED, {"reason": "when"}),
            "按本行其他栏目的内容，这一栏必须填写。",
        ),
        (
            "people",
            Finding(Code.RANGE, {"value": "7", "bound": "maximum", "limit": "6"}),
            "“7”太大，不能大于 6 人，请核对数值和单位。",
        ),
        (
            "rate",
            Finding(Code.RANGE, {"value": "-1.50", "bound": "minimum", "limit": "0"}),
            "“-1.5”太小，不能小于 0%，请核对数值和单位。",
        ),
        (
            "name",
            Finding(Code.LENGTH, {"bound": "maximum", "limit": "36", "length": 40}),
            "有 40 个字，最多 36 个字，请缩短。",
        ),
        (
            "no",
            Finding(
                Code.FORMAT,
                {
                    "value": "课-17",
                    "reason": "pattern",
                    "pattern": "^[0-9A-Za-z_-]{1,20}$",
                },
            ),
            "“课-17”的写法不对。应为 1 至 20 位数字、字母、_、-。请核对后重填。",
        ),
        (
            "no",
            Finding(
                Code.DUPLICATE,
                {
                    "fields": ["no", "card"],
                    "values": ["K1", "540221197304200741"],
                    "first_row": 7,
                },
            ),
            "第 7 行已经填过“课程代码”为“K1”、“证件号码”为“5402**********0741”的一行，"
            "不能重复。请改正，或删去其中一行。",
        ),
        (
            "teacher",
            Finding(
                Code.REFERENCE,
                {"value": "t1", "tables": ["T2"], "suggestions": ["T1"]},
            ),
            "表 T2 里没有“t1”。是不是“T1”？"
            "请核对；如果没有填错，请先在表 T2 里填报它。",
        ),
        (
            "money",
            Finding(
                Code.RULE,
                {
                    "rule": "money_without_people",
                    "values": {
                        "money": "300.00",
                        "people": "",
                        "card": "540221197304200741",
                    },
                },
            ),
            "没有人数时金额应为 0（“金额”为 300 万元，“人数”为空，"
            "“证件号码”为 5402**********0741）。",
        ),
    ],
)
def test_what_is_wrong_with_a_value_or_a_row(field_id, finding, sentence):
    assert describe_problem(FORM, finding.at(12, field_id)) == sentence


def test_a_problem_of_the_whole_form_has_no_place():
    problem = Problem(None, None, Code.REQUIRED, Level.ERROR)
    assert describe_place(FORM, problem) == ""


@pytest.mark.parametrize(
    ("text", "masked"),
    [("11010119900101123X", "1101**********123X"), ("张三", "张*"), ("", "")],
)
def test_personal_data_are_masked(text, masked):
    assert mask(text) == masked


def test_text_that_looks_like_a_place_holder_is_harmless():
    assert "{0.__class__}" in say_cell("email", "{0.__class__}")
