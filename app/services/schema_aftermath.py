"""What is left to do after forms were changed: by form, unit and department.

Rows of open rounds are judged by the new forms; what they are wrong in now stands in
the list, with the fields that changed. `revisions` has the cells themselves.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Connection, Engine, func, select

from app.models import (
    CheckResult,
    CheckRun,
    Department,
    FormDeclaration,
    Round,
    RoundState,
    RuleState,
    Unit,
)
from app.permissions import Actor, require
from app.policy import Action
from app.services.publications import Publication
from app.services.schema_changes.applied import load_applied
from app.services.schema_changes.operations import from_plain
from app.services.schema_changes.planning import find_places
from app.services.schema_changes.reopening import find_concerned
from app.services.touched_forms import TouchedForm, find_touched
from app.storage.binding import bind
from app.storage.engine import begin_reading
from app.storage.left_values import Left, Whose, count_left
from form_schemas.catalogue import Catalogue
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec

_DECLARED, _ROUND, _UNIT = FormDeclaration.__table__, Round.__table__, Unit.__table__
_RESULT, _RUN, _DEPARTMENT = (
    CheckResult.__table__,
    CheckRun.__table__,
    Department.__table__,
)


@dataclass(frozen=True)
class Task:
    """What a department of a unit has to look at in a form."""

    form: FormSpec
    unit_id: int
    unit: str
    round_id: int
    round_title: str
    #: None: rows of no department, which the leading one sees to
    department_id: int | None
    department: str
    #: what differs in the form, in short
    changes: str
    rows: int
    #: cells that are wrong or missing, and those to be explained
    errors: int
    warnings: int
    #: cells whose former values could not be read
    left: int
    #: whether a check judged them by the new form
    is_checked: bool

    @property
    def key(self) -> str:
        """Unit and round, as addresses name them."""
        return f"{self.unit_id}-{self.round_id}"

    @property
    def cells(self) -> int:
        return self.errors + self.warnings + self.left


@dataclass(frozen=True)
class Aftermath:
    """What is left to do after a publication."""

    tasks: tuple[Task, ...]
    #: forms whose rows are still being judged by their new rules
    unjudged: tuple[FormSpec, ...]
    #: titles of the rounds that are open with these forms
    rounds: tuple[str, ...]
    #: of how many rows they hold
    rows: int

    @property
    def cells(self) -> int:
        return sum(one.cells for one in self.tasks)

    @property
    def unchecked(self) -> int:
        return sum(not one.is_checked for one in self.tasks)


#: Form, unit, round and department.
_Whose = tuple[str, int, int, int | None]


@dataclass
class _Counts:
    """What was counted of all of them."""

    rows: Counter[_Whose] = field(default_factory=Counter)
    errors: Counter[_Whose] = field(default_factory=Counter)
    warnings: Counter[_Whose] = field(default_factory=Counter)
    left: Counter[_Whose] = field(default_factory=Counter)
    #: form, unit and round that a check judged since
    checked: set[tuple[str, int, int]] = field(default_factory=set)


def find_aftermath(
    engine: Engine, catalogue: Catalogue, actor: Actor, publication: Publication
) -> Aftermath:
    """Find what departments have to look at, as their rows are now.

    Args:
        catalogue: the forms in use.
    """
    require(actor, Action.DESIGN_FORMS)
    touched = find_touched(engine, catalogue, publication)
    concerned = find_concerned(catalogue, from_plain(publication.operations))
    with begin_reading(engine) as connection:
        rounds = _find_rounds(connection, _name_editions(touched))
        counts = _count(connection, catalogue, touched, [*rounds], publication.at)
        tasks = list(_make_tasks(connection, touched, rounds, counts))
        unjudged = _find_unjudged(connection, [one.form for one in touched])
    shown = [one for one in tasks if one.form in concerned or one.cells]
    shown.sort(key=lambda one: (-one.cells, one.unit, one.form.code, one.department))
    titles = tuple(rounds.values())
    return Aftermath(tuple(shown), unjudged, titles, counts.rows.total())


def _name_editions(touched: Iterable[TouchedForm]) -> set[tuple[str, str]]:
    return {(one.form.collection, one.form.edition) for one in touched}


def _find_rounds(
    connection: Connection, editions: Collection[tuple[str, str]]
) -> dict[int, str]:
    """Open rounds of some editions: id -> title."""
    found = connection.execute(
        select(_ROUND.c.id, _ROUND.c.title, _ROUND.c.collection, _ROUND.c.edition)
        .where(_ROUND.c.state == RoundState.OPEN)
        .order_by(_ROUND.c.id)
    )
    return {number: title for number, title, *name in found if tuple(name) in editions}


def _count(
    connection: Connection,
    catalogue: Catalogue,
    touched: Sequence[TouchedForm],
    round_ids: Sequence[int],
    since: datetime,
) -> _Counts:
    counts = _Counts()
    if not round_ids or not touched:
        return counts
    for one in touched:
        _count_rows(connection, catalogue, one.form, round_ids, counts)
    _count_findings(connection, touched, round_ids, since, counts)
    places = find_places(load_applied(connection))
    for one in touched:
        for left in one.left:
            asked = Left(one.form, left.item, left.former, left.dropped)
            whose = Whose(None, round_ids)
            found = count_left(connection, asked, whose, since, places)
            for who, number in found.items():
                counts.left[one.form.full_name, *who] += number
    return counts


def _count_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    round_ids: Sequence[int],
    counts: _Counts,
) -> None:
    table = bind(catalogue, form).table
    who = (table.c._unit_id, table.c._round_id, table.c._department_id)
    found = connection.execute(
        select(*who, func.count())
        .where(table.c._round_id.in_(round_ids))
        .group_by(*who)
    )
    for unit_id, round_id, department_id, number in found:
        counts.rows[form.full_name, unit_id, round_id, department_id] = number


def _count_findings(
    connection: Connection,
    touched: Sequence[TouchedForm],
    round_ids: Sequence[int],
    since: datetime,
    counts: _Counts,
) -> None:
    by_name = {one.form.full_name: one for one in touched}
    found = connection.execute(
        select(_RESULT)
        .join(_RUN, _RUN.c.id == _RESULT.c.run_id)
        .where(
            _RESULT.c.form_name.in_(by_name),
            _RESULT.c.round_id.in_(round_ids),
            # What was found by the form as it was says nothing.
            _RUN.c.finished_at > since,
        )
    )
    for one in found:
        where = (one.form_name, one.unit_id, one.round_id)
        if one.kind == "":
            counts.checked.add(where)
        is_broken = one.state is RuleState.BROKEN
        if is_broken and by_name[one.form_name].holds(one.kind, one.field_id):
            is_error = one.level == Level.ERROR.value
            into = counts.errors if is_error else counts.warnings
            into[*where, one.department_id] += one.count - one.confirmed


def _make_tasks(
    connection: Connection,
    touched: Iterable[TouchedForm],
    rounds: Mapping[int, str],
    counts: _Counts,
) -> Iterator[Task]:
    units, departments = (
        dict(map(tuple, connection.execute(select(table.c.id, table.c.name))))
        for table in (_UNIT, _DEPARTMENT)
    )
    by_name = {one.form.full_name: one for one in touched}
    every = {*counts.rows, *counts.errors, *counts.warnings, *counts.left}
    for whose in every:
        name, unit_id, round_id, department_id = whose
        one = by_name[name]
        lead = next(iter(one.form.departments), "")
        yield Task(
            one.form,
            unit_id,
            units.get(unit_id, ""),
            round_id,
            rounds[round_id],
            department_id,
            lead if department_id is None else departments.get(department_id, ""),
            one.words,
            counts.rows[whose],
            counts.errors[whose],
            counts.warnings[whose],
            counts.left[whose],
            (name, unit_id, round_id) in counts.checked,
        )


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
