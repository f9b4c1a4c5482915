"""Order the evaluation of a row: fill, visibility and computed values.

A field's visibility comes before anything that reads its value, and a given value
before its readers; what waits for nothing keeps the order of the fields.
"""

from collections.abc import Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import Step, StepKind


class CircleError(Exception):
    """Fields whose values or visibility depend on each other."""

    def __init__(self, field_ids: tuple[str, ...]) -> None:
        super().__init__(" > ".join(field_ids))
        self.field_ids = field_ids


def order_steps(fields: Sequence[FieldSpec]) -> tuple[Step, ...]:
    """Give the steps in an order in which each reads only what is settled.

    Raises:
        CircleError: the steps wait for each other.
    """
    steps = {field.id: _steps_of(field) for field in fields}
    waits: dict[Step, list[Step]] = {}
    for field in fields:
        for step in steps[field.id]:
            read = _fields_read(field, step)
            waits[step] = [s for f in fields if f.id in read for s in steps[f.id]]
    sorter = TopologicalSorter(waits)
    try:
        return tuple(sorter.static_order())
    except CycleError as error:
        circle: list[Step] = error.args[1]
        raise CircleError(tuple(step.field_id for step in circle)) from error


def _steps_of(field: FieldSpec) -> tuple[Step, ...]:
    wanted: Mapping[StepKind, object] = {
        StepKind.VISIBLE: field.visible_when,
        StepKind.FILL: field.fill,
        StepKind.COMPUTED: field.computed,
    }
    return tuple(Step(kind, field.id) for kind, part in wanted.items() if part)


def _fields_read(field: FieldSpec, step: Step) -> frozenset[str]:
    if step.kind is StepKind.FILL and field.fill is not None:
        return frozenset({field.fill.ref_field})
    expressions: Mapping[StepKind, Expression | None] = {
        StepKind.COMPUTED: field.computed,
        StepKind.VISIBLE: field.visible_when,
    }
    expression = expressions[step.kind]
    if expression is None:
        return frozenset()
    # A value that the previous round or other tables give is no value of this row,
    # but `fields` counts it only where the row itself is read.
    return expression.fields | expression.ref_fields
