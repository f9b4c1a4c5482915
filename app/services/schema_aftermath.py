"""What is left to do after forms were changed: by form, unit and department.

Rows of open rounds are judged by the new forms; what they are wrong in now stands in
the list, with the fields that changed.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, func, select

from app.models import FormDeclaration, Round, RoundState, Unit
from app.permissions import Action, Actor, require
from app.services.schema_changes.operations import Operation, OperationKind
from app.services.schema_changes.reopening import find_concerned
from app.storage.binding import bind
from app.storage.engine import begin_reading
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec, Level

_DECLARED, _ROUND, _UNIT = FormDeclaration.__table__, Round.__table__, Unit.__table__
#: Operations after which nobody has anything to enter or to mend.
_SILENT = frozenset(
    {
        OperationKind.ADD_INDEX,
        OperationKind.RETIRE_FIELD,
        OperationKind.RETIRE_FORM,
    }
)


@dataclass(frozen=True)
class Task:
    """What a unit has to look at in a form."""

    form: FormSpec
    unit_id: int
    unit: str
    round_id: int
    round_title: str
    #: labels of the fields that are new or changed
    fields: tuple[str, ...]
    rows: int
    errors: int
    warnings: int

    @property
    def key(self) -> str:
        """Unit and round, as addresses name them."""
        return f"{self.unit_id}-{self.round_id}"


@dataclass(frozen=True)
class Aftermath:
    """What is left to do after a publication."""

    tasks: tuple[Task, ...]
    #: forms whose rows are still being judged by their new rules
    unjudged: tuple[FormSpec, ...]


def find_aftermath(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    operations: Iterable[Operation],
) -> Aftermath:
    """Find what units have to look at, as their rows are now.

    Args:
        catalogue: the forms in use.
    """
    require(actor, Action.DESIGN_FORMS)
    operations = tuple(operations)
    fields = _group_fields(catalogue, operations)
    concerned = find_concerned(catalogue, operations)
    with begin_reading(engine) as connection:
        units = dict(map(tuple, connection.execute(select(_UNIT.c.id, _UNIT.c.name))))
        tasks = [
            task
            for form, labels in fields.items()
            if not form.is_derived
            for task in _find_tasks(connection, catalogue, form, labels, units)
            if form in concerned or task.errors or task.warnings
        ]
        unjudged = _find_unjudged(connection, fields)
    tasks.sort(key=lambda one: (-one.errors, one.unit, one.form.code))
    return Aftermath(tuple(tasks), unjudged)


def _group_fields(
    catalogue: Catalogue, operations: Iterable[Operation]
) -> dict[FormSpec, tuple[str, ...]]:
    """Form -> labels of its fields that changed."""
    found: dict[FormSpec, dict[str, None]] = {}
    for one in operations:
        form = catalogue.find(one.form_name)
        if form is None or one.kind in _SILENT:
            continue
        labels = found.setdefault(form, {})
        if one.field_id in form.by_id:
            labels[form.by_id[one.field_id].label] = None
    return {form: tuple(labels) for form, labels in found.items()}


def _find_tasks(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    labels: tuple[str, ...],
    units: Mapping[int, str],
) -> Iterable[Task]:
    table = bind(catalogue, form).table
    place = (table.c._unit_id, table.c._round_id, _ROUND.c.title)
    found = connection.execute(
        select(
            *place,
            func.count(),
            func.count().filter(table.c._level == Level.ERROR.value),
            func.count().filter(table.c._level == Level.WARNING.value),
        )
        .join(_ROUND, _ROUND.c.id == table.c._round_id)
        .where(
            _ROUND.c.collection == form.collection,
            _ROUND.c.edition == form.edition,
            _ROUND.c.state != RoundState.CLOSED,
        )
        .group_by(*place)
    )
    for unit_id, round_id, title, rows, errors, warnings in found:
        unit = units.get(unit_id, "")
        yield Task(form, unit_id, unit, round_id, title, labels, rows, errors, warnings)


def _find_unjudged(
    connection: Connection, forms: Collection[FormSpec]
) -> tuple[FormSpec, ...]:
    waiting = set(
        connection.scalars(
            select(_DECLARED.c.form_name).where(
                _DECLARED.c.judged_by != _DECLARED.c.fingerprint
            )
        )
    )
    return tuple(form for form in forms if form.full_name in waiting)
