"""Which controls the panel of a field has, and what stands in them.

A control's name is the one that `field_words` writes; kinds have those that fit them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.services.designing.kinds import fits, list_options
from app.services.designing.words import Json
from form_schemas.catalogue import Catalogue
from form_schemas.field_words import KIND_NAMES
from form_schemas.kinds import FieldKind


class Sort(StrEnum):
    """How a control looks."""

    TEXT = "text"
    NUMBER = "number"
    LINES = "lines"
    CHECK = "check"
    CHOICE = "choice"
    EXPRESSION = "expression"


@dataclass(frozen=True)
class Control:
    """One control of the panel."""

    name: str
    label: str
    sort: Sort
    value: str = ""
    is_on: bool = False
    #: value and label of each choice
    choices: tuple[tuple[str, str], ...] = ()
    hint: str = ""
    #: stands among what is rarely needed
    is_rare: bool = False
    is_wide: bool = False

    @property
    def is_used(self) -> bool:
        return bool(self.value) or self.is_on


#: Where to look, in the declaration or in what it says of each value.
_OF_EACH = ("maxLength", "pattern")


def list_controls(
    catalogue: Catalogue, schemas: Mapping[str, Json], schema: Json, field_id: str
) -> tuple[Control, ...]:
    """The controls of a field, in their order."""
    declared = schema["properties"][field_id]
    found = (
        *_list_common(declared, schema, field_id),
        *_list_values(catalogue, declared),
        *_list_reference(schemas, declared),
        *_list_expressions(declared),
        *_list_rest(schemas, schema, declared),
    )
    return found


def _list_common(
    declared: Mapping[str, Any], schema: Json, field_id: str
) -> Iterator[Control]:
    kinds = tuple((kind.value, name) for kind, name in KIND_NAMES.items())
    kind = str(declared.get("x-kind", ""))
    yield Control("kind", "种类", Sort.CHOICE, kind, choices=kinds)
    if _fits(declared, "x-unit"):
        yield _text(declared, "unit", "x-unit", "计量单位", "没有单位就空着")
    is_required = field_id in schema.get("required", ())
    yield Control("required", "必填", Sort.CHECK, is_on=is_required)


def _list_values(
    catalogue: Catalogue, declared: Mapping[str, Any]
) -> Iterator[Control]:
    if _fits(declared, "x-digits"):
        yield _number(declared, "digits", "x-digits", "小数位数")
    if _fits(declared, "minimum"):
        yield _number(declared, "minimum", "minimum", "最小值")
        yield _number(declared, "maximum", "maximum", "最大值")
    if _fits(declared, "maxLength"):
        yield _number(declared, "length", "maxLength", "最多字数")
    if declared.get("x-kind") in (FieldKind.ENUM, FieldKind.MULTI_ENUM):
        text = "\n".join(list_options(declared))
        hint = "一行一个，次序就是显示的次序"
        yield Control("options", "选项", Sort.LINES, text, hint=hint, is_wide=True)
    if _fits(declared, "x-codes") and declared.get("x-kind") != FieldKind.ENUM:
        lists = ((slug, f"{one.title}") for slug, one in catalogue.codelists.items())
        choices = (("", "不用代码表"), *lists)
        code = str(declared.get("x-codes", ""))
        is_rare = declared.get("x-kind") not in (FieldKind.CODE, FieldKind.MULTI_ENUM)
        yield Control(
            "codes",
            "代码表",
            Sort.CHOICE,
            code,
            choices=choices,
            is_rare=is_rare,
            is_wide=True,
        )


def _list_reference(
    schemas: Mapping[str, Json], declared: Mapping[str, Any]
) -> Iterator[Control]:
    if not _fits(declared, "x-ref"):
        return
    reference = declared.get("x-ref")
    told = reference if isinstance(reference, dict) else {}
    code = str(told.get("table", ""))
    choices = tuple(
        (one, f"{one} {schema.get('title', '')}") for one, schema in schemas.items()
    )
    yield Control(
        "target", "选自哪张表", Sort.CHOICE, code, choices=choices, is_wide=True
    )
    columns = schemas.get(code, {}).get("properties", {})
    labels = tuple((fid, f"{one.get('title', fid)}") for fid, one in columns.items())
    column = str(told.get("field", ""))
    hint = "要能认出一行：那张表的关键字段"
    yield Control(
        "target_field",
        "存哪一列",
        Sort.CHOICE,
        column,
        choices=labels,
        hint=hint,
        is_wide=True,
    )
    also = "、".join(map(str, told.get("also", ())))
    yield Control("also", "还可以从这些表选", Sort.TEXT, also, is_rare=True)
    filter_ = str(told.get("filter", ""))
    hint = "那张表的字段直接写 id，本行的写 this.id"
    yield Control(
        "filter", "只列出这样的行", Sort.EXPRESSION, filter_, hint=hint, is_rare=True
    )


def _list_expressions(declared: Mapping[str, Any]) -> Iterator[Control]:
    for name, word, label, hint, is_rare in (
        ("computed", "x-computed", "自动计算", "写了就由系统算出，不能填", False),
        ("visible_when", "x-visible-when", "什么时候填", "不写就总是要填", True),
        ("required_when", "x-required-when", "什么时候必填", "", True),
    ):
        value = str(declared.get(word, ""))
        yield Control(
            name,
            label,
            Sort.EXPRESSION,
            value,
            hint=hint,
            is_rare=is_rare and not value,
        )


def _list_rest(
    schemas: Mapping[str, Json], schema: Json, declared: Mapping[str, Any]
) -> Iterator[Control]:
    yield Control(
        "hint",
        "给填报人的提示",
        Sort.LINES,
        str(declared.get("description", "")),
        is_wide=True,
    )
    if not _fits(declared, "x-ref"):
        yield Control(
            "fill",
            "从所选的行带出",
            Sort.CHOICE,
            str(declared.get("x-fill", "")),
            choices=(("", "不带出"), *_list_fills(schemas, schema)),
            is_rare=True,
            is_wide=True,
        )
    yield Control(
        "sensitive",
        "个人信息，平时遮住",
        Sort.CHECK,
        is_on=declared.get("x-sensitive") is True,
        is_rare=True,
    )
    if _fits(declared, "x-id-type"):
        value = str(declared.get("x-id-type", ""))
        choices = (("", "没有"), *_list_id_types(schema))
        yield Control(
            "id_type", "记证件类型的字段", Sort.CHOICE, value, choices=choices
        )
    if "x-codes" in declared:
        value = str(declared.get("x-codes-below", ""))
        choices = (("", "都行"), *_list_above(schema, declared))
        yield Control(
            "below",
            "代码要在哪个字段的下面",
            Sort.CHOICE,
            value,
            choices=choices,
            is_rare=not value,
        )
    if _fits(declared, "x-accept"):
        accept = "、".join(map(str, declared.get("x-accept", ())))
        hint = "扩展名，如 pdf、jpg；不写就用这种字段通常的"
        yield Control("accept", "允许的文件", Sort.TEXT, accept, hint=hint)
        yield _number(declared, "size", "x-max-size-mb", "须小于多少 MB")
    if _fits(declared, "x-min-width-px"):
        yield _number(declared, "width", "x-min-width-px", "至少多少像素宽")
        yield _number(declared, "dpi", "x-min-dpi", "至少多少 dpi")
    if _fits(declared, "pattern"):
        yield _text(declared, "pattern", "pattern", "格式（正则表达式）", "", True)
    if declared.get("x-kind") not in (FieldKind.MULTI_ENUM, FieldKind.FILE):
        yield _default(declared)
    if declared.get("x-kind") in (FieldKind.REF, FieldKind.CODE, FieldKind.FILE):
        is_on = declared.get("type") == "array"
        yield Control("multiple", "可以有多个值", Sort.CHECK, is_on=is_on, is_rare=True)
    yield from _list_comparison(declared)
    is_figure = declared.get("x-key-figure") is True
    yield Control(
        "key_figure", "校级关键数据", Sort.CHECK, is_on=is_figure, is_rare=True
    )
    yield from _list_history(declared)


def _list_comparison(declared: Mapping[str, Any]) -> Iterator[Control]:
    if not _fits(declared, "x-unit"):
        return
    compare = declared.get("x-compare")
    told = compare if isinstance(compare, dict) else {}
    warn, floor = str(told.get("warn", "")), str(told.get("floor", ""))
    hint = "与上年相差超过多少就提醒，如 30% 或 20"
    yield Control("compare", "与上年比较", Sort.TEXT, warn, hint=hint, is_rare=not warn)
    if warn.endswith("%"):
        yield Control("floor", "相差小于这个数不提醒", Sort.NUMBER, floor)


def _list_history(declared: Mapping[str, Any]) -> Iterator[Control]:
    """What carries last year's values along."""
    was = "、".join(map(str, declared.get("x-was", ())))
    hint = "改 id 时自动记上；从别的表移来的写“表号.id”"
    yield Control("was", "以前的 id", Sort.TEXT, was, hint=hint, is_rare=not was)
    recode = declared.get("x-recode")
    told = recode if isinstance(recode, dict) else {}
    lines = "\n".join(f"{old} = {new or ''}" for old, new in told.items())
    hint = "一行一个：旧值 = 新值；不再有对应的，等号后面空着"
    yield Control(
        "recode",
        "旧值改成什么",
        Sort.LINES,
        lines,
        hint=hint,
        is_rare=not lines,
        is_wide=True,
    )
    made = str(declared.get("x-from", ""))
    hint = "对修改前的那一行求值：拆分、合并、换单位时写"
    yield Control(
        "made_from",
        "由旧值算出",
        Sort.LINES,
        made,
        hint=hint,
        is_rare=not made,
        is_wide=True,
    )


def _list_fills(schemas: Mapping[str, Json], schema: Json) -> Iterator[tuple[str, str]]:
    """Every column of the rows that references of the form pick."""
    for field_id, declared in schema["properties"].items():
        reference = declared.get("x-ref")
        if not isinstance(reference, dict) or declared.get("type") == "array":
            continue
        target = schemas.get(str(reference.get("table")), {})
        label = declared.get("title", field_id)
        for column, told in target.get("properties", {}).items():
            yield f"{field_id}.{column}", f"{label}：{told.get('title', column)}"


def _list_id_types(schema: Json) -> Iterator[tuple[str, str]]:
    for field_id, declared in schema["properties"].items():
        if declared.get("x-kind") in (FieldKind.ENUM, FieldKind.CODE):
            yield field_id, str(declared.get("title", field_id))


def _list_above(schema: Json, own: Json) -> Iterator[tuple[str, str]]:
    """The other fields that hold one code of the same list."""
    for field_id, declared in schema["properties"].items():
        same = declared.get("x-codes") == own["x-codes"] and "items" not in declared
        if same and declared is not own:
            yield field_id, str(declared.get("title", field_id))


def _default(declared: Mapping[str, Any]) -> Control:
    value = declared.get("default", "")
    if isinstance(value, bool):
        value = "是" if value else "否"
    return Control("default", "预填的值", Sort.TEXT, str(value), is_rare=value == "")


def _text(
    declared: Mapping[str, Any],
    name: str,
    word: str,
    label: str,
    hint: str = "",
    is_rare: bool = False,
) -> Control:
    value = str(_holder(declared, word).get(word, ""))
    return Control(
        name, label, Sort.TEXT, value, hint=hint, is_rare=is_rare and not value
    )


def _number(declared: Mapping[str, Any], name: str, word: str, label: str) -> Control:
    value = str(_holder(declared, word).get(word, ""))
    return Control(name, label, Sort.NUMBER, value)


def _holder(declared: Mapping[str, Any], word: str) -> Mapping[str, Any]:
    items = declared.get("items")
    return items if word in _OF_EACH and isinstance(items, dict) else declared


def _fits(declared: Mapping[str, Any], word: str) -> bool:
    try:
        return fits(FieldKind(declared.get("x-kind", "")), word)
    except ValueError:
        return word in declared
