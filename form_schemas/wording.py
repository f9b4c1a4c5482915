"""Says expressions in Chinese, with the labels of their fields.

People read how a derived value came about, and which condition a row does not fulfil.
Every kind of node and every function has words here; a test says which one lacks them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import (
    Aggregate,
    AliasColumn,
    Binary,
    Call,
    Compare,
    Conditional,
    Field,
    Given,
    Literal,
    Logical,
    Membership,
    Node,
    Previous,
    RefColumn,
    ThisField,
    Unary,
)
from form_schemas.spec import FormSpec

_Forms = Mapping[str, FormSpec]


@dataclass(frozen=True)
class Names:
    """Whose fields the names of an expression are."""

    #: the edition's, by code
    forms: _Forms
    #: of bare names
    own: FormSpec
    #: of `this.x`
    this: FormSpec | None = None
    #: alias -> form, in derivations
    partners: _Forms = field(default_factory=dict)
    #: the derived form, of expanded columns
    derived: FormSpec | None = None

    def within(self, form: FormSpec) -> "Names":
        """The names in a condition on rows of another form."""
        return replace(self, own=form, this=self.this or self.own)


def describe(node: Node, names: Names) -> str:
    """What the value of an expression is."""
    return _WORDS[type(node)](node, names)


def describe_condition(node: Node, names: Names) -> str:
    """What has to be true; a field that says yes or no is to say yes."""
    said = describe(node, names)
    return f"{said}为“是”" if isinstance(node, _VALUES) else said


def find_read(node: Node, names: Names) -> tuple[FormSpec, FieldSpec] | None:
    """The field that a node reads, and its form; None where it reads none, or more."""
    form: FormSpec | None
    known: FieldSpec | None
    if isinstance(node, Field):
        form, known = names.own, names.own.by_id.get(node.id)
    elif isinstance(node, ThisField):
        form = names.this or names.own
        known = form.by_id.get(node.id)
    elif isinstance(node, AliasColumn):
        form = names.partners[node.alias] if node.alias else names.derived
        known = None if form is None else form.by_id.get(node.column)
    elif isinstance(node, RefColumn):
        form, known = _find_picked(node, names)
    else:
        return None
    return None if form is None or known is None else (form, known)


def find_referring(node: RefColumn, names: Names) -> tuple[FormSpec, FieldSpec]:
    """The reference that a node follows, and the form it is a field of."""
    form = names.own
    if node.alias:
        form = names.partners[node.alias]
    elif node.of_this and names.this is not None:
        form = names.this
    return form, form.by_id[node.field_id]


# Names.


def _literal(node: Literal, _names: Names) -> str:
    if node.value is None:
        return "空"
    if isinstance(node.value, bool):
        return "是" if node.value else "否"
    return f"“{node.value}”" if isinstance(node.value, str) else str(node.value)


def _field(node: Field, names: Names) -> str:
    return _label(names.own, node.id)


def _this(node: ThisField, names: Names) -> str:
    if names.this is None:
        return _label(names.own, node.id)
    return f"本行的{_label(names.this, node.id)}"


def _given(node: Given, _names: Names) -> str:
    return GIVEN_WORDS[node.name]


def _alias_column(node: AliasColumn, names: Names) -> str:
    if node.alias:
        form = names.partners[node.alias]
        return f"“{form.title}”的{_label(form, node.column)}"
    label = _label(names.derived or names.own, node.column)
    return f"本行的{label}" if node.of_this else label


def _ref_column(node: RefColumn, names: Names) -> str:
    form, reference = find_referring(node, names)
    target, column = _find_picked(node, names)
    whose = f"“{form.title}”的" if node.alias else "本行的" if node.of_this else ""
    label = node.column if column is None else column.label
    return f"{whose}{reference.label}在“{target.title}”里的{label}"


def _find_picked(node: RefColumn, names: Names) -> tuple[FormSpec, FieldSpec | None]:
    """The form that a reference picks from, and its column."""
    form, spec = find_referring(node, names)
    codes = () if spec.reference is None else spec.reference.tables
    targets = [names.forms[code] for code in codes if code in names.forms]
    for target in targets:
        if node.column in target.by_id:
            return target, target.by_id[node.column]
    return (targets[0] if targets else form), None


def _label(form: FormSpec, field_id: str) -> str:
    known = form.by_id.get(field_id)
    return field_id if known is None else known.label


# Operators.


def _unary(node: Unary, names: Names) -> str:
    if node.op == "-":
        return f"−{_part(node.operand, names)}"
    inner = node.operand
    if isinstance(inner, Call) and inner.name in _DENIALS:
        texts = [_part(part, names) for part in inner.arguments]
        return _DENIALS[inner.name](texts)
    if isinstance(inner, Aggregate) and inner.name == "exists":
        return _say_exists("没有", inner, names)
    if isinstance(inner, _VALUES):
        return f"{describe(inner, names)}不为“是”"
    return f"并非（{describe_condition(inner, names)}）"


def _binary(node: Binary, names: Names) -> str:
    strength = _STRENGTHS[node.op]
    left = _term(node.left, names, strength)
    right = _term(node.right, names, strength + 1)
    return f"{left} {_SIGNS[node.op]} {right}"


def _term(node: Node, names: Names, strength: int) -> str:
    """The words of an operand, in brackets where it holds together less strongly."""
    is_clear = isinstance(node, Binary) and _STRENGTHS[node.op] >= strength
    return describe(node, names) if is_clear else _part(node, names)


def _compare(node: Compare, names: Names) -> str:
    left, right = _term(node.left, names, 0), _term(node.right, names, 0)
    return f"{left} {_COMPARISONS[node.op]} {right}"


def _membership(node: Membership, names: Names) -> str:
    choices = "、".join(_part(choice, names) for choice in node.choices)
    verb = "不是" if node.negated else "是"
    some = "之一" if len(node.choices) > 1 else ""
    return f"{_part(node.item, names)} {verb} {choices}{some}"


def _logical(node: Logical, names: Names) -> str:
    word = "，且 " if node.op == "and" else "，或 "
    return word.join(_operand(part, names) for part in node.operands)


def _operand(node: Node, names: Names) -> str:
    said = describe_condition(node, names)
    return f"（{said}）" if isinstance(node, Logical | Conditional) else said


def _conditional(node: Conditional, names: Names) -> str:
    said, last = [], node
    while True:
        test = describe_condition(last.test, names)
        said.append(f"{test} 时为{_part(last.then, names)}")
        if not isinstance(last.otherwise, Conditional):
            break
        last = last.otherwise
    return "；".join((*said, f"其余为{_part(last.otherwise, names)}"))


def _part(node: Node, names: Names) -> str:
    """The words of a part, apart from what stands around it."""
    said = describe(node, names)
    is_joined = isinstance(node, Binary | Compare | Logical | Conditional)
    return f"（{said}）" if is_joined else said


# Functions.


def _call(node: Call, names: Names) -> str:
    if node.name in CONDITION_PLACES:
        return _call_over_group(node, names)
    texts = [_part(part, names) for part in node.arguments]
    return FUNCTION_WORDS[node.name](texts)


def _call_over_group(node: Call, names: Names) -> str:
    place = CONDITION_PLACES[node.name]
    texts = [_part(part, names) for part in node.arguments[:place]]
    said = FUNCTION_WORDS[node.name](texts)
    if len(node.arguments) <= place:
        return said
    return f"{_such(describe_condition(node.arguments[place], names))}{said}"


def _aggregate(node: Aggregate, names: Names) -> str:
    if node.name == "exists":
        return _say_exists("有", node, names)
    form, such = names.forms[node.table], _say_such(node, names)
    rows = f"“{form.title}”{'里' if such else '的'}{such}行"
    return AGGREGATE_WORDS[node.name](rows, _label(form, node.field_id or ""))


def _say_exists(verb: str, node: Aggregate, names: Names) -> str:
    title = names.forms[node.table].title
    return f"“{title}”里{verb}{_say_such(node, names)}行"


def _say_such(node: Aggregate, names: Names) -> str:
    """Which rows an aggregate takes; empty for all."""
    if node.condition is None:
        return ""
    within = names.within(names.forms[node.table])
    return _such(describe_condition(node.condition, within))


def _such(condition: str) -> str:
    return f"符合（{condition}）的"


def _previous(node: Previous, names: Names) -> str:
    return f"上期的{_part(node.of, names)}"


_Texts = Sequence[str]


def _list(texts: _Texts) -> str:
    return "、".join(texts)


#: Reads as a value; as a condition it is to be true.
_VALUES = (Field, ThisField, AliasColumn, RefColumn)

#: How strongly the parts of a sum or a product hold together.
_STRENGTHS = {"+": 1, "-": 1, "*": 2, "/": 2}
_SIGNS = {"+": "+", "-": "−", "*": "×", "/": "÷"}
_COMPARISONS = {"==": "=", "!=": "≠", "<": "<", "<=": "≤", ">": ">", ">=": "≥"}

GIVEN_WORDS: Mapping[str, str] = {
    "today": "今天",
    "period_start": "采集期首日",
    "period_end": "采集期末日",
    "report_year": "采集期末日的年份",
    "school_year": "本学年",
    "own_name": "本单位的名称",
    "own_kind": "本单位的类别",
    "own_superior": "上级单位的名称",
}

FUNCTION_WORDS: Mapping[str, Callable[[_Texts], str]] = {
    "is_empty": lambda t: f"{t[0]} 没有填",
    "coalesce": lambda t: "，没有时取".join(t),
    "abs": lambda t: f"{t[0]}的绝对值",
    "round": lambda t: f"{t[0]}四舍五入到 {t[1]} 位小数",
    "ceil": lambda t: f"{t[0]}向上取整",
    "floor": lambda t: f"{t[0]}向下取整",
    "min": lambda t: f"{_list(t)}中最小的",
    "max": lambda t: f"{_list(t)}中最大的",
    "length": lambda t: f"{t[0]}的字数",
    "left": lambda t: f"{t[0]}的前 {t[1]} 个字",
    "contains": lambda t: f"{t[0]} 里有 {t[1]}",
    "count_items": lambda t: f"{t[0]}的个数",
    # Written by no author: the text is taken apart as its field says.
    "split": lambda t: t[0],
    "year": lambda t: f"{t[0]}的年份",
    "month": lambda t: f"{t[0]}的月份",
    "weekday": lambda t: f"{t[0]}的星期（星期一为 1）",
    "days": lambda t: f"从{t[0]}到{t[1]}的天数",
    "weeks": lambda t: f"从{t[0]}到{t[1]}的周数",
    "age": lambda t: f"{t[0]}出生的人到{t[1]}的周岁",
    "id_birth": lambda t: f"{t[0]}里的出生日期",
    "id_gender": lambda t: f"{t[0]}里的性别",
    "in_period": lambda t: f"{t[0]} 在采集期内",
    "rank": lambda t: f"{t[0]}在选项里的次序",
    "is_unique": lambda t: f"{_list(t)} 与别的行不重复",
    # Over the rows of a group.
    "rows": lambda _: "来源行的行数",
    "distinct": lambda t: f"不同的{t[0]}的个数",
    "total": lambda t: f"{t[0]}的合计",
    "total_per": lambda t: f"{t[0]}的合计（同一{t[1]}只计一次，取最大的）",
    "mean": lambda t: f"{t[0]}的平均值",
    "least": lambda t: f"{t[0]}中最小（最早）的",
    "greatest": lambda t: f"{t[0]}中最大（最晚）的",
    "joined": lambda t: f"各个不同的{t[0]}，用顿号连起来",
    "latest": lambda t: f"{t[1]}最晚的一行的{t[0]}",
}

_DENIALS: Mapping[str, Callable[[_Texts], str]] = {
    "is_empty": lambda t: f"{t[0]} 已填",
    "contains": lambda t: f"{t[0]} 里没有 {t[1]}",
    "in_period": lambda t: f"{t[0]} 不在采集期内",
    "is_unique": lambda t: f"{_list(t)} 与别的行重复",
}

#: Which argument of a function over a group says what rows it takes.
CONDITION_PLACES: Mapping[str, int] = {"rows": 0, "distinct": 1, "total": 1}

AGGREGATE_WORDS: Mapping[str, Callable[[str, str], str]] = {
    "count": lambda rows, _: f"{rows}数",
    "sum": lambda rows, label: f"{rows}的{label}合计",
    "texts": lambda rows, label: f"{rows}的各个不同的{label}，用顿号连起来",
}

_WORDS: Mapping[type, Callable[[Any, Names], str]] = {
    Literal: _literal,
    Field: _field,
    ThisField: _this,
    Given: _given,
    RefColumn: _ref_column,
    AliasColumn: _alias_column,
    Unary: _unary,
    Binary: _binary,
    Compare: _compare,
    Membership: _membership,
    Logical: _logical,
    Conditional: _conditional,
    Call: _call,
    Aggregate: _aggregate,
    Previous: _previous,
}

__all__ = [
    "AGGREGATE_WORDS",
    "CONDITION_PLACES",
    "FUNCTION_WORDS",
    "GIVEN_WORDS",
    "Names",
    "describe",
    "describe_condition",
    "find_read",
    "find_referring",
]
