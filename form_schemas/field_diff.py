"""How a field differs from what it was in an earlier edition, aspect by aspect.

Expressions are compared by their words: a field that was renamed changes the text of
every rule that reads it, and none of their meaning.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from form_schemas.differences import DifferenceKind, Side, tell_change
from form_schemas.field_spec import FieldSpec
from form_schemas.field_words import say_kind

#: So many options are named in full.
_SHOWN_OPTIONS = 30


@dataclass(frozen=True)
class Told:
    """A difference before it is known of which form."""

    kind: DifferenceKind
    before: str
    after: str
    sentence: str


@dataclass(frozen=True)
class _Aspect:
    """Something of a field that may differ, and how it is said; "" = it has none."""

    kind: DifferenceKind
    name: str
    say: Callable[[Side, FieldSpec], str]


def compare_fields(
    old_side: Side,
    old: FieldSpec,
    side: Side,
    field: FieldSpec,
    recode: Mapping[str, str | None],
) -> Iterator[Told]:
    """Yield how a field differs from what it was.

    Args:
        recode: earlier value -> value since, as the file says.
    """
    for aspect in _ASPECTS:
        before, after = aspect.say(old_side, old), aspect.say(side, field)
        if before != after:
            what = f"“{field.label}”的{aspect.name}"
            sentence = tell_change(what, before, after)
            yield Told(aspect.kind, before, after, sentence)
    yield from _compare_labels(old, field)
    yield from _compare_required(old_side, old, side, field)
    yield from _compare_options(old, field, recode)
    yield from _compare_conditions(old_side, old, side, field)


def say_required(side: Side, field: FieldSpec) -> str:
    """Whether the field has to be filled, in words."""
    if field.required:
        return "必填"
    if field.required_when is not None:
        return f"{side.say_condition(field.required_when)} 时必填"
    return "可以不填"


def describe_field(side: Side, field: FieldSpec) -> str:
    """What the field takes, in one line."""
    parts = [say_kind(field)]
    if field.unit:
        parts.append(f"单位 {field.unit}")
    if field.is_given:
        parts.append("不用填")
    else:
        parts.append(say_required(side, field))
    if field.options:
        parts.append(f"选项 {list_options(field.options)}")
    for name, say in (("", _say_bounds), ("最多 ", _say_length)):
        said = say(side, field)
        if said:
            parts.append(f"{name}{said}")
    return "，".join(parts)


def list_options(options: Sequence[str]) -> str:
    shown = "、".join(options[:_SHOWN_OPTIONS])
    more = f" 等 {len(options)} 项" if len(options) > _SHOWN_OPTIONS else ""
    return shown + more


# Aspects that are one text each.


def _say_length(_side: Side, field: FieldSpec) -> str:
    return "" if field.max_length is None else f"{field.max_length} 个字"


def _say_bounds(_side: Side, field: FieldSpec) -> str:
    low, high = _spell(field.minimum), _spell(field.maximum)
    if low and high:
        return f"{low} 至 {high}"
    if low:
        return f"不小于 {low}"
    return f"不大于 {high}" if high else ""


def _spell(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


def _say_digits(_side: Side, field: FieldSpec) -> str:
    return "" if field.places is None else f"{field.places} 位"


def _say_default(_side: Side, field: FieldSpec) -> str:
    if isinstance(field.default, bool):
        return "是" if field.default else "否"
    return "" if field.default is None else str(field.default)


def _say_reference(side: Side, field: FieldSpec) -> str:
    if field.reference is None:
        return ""
    targets = "、".join(
        side.forms[code].title if code in side.forms else code
        for code in field.reference.tables
    )
    such = side.say_filter(field)
    return f"{targets}，其中 {such}" if such else targets


def _say_fill(side: Side, field: FieldSpec) -> str:
    if field.fill is None:
        return ""
    source = side.form.by_id[field.fill.ref_field]
    codes = () if source.reference is None else source.reference.tables
    target = next((side.forms[code] for code in codes if code in side.forms), None)
    known = None if target is None else target.by_id.get(field.fill.column)
    label = field.fill.column if known is None else known.label
    return f"{source.label} 的 {label}"


def _say_files(_side: Side, field: FieldSpec) -> str:
    told = (
        (field.accept, "、".join(field.accept)),
        (field.max_size_mb, f"小于 {field.max_size_mb} MB"),
        (field.min_width_px, f"至少 {field.min_width_px} 像素宽"),
        (field.min_dpi, f"至少 {field.min_dpi} dpi"),
    )
    return "，".join(said for value, said in told if value)


def _say_privacy(_side: Side, field: FieldSpec) -> str:
    return "遮蔽" if field.sensitive else ""


def _say_figure(_side: Side, field: FieldSpec) -> str:
    return "提交前由校领导批准" if field.is_key_figure else ""


_ASPECTS: Sequence[_Aspect] = (
    _Aspect(DifferenceKind.FIELD_KIND, "种类", lambda _, field: say_kind(field)),
    _Aspect(DifferenceKind.FIELD_UNIT, "单位", lambda _, field: field.unit),
    _Aspect(DifferenceKind.FIELD_BOUNDS, "小数位数", _say_digits),
    _Aspect(DifferenceKind.FIELD_OPTIONS, "代码表", lambda _, field: field.codes or ""),
    _Aspect(DifferenceKind.FIELD_BOUNDS, "范围", _say_bounds),
    _Aspect(DifferenceKind.FIELD_BOUNDS, "字数上限", _say_length),
    _Aspect(DifferenceKind.FIELD_BOUNDS, "格式", lambda _, field: field.pattern or ""),
    _Aspect(DifferenceKind.FIELD_DEFAULT, "预填的值", _say_default),
    _Aspect(DifferenceKind.FIELD_HINT, "填报提示", lambda _, field: field.description),
    _Aspect(DifferenceKind.FIELD_FILES, "文件要求", _say_files),
    _Aspect(DifferenceKind.FIELD_PRIVACY, "个人信息", _say_privacy),
    _Aspect(DifferenceKind.FIELD_PRIVACY, "校级关键数据", _say_figure),
)


# Aspects with sentences of their own.


def _compare_labels(old: FieldSpec, field: FieldSpec) -> Iterator[Told]:
    if old.label != field.label:
        sentence = f"“{old.label}”改名为“{field.label}”。"
        yield Told(DifferenceKind.FIELD_LABEL, old.label, field.label, sentence)


def _compare_required(
    old_side: Side, old: FieldSpec, side: Side, field: FieldSpec
) -> Iterator[Told]:
    before, after = say_required(old_side, old), say_required(side, field)
    is_same = _spell_condition(old) == _spell_condition(field)
    if before != after and not is_same:
        sentence = f"“{field.label}”由“{before}”改为“{after}”。"
        yield Told(DifferenceKind.FIELD_REQUIRED, before, after, sentence)


def _spell_condition(field: FieldSpec) -> object:
    return field.required or (field.required_when and field.required_when.text)


def _compare_options(
    old: FieldSpec, field: FieldSpec, recode: Mapping[str, str | None]
) -> Iterator[Told]:
    if old.options == field.options:
        return
    before, after = list_options(old.options), list_options(field.options)
    said = list(_say_options(old.options, field.options, recode))
    if not said:
        said = ["换了次序"]
    sentence = f"“{field.label}”的选项：{'；'.join(said)}。"
    yield Told(DifferenceKind.FIELD_OPTIONS, before, after, sentence)


def _say_options(
    old: Sequence[str], new: Sequence[str], recode: Mapping[str, str | None]
) -> Iterator[str]:
    gone = [option for option in old if option not in new]
    renamed = {one: recode[one] for one in gone if recode.get(one)}
    targets = set(renamed.values())
    for one, now in renamed.items():
        yield f"“{one}”改为“{now}”"
    fresh = [one for one in new if one not in old and one not in targets]
    if fresh:
        yield f"增加{_quote(fresh)}"
    dropped = [one for one in gone if one not in renamed]
    if dropped:
        yield f"去掉{_quote(dropped)}"


def _quote(options: Sequence[str]) -> str:
    shown = "".join(f"“{option}”" for option in options[:_SHOWN_OPTIONS])
    return shown + (f"等 {len(options)} 项" if len(options) > _SHOWN_OPTIONS else "")


def _compare_conditions(
    old_side: Side, old: FieldSpec, side: Side, field: FieldSpec
) -> Iterator[Told]:
    """What is told by what was written and by its words: both have to differ."""
    for clause in _CLAUSES:
        if clause.spell(old) == clause.spell(field):
            continue
        before, after = clause.say(old_side, old), clause.say(side, field)
        if before != after:
            sentence = tell_change(f"“{field.label}”的{clause.name}", before, after)
            yield Told(clause.kind, before, after, sentence)


def _spell_reference(field: FieldSpec) -> object:
    reference = field.reference
    if reference is None:
        return None
    such = reference.filter and reference.filter.text
    return reference.tables, reference.field, such


@dataclass(frozen=True)
class _Clause:
    """Something that names fields or forms, which may have been renamed."""

    kind: DifferenceKind
    name: str
    spell: Callable[[FieldSpec], object]
    say: Callable[[Side, FieldSpec], str]


_CLAUSES: Sequence[_Clause] = (
    _Clause(
        DifferenceKind.FIELD_VISIBLE,
        "显示条件",
        lambda field: field.visible_when and field.visible_when.text,
        lambda side, field: side.say_condition(field.visible_when),
    ),
    _Clause(
        DifferenceKind.FIELD_GIVEN,
        "算式",
        lambda field: field.computed and field.computed.text,
        lambda side, field: side.say_value(field.computed),
    ),
    _Clause(
        DifferenceKind.FIELD_GIVEN,
        "带出",
        lambda field: field.fill and (field.fill.ref_field, field.fill.column),
        _say_fill,
    ),
    _Clause(
        DifferenceKind.FIELD_REFERENCE, "可选的行", _spell_reference, _say_reference
    ),
)
