"""How a form as a whole, the order of its fields and its rules differ from before."""

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from form_schemas.comparing import compare_with_last
from form_schemas.differences import DifferenceKind, Side, tell_change
from form_schemas.field_diff import Told
from form_schemas.field_spec import FieldGroup
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.rule_spec import LEVEL_WORDS, RuleSpec
from form_schemas.spec import FormKind, FormSpec, Shape

SHAPE_WORDS: Mapping[Shape, str] = {
    Shape.RECORD: "一个单位一行",
    Shape.ROWS: "一个单位多行",
}

FORM_KIND_WORDS: Mapping[FormKind, str] = {
    FormKind.BASE: "基础表",
    FormKind.BUSINESS: "业务表",
    FormKind.AUTO: "由系统汇总的表",
    FormKind.DERIVED_LIST: "由系统列出的清单",
}


@dataclass(frozen=True)
class _Aspect:
    """Something of a form that may differ, and how it is said; "" = it has none."""

    kind: DifferenceKind
    name: str
    say: Callable[[Side], str]


def compare_forms(old: Side, new: Side) -> Iterator[Told]:
    """Yield how a form differs in what is said of it as a whole."""
    if old.form.code != new.form.code:
        sentence = f"表号由“{old.form.code}”改为“{new.form.code}”。"
        yield Told(DifferenceKind.FORM_RENAMED, old.form.code, new.form.code, sentence)
    for aspect in _ASPECTS:
        before, after = aspect.say(old), aspect.say(new)
        if before != after:
            sentence = tell_change(aspect.name, before, after)
            yield Told(aspect.kind, before, after, sentence)
    if _list_words(old.form) != _list_words(new.form):
        sentence = "由系统汇总或生成这张表的办法有变化，请看表的说明。"
        yield Told(DifferenceKind.FORM_DERIVATION, "", "", sentence)
    if _list_moves(old.form) != _list_moves(new.form):
        told = _say_moves(old.form), _say_moves(new.form)
        sentence = tell_change("逐行办理的办法", *told)
        if told[0] == told[1]:
            sentence = "逐行办理的办法有变化，请看表的说明。"
        yield Told(DifferenceKind.FORM_NATURE, *told, sentence)


def compare_order(
    old: Side, new: Side, renamed: Mapping[str, str]
) -> Iterator[tuple[str, Told]]:
    """Yield fields that stand elsewhere among those that were there, with their ids.

    Args:
        renamed: earlier id -> id of the fields that are still there.
    """
    former = [renamed[item.id] for item in old.form.fields if item.id in renamed]
    places = {name: at for at, name in enumerate(former)}
    now = [item.id for item in new.form.fields if item.id in places]
    kept = _find_kept([places[name] for name in now])
    for at, name in enumerate(now):
        if places[name] in kept:
            continue
        before = _say_place(new, former, places[name])
        after = _say_place(new, now, at)
        sentence = f"“{new.label(name)}”移到{after}，原来在{before}。"
        yield name, Told(DifferenceKind.FIELD_ORDER, before, after, sentence)


def compare_layout(old: Side, new: Side, renamed: Mapping[str, str]) -> Iterator[Told]:
    """Yield whether fields that are still there stand in other groups, or as parts."""
    before = _list_places(old.form, renamed)
    after = _list_places(new.form, {name: name for name in renamed.values()})
    moved = [name for name, place in after.items() if before.get(name) != place]
    if moved:
        told = _say_groups(old.form), _say_groups(new.form)
        sentence = f"字段的分组有变化：{new.list_labels(tuple(moved))}。"
        yield Told(DifferenceKind.FORM_LAYOUT, *told, sentence)


def compare_rules(
    old: Side, new: Side, renamed: Mapping[str, str]
) -> Iterator[tuple[str, Told]]:
    """Yield the rules that differ, each with the id of its first field."""
    former = {_follow(old.form, rule, renamed): rule for rule in old.form.rules}
    for rule in new.form.rules:
        earlier = former.pop(rule.id, None)
        at = rule.fields[0] if rule.fields else ""
        if earlier is None:
            sentence = f"新规则（{LEVEL_WORDS[rule.level]}）：{rule.message}。"
            yield at, Told(DifferenceKind.RULE_ADDED, "", rule.message, sentence)
            continue
        for told in _compare_rule(old, earlier, new, rule):
            yield at, told
    for rule in former.values():
        at = next((renamed[f] for f in rule.fields if f in renamed), "")
        sentence = f"不再检查：{rule.message}。"
        yield at, Told(DifferenceKind.RULE_REMOVED, rule.message, "", sentence)


# What is said of a form.


def _say_key(side: Side) -> str:
    return side.list_labels(side.form.key)


def _say_unique(side: Side) -> str:
    return "；".join(sorted(side.list_labels(ids) for ids in side.form.unique))


def _say_scopes(side: Side) -> str:
    scopes = side.form.department_scope.items()
    return "；".join(f"{department}：{scope}" for department, scope in scopes)


def _say_carrying(side: Side) -> str:
    if not side.form.is_carried:
        return "不沿用"
    left = [label for f in side.form.carry_without if (label := side.label(f))]
    return f"沿用，{'、'.join(left)} 除外" if left else "沿用"


def _say_section(side: Side) -> str:
    return " → ".join(side.form.section)


def _say_departments(side: Side) -> str:
    return "、".join(side.form.departments)


def _say_closing(side: Side) -> str:
    return "可以关闭填报" if side.form.closable else ""


_ASPECTS: Sequence[_Aspect] = (
    _Aspect(DifferenceKind.FORM_TITLE, "表的名称", lambda side: side.form.title),
    _Aspect(DifferenceKind.FORM_DEPARTMENTS, "填报部门", _say_departments),
    _Aspect(DifferenceKind.FORM_DEPARTMENTS, "各部门填哪些行", _say_scopes),
    _Aspect(DifferenceKind.FORM_SECTION, "目录位置", _say_section),
    _Aspect(DifferenceKind.FORM_HINT, "表的说明", lambda side: side.form.description),
    _Aspect(
        DifferenceKind.FORM_PERIOD,
        "表的统计时间",
        lambda side: PERIOD_NAMES[side.form.period],
    ),
    _Aspect(
        DifferenceKind.FORM_NATURE,
        "表的种类",
        lambda side: FORM_KIND_WORDS[side.form.kind],
    ),
    _Aspect(
        DifferenceKind.FORM_NATURE, "行数", lambda side: SHAPE_WORDS[side.form.shape]
    ),
    _Aspect(DifferenceKind.FORM_KEY, "认定一行的字段", _say_key),
    _Aspect(DifferenceKind.FORM_KEY, "不许重复的字段", _say_unique),
    _Aspect(DifferenceKind.FORM_CARRYING, "上一轮的行", _say_carrying),
    _Aspect(DifferenceKind.FORM_CARRYING, "关闭填报", _say_closing),
)


def _list_words(form: FormSpec) -> list[object]:
    """The parts of a form that only its file can say."""
    return [form.schema.get(word) for word in ("x-derive", "x-generate", "x-freeze")]


def _list_moves(form: FormSpec) -> list[object]:
    """How its rows travel."""
    return [form.schema.get(word) for word in ("x-flow", "x-flow-with")]


def _say_moves(form: FormSpec) -> str:
    if form.flow_with is not None:
        return f"随“{form.by_id[form.flow_with].label}”"
    moves = () if form.flow is None else form.flow.moves
    return "、".join(dict.fromkeys(move.title for move in moves))


# Order and groups.


def _find_kept(places: Sequence[int]) -> set[int]:
    """The most places that are in their order: the fields at all others have moved."""
    ends: list[int] = []
    before: dict[int, int | None] = {}
    for place in places:
        length = bisect_left(ends, place)
        before[place] = ends[length - 1] if length else None
        ends[length : length + 1] = [place]
    kept: set[int] = set()
    last = ends[-1] if ends else None
    while last is not None:
        kept.add(last)
        last = before[last]
    return kept


def _say_place(side: Side, order: Sequence[str], at: int) -> str:
    return f"“{side.label(order[at - 1])}”之后" if at else "最前面"


def _list_places(
    form: FormSpec, names: Mapping[str, str]
) -> dict[str, tuple[object, ...]]:
    """Id since -> group, whether it is part of another field, and its cell."""
    return {
        names[place.id]: (group.title, place.depth > 0, *_find_cell(group, place.id))
        for group in form.groups
        for place in group.fields
        if place.id in names
    }


def _find_cell(group: FieldGroup, field_id: str) -> tuple[str, ...]:
    """Heads of row and column of a field that stands in a table, and its label."""
    if group.table is None:
        return ()
    return next(
        (
            (row.title, column, cell.label)
            for row in group.table.rows
            for column, cells in zip(group.table.columns[1:], row.cells, strict=False)
            for cell in cells
            if cell.id == field_id
        ),
        (),
    )


def _say_groups(form: FormSpec) -> str:
    return "、".join(group.title for group in form.groups if group.title)


# Rules.


def _follow(form: FormSpec, rule: RuleSpec, renamed: Mapping[str, str]) -> str:
    """The id that a rule has by now: that of `x-compare` is named after its field."""
    for item in form.fields:
        compared = item.compare and compare_with_last(item, item.compare)
        if compared and compared.id == rule.id and item.id in renamed:
            return f"compare_{renamed[item.id]}"
    return rule.id


def _compare_rule(
    old: Side, earlier: RuleSpec, new: Side, rule: RuleSpec
) -> Iterator[Told]:
    named = f"规则“{rule.message}”"
    kind = DifferenceKind.RULE_CHANGED
    words = LEVEL_WORDS[earlier.level], LEVEL_WORDS[rule.level]
    if words[0] != words[1]:
        yield Told(kind, *words, tell_change(f"{named}的等级", *words))
    is_different = False
    for name, was, now in (
        ("要求", earlier.check, rule.check),
        ("适用条件", earlier.when, rule.when),
    ):
        if (was and was.text) == (now and now.text):
            continue
        said = old.say_condition(was), new.say_condition(now)
        if said[0] != said[1]:
            is_different = True
            yield Told(kind, *said, tell_change(f"{named}的{name}", *said))
    is_written = not rule.id.startswith("compare_")
    if earlier.message != rule.message and (is_written or is_different):
        told = earlier.message, rule.message
        yield Told(kind, *told, tell_change("规则的提示", *told))
