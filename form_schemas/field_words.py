"""Says in Chinese what a field takes: its kind, its limits, where its value comes from.

`documenting` puts it beside the field, on pages and in workbooks.
"""

from collections.abc import Iterator, Mapping

from form_schemas.catalogue import Catalogue
from form_schemas.derivation_words import name_parts, say_column
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec, Period
from form_schemas.wording import Names, describe, describe_condition

KIND_NAMES: Mapping[FieldKind, str] = {
    FieldKind.TEXT: "文字",
    FieldKind.LONG_TEXT: "长文字",
    FieldKind.INTEGER: "整数",
    FieldKind.DECIMAL: "小数",
    FieldKind.MONEY: "金额",
    FieldKind.PERCENT: "百分比",
    FieldKind.DATE: "日期",
    FieldKind.YEAR_MONTH: "年月",
    FieldKind.YEAR: "年份",
    FieldKind.BOOLEAN: "是或否",
    FieldKind.ENUM: "单选",
    FieldKind.MULTI_ENUM: "多选",
    FieldKind.CODE: "代码",
    FieldKind.REF: "引用",
    FieldKind.FILE: "文件",
    FieldKind.IMAGE: "图片",
    FieldKind.PHONE: "电话",
    FieldKind.EMAIL: "电子邮箱",
    FieldKind.URL: "网址",
    FieldKind.ID_CARD: "证件号码",
    FieldKind.USCC: "统一社会信用代码",
}

PERIOD_NAMES: Mapping[Period, str] = {
    Period.ACADEMIC_YEAR: "学年",
    Period.CALENDAR_YEAR: "自然年",
    Period.SNAPSHOT: "时点",
    Period.NONE: "基础信息",
}

#: What tells the reader more than the kind does: label and sentence.
Saying = tuple[str, str]


def say_kind(field: FieldSpec) -> str:
    """What sort of value it is."""
    several = field.multiple and field.kind is not FieldKind.MULTI_ENUM
    return KIND_NAMES[field.kind] + ("，可填几个" if several else "")


def say_need(form: FormSpec, field: FieldSpec) -> str:
    """Whether somebody has to fill it in; empty: as one likes."""
    if form.is_derived or field.is_given:
        return "自动"
    if field.required:
        return "必填"
    return "有条件" if field.required_when is not None else ""


def say_limits(field: FieldSpec) -> Iterator[str]:
    """What bounds a value, apart from options."""
    if field.places:
        yield f"{field.places} 位小数"
    if field.minimum is not None:
        yield f"不小于 {field.minimum:f}"
    if field.maximum is not None:
        yield f"不大于 {field.maximum:f}"
    if field.max_length is not None:
        yield f"最多 {field.max_length} 个字"
    # Codes are told by their list, months by their kind.
    if field.pattern and field.traits.textual and field.codes is None:
        yield f"格式 {field.pattern}"
    if field.accept:
        yield f"格式 {'、'.join(field.accept)}"
    if field.max_size_mb is not None:
        yield f"小于 {field.max_size_mb:f} MB"
    if field.min_width_px is not None:
        yield f"宽至少 {field.min_width_px} 像素"
    if field.min_dpi is not None:
        yield f"至少 {field.min_dpi} DPI"


def say_sources(
    catalogue: Catalogue, form: FormSpec, field: FieldSpec
) -> Iterator[Saying]:
    """Where the value comes from, and on what its being asked for depends."""
    forms = catalogue.edition_of(form).by_code
    names = Names(forms, form)
    if field.computed is not None:
        yield "算法", describe(field.computed.root, names)
    if field.fill is not None:
        yield "带出", _say_fill(catalogue, form, field)
    for word, derivation in (("由来", form.derive), ("生成", form.generate)):
        if derivation is not None:
            parts = name_parts(form, derivation, forms)
            said = say_column(derivation, field.id, parts)
            if said:
                yield word, said
    if field.reference is not None:
        yield "选自", _say_reference(catalogue, form, field)
    if field.visible_when is not None:
        yield "何时填", describe_condition(field.visible_when.root, names)
    if field.required_when is not None:
        yield "何时必填", describe_condition(field.required_when.root, names)
    if field.default is not None:
        yield "预填", _show_value(field.default)


def say_marks(form: FormSpec, field: FieldSpec) -> Iterator[str]:
    """What else is true of it within its form."""
    if field.id in form.key:
        yield "关键字段" if len(form.key) == 1 else "关键字段之一"
    for names in form.unique:
        if names == (field.id,):
            yield "不能重复"
        elif field.id in names:
            labels = "、".join(form.by_id[name].label for name in names)
            yield f"{labels}合起来不能重复"
    if field.is_key_figure:
        yield "校级关键数据，由校领导审批"
    if field.sensitive:
        yield "个人信息，平时遮住"
    if field.id in form.carry_without:
        yield "从上一轮带来时留空"


def _say_fill(catalogue: Catalogue, form: FormSpec, field: FieldSpec) -> str:
    assert field.fill is not None
    reference = form.by_id[field.fill.ref_field]
    for target in catalogue.targets(form, reference):
        column = target.by_id.get(field.fill.column)
        if column is not None:
            picked = f"“{reference.label}”选中的行"
            return f"{picked}（{target.code} {target.title}）的“{column.label}”"
    return f"“{reference.label}”选中的行"


def _say_reference(catalogue: Catalogue, form: FormSpec, field: FieldSpec) -> str:
    assert field.reference is not None
    targets = catalogue.targets(form, field)
    said = " 或 ".join(f"{one.code} {one.title}" for one in targets)
    column = targets[0].by_id.get(field.reference.field) if targets else None
    said += f"的“{column.label}”" if column is not None else ""
    if field.reference.filter is not None and targets:
        forms = catalogue.edition_of(form).by_code
        names = Names(forms, targets[0], this=form)
        condition = describe_condition(field.reference.filter.root, names)
        said += f"，只有{condition}的行"
    return said


def _show_value(value: object) -> str:
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, list | tuple):
        return "、".join(map(_show_value, value))
    return str(value)
