"""What the pages of rounds show: whose rounds, one unit's round, its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Engine, and_, or_, select

from app.models import Round, RoundState, Unit, UnitRound
from app.permissions import Actor, filter_units
from app.policy import Action
from app.services.preconditions import list_needs, order_forms
from app.services.rounds.closing import find_unfinished
from app.services.rounds.drafts import list_forms
from app.services.rounds.extending import ExtensionLine, list_extensions
from app.services.rounds.participation import count_parts
from app.services.rounds.parts import Part, find_part_of
from app.storage.assignments import Assignments, load_assignments
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormKind, FormSpec


@dataclass(frozen=True)
class RoundOfUnit:
    """A line of the list of rounds."""

    unit_id: int
    unit_name: str
    round_id: int
    title: str
    #: talent/2024
    edition: str
    is_open: bool


@dataclass(frozen=True)
class RoundPage:
    """A unit's round with all that can be changed of it."""

    part: Part
    assignments: Assignments
    extensions: tuple[ExtensionLine, ...]
    #: codes and titles of forms that did not pass
    unfinished: tuple[tuple[str, str], ...]
    #: how many units take part by a part of their own
    units: int


@dataclass(frozen=True)
class OrderedForm:
    """A base form in the order of filling."""

    form: FormSpec
    #: how many forms wait for it
    awaited: int


def list_rounds_of(
    engine: Engine, actor: Actor, page: int, size: int
) -> tuple[tuple[RoundOfUnit, ...], bool]:
    """A page of the rounds that a person manages, and whether there are more."""
    own = and_(UnitRound.round_id == Round.id, UnitRound.unit_id == Unit.id)
    wanted = (
        select(Unit.id, Unit.name, Unit.collections, *Round.__table__.c)
        .add_columns(UnitRound.closed_at)
        .join_from(Unit, Round, Round.state != RoundState.PREPARING)
        .outerjoin(UnitRound, own)
        .where(
            Unit.is_open,
            filter_units(actor, Action.MANAGE_ROUND, Unit.id),
            or_(~Round.by_unit, UnitRound.id.is_not(None)),
            ~Round.is_standing,
        )
        .order_by(Round.id.desc(), Unit.id)
    )
    with begin_reading(engine) as connection:
        found = connection.execute(wanted).all()
    lines = [_line_of(one) for one in found if one.collection in one.collections]
    lines.sort(key=lambda line: not line.is_open)
    start = (page - 1) * size
    return tuple(lines[start : start + size]), len(lines) > start + size


def get_round_page(
    engine: Engine, catalogue: Catalogue, actor: Actor, scope: Scope
) -> RoundPage:
    """A unit's round, for whoever manages it."""
    with begin_reading(engine) as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        return RoundPage(
            part,
            load_assignments(connection, scope.unit_id, scope.round_id),
            list_extensions(connection, scope),
            find_unfinished(connection, part),
            count_parts(connection, scope.round_id, still_open=False),
        )


def load_usual(engine: Engine, unit_id: int) -> Assignments:
    """What a unit's forms follow where no round says otherwise."""
    with begin_reading(engine) as connection:
        return load_assignments(connection, unit_id, 0)


def list_order(catalogue: Catalogue, edition: Edition) -> tuple[OrderedForm, ...]:
    """The base forms in the order of filling."""
    awaited: dict[str, set[str]] = {}
    for form in list_forms(edition):
        for group in list_needs(catalogue, form):
            for one in group:
                awaited.setdefault(one.code, set()).add(form.code)
    return tuple(
        OrderedForm(form, len(awaited.get(form.code, ())))
        for form in order_forms(list_forms(edition))
        if form.kind is FormKind.BASE
    )


def group_forms(edition: Edition) -> Mapping[str, Sequence[FormSpec]]:
    """The forms people fill in by their section, as they stand."""
    groups: dict[str, list[FormSpec]] = {}
    for form in list_forms(edition):
        groups.setdefault(form.section[0] if form.section else "", []).append(form)
    return groups


def _line_of(found) -> RoundOfUnit:
    unit_id, unit_name, _collections, round_id, *_ = found
    return RoundOfUnit(
        unit_id,
        unit_name,
        round_id,
        found.title,
        f"{found.collection}/{found.edition}",
        found.state is RoundState.OPEN and found.closed_at is None,
    )
