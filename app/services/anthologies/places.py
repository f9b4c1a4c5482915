"""Whose anthology, of which round: the unit whose people may choose for it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import ColumnElement, Connection, Row, select

from app.errors import Forbidden, NotFound
from app.models import Round, RoundState, Unit, UnitKind
from app.permissions import Actor
from app.policy import Action, Reach
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from form_schemas.anthologies import Anthology
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.flows import Flow
from form_schemas.spec import FormSpec

#: In the place of an area: the row belongs to none.
NO_AREA = 0


@dataclass(frozen=True)
class RoundChoice:
    id: int
    title: str
    edition: Edition


@dataclass(frozen=True)
class Area:
    """A unit by whose name rows are told apart."""

    id: int
    name: str
    code: str


@dataclass(frozen=True, eq=False)
class BookPlace:
    """A book of a unit's area, of one round."""

    anthology: Anthology
    unit_id: int
    unit_name: str
    unit_path: str
    round: RoundChoice
    #: the newest first
    rounds: tuple[RoundChoice, ...]
    areas: Mapping[int, Area]

    @property
    def edition(self) -> Edition:
        return self.round.edition

    @property
    def form(self) -> FormSpec:
        """The form of the rows, as the round has it."""
        return self.edition.by_code[self.anthology.source.form]

    @property
    def flow(self) -> Flow:
        assert self.form.flow is not None
        return self.form.flow

    @property
    def name(self) -> str:
        """Tells the book from those of other rounds."""
        return f"{self.anthology.title}（{self.round.title}）"

    @cached_property
    def below(self) -> ColumnElement[bool]:
        """The units whose rows may be chosen."""
        return Unit.path.startswith(self.unit_path)

    def find_area(self, unit_path: str) -> int:
        """The area that a unit belongs to, or is; `NO_AREA`: none."""
        above = (int(part) for part in unit_path.split("/") if part)
        return next((one for one in above if one in self.areas), NO_AREA)


def list_books(workshop: Workshop, actor: Actor) -> tuple[tuple[str, Anthology], ...]:
    """The books that the person makes, each with its collection."""
    with begin_reading(workshop.engine) as connection:
        kinds = {unit.kind for unit in _find_units(connection, actor)}
    return tuple(
        (edition.collection, anthology)
        for edition in workshop.catalogue.newest.values()
        for anthology in edition.anthologies.values()
        if anthology.level in kinds
    )


def get_place(
    connection: Connection,
    catalogue: Catalogue,
    actor: Actor,
    collection: str,
    name: str,
    round_id: int | None = None,
) -> BookPlace:
    """The book of the person's unit.

    Args:
        round_id: None: the newest one.

    Raises:
        NotFound: there is no such book, or no such round of it.
        Forbidden: it is made by another level.
    """
    rounds = tuple(_list_rounds(connection, catalogue, collection, name))
    chosen = _pick_round(rounds, round_id)
    anthology = chosen.edition.anthologies[name]
    units = _find_units(connection, actor)
    unit = next((one for one in units if one.kind == anthology.level), None)
    if unit is None:
        raise Forbidden("这本汇编由上级主管部门选编，您看不到。")
    return _make_place(connection, catalogue, anthology, unit, (chosen, rounds))


def open_place(
    connection: Connection, catalogue: Catalogue, unit_id: int, round_id: int, name: str
) -> BookPlace:
    """The book of a unit, for what is done in its name.

    Raises:
        NotFound: the round has no such book any more.
    """
    collection = connection.scalar(select(Round.collection).where(Round.id == round_id))
    rounds = tuple(_list_rounds(connection, catalogue, collection or "", name))
    chosen = _pick_round(rounds, round_id)
    unit = connection.execute(
        select(Unit.id, Unit.name, Unit.path).where(Unit.id == unit_id)
    ).one()
    anthology = chosen.edition.anthologies[name]
    return _make_place(connection, catalogue, anthology, unit, (chosen, rounds))


def _pick_round(rounds: Sequence[RoundChoice], round_id: int | None) -> RoundChoice:
    chosen = next((one for one in rounds if round_id in (None, one.id)), None)
    if chosen is None:
        raise NotFound("没有这本汇编，或者这一期没有它。请从“办理”里重新进入。")
    return chosen


def _make_place(
    connection: Connection,
    catalogue: Catalogue,
    anthology: Anthology,
    unit: Row,
    rounds: tuple[RoundChoice, tuple[RoundChoice, ...]],
) -> BookPlace:
    areas = dict(_list_areas(connection, catalogue, anthology, unit.path))
    return BookPlace(anthology, unit.id, unit.name, unit.path, *rounds, areas)


def _find_units(connection: Connection, actor: Actor) -> Sequence[Row]:
    """The units for which the person decides about those below.

    Whoever stands above sees, and does not decide for them.
    """
    own = {
        grant.unit_id
        for grant in actor.grants
        if grant.reach(Action.REVIEW_FORM) is Reach.SUBTREE
    }
    return connection.execute(
        select(Unit.id, Unit.name, Unit.path, Unit.kind)
        .where(Unit.id.in_(own))
        .order_by(Unit.id)
    ).all()


def _list_rounds(
    connection: Connection, catalogue: Catalogue, collection: str, name: str
) -> Iterator[RoundChoice]:
    editions = {(one.collection, one.year): one for one in catalogue.editions}
    found = connection.execute(
        select(Round.id, Round.title, Round.edition, Round.is_standing)
        .where(Round.collection == collection, Round.state != RoundState.PREPARING)
        .order_by(Round.id.desc())
    )
    for one in found:
        edition = editions.get((collection, one.edition))
        anthology = None if edition is None else edition.anthologies.get(name)
        if edition is not None and anthology is not None:
            form = edition.by_code[anthology.source.form]
            if form.is_standing == one.is_standing:
                yield RoundChoice(one.id, one.title, edition)


def _list_areas(
    connection: Connection, catalogue: Catalogue, anthology: Anthology, path: str
) -> Iterator[tuple[int, Area]]:
    if not anthology.area:
        return
    codelist = catalogue.codelists.get(anthology.area_codes)
    named = {} if codelist is None else codelist.by_code
    found = connection.execute(
        select(Unit.id, Unit.name, Unit.code)
        .where(Unit.kind == UnitKind(anthology.area), Unit.path.startswith(path))
        .order_by(Unit.code, Unit.id)
    )
    for one in found:
        name = named[one.code].name if one.code in named else one.name
        yield one.id, Area(one.id, name, one.code)
