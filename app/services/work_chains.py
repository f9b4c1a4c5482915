"""Chains of work at a workplace: how each step stands, and what it waits for.

A step that waits is no lock: who knows more may go ahead (see `preconditions`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, Engine

from app.errors import NotFound
from app.policy import Action
from app.services.derived_forms import refresh_forms
from app.services.gaps import get_source
from app.services.generating.counting import count_missing
from app.services.generating.orders import GenerationOrder
from app.services.navigation import FormLine, list_lines
from app.services.preconditions import find_supplied
from app.services.round_checks import RoundCheck
from app.services.step_needs import StepNeeds
from app.services.workplaces import Workplace
from app.storage.engine import begin_reading
from app.storage.frozen_rows import count_frozen_rows
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from form_schemas.work_chains import WorkChain, WorkStep


class StepState(StrEnum):
    """How a step stands."""

    #: what it needs has no rows yet
    WAITING = "wait"
    #: it can be begun
    OPEN = "open"
    UNDERWAY = "going"
    DONE = "done"


STEP_WORDS = {
    StepState.WAITING: "等前面的步骤",
    StepState.OPEN: "可以开始",
    StepState.UNDERWAY: "进行中",
    StepState.DONE: "已齐",
}


@dataclass(frozen=True)
class Awaited:
    """A form without rows that others wait for."""

    form: FormSpec
    #: who supplies it
    departments: tuple[str, ...]
    #: whether the person may look at it
    is_visible: bool


@dataclass(frozen=True)
class ChainForm:
    """A form or a gap list of a step."""

    form: FormSpec
    #: None: the person may not see it
    line: FormLine | None
    departments: tuple[str, ...]
    awaited: tuple[Awaited, ...] = ()
    #: rows that links freeze
    frozen: int = 0
    #: rows that generating it would add; None: its rows are not generated
    to_generate: int | None = None
    #: of a gap list: whether there is nothing yet that anything could be missing of
    is_idle: bool = False

    @property
    def has_rows(self) -> bool:
        return self.line is not None and self.line.rows > 0


@dataclass(frozen=True)
class StepView:
    """A step of a chain."""

    number: int
    step: WorkStep
    #: the steps that it follows
    after: tuple[WorkStep, ...]
    state: StepState
    forms: tuple[ChainForm, ...]
    gaps: tuple[ChainForm, ...]
    awaited: tuple[Awaited, ...]

    @property
    def word(self) -> str:
        return STEP_WORDS[self.state]

    @property
    def missing(self) -> int:
        """Rows of its gap lists, of those that the person may see."""
        return sum(one.line.rows for one in self.gaps if one.line is not None)


@dataclass(frozen=True)
class ChainView:
    """A chain of work in a unit's round."""

    chain: WorkChain
    steps: tuple[StepView, ...]

    @property
    def done(self) -> int:
        return sum(one.state is StepState.DONE for one in self.steps)

    @property
    def missing(self) -> int:
        return sum(one.missing for one in self.steps)

    @property
    def stages(self) -> tuple[tuple[StepView, ...], ...]:
        """The steps as a path: those of one stage follow the stages before."""
        ranks: dict[str, int] = {}
        stages: list[list[StepView]] = []
        for one in self.steps:
            before = [ranks[step.id] for step in one.after]
            rank = ranks[one.step.id] = max(before, default=-1) + 1
            stages += [[]] * (rank == len(stages))
            stages[rank] = [*stages[rank], one]
        return tuple(map(tuple, stages))


def list_chains(place: Workplace) -> tuple[WorkChain, ...]:
    """The chains of which the person may see a form."""
    return tuple(
        chain
        for chain in place.edition.work_chains
        if any(_may_see(place, form) for form in _forms_of(place, chain))
    )


def chains_of(place: Workplace, form: FormSpec) -> tuple[WorkChain, ...]:
    """The chains that a form stands in."""
    return tuple(one for one in place.edition.work_chains if form.code in one.codes)


def get_chain(place: Workplace, chain_id: str) -> WorkChain:
    """The chain of this id.

    Raises:
        NotFound: the edition has none, or none of its forms is the person's.
    """
    found = next((one for one in list_chains(place) if one.id == chain_id), None)
    if found is None:
        raise NotFound("没有这条业务链，它可能在新版里改了名。")
    return found


def view_chain(
    engine: Engine, catalogue: Catalogue, place: Workplace, chain: WorkChain
) -> ChainView:
    """How the steps of a chain stand: the same questions, however many steps."""
    forms = _forms_of(place, chain)
    seen = [form for form in forms if _may_see(place, form)]
    lines = {one.form.code: one for one in list_lines(engine, catalogue, place, seen)}
    needs = StepNeeds(catalogue, place, chain)
    orders = _order_generated(engine, catalogue, place, seen)
    with begin_reading(engine) as connection:
        facts = _find_facts(connection, place, needs, lines, orders)
    views = tuple(
        _view_step(place, needs, facts, number, step)
        for number, step in enumerate(chain.steps, 1)
    )
    return ChainView(chain, views)


def _forms_of(place: Workplace, chain: WorkChain) -> tuple[FormSpec, ...]:
    """A form that is held back or broken is left out."""
    by_code = place.edition.by_code
    return tuple(by_code[code] for code in chain.codes if code in by_code)


def _may_see(place: Workplace, form: FormSpec) -> bool:
    return place.can(Action.VIEW_ROWS, form)


@dataclass(frozen=True)
class _Facts:
    """What the views of a chain are made of."""

    lines: Mapping[str, FormLine]
    #: codes of the forms with rows, or declared to have none
    supplied: Collection[str]
    frozen: Mapping[str, int]
    #: of the forms whose rows are generated
    to_generate: Mapping[str, int]


def _order_generated(
    engine: Engine, catalogue: Catalogue, place: Workplace, forms: Iterable[FormSpec]
) -> tuple[GenerationOrder, ...]:
    """Of the forms whose rows are generated; what they follow from is current."""
    unit = Scope(place.unit_id, place.round_id)
    orders = tuple(
        GenerationOrder(engine, catalogue, form, unit, place.actor.user_id)
        for form in forms
        if form.generate is not None
    )
    refresh_forms(engine, catalogue, [order.source for order in orders], unit)
    return orders


def _find_facts(
    connection: Connection,
    place: Workplace,
    needs: StepNeeds,
    lines: Mapping[str, FormLine],
    orders: Iterable[GenerationOrder],
) -> _Facts:
    unit, catalogue = Scope(place.unit_id, place.round_id), needs.catalogue
    frozen = {
        code: count_frozen_rows(connection, catalogue, line.form, unit)
        for code, line in lines.items()
        if line.rows and (line.form.freezes or catalogue.freezing(line.form))
    }
    check = RoundCheck(connection, catalogue, unit)
    to_generate = {one.form.code: count_missing(check, one) for one in orders}
    sources = [get_source(place, f.form) for f in lines.values() if f.is_gap_list]
    wanted = {*needs.list_all(), *sources}
    supplied = find_supplied(connection, catalogue, unit, tuple(wanted))
    return _Facts(lines, supplied, frozen, to_generate)


def _view_step(
    place: Workplace, needs: StepNeeds, facts: _Facts, number: int, step: WorkStep
) -> StepView:
    of_step = tuple(_find_awaited(place, needs.of_step(step), facts))
    forms = tuple(
        _view_form(place, facts, form, needs.of_form(step, form), of_step)
        for form in needs.pick(step.forms)
    )
    gaps = tuple(_view_gap(place, facts, one) for one in needs.pick(step.gaps))
    return StepView(
        number,
        step,
        tuple(needs.chain.get_step(name) for name in step.needs),
        _judge(forms, gaps, of_step, facts.supplied),
        forms,
        gaps,
        of_step,
    )


def _view_form(
    place: Workplace,
    facts: _Facts,
    form: FormSpec,
    needs: Iterable[tuple[FormSpec, ...]],
    known: Collection[Awaited],
) -> ChainForm:
    """A form with what it waits for, beside what its whole step waits for."""
    told = {one.form for one in known}
    awaited = _find_awaited(place, needs, facts)
    return ChainForm(
        form,
        facts.lines.get(form.code),
        place.assignments.names(form),
        tuple(one for one in awaited if one.form not in told),
        facts.frozen.get(form.code, 0),
        facts.to_generate.get(form.code),
    )


def _view_gap(place: Workplace, facts: _Facts, form: FormSpec) -> ChainForm:
    line, source = facts.lines.get(form.code), get_source(place, form)
    is_idle = line is not None and not line.rows and source.code not in facts.supplied
    return ChainForm(form, line, place.assignments.names(form), is_idle=is_idle)


def _find_awaited(
    place: Workplace, groups: Iterable[tuple[FormSpec, ...]], facts: _Facts
) -> Iterator[Awaited]:
    seen: set[FormSpec] = set()
    for group in groups:
        form = group[0]
        if form in seen or any(one.code in facts.supplied for one in group):
            continue
        seen.add(form)
        yield Awaited(form, place.assignments.names(form), _may_see(place, form))


def _judge(
    forms: Iterable[ChainForm],
    gaps: Iterable[ChainForm],
    awaited: Collection[Awaited],
    supplied: Collection[str],
) -> StepState:
    typed = [one for one in forms if not one.form.is_derived]
    is_short = any(one.to_generate for one in typed)
    begun = [one for one in typed if one.form.code in supplied]
    if awaited and not begun:
        return StepState.WAITING
    if typed and not begun:
        return StepState.OPEN
    is_faulty = any(one.line is not None and one.line.errors for one in typed)
    has_gaps = any(one.has_rows for one in gaps)
    if len(begun) < len(typed) or is_faulty or has_gaps or is_short:
        return StepState.UNDERWAY
    return StepState.DONE
