"""What stored rows say to changed schema files, as a colleague would point it out:
options that rows use, bounds narrower than values, keys that tell rows no more apart.

The plan knows all this (`schema_changes`); here it is said at the place in the file
where it can be mended, for `tianbao schemas lint --data`.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import Engine

from app.services.schema_changes import OperationKind, plan
from app.services.schema_changes.operations import (
    Example,
    Operation,
    Refusal,
    Touched,
)
from form_schemas.catalogue import Catalogue
from form_schemas.edition_lint import HINT
from form_schemas.faults import Fault, point

_EXAMPLES = 3
#: Where in the file a change of the form as a whole is made.
_PLACES = {
    OperationKind.CHANGE_KEY: point("x-form", "key"),
    OperationKind.CHANGE_UNIQUE: point("x-unique"),
    OperationKind.RENAME_FORM: point("x-form", "was"),
}


def check_stored_values(engine: Engine, catalogue: Catalogue) -> tuple[Fault, ...]:
    """Find what stored rows do not go with; changes nothing.

    Args:
        catalogue: the forms as their files say.

    Returns:
        Hints: what the plan refuses, and what it does at a risk.
    """
    made = plan(engine, catalogue)
    return tuple(_list_hints(catalogue, made.refused, made.operations))


def _list_hints(
    catalogue: Catalogue, refused: Iterable[Refusal], operations: Iterable[Operation]
) -> Iterator[Fault]:
    # What the lineage has against the files themselves, lint says without a database.
    for one in refused:
        if one.kind is not None:
            said = f"{one.why}{_say_examples(one.examples)}"
            yield _hint(catalogue, one, said)
    for operation in operations:
        if not operation.is_safe:
            parts = (
                f"{operation.summary}：{_say_touched(operation.touched)}",
                _say_examples(operation.examples),
                operation.demands,
            )
            yield _hint(catalogue, operation, "".join(parts))


def _hint(catalogue: Catalogue, one: Refusal | Operation, message: str) -> Fault:
    form = catalogue.find(one.form_name)
    pointer = _PLACES.get(one.kind, "") if one.kind is not None else ""
    if one.field_id and form is not None:
        known = one.field_id in form.by_id
        pointer = point("properties", one.field_id) if known else point("properties")
    file = f"{one.form_name}.json"
    return Fault(file, pointer, f"{HINT}{message}", is_hint=True)


def _say_touched(touched: Touched) -> str:
    return (
        f"涉及 {touched.rows} 行（{touched.units} 个单位，{touched.rounds} 个轮次）。"
    )


def _say_examples(examples: Iterable[Example]) -> str:
    said = [_say_example(one) for one in tuple(examples)[:_EXAMPLES]]
    return f"例如 {'；'.join(said)}。" if said else ""


def _say_example(one: Example) -> str:
    value = f"“{one.before}”" if one.before else ""
    return " ".join(part for part in (one.unit, one.round, one.row, value) if part)
