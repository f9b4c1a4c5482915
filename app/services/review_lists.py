"""What waits for a reviewer: forms of a unit's round, and rounds of units as a whole.

Lists only say what waits at whose step; whether the person may decide, as with what he
entered himself, is judged where he decides.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from sqlalchemy import Connection, Row, select

from app.errors import Forbidden
from app.models import Filing, FilingState, Round, Unit, UnitKind, UnitRound, User
from app.permissions import Actor, Place, can, filter_units
from app.policy import Action
from app.services.chain.logs import load_whole_log
from app.services.chain.steps import (
    Chain,
    StepAt,
    find_chain,
    find_chains,
    require_step,
)
from app.services.chain.waiting import find_filing_step, find_waiting
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.counting import Wanted, count_rows
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

_FILING = Filing.__table__
_USER = User.__table__
#: Units whose rounds a page lists.
_MOST_UNITS = 200


@dataclass(frozen=True)
class ReviewLine:
    """A form that was handed in, as a reviewer's list shows it."""

    form: FormSpec
    #: the department that leads it
    department: str
    state: FilingState
    #: the step that it waits for
    step: StepAt | None
    #: whether that step is the person's
    is_mine: bool
    is_empty: bool
    submitted_at: datetime | None
    submitted_by: str
    submissions: int
    content_hash: str
    rows: int
    #: rows of the last round; None where there was none
    previous: int | None


@dataclass(frozen=True)
class WholeLine:
    """A unit's round that waits as a whole."""

    unit_id: int
    unit_name: str
    round_id: int
    round_title: str
    step: StepAt
    submitted_at: datetime | None

    @property
    def key(self) -> str:
        """Names the unit and round in addresses."""
        return f"{self.unit_id}-{self.round_id}"


def list_reviews(workshop: Workshop, place: Workplace) -> tuple[ReviewLine, ...]:
    """The forms that were handed in and that the person may review at some step.

    What waits for the person comes first, the longest waiting of all at the top.
    """
    forms = {
        form.code: form for form in place.forms if place.can(Action.REVIEW_FORM, form)
    }
    with begin_reading(workshop.engine) as connection:
        chain = find_chain(connection, place.edition, place.unit_id)
        filings = [
            one for one in _find_filings(connection, place) if one.form_code in forms
        ]
        counts = count_both(connection, place, [forms[f.form_code] for f in filings])
        steps = [find_filing_step(connection, chain.form_steps, f) for f in filings]
    found = [
        _make_line(place, forms[filing.form_code], filing, step, *counted)
        for filing, step, counted in zip(filings, steps, counts, strict=True)
    ]
    return tuple(sorted(found, key=_rank))


def count_both(
    connection: Connection, place: Workplace, forms: Sequence[FormSpec]
) -> list[tuple[int, int | None]]:
    """Rows of each form in this round and in the last one."""
    wanted = [Wanted(form) for form in forms]
    now = count_rows(connection, wanted, place.unit_id, place.round_id)
    if place.previous_round_id is None:
        return [(count, None) for count in now]
    last = count_rows(connection, wanted, place.unit_id, place.previous_round_id)
    return list(zip(now, last, strict=True))


def list_wholes(workshop: Workshop, actor: Actor) -> tuple[WholeLine, ...]:
    """Rounds that were handed in as a whole and wait for the person's step."""
    table = UnitRound.__table__
    wanted = (
        select(
            table.c.unit_id,
            table.c.round_id,
            table.c.state,
            table.c.step,
            table.c.content_hash,
            table.c.submitted_at,
            Unit.name,
            Unit.path,
            Round.title,
            Round.collection,
            Round.edition,
        )
        .join(Unit, Unit.id == table.c.unit_id)
        .join(Round, Round.id == table.c.round_id)
        .where(
            table.c.state == FilingState.SUBMITTED,
            filter_units(actor, Action.REVIEW_FORM, table.c.unit_id),
        )
        .order_by(
            # A nation has hundreds of rounds below it that wait for its provinces.
            table.c.step.in_(_list_others_steps(workshop, actor)),
            table.c.submitted_at,
            table.c.id,
        )
        .limit(_MOST_UNITS)
    )
    with begin_reading(workshop.engine) as connection:
        found = connection.execute(wanted).all()
        chains = find_chains(connection, _list_units(workshop.catalogue, found))
        lines = [
            _make_whole(connection, actor, one, chain)
            for one, chain in zip(found, chains, strict=True)
        ]
    return tuple(line for line in lines if line is not None)


def _list_others_steps(workshop: Workshop, actor: Actor) -> list[str]:
    """Steps of levels that the person belongs to no unit of."""
    with begin_reading(workshop.engine) as connection:
        own = {grant.unit_id for grant in actor.grants}
        kinds = set(connection.scalars(select(Unit.kind).where(Unit.id.in_(own))))
    return sorted(
        {
            step.id
            for edition in workshop.catalogue.editions
            for step in edition.steps
            if step.level and UnitKind(step.level) not in kinds
        }
    )


def may_take(actor: Actor, step: StepAt, place: Place) -> bool:
    """Whether the step is one of those that the person takes."""
    try:
        require_step(actor, step, place)
    except Forbidden:
        return False
    return True


def may_go_on(
    actor: Actor, place: Workplace, form: FormSpec, chain: Chain, step_id: str
) -> bool:
    """Whether a question is the person's to ask again and to close.

    Args:
        step_id: whose question it is; empty: the leading department's.
    """
    answering = place_of_lead(place, form)
    if not step_id:
        return can(actor, Action.SUBMIT_FORM, answering)
    step = chain.find(step_id)
    # What a step asked that is in the chain no more, another one settles.
    steps = (*chain.form_steps, *chain.whole_steps) if step is None else (step,)
    return any(may_take(actor, one, answering) for one in steps)


def place_of_lead(place: Workplace, form: FormSpec) -> Place:
    """The form, as the department that leads it answers for it."""
    lead = place.assignments.lead(form)
    names = () if lead is None else (lead.name,)
    return Place(place.unit_id, names, unit_path=place.unit_path)


def _find_filings(connection: Connection, place: Workplace) -> Iterable[Row]:
    return connection.execute(
        select(_FILING, _USER.c.name)
        .outerjoin(_USER, _USER.c.id == _FILING.c.submitted_by)
        .where(
            _FILING.c.unit_id == place.unit_id,
            _FILING.c.round_id == place.round_id,
            _FILING.c.state != FilingState.DRAFT,
            ~_FILING.c.is_closed,
        )
    ).all()


def _make_line(
    place: Workplace,
    form: FormSpec,
    filing: Row,
    step: StepAt | None,
    rows: int,
    previous: int | None,
) -> ReviewLine:
    lead = place.assignments.lead(form)
    return ReviewLine(
        form,
        "" if lead is None else lead.name,
        filing.state,
        step,
        step is not None and may_take(place.actor, step, place_of_lead(place, form)),
        filing.is_empty,
        filing.submitted_at,
        filing.name or "",
        filing.submissions,
        filing.content_hash or "",
        rows,
        previous,
    )


def _list_units(
    catalogue: Catalogue, found: Sequence[Row]
) -> list[tuple[Edition, int, str]]:
    return [
        (catalogue.edition(one.collection, one.edition), one.unit_id, one.path)
        for one in found
    ]


def _make_whole(
    connection: Connection, actor: Actor, found: Row, chain: Chain
) -> WholeLine | None:
    scope = Scope(found.unit_id, found.round_id)
    log = partial(load_whole_log, connection, scope)
    step = find_waiting(chain.whole_steps, found, log)
    place = Place(found.unit_id, unit_path=found.path)
    if step is None or not may_take(actor, step, place):
        return None
    return WholeLine(
        found.unit_id,
        found.name,
        found.round_id,
        found.title,
        step,
        found.submitted_at,
    )


def _rank(line: ReviewLine) -> tuple[bool, str]:
    at = "" if line.submitted_at is None else line.submitted_at.isoformat()
    return not line.is_mine, at
