"""Leaves some persons out of invented rows, and whatever refers to them.

Last year's rows are this year's without them: inventing a round once serves both.
"""

from collections.abc import Collection, Iterator

from app.services.inventing.world import Row
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

Made = list[tuple[FormSpec, list[Row]]]


def leave_out(made: Made, people: FormSpec | None, kept: int) -> Made:
    """The rows, with only the first persons, those referred to before those that refer.

    Args:
        people: the form whose first rows are kept; None: all rows are.
    """
    lost: dict[str, list[Row]] = {}
    found: Made = []
    for form, rows in made:
        stay = rows[:kept] if form is people else [*_find_staying(form, rows, lost)]
        if len(stay) < len(rows):
            known = set(map(id, stay))
            lost[form.code] = [row for row in rows if id(row) not in known]
        found.append((form, stay))
    return found


def _find_staying(
    form: FormSpec, rows: list[Row], lost: dict[str, list[Row]]
) -> Iterator[Row]:
    gone = [
        (spec, {row.get(spec.reference.field) for row in lost[code]})
        for spec in form.fields
        if spec.reference is not None
        for code in spec.reference.tables
        if code in lost
    ]
    for row in rows:
        if not any(_names(spec, row, values) for spec, values in gone):
            yield row


def _names(spec: FieldSpec, row: Row, values: Collection[object]) -> bool:
    value = row.get(spec.id)
    if value is None:
        return False
    return bool(values & set(value if spec.is_list else (value,)))
