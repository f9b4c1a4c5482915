"""Rows that may be chosen for an anthology, and those that were, narrowed at will."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from sqlalchemy import ColumnElement, Connection, and_

from app.models import Round, Unit
from app.models.base import now_utc
from app.models.rounds import read_period
from app.permissions import Actor
from app.services.anthologies.places import BookPlace, get_place
from app.services.flows.listing import ItemLine, view_line
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.items import ItemRow, Wanted, count_states, find_items
from validators.compiling import Ask, Env, Question, compile_row

PAGE_SIZE = 100


@dataclass(frozen=True)
class Asked:
    """What a list is to show."""

    #: those in the book, instead of those that may be chosen
    is_chosen: bool = False
    search: str = ""
    #: id of a unit; None: all
    area: int | None = None
    #: a value of the anthology's field of kinds; empty: all
    kind: str = ""
    page: int = 1


@dataclass(frozen=True)
class Candidate:
    """A row of the list."""

    line: ItemLine
    area: str
    kind: str
    #: why it cannot be chosen; empty: it can
    obstacle: str


@dataclass(frozen=True, eq=False)
class CandidateList:
    """One page of rows to choose from."""

    place: BookPlace
    candidates: tuple[Candidate, ...]
    #: that the list shows
    total: int
    pages: int
    #: of the whole book, and those that may still be chosen, whatever was narrowed
    chosen: int
    waiting: int

    @property
    def is_whole(self) -> bool:
        """Whether the book has as many rows as it is to have."""
        return self.place.anthology.is_whole(self.chosen)


def list_candidates(
    workshop: Workshop,
    actor: Actor,
    collection: str,
    name: str,
    round_id: int | None,
    asked: Asked,
) -> CandidateList:
    """One page of the rows of a book, or of those to choose from.

    Raises:
        NotFound, Forbidden: as for `get_place`.
    """
    catalogue = workshop.catalogue
    with begin_reading(workshop.engine) as connection:
        place = get_place(connection, catalogue, actor, collection, name, round_id)
        anthology, form = place.anthology, place.form
        chosen = frozenset({anthology.chosen})
        states = chosen if asked.is_chosen else frozenset(anthology.choose.sources)
        wanted = Wanted(
            _in_area(place, asked.area),
            states,
            asked.search,
            place.round.id,
            asked.page,
            PAGE_SIZE,
            {anthology.kind: asked.kind} if anthology.kind and asked.kind else {},
        )
        rows, total = find_items(connection, catalogue, form, wanted)
        everywhere = Wanted(place.below, (), round_id=place.round.id)
        counts = count_states(connection, catalogue, form, everywhere)
        judge = (lambda _: "") if asked.is_chosen else _make_judge(connection, place)
        return CandidateList(
            place,
            tuple(map(partial(_view, place, judge), rows)),
            total,
            max(1, -(-total // PAGE_SIZE)),
            counts.get(anthology.chosen, 0),
            sum(counts.get(state, 0) for state in anthology.choose.sources),
        )


def _in_area(place: BookPlace, area: int | None) -> ColumnElement[bool]:
    if area is None or area not in place.areas:
        return place.below
    return and_(place.below, Unit.path.contains(f"/{area}/", autoescape=True))


def _view(place: BookPlace, judge: Callable[[ItemRow], str], row: ItemRow) -> Candidate:
    area = place.areas.get(place.find_area(row.unit_path))
    kind = row.stored.row.get(place.anthology.kind) if place.anthology.kind else None
    return Candidate(
        view_line(place.form, row),
        "" if area is None else area.name,
        str(kind or ""),
        judge(row),
    )


def _make_judge(connection: Connection, place: BookPlace) -> Callable[[ItemRow], str]:
    """Says why a row cannot be chosen."""
    move = place.anthology.choose
    if move.when is None:
        return lambda _: ""
    answer = compile_row(Question(move.when, Ask.TRUE))
    env = _make_env(connection, place)
    labels = (f.label for f in place.form.fields if f.id in move.when.fields)
    obstacle = f"不符合条件：{'、'.join(labels)}"
    return lambda row: "" if answer(row.stored.row, env) else obstacle


def _make_env(connection: Connection, place: BookPlace) -> Env:
    periods = connection.execute(
        Round.__table__.select().where(Round.id == place.round.id)
    ).one()
    first, last = read_period(periods.periods, place.form.period)
    return Env(now_utc().astimezone().date(), first, last)
