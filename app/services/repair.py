"""Changes values of a draft row so that a condition comes true (or false).

Walks the condition's tree backwards: to make `a + b == c` hold it moves a part or the
total, to make `start <= end` hold it moves a date, to make `birth == id_birth(no)` hold
it makes another number. One call is one step; `demo` evaluates again after each.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from random import Random

from app.services.invention import (
    Scene,
    invent_id_card,
    round_number,
    shift_month,
)
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.nodes import (
    AliasColumn,
    Binary,
    Call,
    Compare,
    Conditional,
    Field,
    Literal,
    Logical,
    Membership,
    Node,
    RefColumn,
    ThisField,
    Unary,
)
from form_schemas.spec import FormSpec

#: Beyond this a repair has gone astray.
_LARGEST = 10**9

_OPPOSITE = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}
_MIRRORED = {"==": "==", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}


@dataclass(frozen=True)
class Draft:
    """A row in the making, with what a repair may ask and do."""

    form: FormSpec
    #: the typed values, changed in place
    values: dict[str, object]
    scene: Scene
    random: Random
    #: the value of a part of an expression as the row stands
    evaluate: Callable[[Node], object]
    #: another value for a field, as it would be invented at first
    invent: Callable[[str], object]
    #: picks a referenced row with this value in a column; False if there is none
    pick: Callable[[str, str, object], bool]


def satisfy(draft: Draft, node: Node, wanted: bool) -> bool:
    """Move the row one step towards `node` being `wanted`; False if stuck."""
    handler = _SATISFIERS.get(type(node))
    return handler is not None and handler(draft, node, wanted)


def assign(draft: Draft, node: Node, value: object) -> bool:
    """Change fields so that `node` evaluates to `value`; False if it cannot be."""
    handler = _ASSIGNERS.get(type(node))
    return handler is not None and handler(draft, node, value)


def _satisfy_logical(draft: Draft, node: Logical, wanted: bool) -> bool:
    needs_all = (node.op == "and") == wanted
    open_ones = [op for op in node.operands if draft.evaluate(op) is not wanted]
    if not open_ones:
        return True
    if needs_all:
        return all(satisfy(draft, operand, wanted) for operand in open_ones)
    return _try_any(draft, open_ones, lambda operand: satisfy(draft, operand, wanted))


def _satisfy_unary(draft: Draft, node: Unary, wanted: bool) -> bool:
    return satisfy(draft, node.operand, not wanted)


def _satisfy_conditional(draft: Draft, node: Conditional, wanted: bool) -> bool:
    return satisfy(draft, _active(draft, node), wanted)


def _satisfy_boolean(draft: Draft, node: Field, wanted: bool) -> bool:
    return assign(draft, node, wanted)


def _satisfy_membership(draft: Draft, node: Membership, wanted: bool) -> bool:
    choices = [draft.evaluate(choice) for choice in node.choices]
    if wanted != node.negated:
        value = draft.random.choice(choices)
        return assign(draft, node.item, _like(node.item, value))
    return _reinvent(draft, node.item, lambda value: value not in choices)


def _satisfy_compare(draft: Draft, node: Compare, wanted: bool) -> bool:
    op = node.op if wanted else _OPPOSITE[node.op]
    moves = [(node.left, op, node.right), (node.right, _MIRRORED[op], node.left)]
    return _try_any(draft, moves, lambda move: _move(draft, *move))


def _move(draft: Draft, node: Node, op: str, other: Node) -> bool:
    """Change `node` alone so that `node op other` holds."""
    bound = draft.evaluate(other)
    if bound is None:
        return False
    if draft.evaluate(node) is None:
        _fill_gaps(draft, node)
    if op == "!=":
        return _reinvent(draft, node, lambda value: value != bound)
    if op == "==":
        return assign(draft, node, _like(node, bound))
    mover = _MOVERS.get(node.type)
    return mover is not None and assign(draft, node, mover(draft, node, op, bound))


def _move_number(draft: Draft, node: Node, op: str, bound: object) -> Decimal:
    """A number on the right side of the bound, often well away from it."""
    number = Decimal(str(bound))
    step = _step_of(draft, node)
    if _is_year(draft, node):
        years = draft.random.choice((0, 1, 2)) + (op in ("<", ">"))
        return number + (years if op in (">", ">=") else -years)
    share = Decimal(draft.random.choice(("0.2", "0.5", "0.7", "0.9", "1")))
    if op in (">", ">="):
        return number / share + (step if op == ">" or number == 0 else 0)
    lowest = _lowest(draft, node)
    highest = number - step if op == "<" else number
    return max(lowest, highest * share) if highest >= lowest else highest


def _move_date(draft: Draft, node: Node, op: str, bound: object) -> date:
    day = bound if isinstance(bound, date) else date.fromisoformat(f"{bound}-01")
    days = draft.random.choice((0, 1, 7, 30, 90, 200)) + (op in ("<", ">"))
    if not isinstance(bound, date):
        days += 31
    return day + timedelta(days=days if op in (">", ">=") else -days)


def _move_month(draft: Draft, node: Node, op: str, bound: object) -> str:
    month = f"{bound:%Y-%m}" if isinstance(bound, date) else str(bound)
    months = draft.random.choice((0, 1, 3, 12)) + (op in ("<", ">"))
    return shift_month(month, months if op in (">", ">=") else -months)


_MOVERS: Mapping[ValueType, Callable[[Draft, Node, str, object], object]] = {
    ValueType.NUMBER: _move_number,
    ValueType.DATE: _move_date,
    ValueType.MONTH: _move_month,
}


def _satisfy_call(draft: Draft, node: Call, wanted: bool) -> bool:
    handler = _CALL_SATISFIERS.get(node.name)
    return handler is not None and handler(draft, node, wanted)


def _satisfy_is_empty(draft: Draft, node: Call, wanted: bool) -> bool:
    (item,) = node.arguments
    if wanted:
        return assign(draft, item, None)
    return _fill_gaps(draft, item)


def _satisfy_contains(draft: Draft, node: Call, wanted: bool) -> bool:
    whole, part = node.arguments
    value, piece = draft.evaluate(whole), draft.evaluate(part)
    if piece is None:
        return False
    if not wanted:
        return _reinvent(draft, whole, lambda new: piece not in (new or ()))
    if isinstance(value, tuple) or whole.type is ValueType.LIST:
        return assign(draft, whole, (*(value or ())[:2], piece))
    if _try_any(draft, [part], lambda node: _take_part(draft, node, value)):
        return True
    return assign(draft, whole, _join_part(draft, whole, value, str(piece)))


def _take_part(draft: Draft, node: Node, whole: object) -> bool:
    """Make the part one of the values that a separated text holds."""
    pieces = [
        piece for piece in str(whole or "").replace("，", "、").split("、") if piece
    ]
    return bool(pieces) and assign(draft, node, draft.random.choice(pieces))


def _join_part(draft: Draft, node: Node, value: object, piece: str) -> str:
    separator = "、"
    if isinstance(node, Field):
        separator = draft.form.by_id[node.id].separator or ""
    return f"{value}{separator}{piece}" if value and separator else piece


def _satisfy_in_period(draft: Draft, node: Call, wanted: bool) -> bool:
    scene = draft.scene
    span = (scene.period_end - scene.period_start).days
    day = scene.period_start + timedelta(days=draft.random.randint(0, span))
    if not wanted:
        day = scene.period_start - timedelta(days=40)
    return assign(draft, node.arguments[0], _like(node.arguments[0], day))


def _assign_field(draft: Draft, node: Field, value: object) -> bool:
    field = draft.form.by_id[node.id]
    if field.computed is not None:
        return assign(draft, field.computed.root, value)
    if field.fill is not None:
        return draft.pick(field.fill.ref_field, field.fill.column, value)
    if value is None:
        draft.values[field.id] = None
        return not field.required
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        if abs(value) >= _LARGEST:
            return False
        value = round_number(field, Decimal(value))
        low, high = field.minimum, field.maximum
        if (low is not None and value < low) or (high is not None and value > high):
            return False
    if field.kind is FieldKind.REF and not field.is_list:
        return draft.pick(field.id, "", value)
    if field.options and not set(_as_tuple(value)) <= set(field.options):
        return False
    if field.max_length is not None and isinstance(value, str):
        value = value[-field.max_length :]
    draft.values[field.id] = value
    return True


def _assign_this(draft: Draft, node: ThisField, value: object) -> bool:
    return assign(draft, Field(node.id, node.type), value)


def _assign_literal(draft: Draft, node: Literal, value: object) -> bool:
    return node.value == value


def _assign_ref_column(draft: Draft, node: RefColumn, value: object) -> bool:
    return draft.pick(node.field_id, node.column, value)


def _assign_unary(draft: Draft, node: Unary, value: object) -> bool:
    if node.op == "not":
        return satisfy(draft, node, bool(value))
    return value is not None and assign(draft, node.operand, -Decimal(str(value)))


def _assign_conditional(draft: Draft, node: Conditional, value: object) -> bool:
    return assign(draft, _active(draft, node), value)


def _assign_binary(draft: Draft, node: Binary, value: object) -> bool:
    if value is None:
        return False
    if draft.evaluate(node) is None:
        _fill_gaps(draft, node)
    return _BINARY_ASSIGNERS[node.op](draft, node, Decimal(str(value)))


def _assign_sum(draft: Draft, node: Binary, value: Decimal) -> bool:
    terms = _terms(node)
    amounts = [_number(draft, term) for _, term in terms]
    total = sum(
        (s * a for (s, _), a in zip(terms, amounts, strict=True)), start=Decimal(0)
    )
    if draft.random.random() < 0.5 and _share_out(draft, terms, amounts, value):
        return True
    order = list(range(len(terms)))

    def move(index: int) -> bool:
        sign, term = terms[index]
        new = amounts[index] + sign * (value - total)
        return new >= 0 and assign(draft, term, new)

    return _try_any(draft, order, move) or _share_out(draft, terms, amounts, value)


def _share_out(
    draft: Draft,
    terms: list[tuple[int, Node]],
    amounts: list[Decimal],
    value: Decimal,
) -> bool:
    """Share a total among the parts, in the proportions they have."""
    if value < 0 or any(sign < 0 for sign, _ in terms):
        return False
    whole = sum(amounts)
    rest = value
    for index, (_, term) in enumerate(terms):
        share = amounts[index] / whole if whole else Decimal(index == 0)
        step = _step_of(draft, term)
        part = rest if index == len(terms) - 1 else (value * share) // step * step
        if not assign(draft, term, part):
            return False
        rest -= part
    return True


def _assign_product(draft: Draft, node: Binary, value: Decimal) -> bool:
    def move(pair: tuple[Node, Node]) -> bool:
        factor = _number(draft, pair[1])
        return factor != 0 and assign(draft, pair[0], value / factor)

    return _try_any(draft, [(node.left, node.right), (node.right, node.left)], move)


def _assign_quotient(draft: Draft, node: Binary, value: Decimal) -> bool:
    upper, lower = _number(draft, node.left), _number(draft, node.right)
    moves = [lambda: assign(draft, node.left, value * lower)]
    if value != 0:
        moves.append(lambda: assign(draft, node.right, upper / value))
    return _try_any(draft, moves, lambda move: move())


_BINARY_ASSIGNERS: Mapping[str, Callable[[Draft, Binary, Decimal], bool]] = {
    "+": _assign_sum,
    "-": _assign_sum,
    "*": _assign_product,
    "/": _assign_quotient,
}


def _assign_call(draft: Draft, node: Call, value: object) -> bool:
    handler = _CALL_ASSIGNERS.get(node.name)
    return handler is not None and value is not None and handler(draft, node, value)


def _assign_first(draft: Draft, node: Call, value: object) -> bool:
    return assign(draft, node.arguments[0], value)


def _assign_any(draft: Draft, node: Call, value: object) -> bool:
    given = [arg for arg in node.arguments if draft.evaluate(arg) is not None]
    return _try_any(
        draft, given or list(node.arguments), lambda arg: assign(draft, arg, value)
    )


def _assign_year(draft: Draft, node: Call, value: Decimal) -> bool:
    (item,) = node.arguments
    if not 1900 <= value <= 2100:
        return False
    month, day = draft.random.randint(1, 12), draft.random.randint(1, 28)
    return assign(draft, item, _like(item, date(int(value), month, day)))


def _assign_left(draft: Draft, node: Call, value: object) -> bool:
    item = node.arguments[0]
    text = str(draft.evaluate(item) or "")
    return assign(draft, item, str(value) + text[len(str(value)) :])


def _assign_length(draft: Draft, node: Call, value: object) -> bool:
    item = node.arguments[0]
    text = str(draft.evaluate(item) or "演示")
    wanted = int(Decimal(str(value)))
    return assign(draft, item, (text * (wanted // len(text) + 1))[:wanted])


def _assign_id_birth(draft: Draft, node: Call, value: object) -> bool:
    male = draft.random.random() < 0.5
    return isinstance(value, date) and assign(
        draft, node.arguments[0], invent_id_card(value, male, draft.random)
    )


def _assign_id_gender(draft: Draft, node: Call, value: object) -> bool:
    number = str(draft.evaluate(node.arguments[0]) or "")
    if len(number) != 18:
        return False
    birth = date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    new = invent_id_card(birth, value == "男", draft.random)
    return assign(draft, node.arguments[0], new)


def _assign_rank(draft: Draft, node: Call, value: object) -> bool:
    # The parser adds the options after the field.
    item = node.arguments[0]
    if not isinstance(item, Field):
        return False
    options = draft.form.by_id[item.id].options
    rank = min(max(int(Decimal(str(value))), 0), len(options) - 1)
    return assign(draft, item, options[rank])


def _assign_days(draft: Draft, node: Call, value: object) -> bool:
    return _assign_span(draft, node, Decimal(str(value)))


def _assign_weeks(draft: Draft, node: Call, value: object) -> bool:
    return _assign_span(draft, node, Decimal(str(value)) * 7)


def _assign_span(draft: Draft, node: Call, days: Decimal) -> bool:
    first, last = node.arguments
    if abs(days) > 40_000:
        return False
    span = timedelta(days=int(days))
    start, end = _day(draft, first), _day(draft, last)
    moves = []
    if start is not None:
        moves.append((last, start + span))
    if end is not None:
        moves.append((first, end - span))
    return _try_any(
        draft, moves, lambda move: assign(draft, move[0], _like(move[0], move[1]))
    )


def _assign_age(draft: Draft, node: Call, value: object) -> bool:
    born, on = node.arguments
    day = _day(draft, on)
    if day is None:
        return False
    years = min(max(int(Decimal(str(value))), 0), 110)
    birth = date(day.year - years, day.month, min(day.day, 28)) - timedelta(days=30)
    return assign(draft, born, _like(born, birth))


def _reinvent(draft: Draft, node: Node, is_fine: Callable[[object], bool]) -> bool:
    """Give the node's own field another value that is fine."""
    if not isinstance(node, Field):
        return _fill_gaps(draft, node, all_of_them=True)
    field = draft.form.by_id[node.id]
    if field.computed is not None:
        return _fill_gaps(draft, field.computed.root, all_of_them=True)
    if field.fill is not None:
        return _reinvent(draft, Field(field.fill.ref_field, ValueType.ANY), bool)
    candidates = [draft.invent(field.id) for _ in range(20)]
    candidates += field.options
    for value in candidates:
        if is_fine(value):
            draft.values[field.id] = value if not field.is_list else _as_tuple(value)
            return True
    return False


def _fill_gaps(draft: Draft, node: Node, all_of_them: bool = False) -> bool:
    """Give a value to the fields of an expression that have none."""
    done = False
    for field_id in sorted(_typed_fields(draft.form, node)):
        if all_of_them or draft.values.get(field_id) is None:
            draft.values[field_id] = draft.invent(field_id)
            done = True
    return done


def _typed_fields(form: FormSpec, node: Node) -> set[str]:
    if isinstance(node, Field):
        field = form.by_id[node.id]
        if field.computed is not None:
            return _typed_fields(form, field.computed.root)
        return {field.fill.ref_field if field.fill else field.id}
    if isinstance(node, RefColumn):
        return {node.field_id}
    found: set[str] = set()
    for part in _parts(node):
        found |= _typed_fields(form, part)
    return found


def _parts(node: Node) -> tuple[Node, ...]:
    getter = _PART_GETTERS.get(type(node))
    return getter(node) if getter else ()


_PART_GETTERS: Mapping[type, Callable[..., tuple[Node, ...]]] = {
    Unary: lambda node: (node.operand,),
    Binary: lambda node: (node.left, node.right),
    Compare: lambda node: (node.left, node.right),
    Logical: lambda node: node.operands,
    Membership: lambda node: (node.item,),
    Conditional: lambda node: (node.test, node.then, node.otherwise),
    Call: lambda node: node.arguments,
}


def _try_any(draft: Draft, choices: list, attempt: Callable[..., bool]) -> bool:
    """Try the choices in random order until one works; undo what did not."""
    for choice in draft.random.sample(choices, len(choices)):
        before = dict(draft.values)
        if attempt(choice):
            return True
        draft.values.clear()
        draft.values.update(before)
    return False


def _active(draft: Draft, node: Conditional) -> Node:
    return node.then if draft.evaluate(node.test) is True else node.otherwise


def _terms(node: Node, sign: int = 1) -> list[tuple[int, Node]]:
    """`a + b - c` as signed parts."""
    if isinstance(node, Binary) and node.op in ("+", "-"):
        flipped = sign if node.op == "+" else -sign
        return _terms(node.left, sign) + _terms(node.right, flipped)
    return [(sign, node)]


def _number(draft: Draft, node: Node) -> Decimal:
    value = draft.evaluate(node)
    return Decimal(0) if value is None else Decimal(str(value))


def _day(draft: Draft, node: Node) -> date | None:
    value = draft.evaluate(node)
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(f"{value}-01")


def _step_of(draft: Draft, node: Node) -> Decimal:
    """The smallest difference between two values of a number."""
    if isinstance(node, Field):
        places = draft.form.by_id[node.id].places
        return Decimal(1).scaleb(-(places or 0))
    return Decimal(1)


def _is_year(draft: Draft, node: Node) -> bool:
    if isinstance(node, Field):
        return draft.form.by_id[node.id].value_kind is FieldKind.YEAR
    return isinstance(node, Call) and node.name == "year"


def _lowest(draft: Draft, node: Node) -> Decimal:
    if isinstance(node, Field) and draft.form.by_id[node.id].minimum is not None:
        return max(Decimal(0), draft.form.by_id[node.id].minimum)
    return Decimal(0)


def _like(node: Node, value: object) -> object:
    """The value as the node's type holds it: a date as its month, and back."""
    if node.type is ValueType.MONTH and isinstance(value, date):
        return f"{value:%Y-%m}"
    if node.type is ValueType.DATE and isinstance(value, str):
        return date.fromisoformat(f"{value}-01" if len(value) == 7 else value)
    return value


def _as_tuple(value: object) -> tuple:
    return value if isinstance(value, tuple) else (value,)


_CALL_SATISFIERS: Mapping[str, Callable[[Draft, Call, bool], bool]] = {
    "is_empty": _satisfy_is_empty,
    "contains": _satisfy_contains,
    "in_period": _satisfy_in_period,
}

_CALL_ASSIGNERS: Mapping[str, Callable[[Draft, Call, object], bool]] = {
    "abs": _assign_first,
    "round": _assign_first,
    "ceil": _assign_first,
    "floor": _assign_first,
    "coalesce": _assign_any,
    "min": _assign_any,
    "max": _assign_any,
    "year": _assign_year,
    "left": _assign_left,
    "length": _assign_length,
    "id_birth": _assign_id_birth,
    "id_gender": _assign_id_gender,
    "rank": _assign_rank,
    "days": _assign_days,
    "weeks": _assign_weeks,
    "age": _assign_age,
}

_SATISFIERS: Mapping[type, Callable[..., bool]] = {
    Logical: _satisfy_logical,
    Unary: _satisfy_unary,
    Conditional: _satisfy_conditional,
    Field: _satisfy_boolean,
    ThisField: _satisfy_boolean,
    RefColumn: _assign_ref_column,
    Membership: _satisfy_membership,
    Compare: _satisfy_compare,
    Call: _satisfy_call,
}

_ASSIGNERS: Mapping[type, Callable[..., bool]] = {
    Field: _assign_field,
    ThisField: _assign_this,
    Literal: _assign_literal,
    RefColumn: _assign_ref_column,
    AliasColumn: lambda draft, node, value: False,
    Unary: _assign_unary,
    Conditional: _assign_conditional,
    Binary: _assign_binary,
    Call: _assign_call,
}
