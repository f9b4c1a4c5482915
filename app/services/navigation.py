"""Which forms a person has, how each stands, and how to find one.

What needs the person comes first: returned, late and begun forms, then open ones, then
those that wait for others.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, Engine, func, select

from app.models import Contribution, ContributionState, Filing, ImportJob, ImportState
from app.policy import Action
from app.services.derived_forms import refresh_forms
from app.services.form_states import (
    DONE,
    OPEN,
    STATE_WORDS,
    FormState,
    count_days_late,
    find_due,
    judge_form,
    judge_part,
)
from app.services.preconditions import find_waiting
from app.services.unit_rounds import UnitPart, find_part
from app.services.workplaces import Workplace
from app.storage.counting import Wanted, count_levels, count_rows
from app.storage.engine import begin_reading
from app.storage.keys import initials
from app.storage.records import Scope
from app.storage.standings import Standing
from form_schemas.catalogue import Catalogue
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec
from form_schemas.work_chains import is_gap_list

#: Chips of the workbench: what a person does about the states.
MINE = OPEN
OTHERS = (FormState.WAITING, FormState.COMPUTED)

_ORDER = {state: number for number, state in enumerate(FormState)}


@dataclass(frozen=True)
class FormLine:
    """A form in a list."""

    form: FormSpec
    state: FormState
    rows: int
    #: rows of last period; None where there was none
    previous: int | None
    #: staged rows of imports that wait for review
    staged: int
    can_enter: bool
    #: rows that were stored with errors, and those with warnings only
    errors: int = 0
    warnings: int = 0
    #: how it stands, said exactly; empty: the state's own word
    said: str = ""
    #: when it should be handed in; None: no limit
    due: datetime | None = None
    days_late: int = 0
    #: until when it was given more time
    extended: datetime | None = None
    #: codes of the forms that have to come first
    waits_for: tuple[str, ...] = ()
    #: cells, rows or whole forms that a reviewer gave back
    returned: int = 0
    #: departments that did not hand their part over yet
    missing: int = 0
    #: the department that leads; empty: the person's own, or nobody
    lead: str = ""
    #: why nothing can be entered
    obstacle: str = ""
    is_empty: bool = False

    @property
    def is_faulty(self) -> bool:
        """Whether there is something to mend before the form can be handed in."""
        return self.errors > 0 and self.state in MINE

    @property
    def is_gap_list(self) -> bool:
        """Whether its rows tell what is missing elsewhere."""
        return is_gap_list(self.form)

    @property
    def word(self) -> str:
        return self.said or STATE_WORDS[self.state]

    @property
    def is_done(self) -> bool:
        return self.state in DONE

    @property
    def may_declare_empty(self) -> bool:
        """Whether one could say that there is nothing to report."""
        return self.can_enter and not (self.rows or self.lead or self.staged)

    @property
    def change(self) -> int | None:
        return None if self.previous is None else self.rows - self.previous


@dataclass(frozen=True)
class Section:
    """Forms under one heading of the edition."""

    titles: tuple[str, ...]
    lines: tuple[FormLine, ...]


@dataclass(frozen=True)
class Neighbours:
    """The forms before and after one, among those a person may see."""

    previous: FormSpec | None
    next: FormSpec | None


def list_forms(
    engine: Engine, catalogue: Catalogue, place: Workplace, search: str = ""
) -> tuple[FormLine, ...]:
    """The person's forms in the order of the edition, with how each stands.

    A handful of questions, however many forms there are.
    """
    forms = [form for form in visible_forms(place) if matches(form, search)]
    return list_lines(engine, catalogue, place, forms)


def list_lines(
    engine: Engine, catalogue: Catalogue, place: Workplace, forms: Sequence[FormSpec]
) -> tuple[FormLine, ...]:
    """How these forms stand, all of which the person may see; counts are current."""
    scope = Scope(place.unit_id, place.round_id)
    refresh_forms(engine, catalogue, [f for f in forms if f.is_derived], scope)
    with begin_reading(engine) as connection:
        facts = _find_facts(connection, catalogue, place, forms)
    return tuple(_make_line(place, form, n, facts) for n, form in enumerate(forms))


def sort_by_need(lines: Iterable[FormLine]) -> tuple[FormLine, ...]:
    """What needs the person first: returned, late, faulty, open; then what waits.

    Among those that are alike, the one that is due first; then as in the edition.
    """

    def rank(line: FormLine) -> tuple:
        is_returned = line.state is FormState.RETURNED
        is_open = line.state in MINE
        due = line.due.timestamp() if line.due and is_open else float("inf")
        return (
            not is_returned,
            not (is_open and line.days_late),
            not line.is_faulty,
            bool(line.waits_for),
            _ORDER[line.state],
            due,
        )

    return tuple(sorted(lines, key=rank))


def group_by_section(lines: Iterable[FormLine]) -> tuple[Section, ...]:
    """Lines under their headings; the order stays."""
    groups: dict[tuple[str, ...], list[FormLine]] = {}
    for line in lines:
        groups.setdefault(line.form.section, []).append(line)
    return tuple(Section(titles, tuple(found)) for titles, found in groups.items())


def visible_forms(place: Workplace) -> tuple[FormSpec, ...]:
    """The forms of the edition that the person may see."""
    return tuple(form for form in place.forms if place.can(Action.VIEW_ROWS, form))


def find_neighbours(place: Workplace, form: FormSpec) -> Neighbours:
    forms = visible_forms(place)
    at = forms.index(form)
    return Neighbours(
        forms[at - 1] if at else None,
        forms[at + 1] if at + 1 < len(forms) else None,
    )


def matches(form: FormSpec, search: str) -> bool:
    """Whether code, name or pinyin initials of a form answer every word."""
    return all(_matches_word(form, word) for word in search.lower().split())


def _matches_word(form: FormSpec, word: str) -> bool:
    code, title = form.code.lower(), form.title.lower()
    return code.startswith(word) or word in title or word in _initials(form.title)


@lru_cache(maxsize=2048)
def _initials(title: str) -> str:
    return initials(title) or ""


@dataclass(frozen=True)
class _Facts:
    """What the lines of a list are made of; counts are in the order of its forms."""

    rows: tuple[int, ...]
    #: None: there is no last period
    previous: tuple[int, ...] | None
    levels: tuple[Mapping[str, int], ...]
    staged: Mapping[str, int]
    #: form code -> department -> how its part stands
    parts: Mapping[str, Mapping[int, ContributionState]]
    waiting: Mapping[str, tuple[str, ...]]
    unit: UnitPart


def _find_facts(
    connection: Connection,
    catalogue: Catalogue,
    place: Workplace,
    forms: Sequence[FormSpec],
) -> _Facts:
    wanted = [Wanted(f, place.department_for(f, Action.VIEW_ROWS)) for f in forms]
    last, scope = place.previous_round_id, Scope(place.unit_id, place.round_id)
    return _Facts(
        count_rows(connection, wanted, place.unit_id, place.round_id),
        count_rows(connection, wanted, place.unit_id, last) if last else None,
        count_levels(connection, wanted, place.unit_id, place.round_id),
        _count_staged(connection, place),
        find_parts(connection, scope),
        find_waiting(connection, catalogue, scope, forms),
        find_part(connection, place.edition, place.unit_id, place.round_id),
    )


def find_parts(
    connection: Connection, scope: Scope
) -> dict[str, dict[int, ContributionState]]:
    """Form code -> department -> how the part stands that it supplies."""
    found = connection.execute(
        select(Filing.form_code, Contribution.department_id, Contribution.state)
        .join_from(Filing, Contribution, Contribution.filing_id == Filing.id)
        .where(Filing.unit_id == scope.unit_id, Filing.round_id == scope.round_id)
    )
    parts: dict[str, dict[int, ContributionState]] = {}
    for code, department_id, state in found:
        parts.setdefault(code, {})[department_id] = state
    return parts


def _count_staged(connection: Connection, place: Workplace) -> dict[str, int]:
    """Full name of a form -> rows of its imports that nobody has judged yet."""
    waiting = func.sum(
        ImportJob.rows_read
        - ImportJob.rows_added
        - ImportJob.rows_updated
        - ImportJob.rows_unchanged
    )
    found = connection.execute(
        select(ImportJob.form_name, waiting)
        .where(
            ImportJob.unit_id == place.unit_id,
            ImportJob.round_id == place.round_id,
            ImportJob.state == ImportState.STAGED,
        )
        .group_by(ImportJob.form_name)
    )
    return {name: int(count or 0) for name, count in found}


def _make_line(place: Workplace, form: FormSpec, n: int, facts: _Facts) -> FormLine:
    standing, rows = place.standings[form.code], facts.rows[n]
    department_id = place.department_for(form, Action.VIEW_ROWS)
    judged = judge_form(
        standing, rows > 0, place.edition.steps, is_reported=facts.unit.is_reported
    )
    parts = facts.parts.get(form.code, {})
    if department_id is not None:
        part = parts.get(department_id)
        judged = judge_part(judged, standing, part, rows > 0)
    acting = standing.departments if department_id is None else (department_id,)
    due = None if form.is_derived else find_due(place.timetable, form, acting)
    is_open = judged.state in MINE
    obstacle = place.find_obstacle(form)
    extended = place.timetable.find_extension(form.code, acting)
    lead = place.assignments.lead(form)
    helpers = standing.departments[1:] if is_open and department_id is None else ()
    return FormLine(
        form,
        judged.state,
        rows,
        None if facts.previous is None else facts.previous[n],
        facts.staged.get(form.full_name, 0),
        not obstacle,
        facts.levels[n].get(Level.ERROR, 0),
        facts.levels[n].get(Level.WARNING, 0),
        judged.word,
        due,
        count_days_late(due, place.timetable.now) if is_open else 0,
        extended if extended and extended > place.timetable.now else None,
        facts.waiting.get(form.code, ()) if is_open else (),
        _count_returned(standing) if judged.state is FormState.RETURNED else 0,
        sum(parts.get(one) is not ContributionState.HANDED for one in helpers),
        lead.name if lead and department_id is not None else "",
        obstacle,
        standing.is_empty,
    )


def _count_returned(standing: Standing) -> int:
    unlocked = standing.unlocked
    return len(unlocked.cells) + len(unlocked.rows) + unlocked.whole


def count_by_state(lines: Iterable[FormLine]) -> Iterator[tuple[FormState, int]]:
    """How many forms stand in each state that occurs."""
    states = [line.state for line in lines]
    for state in FormState:
        if state in states:
            yield state, states.count(state)
