"""Say a problem as one Chinese sentence or two: where it is, what it is, what to do.

Every sentence a filler reads about data stands here, one function a code; the message
of a rule comes from the schema file. Personal data are masked.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec
from validators.report import Code, Problem

#: Options that a sentence lists; more are only counted.
_LISTED_OPTIONS = 12

Details = Mapping[str, Any]


def describe(form: FormSpec, problem: Problem) -> str:
    """Say a problem: 「第 12 行“出生日期”：“2006-13-14”不是日期，没有 13 月。……」"""
    return f"{describe_place(form, problem)}{describe_problem(form, problem)}"


def describe_place(form: FormSpec, problem: Problem) -> str:
    """Say where a problem is: 第 12 行“出生日期”："""
    row = "" if problem.row_number is None else f"第 {problem.row_number} 行"
    field = form.by_id.get(problem.field_id or "")
    label = "" if field is None else f"“{field.label}”"
    return f"{row}{label}：" if row or label else ""


def describe_problem(form: FormSpec, problem: Problem) -> str:
    """Say what a problem is and what to do, for the place beside its cell."""
    field = form.by_id.get(problem.field_id or "")
    return SENTENCES[problem.code](form, field, problem.details)


def name_kind(form: FormSpec, kind: str) -> str:
    """A kind of problem in a few words, a rule's by its message."""
    if kind.startswith("rule:"):
        rules = (rule for rule in form.rules if rule.id == kind.removeprefix("rule:"))
        return next((rule.message for rule in rules), kind)
    return KIND_WORDS.get(kind, kind)


def mask(text: str) -> str:
    """Hide the middle of a personal datum: 1101**********1234, 张*."""
    if len(text) <= 4:
        return text[:1] + "*" * (len(text) - 1)
    kept = min(4, len(text) // 4)
    return text[:kept] + "*" * (len(text) - 2 * kept) + text[-kept:]


def _shown(field: FieldSpec | None, details: Details) -> str:
    text = str(details.get("value", ""))
    return mask(text) if field is not None and field.sensitive else text


def _with_unit(field: FieldSpec | None, number: object) -> str:
    unit = "" if field is None else field.unit
    blank = "" if not unit or unit == "%" else " "
    return f"{_plain(str(number))}{blank}{unit}"


def _plain(number: str) -> str:
    """Drop the zeros that keep a decimal's places: 300.00 is read as 300."""
    is_decimal = "." in number and number.lstrip("-").replace(".", "", 1).isdigit()
    return number.rstrip("0").rstrip(".") if is_decimal else number


def _suggest(details: Details) -> str:
    near = details.get("suggestions") or ()
    return f"是不是“{'”“'.join(map(str, near))}”？" if near else ""


# One function a code.


def _say_required(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    if details.get("reason") == "when":
        return "按本行其他栏目的内容，这一栏必须填写。"
    return "必须填写，不能为空。"


def _say_type(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    value = _shown(field, details)
    if details.get("reason") == "whole":
        return f"“{value}”不是整数。请填整数，不要小数。"
    wanted = "" if field is None else _WANTED.get(field.value_kind, "")
    return f"“{value}”{wanted or '不是这一栏要的内容，请核对后重填。'}"


_NUMBER = "不是数。请只填数字，不要写单位、“约”等文字。"
_WANTED: Mapping[FieldKind, str] = {
    FieldKind.INTEGER: "不是整数。请只填数字，不要写单位、“约”等文字。",
    FieldKind.DECIMAL: _NUMBER,
    FieldKind.MONEY: _NUMBER,
    FieldKind.PERCENT: "不是百分数。请填 0 到 100 的数，85% 填 85 或 85%。",
    FieldKind.YEAR: "不是年份。请填四位数字，如 2024。",
    FieldKind.BOOLEAN: "看不出是“是”还是“否”。请填“是”或“否”。",
}


def _say_format(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    reason = str(details.get("reason"))
    # What is masked already is shown as it stands in the cell.
    value = str(details["value"]) if reason == "masked" else _shown(field, details)
    say = _FORMAT_REASONS.get(reason)
    if say is not None:
        return say.format(**{**details, "value": value})
    pattern = str(details.get("pattern", ""))
    return f"“{value}”的写法不对。{_explain_pattern(pattern)}{_hint(field)}"


def _hint(field: FieldSpec | None) -> str:
    if field is None or not field.description:
        return "请核对后重填。"
    return f"填写要求：{field.description.rstrip('。')}。"


_SIMPLE_PATTERN = re.compile(
    r"\^(?P<set>\\d|\[(?:[^\]\\^]|\\.)+\])"
    r"(?:\{(?P<least>\d+)(?:,(?P<most>\d+))?\}|\+)\$"
)
_SETS = {
    "0-9": "数字",
    r"\d": "数字",
    "A-Za-z": "字母",
    "A-Z": "大写字母",
    "a-z": "小写字母",
}


def _explain_pattern(pattern: str) -> str:
    """Say a pattern that is a run of characters of a set; nothing for any other."""
    simple = _SIMPLE_PATTERN.fullmatch(pattern)
    if simple is None:
        return ""
    signs = simple["set"].strip("[]")
    names = []
    for written, name in _SETS.items():
        if written in signs:
            signs = signs.replace(written, "")
            names.append(name)
    names += signs.replace("\\", "")
    least, most = simple["least"], simple["most"]
    length = f"{least} 至 {most} 位" if most else f"{least} 位" if least else ""
    characters = "、".join(names)
    return f"应为 {length}{characters}。" if length else f"只能用{characters}。"


_FORMAT_REASONS: Mapping[str, str] = {
    "masked": (
        "“{value}”中间几位被星号遮住了，不能入库。"
        "请填完整的内容，或改用没有遮蔽的导出文件再导入。"
    ),
    "card_length": "“{value}”有 {length} 位，居民身份证号应为 18 位，请补全或改正。",
    "card_digits": "“{value}”不是居民身份证号：前 17 位应为数字，末位为数字或 X。",
    "card_birth": "“{value}”的第 7 至 14 位不是有效的出生日期，请核对证件。",
    "card_check": "“{value}”的校验位不对，可能输错了一位，请对照证件逐位核对。",
    "uscc_length": (
        "“{value}”有 {length} 位，统一社会信用代码应为 18 位，请补全或改正。"
    ),
    "uscc_characters": (
        "“{value}”含有不能用的字符：统一社会信用代码由数字和大写字母组成，"
        "没有 I、O、S、V、Z，请核对。"
    ),
    "uscc_check": "“{value}”的校验位不对，可能输错了一位，请对照营业执照核对。",
    "organization-code": "“{value}”的校验位不对，可能输错了一位，请对照证书核对。",
    "below": "“{value}”不在“{above}”下面。请改选，或改“{label}”。",
    "phone": (
        "“{value}”（{length} 位）不是电话号码。"
        "请填 11 位手机号，或带区号的座机号，如 010-12345678。"
    ),
    "email": "“{value}”不是电子邮箱地址。请填成 name@example.com 的样子。",
    "url": "“{value}”不是网址。请填成 https://www.example.com 的样子。",
}


def _say_enum(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    value = _shown(field, details)
    if details.get("reason") == "ambiguous":
        near = "、".join(map(str, details.get("suggestions", ())))
        what = f"有 {details.get('count')} 个“{value}”，不能确定是哪一个"
        return f"{what}。请填代码，如 {near}。"
    if details.get("reason") == "twice":
        return "同一个选项填了两次，请删去重复的。"
    what = "不是可选的内容" if details.get("options") else "不在代码表里"
    return f"“{value}”{what}。{_suggest(details)}{_list_options(details)}"


def _list_options(details: Details) -> str:
    options = [str(option) for option in details.get("options", ())]
    if not options:
        return "请填代码或名称。"
    listed = "、".join(options[:_LISTED_OPTIONS])
    rest = f"等 {len(options)} 项" if len(options) > _LISTED_OPTIONS else ""
    return f"请从{listed}{rest}中选填。"


def _say_range(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    limit = _with_unit(field, details.get("limit"))
    value = _plain(_shown(field, details))
    return f"“{value}”{_BOUNDS[str(details.get('bound'))]} {limit}，请核对数值和单位。"


_BOUNDS: Mapping[str, str] = {
    "minimum": "太小，不能小于",
    "maximum": "太大，不能大于",
    "above": "太小，应当大于",
    "below": "太大，应当小于",
}


def _say_length(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    several = field is not None and field.is_list
    unit = "项" if several else "个字"
    length, limit = details.get("length"), details.get("limit")
    if details.get("bound") == "minimum":
        return f"只有 {length} {unit}，至少要 {limit} {unit}，请补充。"
    return f"有 {length} {unit}，最多 {limit} {unit}，请缩短。"


def _say_digits(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    places, rounded = details.get("places"), details.get("rounded")
    kept = f"最多 {places} 位小数" if places else "不能有小数"
    return f"“{_shown(field, details)}”的小数位太多，{kept}。四舍五入应填 {rounded}。"


def _say_duplicate(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    specs = [form.by_id[field_id] for field_id in details.get("fields", ())]
    values = [
        mask(str(value)) if spec.sensitive else str(value)
        for spec, value in zip(specs, details.get("values", ()), strict=True)
    ]
    what = "、".join(
        f"“{spec.label}”为“{value}”" if value else f"“{spec.label}”为空"
        for spec, value in zip(specs, values, strict=True)
    )
    first = details.get("first_row")
    where = f"第 {first} 行已经填过" if first is not None else "本次的另一行也填了"
    if details.get("where") == "stored":
        where = "已填报的数据里已经有"
    return f"{where}{what}的一行，不能重复。请改正，或删去其中一行。"


def _say_reference(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    value = _shown(field, details)
    tables = "、".join(map(str, details.get("tables", ())))
    if details.get("reason") == "filter":
        return f"表 {tables} 里的“{value}”与本行其他栏目不对应，请核对。"
    advice = f"请核对；如果没有填错，请先在表 {tables} 里填报它。"
    return f"表 {tables} 里没有“{value}”。{_suggest(details)}{advice}"


def _say_formula(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    value = _shown(field, details)
    if value.startswith("#"):
        return f"这一格的公式出错了（{value}）。请改好公式，或直接填写内容，再导入。"
    return (
        "这一格是公式，文件里没有它的计算结果。"
        "请用 Excel 或 WPS 打开文件、保存一次，或直接填写内容，再导入。"
    )


def _say_precision(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    return (
        "这一格存成了数值，超过 15 位的末几位已经变成 0，找不回来。"
        "请先把单元格设为“文本”格式，再重新输入完整号码。"
    )


def _say_date(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    is_month = field is not None and field.value_kind is FieldKind.YEAR_MONTH
    what, example = ("年月", "2024-09") if is_month else ("日期", "2024-09-01")
    reason = _DATE_REASONS.get(str(details.get("reason")), "")
    parts = {k: v for k, v in details.items() if k not in ("value", "reason")}
    why = f"，{reason.format(**parts)}" if reason else ""
    return f"“{_shown(field, details)}”不是{what}{why}。请按 {example} 的样子填写。"


_DATE_REASONS: Mapping[str, str] = {
    "month": "没有 {month} 月",
    "day": "{year} 年 {month} 月没有 {day} 日",
    "order": "分不清日和月的先后",
    "century": "年份要写满四位",
    "month_only": "缺少日",
    "year_only": "缺少月份",
    "serial": "是一个没有设成日期格式的数值",
    "tenth": "数值格式分不清是 1 月还是 10 月",
}


def _say_rule(form: FormSpec, field: FieldSpec | None, details: Details) -> str:
    message = _rule_message(form, details.get("rule"))
    values = details.get("values") or {}
    shown = "，".join(_say_value(form, i, str(v)) for i, v in values.items())
    return f"{message}（{shown}）。" if shown else f"{message}。"


def _rule_message(form: FormSpec, rule_id: object) -> str:
    messages = {rule.id: rule.message for rule in form.rules}
    message = messages.get(str(rule_id), f"不符合规则 {rule_id}")
    return message.rstrip("。！!. ")


def _say_value(form: FormSpec, field_id: str, value: str) -> str:
    field = form.by_id.get(field_id)
    if field is None:
        return value
    if not value:
        return f"“{field.label}”为空"
    shown = _with_unit(field, mask(value) if field.sensitive else value)
    return f"“{field.label}”为{' ' if shown[0].isascii() else ''}{shown}"


Say = Callable[[FormSpec, FieldSpec | None, Details], str]

SENTENCES: Mapping[Code, Say] = {
    Code.REQUIRED: _say_required,
    Code.TYPE: _say_type,
    Code.FORMAT: _say_format,
    Code.ENUM: _say_enum,
    Code.RANGE: _say_range,
    Code.LENGTH: _say_length,
    Code.DIGITS: _say_digits,
    Code.DUPLICATE: _say_duplicate,
    Code.REFERENCE: _say_reference,
    Code.FORMULA: _say_formula,
    Code.PRECISION: _say_precision,
    Code.DATE: _say_date,
    Code.RULE: _say_rule,
}

#: Kinds of problems, where only their number is told.
KIND_WORDS: Mapping[str, str] = {
    Code.REQUIRED: "没有填",
    Code.TYPE: "不是这一栏要的数或是否",
    Code.FORMAT: "格式或校验位不对",
    Code.ENUM: "不在选项里",
    Code.RANGE: "超出范围",
    Code.LENGTH: "太长",
    Code.DIGITS: "小数位太多",
    Code.DUPLICATE: "重复",
    Code.REFERENCE: "引用的行不存在",
    Code.FORMULA: "公式没有算出的值",
    Code.PRECISION: "编号丢了末几位",
    Code.DATE: "不是日期，或没有这一天",
}
