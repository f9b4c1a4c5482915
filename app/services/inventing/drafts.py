"""A row in the making, and the small moves every repair is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from random import Random

from app.services.inventing.tasks import Scene
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.nodes import (
    Binary,
    Call,
    Compare,
    Conditional,
    Field,
    Logical,
    Membership,
    Node,
    RefColumn,
    Unary,
)
from form_schemas.spec import FormSpec


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


def try_any(draft: Draft, choices: list, attempt: Callable[..., bool]) -> bool:
    """Try the choices in random order until one works; undo what did not."""
    for choice in draft.random.sample(choices, len(choices)):
        before = dict(draft.values)
        if attempt(choice):
            return True
        draft.values.clear()
        draft.values.update(before)
    return False


def reinvent(draft: Draft, node: Node, is_fine: Callable[[object], bool]) -> bool:
    """Give the node's own field another value that is fine."""
    if not isinstance(node, Field):
        return fill_gaps(draft, node, all_of_them=True)
    field = draft.form.by_id[node.id]
    if field.computed is not None:
        return fill_gaps(draft, field.computed.root, all_of_them=True)
    if field.fill is not None:
        return reinvent(draft, Field(field.fill.ref_field, ValueType.ANY), bool)
    candidates = [draft.invent(field.id) for _ in range(20)]
    candidates += field.options
    for value in candidates:
        if is_fine(value):
            draft.values[field.id] = value if not field.is_list else as_tuple(value)
            return True
    return False


def fill_gaps(draft: Draft, node: Node, all_of_them: bool = False) -> bool:
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


def active(draft: Draft, node: Conditional) -> Node:
    return node.then if draft.evaluate(node.test) is True else node.otherwise


def number_of(draft: Draft, node: Node) -> Decimal:
    value = draft.evaluate(node)
    return Decimal(0) if value is None else Decimal(str(value))


def day_of(draft: Draft, node: Node) -> date | None:
    value = draft.evaluate(node)
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(f"{value}-01")


def step_of(draft: Draft, node: Node) -> Decimal:
    """The smallest difference between two values of a number."""
    if isinstance(node, Field):
        places = draft.form.by_id[node.id].places
        return Decimal(1).scaleb(-(places or 0))
    return Decimal(1)


def is_year(draft: Draft, node: Node) -> bool:
    if isinstance(node, Field):
        return draft.form.by_id[node.id].value_kind is FieldKind.YEAR
    return isinstance(node, Call) and node.name == "year"


def lowest_of(draft: Draft, node: Node) -> Decimal:
    if isinstance(node, Field) and draft.form.by_id[node.id].minimum is not None:
        return max(Decimal(0), draft.form.by_id[node.id].minimum)
    return Decimal(0)


def like(node: Node, value: object) -> object:
    """The value as the node's type holds it: a date as its month, and back."""
    if node.type is ValueType.MONTH and isinstance(value, date):
        return f"{value:%Y-%m}"
    if node.type is ValueType.DATE and isinstance(value, str):
        return date.fromisoformat(f"{value}-01" if len(value) == 7 else value)
    return value


def as_tuple(value: object) -> tuple:
    return value if isinstance(value, tuple) else (value,)
