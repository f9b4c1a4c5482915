"""Judges whole rows by `interpreting`: their given values, and the rules they break."""

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import StepKind
from validators.interpreting import interpret, refer
from validators.places import Place
from validators.rules import settle


def evaluate_row(place: Place, told: Collection[str] = ()) -> dict[str, Any]:
    """The row with its filled and computed values; hidden fields are None.

    Fields of `told` keep the value that the row has, though the engine would give it.
    """
    row = dict(place.row)
    hidden: set[str] = set()
    for step in place.form.steps:
        spec = place.form.by_id[step.field_id]
        at = replace(place, row=row)
        if step.kind is StepKind.VISIBLE:
            assert spec.visible_when is not None
            if interpret(spec.visible_when.root, at) is not True:
                hidden.add(spec.id)
                row[spec.id] = None
        elif spec.id in hidden:
            row[spec.id] = None
        elif spec.id in told:
            continue
        elif spec.fill is not None:
            value = refer(at, spec.fill.ref_field, spec.fill.column)
            row[spec.id] = settle(spec, value)
        elif spec.computed is not None:
            row[spec.id] = settle(spec, interpret(spec.computed.root, at))
    return row


def is_broken(rule: RuleSpec, place: Place) -> bool:
    """Whether a row breaks a rule: it applies, and its check is false."""
    if rule.check is None:
        return False
    applies = rule.when is None or interpret(rule.when.root, place) is True
    return applies and interpret(rule.check.root, place) is False
