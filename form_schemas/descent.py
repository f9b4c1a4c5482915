"""What forms of an edition were in any earlier one, over all editions in between."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Protocol

from form_schemas.catalogue import Catalogue, Edition
from form_schemas.lineage import Origin, OriginKind, trace
from form_schemas.spec import FormSpec

_ORDER = (OriginKind.SAME, OriginKind.RENAMED, OriginKind.MOVED, OriginKind.COMPUTED)


class Descent(Protocol):
    """How the forms of one edition follow from those of another."""

    def form_before(self, form: FormSpec) -> FormSpec | None:
        """What a form was; None: there was none."""

    def form_after(self, form: FormSpec) -> FormSpec | None:
        """What became of an earlier form; None: it is gone."""

    def origin_of(self, form: FormSpec, field_id: str) -> Origin | None:
        """Where the value of a field stood; None: it was not asked."""


@lru_cache(maxsize=32)
def find_descent(catalogue: Catalogue, earlier: Edition, later: Edition) -> Descent:
    """How the forms of an edition follow from those of an earlier one."""
    line = [one for one in catalogue.editions if one.collection == later.collection]
    if earlier not in line or later not in line:
        return trace(earlier.forms, later.forms)
    first, last = line.index(earlier), line.index(later)
    if first >= last:
        return trace(earlier.forms, later.forms)
    pairs = zip(line[first:last], line[first + 1 : last + 1], strict=True)
    steps = [trace(before.forms, after.forms) for before, after in pairs]
    return steps[0] if len(steps) == 1 else _Steps(steps)


class _Steps:
    """Several steps, the earliest first."""

    def __init__(self, steps: Sequence[Descent]) -> None:
        self._steps = steps

    def form_before(self, form: FormSpec) -> FormSpec | None:
        found: FormSpec | None = form
        for step in reversed(self._steps):
            found = None if found is None else step.form_before(found)
        return found

    def form_after(self, form: FormSpec) -> FormSpec | None:
        found: FormSpec | None = form
        for step in self._steps:
            found = None if found is None else step.form_after(found)
        return found

    def origin_of(self, form: FormSpec, field_id: str) -> Origin | None:
        *rest, last = self._steps
        origin = last.origin_of(form, field_id)
        for step in reversed(rest):
            if origin is None or origin.field is None:
                # What was computed in between is kept nowhere.
                return None
            before = step.origin_of(origin.form, origin.field.id)
            origin = None if before is None else _join(before, origin)
        return origin


def _join(before: Origin, after: Origin) -> Origin:
    kind = max(before.kind, after.kind, key=_ORDER.index)
    recode = _chain(before.recode, after.recode)
    return Origin(kind, before.form, before.field, recode, before.expression)


def _chain(
    before: Mapping[str, str | None], after: Mapping[str, str | None]
) -> Mapping[str, str | None]:
    chained = {
        old: None if new is None else after.get(new, new) for old, new in before.items()
    }
    return {**after, **chained}
