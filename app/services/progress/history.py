"""How a unit's round came to where it is: forms done day by day, beside the plan.

Done is read from the log of decisions, which nobody changes: each tells how the filing
stood before it, so that the next one tells what came of it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import zip_longest

from sqlalchemy import Engine, select

from app.models import Decision, DecisionKind, Filing, FilingState
from app.services.form_states import find_span
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from form_schemas.spec import FormSpec

#: A round that lasts longer is shown by its last days.
_MOST_DAYS = 120
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """The end of a day."""

    day: date
    #: forms that should be handed in and passed by then; None: there is no plan
    planned: int | None
    done: int

    @property
    def ahead(self) -> int | None:
        return None if self.planned is None else self.done - self.planned


@dataclass(frozen=True)
class History:
    """Days of a round up to today, and what its end should bring."""

    days: tuple[Day, ...]
    total: int

    @property
    def today(self) -> Day | None:
        return self.days[-1] if self.days else None


def load_history(engine: Engine, place: Workplace) -> History:
    """The round day by day, from its first phase or its first decision."""
    forms = [form for form in place.forms if form.is_filed]
    changes = _find_changes(engine, place, {form.code for form in forms})
    now = place.timetable.now.astimezone()
    begun = [phase.first.astimezone().date() for phase in place.timetable.phases]
    first = min([*begun, *changes], default=now.date())
    first = max(first, now.date() - _MOST_DAYS * _DAY)
    return History(tuple(_count(place, forms, changes, first, now)), len(forms))


def _count(
    place: Workplace,
    forms: list[FormSpec],
    changes: Mapping[date, int],
    first: date,
    now: datetime,
) -> Iterable[Day]:
    done = sum(change for day, change in changes.items() if day < first)
    day = first
    while day <= now.date():
        done += changes.get(day, 0)
        yield Day(day, _plan(place, forms, _end_of(day, now)), done)
        day += _DAY


def _end_of(day: date, now: datetime) -> datetime:
    end = datetime.combine(day + _DAY, time(), now.tzinfo)
    return min(end, now)


def _plan(place: Workplace, forms: list[FormSpec], moment: datetime) -> int | None:
    """What is due together is spread evenly over the time there is for it."""
    spans = [find_span(place.timetable.phases, form) for form in forms]
    known = [span for span in spans if span is not None]
    if not known:
        return None
    shares = ((moment - first) / (end - first) for first, end in known)
    return round(sum(min(max(share, 0.0), 1.0) for share in shares))


def _find_changes(
    engine: Engine, place: Workplace, codes: Iterable[str]
) -> dict[date, int]:
    """Day -> forms that became done on it, less those that were undone."""
    with begin_reading(engine) as connection:
        decisions = connection.execute(
            select(Decision.filing_id, Decision.kind, Decision.at, Decision.details)
            .where(
                Decision.unit_id == place.unit_id,
                Decision.round_id == place.round_id,
                Decision.filing_id.is_not(None),
            )
            .order_by(Decision.id)
        ).all()
        filings = connection.execute(
            select(Filing.id, Filing.state, Filing.is_closed).where(
                Filing.unit_id == place.unit_id,
                Filing.round_id == place.round_id,
                Filing.form_code.in_(list(codes)),
            )
        ).all()
    acts = defaultdict(list)
    for one in decisions:
        acts[one.filing_id].append(one)
    changes: defaultdict[date, int] = defaultdict(int)
    for filing in filings:
        was_done = False
        for at, is_done in _follow(acts[filing.id], filing):
            changes[at.astimezone().date()] += is_done - was_done
            was_done = is_done
    return changes


def _follow(acts, filing) -> Iterable[tuple[datetime, bool]]:
    """The moment of each act on a filing, and whether the form was done after it."""
    is_closed = False
    for act, later in zip_longest(acts, acts[1:]):
        if act.kind in (DecisionKind.CLOSE, DecisionKind.REOPEN):
            is_closed = act.kind is DecisionKind.CLOSE
        state = filing.state if later is None else _state_before(later)
        yield act.at, is_closed or state == FilingState.APPROVED


def _state_before(act) -> str:
    return act.details.get("before", {}).get("state", "")
