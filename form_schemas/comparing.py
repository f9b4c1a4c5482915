"""The rule that `x-compare` of a field stands for, as if it stood in `x-rules`.

A value that the last period does not have makes the condition null: the rule passes.
"""

from dataclasses import dataclass
from decimal import Decimal

from form_schemas.field_spec import Comparison, FieldSpec


@dataclass(frozen=True)
class ComparisonRule:
    """The words of a rule, before its expression is linked."""

    id: str
    check: str
    message: str


def compare_with_last(field: FieldSpec, comparison: Comparison) -> ComparisonRule:
    """Write the rule that a field differs by no more than declared from last time."""
    return ComparisonRule(
        id=f"compare_{field.id}",
        check=_write_check(field.id, comparison),
        message=_write_message(field, comparison),
    )


def _write_check(name: str, comparison: Comparison) -> str:
    difference = f"abs({name} - prev({name}))"
    limit = f"{comparison.limit:f}"
    if comparison.is_share:
        limit += f" * abs(prev({name}))"
    check = f"{difference} <= {limit}"
    if comparison.floor is not None:
        check += f" or {difference} < {comparison.floor:f}"
    return check


def _write_message(field: FieldSpec, comparison: Comparison) -> str:
    named = f"“{field.label}”" + (f"（{field.unit}）" if field.unit else "")
    if comparison.is_share:
        limit = f"{_plain(comparison.limit * 100)}%"
    else:
        limit = f"{_plain(comparison.limit)} {field.unit}".strip()
    if comparison.floor is not None:
        limit += f"，且不少于 {_plain(comparison.floor)} {field.unit}".rstrip()
    return f"{named}与上年相差超过 {limit}，请核对数字和单位，属实的请写明原因"


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
