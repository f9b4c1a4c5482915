"""Marks the values of a block on which nothing is built: a cause is told once.

What depends on a value that is itself wrong is not judged.
"""

from collections import defaultdict
from collections.abc import Iterable
from functools import cache

from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec, StepKind

#: Positions of rows by field.
_Marks = defaultdict[str, set[int]]


class Doubts:
    """Which values of a block are wrong or missing, or hang on one that is wrong."""

    def __init__(self, form: FormSpec) -> None:
        self._form = form
        self.wrong: _Marks = defaultdict(set)
        #: the value itself, or whether it is shown, hangs on a wrong one
        self.unsure: _Marks = defaultdict(set)
        self.missing: _Marks = defaultdict(set)

    def spread(self) -> None:
        """Mark the fields whose given value or visibility reads a wrong value."""
        if not any(self.wrong.values()):
            return
        for field_id, reads in _dependencies(self._form):
            rows = self.find(reads)
            if rows:
                self.unsure[field_id] |= rows

    def find(self, field_ids: Iterable[str]) -> set[int]:
        """Positions of rows in which one of the fields is wrong or unsure."""
        rows: set[int] = set()
        for field_id in field_ids:
            rows |= self.wrong.get(field_id, _NOBODY)
            rows |= self.unsure.get(field_id, _NOBODY)
        return rows


_NOBODY: frozenset[int] = frozenset()


@cache
def _dependencies(form: FormSpec) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """Fields with those that their value or visibility reads, in the order of steps."""
    return tuple(
        (step.field_id, tuple(_reads(form.by_id[step.field_id], step.kind)))
        for step in form.steps
    )


def _reads(spec: FieldSpec, kind: StepKind) -> Iterable[str]:
    if kind is StepKind.FILL:
        return (spec.fill.ref_field,) if spec.fill is not None else ()
    expression = spec.visible_when if kind is StepKind.VISIBLE else spec.computed
    return () if expression is None else expression.fields
