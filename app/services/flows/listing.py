"""Rows that travel, of the units that a person sees: by form and state."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, and_, false, or_, select

from app.errors import NotFound
from app.models import Round, Unit
from app.permissions import Actor, filter_units
from app.policy import Action
from app.services.flows.items import find_look
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.items import (
    ItemRow,
    Wanted,
    count_states,
    find_items,
    find_newest_round,
)
from form_schemas.catalogue import Catalogue
from form_schemas.flows import Flow
from form_schemas.spec import FormSpec

PAGE_SIZE = 30


@dataclass(frozen=True)
class Asked:
    """What a list is to show."""

    #: `group/G9`; empty: the first form there is
    form_name: str = ""
    #: one of the form's states; empty: all that were sent on
    state: str = ""
    search: str = ""
    round_id: int | None = None
    page: int = 1


@dataclass(frozen=True)
class FormCount:
    """A form of the list's choice, and how much of it waits."""

    form: FormSpec
    waiting: int


@dataclass(frozen=True)
class StateCount:
    state: str
    count: int


@dataclass(frozen=True)
class RoundChoice:
    id: int
    title: str


@dataclass(frozen=True)
class ItemLine:
    row: ItemRow
    name: str
    state: str
    #: class of how it stands
    look: str
    #: whether the person is to act on it
    is_mine: bool = False


@dataclass(frozen=True)
class ItemList:
    """One page of rows that travel."""

    form: FormSpec
    forms: tuple[FormCount, ...]
    states: tuple[StateCount, ...]
    #: rounds to choose from; none where the form belongs to no period
    rounds: tuple[RoundChoice, ...]
    round_id: int | None
    lines: tuple[ItemLine, ...]
    total: int
    pages: int


def list_forms(catalogue: Catalogue) -> tuple[FormSpec, ...]:
    """The forms whose rows travel, of the newest editions."""
    return tuple(
        form
        for edition in catalogue.newest.values()
        if not edition.is_archived
        for form in edition.forms
        if form.flow is not None
    )


def list_items(workshop: Workshop, actor: Actor, asked: Asked) -> ItemList:
    """One page of the rows of a form that the person's units sent on.

    Raises:
        NotFound: there is no such form.
    """
    catalogue = workshop.catalogue
    forms = list_forms(catalogue)
    form = _pick_form(forms, asked.form_name)
    with begin_reading(workshop.engine) as connection:
        rounds = _list_rounds(connection, form)
        deciding = _find_deciding(connection, actor)
        awaited = deciding.find_awaited(form.flow)
        round_id = _pick_round(rounds, asked.round_id)
        if asked.round_id is None and rounds:
            # Whoever is told that rows wait comes for those, of an earlier round, too.
            waiting = Wanted(deciding.below, awaited)
            found = find_newest_round(connection, catalogue, form, waiting)
            round_id = _pick_round(rounds, found)
        counts = _count(connection, catalogue, actor, form, round_id, asked.search)
        states = _shown_states(form.flow, asked.state)
        wanted = Wanted(
            filter_units(actor, Action.VIEW_ROWS, Unit.id),
            states,
            asked.search,
            round_id,
            asked.page,
            PAGE_SIZE,
        )
        rows, total = find_items(connection, catalogue, form, wanted)
        return ItemList(
            form,
            tuple(
                FormCount(one, _count_waiting(connection, catalogue, one, deciding))
                for one in forms
            ),
            tuple(
                StateCount(state, counts.get(state, 0))
                for state in form.flow.states
                if state != form.flow.initial
            ),
            rounds,
            round_id,
            tuple(
                view_line(form, row, awaited if deciding.covers(row) else frozenset())
                for row in rows
            ),
            total,
            max(1, -(-total // PAGE_SIZE)),
        )


def list_waiting(workshop: Workshop, actor: Actor) -> tuple[FormCount, ...]:
    """The forms of which rows wait for the person, and how many."""
    catalogue = workshop.catalogue
    with begin_reading(workshop.engine) as connection:
        deciding = _find_deciding(connection, actor)
        counted = (
            FormCount(one, _count_waiting(connection, catalogue, one, deciding))
            for one in list_forms(catalogue)
        )
        return tuple(one for one in counted if one.waiting)


def _pick_form(forms: tuple[FormSpec, ...], name: str) -> FormSpec:
    found = [form for form in forms if form.name == name or not name]
    if not found:
        raise NotFound("没有这张表，或者它的数据不是一条一条办理的。")
    return found[0]


def _list_rounds(connection: Connection, form: FormSpec) -> tuple[RoundChoice, ...]:
    if form.is_standing:
        return ()
    found = connection.execute(
        select(Round.id, Round.title)
        .where(Round.collection == form.collection, ~Round.is_standing)
        .order_by(Round.id.desc())
    )
    return tuple(RoundChoice(one.id, one.title) for one in found)


def _pick_round(rounds: tuple[RoundChoice, ...], wanted: int | None) -> int | None:
    """The round asked for, or the newest one."""
    ids = [one.id for one in rounds]
    return wanted if wanted in ids else next(iter(ids), None)


def _shown_states(flow: Flow, state: str) -> frozenset[str]:
    """What a unit has not sent on is its own affair."""
    sent = frozenset(flow.states) - {flow.initial}
    return sent & {state} if state else sent


def _count(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    form: FormSpec,
    round_id: int | None,
    search: str,
) -> Mapping[str, int]:
    units = filter_units(actor, Action.VIEW_ROWS, Unit.id)
    wanted = Wanted(units, (), search, round_id)
    return count_states(connection, catalogue, form, wanted)


@dataclass(frozen=True)
class _Deciding:
    """The units for which a person decides about rows of those below them."""

    #: their kinds
    levels: frozenset[str]
    paths: tuple[str, ...]

    @property
    def below(self) -> ColumnElement[bool]:
        """The units whose rows wait for the person: nobody decides about his own."""
        own = (and_(Unit.path.startswith(p), Unit.path != p) for p in self.paths)
        return or_(false(), *own)

    def covers(self, row: ItemRow) -> bool:
        path = row.unit_path
        return any(path.startswith(own) and path != own for own in self.paths)

    def find_awaited(self, flow: Flow) -> frozenset[str]:
        """The states in which the person is to act."""
        moves = [move for move in flow.moves if self.levels.intersection(move.by)]
        return flow.awaited & {state for move in moves for state in move.sources}


def _find_deciding(connection: Connection, actor: Actor) -> _Deciding:
    own = {g.unit_id for g in actor.grants if g.reach(Action.REVIEW_FORM)}
    found = connection.execute(select(Unit.kind, Unit.path).where(Unit.id.in_(own)))
    units = found.all()
    return _Deciding(
        frozenset(unit.kind.value for unit in units),
        tuple(unit.path for unit in units),
    )


def _count_waiting(
    connection: Connection, catalogue: Catalogue, form: FormSpec, deciding: _Deciding
) -> int:
    """How many rows stand where the person is to act."""
    awaited = deciding.find_awaited(form.flow)
    if not awaited:
        return 0
    counts = count_states(connection, catalogue, form, Wanted(deciding.below, ()))
    return sum(counts.get(state, 0) for state in awaited)


def view_line(
    form: FormSpec, row: ItemRow, mine: frozenset[str] = frozenset()
) -> ItemLine:
    """A row as lists show it.

    Args:
        mine: states in which the person is to act.
    """
    title = row.stored.row.get(form.title_field or form.key[0])
    name = str(title) if title is not None else f"第 {row.stored.id} 号"
    state = form.flow.state_of(row.stored.row)
    return ItemLine(row, name, state, find_look(form, row.stored), state in mine)
