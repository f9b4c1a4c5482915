"""Which forms a person has, how each stands, and how to find one.

What needs the person comes first: returned and begun forms, then open ones, then those
that wait for others.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import Connection, Engine, func, select

from app.models import Filing, FilingState, ImportJob, ImportState
from app.permissions import Action
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.keys import initials
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec, Level


class FormState(StrEnum):
    """How a form stands, as the workbench shows it."""

    RETURNED = "back"
    DRAFT = "draft"
    NONE = "none"
    #: in the hands of a reviewer
    WAITING = "wait"
    PASSED = "pass"
    #: the unit has nothing to report
    NIL = "nil"
    #: computed from other forms
    COMPUTED = "computed"


STATE_WORDS = {
    FormState.RETURNED: "已退回",
    FormState.DRAFT: "填报中",
    FormState.NONE: "未填",
    FormState.WAITING: "待审",
    FormState.PASSED: "已通过",
    FormState.NIL: "无数据",
    FormState.COMPUTED: "系统汇总",
}

#: Chips of the workbench: what a person does about the states.
MINE = (FormState.RETURNED, FormState.DRAFT, FormState.NONE)
OTHERS = (FormState.WAITING, FormState.COMPUTED)
DONE = (FormState.PASSED, FormState.NIL)

_FILED = {
    FilingState.SUBMITTED: FormState.WAITING,
    FilingState.RETURNED: FormState.RETURNED,
    FilingState.APPROVED: FormState.PASSED,
}
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

    @property
    def is_faulty(self) -> bool:
        """Whether there is something to mend before the form can be handed in."""
        return self.errors > 0 and self.state in MINE

    @property
    def word(self) -> str:
        return STATE_WORDS[self.state]

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
    """The person's forms in the order of the edition, with how each stands."""
    forms = [form for form in visible_forms(place) if matches(form, search)]
    with begin_reading(engine) as connection:
        filings = _find_filings(connection, place)
        staged = _count_staged(connection, place)
        store = RowStore(connection, catalogue)
        scopes = [_scope_of(place, form) for form in forms]
        levels = store.count_levels_of(list(zip(forms, scopes, strict=True)))
        return tuple(
            _make_line(store, place, form, scope, filings, staged, found)
            for form, scope, found in zip(forms, scopes, levels, strict=True)
        )


def sort_by_need(lines: Iterable[FormLine]) -> tuple[FormLine, ...]:
    """What needs the person first: returned, faulty, open; then as in the edition."""

    def rank(line: FormLine) -> tuple[bool, bool, int]:
        is_returned = line.state is FormState.RETURNED
        return not is_returned, not line.is_faulty, _ORDER[line.state]

    return tuple(sorted(lines, key=rank))


def group_by_section(lines: Iterable[FormLine]) -> tuple[Section, ...]:
    """Lines under their headings; the order stays."""
    groups: dict[tuple[str, ...], list[FormLine]] = {}
    for line in lines:
        groups.setdefault(line.form.section, []).append(line)
    return tuple(Section(titles, tuple(found)) for titles, found in groups.items())


def visible_forms(place: Workplace) -> tuple[FormSpec, ...]:
    """The forms of the edition that the person may see."""
    return tuple(
        form for form in place.edition.forms if place.can(Action.VIEW_ROWS, form)
    )


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


def _find_filings(connection: Connection, place: Workplace) -> dict[str, object]:
    found = connection.execute(
        select(Filing.form_code, Filing.state, Filing.is_empty).where(
            Filing.unit_id == place.unit_id, Filing.round_id == place.round_id
        )
    )
    return {filing.form_code: filing for filing in found}


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


def _make_line(
    store: RowStore,
    place: Workplace,
    form: FormSpec,
    scope: Scope,
    filings: dict[str, object],
    staged: dict[str, int],
    levels: dict[str, int],
) -> FormLine:
    rows = store.count(form, scope)
    return FormLine(
        form,
        _judge_state(form, filings.get(form.code), rows),
        rows,
        _count_previous(store, place, form, scope),
        staged.get(form.full_name, 0),
        not place.find_obstacle(form),
        levels.get(Level.ERROR, 0),
        levels.get(Level.WARNING, 0),
    )


def _scope_of(place: Workplace, form: FormSpec) -> Scope:
    department = place.department_for(form, Action.VIEW_ROWS)
    return Scope(place.unit_id, place.round_id, department)


def _judge_state(form: FormSpec, filing, rows: int) -> FormState:
    if form.is_derived:
        return FormState.COMPUTED
    if filing is not None and filing.is_empty:
        return FormState.NIL
    if filing is not None and filing.state in _FILED:
        return _FILED[filing.state]
    return FormState.DRAFT if rows else FormState.NONE


def _count_previous(
    store: RowStore, place: Workplace, form: FormSpec, scope: Scope
) -> int | None:
    if place.previous_round_id is None:
        return None
    return store.count(form, replace(scope, round_id=place.previous_round_id))


def count_by_state(lines: Iterable[FormLine]) -> Iterator[tuple[FormState, int]]:
    """How many forms stand in each state that occurs."""
    states = [line.state for line in lines]
    for state in FormState:
        if state in states:
            yield state, states.count(state)
