"""Finds out how far every unit below an authority has come with a round.

Rates come from the filings' states; rows are not counted, since a province has millions
of them.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Text,
    and_,
    cast,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import aliased

from app.models import (
    AUTHORITIES,
    Filing,
    FilingState,
    Round,
    Unit,
    UnitKind,
    UnitRound,
)
from app.permissions import Actor, Place, can, filter_units
from app.policy import Action
from app.services.chain.steps import takes_step
from app.services.chain.waiting import find_lost_steps
from app.services.form_states import count_days_late, find_due_phase
from app.services.progress.area import Area, AreaRound, FormRate, Share, UnitLine
from app.services.progress.branches import find_branches, sum_branches
from app.services.report_states import find_begun
from app.services.unit_rounds import UnitPart, counts_in_round, judge_unit
from app.storage.engine import begin_reading
from app.storage.timetable import RoundPhase, find_now, read_phases
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec


def load_area(
    engine: Engine, catalogue: Catalogue, actor: Actor, round_: AreaRound
) -> Area:
    """Every unit below the person's that reports in a round."""
    edition = catalogue.edition(round_.collection, round_.edition)
    forms = [form for form in edition.forms_for() if form.is_filed]
    with begin_reading(engine) as connection:
        now = find_now(connection)
        units = _find_units(connection, actor, round_)
        states = _find_states(connection, actor, round_.id)
        kinds = _find_kinds(connection, actor)
        steps = find_lost_steps(connection, edition, round_.id, units)
        begun = find_begun(connection, edition, round_.id)
        branches = find_branches({unit.id: unit.path for unit in units})
        made = _Making(
            edition, forms, now, actor, kinds, states, steps, begun, branches
        )
        lines = tuple(sorted(map(made.line, units), key=_rank))
        sums = sum_branches(connection, lines)
    return Area(
        round_,
        edition,
        lines,
        tuple(made.rate(form, len(lines)) for form in forms),
        _sum_groups(lines),
        sums,
    )


def _rank(line: UnitLine) -> tuple:
    return not line.is_mine, -line.late, line.part.is_reported, line.percent, line.id


def _sum_groups(lines: Iterable[UnitLine]) -> tuple[Share, ...]:
    sums: dict[str, Share] = {}
    for line in lines:
        for one in line.groups:
            so_far = sums.get(one.title, Share(one.title, 0, 0))
            done, total = so_far.done + one.done, so_far.total + one.total
            sums[one.title] = Share(one.title, done, total)
    return tuple(sums.values())


def group_forms(forms: Iterable[FormSpec]) -> dict[str, frozenset[str]]:
    """First heading of the edition -> codes of its forms."""
    groups: dict[str, set[str]] = {}
    for form in forms:
        title = form.section[0] if form.section else ""
        groups.setdefault(title, set()).add(form.code)
    return {title: frozenset(codes) for title, codes in groups.items()}


@dataclass(frozen=True)
class _States:
    """Unit -> codes of its forms that are done, that wait, that were returned."""

    done: Mapping[int, frozenset[str]]
    waiting: Mapping[int, frozenset[str]]
    returned: Mapping[int, frozenset[str]]


class _Making:
    """Makes lines of what was found; phases that many units share are read once."""

    def __init__(
        self,
        edition: Edition,
        forms: list[FormSpec],
        now: datetime,
        actor: Actor,
        kinds: Mapping[int, UnitKind],
        states: _States,
        steps: Mapping[int, str],
        begun: frozenset[int],
        branches: Mapping[int, int],
    ) -> None:
        self._edition = edition
        self._forms = forms
        self._codes = frozenset(form.code for form in forms)
        self._groups = group_forms(forms)
        self._now = now
        self._actor = actor
        self._kinds = kinds
        self._states = states
        #: unit -> the step it waits for, where the stored one is gone
        self._steps = steps
        self._begun = begun
        self._branches = branches
        self._due: dict[str, Mapping[str, int]] = {}

    def line(self, unit: Row) -> UnitLine:
        done = self._states.done.get(unit.id, frozenset()) & self._codes
        waiting = self._states.waiting.get(unit.id, frozenset()) & self._codes
        returned = self._states.returned.get(unit.id, frozenset())
        overdue = self._find_overdue(unit.phases)
        late = [days for code, days in overdue.items() if code not in done | waiting]
        step_id = self._steps.get(unit.id, unit.step or "")
        part = judge_unit(
            self._edition,
            unit.state or FilingState.DRAFT,
            step_id,
            unit.at,
            is_begun=unit.id in self._begun,
        )
        return UnitLine(
            unit.id,
            unit.name,
            unit.code,
            unit.above or "",
            part,
            len(done),
            len(self._codes),
            len(waiting),
            len(returned),
            len(late),
            max(late, default=0),
            tuple(
                Share(title, len(done & codes), len(codes))
                for title, codes in self._groups.items()
            ),
            self._is_mine(unit, part),
            self._branches[unit.id],
        )

    def rate(self, form: FormSpec, total: int) -> FormRate:
        def count(states: Mapping[int, frozenset[str]]) -> int:
            return sum(form.code in codes for codes in states.values())

        states = self._states
        return FormRate(
            form,
            count(states.done),
            count(states.waiting),
            count(states.returned),
            total,
        )

    def _find_overdue(self, phases) -> Mapping[str, int]:
        """Code -> days since it was due, of what is due by now."""
        key = repr(phases)
        if key not in self._due:
            own = read_phases(phases or ())
            days = {form.code: self._count_late(own, form) for form in self._forms}
            self._due[key] = {code: late for code, late in days.items() if late}
        return self._due[key]

    def _count_late(self, phases: tuple[RoundPhase, ...], form: FormSpec) -> int:
        phase = find_due_phase(phases, form)
        return count_days_late(None if phase is None else phase.end, self._now)

    def _is_mine(self, unit: Row, part: UnitPart) -> bool:
        """Whether the person takes the step: in the unit of its level, by its role."""
        step = next((s for s in self._edition.steps if s.id == part.step), None)
        if part.state is not FilingState.SUBMITTED or step is None:
            return False
        takes = any(
            takes_step(grant, step.role)
            and grant.unit_path
            and unit.path.startswith(grant.unit_path)
            and self._kinds.get(grant.unit_id) == (step.level or unit.kind)
            for grant in self._actor.grants
        )
        place = Place(unit.id, unit_path=unit.path)
        return takes and can(self._actor, Action.REVIEW_FORM, place)


def _find_kinds(connection: Connection, actor: Actor) -> dict[int, UnitKind]:
    """The units that the person belongs to."""
    ids = [grant.unit_id for grant in actor.grants]
    found = connection.execute(select(Unit.id, Unit.kind).where(Unit.id.in_(ids)))
    return dict(map(tuple, found))


def _find_units(connection: Connection, actor: Actor, round_: AreaRound):
    above = aliased(Unit)
    own = and_(UnitRound.unit_id == Unit.id, UnitRound.round_id == round_.id)
    return connection.execute(
        select(
            Unit.id,
            Unit.name,
            Unit.code,
            Unit.path,
            Unit.kind,
            above.name.label("above"),
            UnitRound.phases,
            UnitRound.state,
            UnitRound.step,
            UnitRound.content_hash,
            UnitRound.submitted_at.label("at"),
        )
        .join_from(Unit, Round, Round.id == round_.id)
        .outerjoin(above, above.id == Unit.parent_id)
        .outerjoin(UnitRound, own)
        .where(
            counts_in_round(),
            Unit.kind.not_in(AUTHORITIES),
            cast(Unit.collections, Text).like(literal(f'%"{round_.collection}"%')),
            or_(~Round.by_unit, UnitRound.id.is_not(None)),
            filter_units(actor, Action.SEE_PROGRESS, Unit.id),
        )
    ).all()


def _find_states(connection: Connection, actor: Actor, round_id: int) -> _States:
    """One line a unit and state: a province's filings are 18,000 rows."""
    found = connection.execute(
        select(
            Filing.unit_id,
            Filing.state,
            Filing.is_closed,
            func.aggregate_strings(Filing.form_code, ","),
        )
        .where(
            Filing.round_id == round_id,
            or_(Filing.state != FilingState.DRAFT, Filing.is_closed),
            filter_units(actor, Action.SEE_PROGRESS, Filing.unit_id),
        )
        .group_by(Filing.unit_id, Filing.state, Filing.is_closed)
    )
    kinds: defaultdict[str, dict[int, frozenset[str]]] = defaultdict(dict)
    for unit_id, state, is_closed, codes in found:
        kind = kinds["done" if is_closed else _KINDS[state]]
        kind[unit_id] = kind.get(unit_id, frozenset()) | frozenset(codes.split(","))
    return _States(kinds["done"], kinds["waiting"], kinds["returned"])


_KINDS = {
    FilingState.SUBMITTED: "waiting",
    FilingState.RETURNED: "returned",
    FilingState.APPROVED: "done",
}
