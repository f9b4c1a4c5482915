"""What waits for one person at a workplace: what was returned, what is to be decided.

Each is a question of its own to pages that decide; here it is counted and named, so
that the workbench can say what comes first.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, and_, func, or_, select

from app.models import (
    CellThread,
    Decision,
    DecisionKind,
    Filing,
    FilingState,
    Role,
    ThreadMessage,
    ThreadState,
    User,
)
from app.policy import Action
from app.services.form_states import FormState
from app.services.navigation import FormLine
from app.services.row_names import name_row
from app.services.unit_rounds import UnitPart, find_part
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from form_schemas.chain import ReviewStep

_THREAD = CellThread.__table__
_MESSAGE = ThreadMessage.__table__
_DECISION = Decision.__table__
#: Reasons that a box shows of one form; the form's page has them all.
_MOST_NOTES = 3


@dataclass(frozen=True)
class Note:
    """A cell, a row or a form that was returned, and why."""

    #: None: the form as a whole
    row_id: int | None
    row_name: str
    #: empty: the row as a whole
    field_id: str
    label: str
    text: str


@dataclass(frozen=True)
class Returned:
    """A form that came back."""

    line: FormLine
    by: str
    step: str
    at: datetime | None
    notes: tuple[Note, ...]
    more: int


@dataclass(frozen=True)
class Reviews:
    """Forms that wait at a step of the person's."""

    step: ReviewStep
    lines: tuple[FormLine, ...]


@dataclass(frozen=True)
class Duties:
    """Everything that waits for the person, and how the round stands as a whole."""

    returned: tuple[Returned, ...]
    reviews: tuple[Reviews, ...]
    unit: UnitPart
    #: the step at which the round as a whole waits for the person
    whole: ReviewStep | None
    #: forms with key figures that the person has to approve before they are handed in
    figures: tuple[FormLine, ...]

    @property
    def waiting(self) -> int:
        return sum(len(one.lines) for one in self.reviews)


def find_duties(engine: Engine, place: Workplace, lines: Sequence[FormLine]) -> Duties:
    """What waits for the person among these forms."""
    with begin_reading(engine) as connection:
        unit = find_part(connection, place.edition, place.unit_id, place.round_id)
        returned = tuple(_find_returned(connection, place, lines))
        figures = tuple(_find_figures(connection, place, lines))
    whole = _own_steps(place)
    return Duties(
        returned,
        tuple(_find_reviews(place, lines)),
        unit,
        next(
            (
                step
                for step in whole
                if unit.state is FilingState.SUBMITTED and step.id == unit.step
            ),
            None,
        ),
        figures,
    )


def find_returned(
    engine: Engine, place: Workplace, lines: Sequence[FormLine]
) -> tuple[Returned, ...]:
    """Those of the forms that came back and that the person can mend."""
    with begin_reading(engine) as connection:
        return tuple(_find_returned(connection, place, lines))


def _own_steps(place: Workplace) -> tuple[ReviewStep, ...]:
    """The steps that people of the unit take in a role of the person's."""
    roles = {g.role for g in place.actor.grants if g.unit_id == place.unit_id}
    return tuple(
        step for step in place.edition.steps if step.role in roles and not step.level
    )


def _find_reviews(place: Workplace, lines: Sequence[FormLine]) -> Iterable[Reviews]:
    for step in _own_steps(place):
        waiting = tuple(
            line
            for line in lines
            if line.state is FormState.WAITING
            and place.standings[line.form.code].step == step.id
            and place.can(Action.REVIEW_FORM, line.form)
        )
        if waiting:
            yield Reviews(step, waiting)


def _find_returned(
    connection: Connection, place: Workplace, lines: Sequence[FormLine]
) -> Iterable[Returned]:
    """Returned forms that the person can mend, with the reasons."""
    back = {
        line.form.code: line
        for line in lines
        if line.state is FormState.RETURNED and _may_mend(place, line)
    }
    threads = _find_threads(connection, place, back)
    titles = {step.id: step.title for step in place.edition.steps}
    for code, line in back.items():
        own = [thread for thread in threads if thread.form_code == code]
        newest = max(own, key=lambda thread: thread.id, default=None)
        yield Returned(
            line,
            newest.name if newest else "",
            titles.get(newest.step, "牵头部门") if newest else "",
            newest.opened_at if newest else None,
            tuple(_make_note(line, thread) for thread in own[:_MOST_NOTES]),
            max(0, len(own) - _MOST_NOTES),
        )


def _may_mend(place: Workplace, line: FormLine) -> bool:
    """Rows of a form declared empty cannot be entered; it is handed in again."""
    can_hand_in = line.is_empty and place.can(Action.SUBMIT_FORM, line.form)
    return line.can_enter or can_hand_in


def _find_threads(
    connection: Connection, place: Workplace, codes: Iterable[str]
) -> Sequence:
    """What came with returns, also of the lead to a department of the person's."""
    own = {grant.department_id for grant in place.actor.grants} - {None}
    handed_back = and_(_THREAD.c.step == "", _DECISION.c.department_id.in_(own))
    first = (
        select(_MESSAGE.c.thread_id, func.min(_MESSAGE.c.id).label("id"))
        .group_by(_MESSAGE.c.thread_id)
        .subquery()
    )
    return connection.execute(
        select(_THREAD, User.name, _MESSAGE.c.text)
        .join(User, User.id == _THREAD.c.opened_by)
        .outerjoin(first, first.c.thread_id == _THREAD.c.id)
        .outerjoin(_MESSAGE, and_(_MESSAGE.c.id == first.c.id))
        .outerjoin(_DECISION, _DECISION.c.id == _THREAD.c.decision_id)
        .where(
            _THREAD.c.unit_id == place.unit_id,
            _THREAD.c.round_id == place.round_id,
            _THREAD.c.form_code.in_(list(codes)),
            or_(_THREAD.c.unlocks, handed_back),
            _THREAD.c.state != ThreadState.CLOSED,
        )
        .order_by(_THREAD.c.id)
    ).all()


def _make_note(line: FormLine, thread) -> Note:
    field = line.form.by_id.get(thread.field_id)
    return Note(
        thread.row_id,
        name_row(line.form, thread.row_key),
        thread.field_id,
        field.label if field else "整行" if thread.row_id else "整张表",
        thread.text or "",
    )


def _find_figures(
    connection: Connection, place: Workplace, lines: Sequence[FormLine]
) -> Iterable[FormLine]:
    """Forms being filled whose key figures were never approved.

    Whether an approval still holds is judged where figures are approved: it depends on
    the values.
    """
    wanted = [line for line in lines if line.form.key_figures and line.rows]
    is_leader = any(
        grant.role is Role.LEADERSHIP and grant.unit_id == place.unit_id
        for grant in place.actor.grants
    )
    if not wanted or not is_leader:
        return
    approved = set(
        connection.scalars(
            select(Filing.form_code)
            .join(Decision, Decision.filing_id == Filing.id)
            .where(
                Filing.unit_id == place.unit_id,
                Filing.round_id == place.round_id,
                Decision.kind == DecisionKind.APPROVE_FIGURES,
            )
        )
    )
    for line in wanted:
        is_open = line.state in (FormState.DRAFT, FormState.RETURNED)
        if is_open and line.form.code not in approved:
            yield line
