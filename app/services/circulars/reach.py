"""From which units a person may write circulars, and which units below are meant."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Row, and_, or_, select

from app.errors import NotFound
from app.models import AUTHORITIES, Circular, Membership, Unit, UnitKind, User
from app.permissions import Actor, Place, can, require
from app.policy import Action
from app.services.circulars.audience import Audience

_UNITS = Unit.__table__
_CIRCULARS = Circular.__table__


@dataclass(frozen=True)
class Sender:
    """A unit in whose name the person may write."""

    id: int
    name: str
    kind: UnitKind
    path: str


@dataclass(frozen=True)
class AreaChoice:
    """An authority below: it stands for itself and for all that is below it."""

    id: int
    name: str
    #: steps down from the sender
    depth: int
    path: str


@dataclass(frozen=True)
class Choices:
    """What there is below a unit to choose from."""

    #: with how many open units there are of each
    kinds: dict[UnitKind, int]
    areas: tuple[AreaChoice, ...]
    types: tuple[str, ...]
    roles: tuple[str, ...]


def may_send(actor: Actor, unit_id: int) -> bool:
    """Whether the person writes in this very unit's name.

    The place has no path: who sees what is below him does not write in its name.
    """
    return can(actor, Action.SEND_CIRCULARS, Place(unit_id))


def list_senders(connection: Connection, actor: Actor) -> tuple[Sender, ...]:
    """The units in whose names the person may write.

    Raises:
        Forbidden: there is none.
    """
    require(actor, Action.SEND_CIRCULARS)
    ids = {one.unit_id for one in actor.grants if may_send(actor, one.unit_id)}
    found = connection.execute(
        select(_UNITS.c.id, _UNITS.c.name, _UNITS.c.kind, _UNITS.c.path)
        .where(_UNITS.c.id.in_(ids))
        .order_by(_UNITS.c.path)
    )
    return tuple(Sender(*row) for row in found)


def get_sender(connection: Connection, actor: Actor, unit_id: int) -> Sender:
    """A unit in whose name the person may write.

    Raises:
        Forbidden: not in any.
        NotFound: not in this one's.
    """
    for one in list_senders(connection, actor):
        if one.id == unit_id:
            return one
    raise NotFound("您不能以这个单位的名义发工作通知。")


def get_own(
    connection: Connection, actor: Actor, circular_id: int, *, locked: bool = False
) -> Row:
    """A circular that the person may write or might have written.

    Raises:
        Forbidden: the person writes none at all.
        NotFound: there is none, or another unit wrote it.
    """
    require(actor, Action.SEND_CIRCULARS)
    wanted = select(_CIRCULARS).where(_CIRCULARS.c.id == circular_id)
    found = connection.execute(wanted.with_for_update() if locked else wanted).first()
    if found is None or not may_send(actor, found.unit_id):
        raise NotFound("没有这份工作通知，或者它不是您的单位写的。")
    return found


def list_choices(connection: Connection, sender: Sender) -> Choices:
    """Kinds of units, authorities and accounts below a unit."""
    below = connection.execute(
        select(_UNITS.c.id, _UNITS.c.name, _UNITS.c.kind, _UNITS.c.path)
        .where(_is_below(sender), _is_open())
        .order_by(_UNITS.c.path)
    ).all()
    kinds = [one.kind for one in below]
    areas = [one for one in below if one.kind in AUTHORITIES]
    types, roles = _list_accounts(connection, sender)
    return Choices(
        {kind: kinds.count(kind) for kind in UnitKind if kind in kinds},
        tuple(_describe_area(sender, one) for one in _sort_areas(areas)),
        types,
        roles,
    )


def find_areas(
    connection: Connection, sender: Sender, area_ids: Collection[int]
) -> tuple[Row, ...]:
    """Those of the areas that are below the sender: id, name, path."""
    found = connection.execute(
        select(_UNITS.c.id, _UNITS.c.name, _UNITS.c.path)
        .where(_UNITS.c.id.in_(area_ids), _is_below(sender))
        .order_by(_UNITS.c.path)
    )
    return tuple(found)


def find_units(
    connection: Connection,
    sender: Sender,
    kinds: Collection[UnitKind],
    areas: Sequence[Row],
) -> tuple[int, ...]:
    """The open units that a circular is for; without areas: all below the sender."""
    where = [_is_below(sender), _is_open(), _UNITS.c.kind.in_(kinds)]
    if areas:
        where.append(or_(*(_UNITS.c.path.startswith(one.path) for one in areas)))
    found = select(_UNITS.c.id).where(*where).order_by(_UNITS.c.path)
    return tuple(connection.scalars(found))


def find_accounts(
    connection: Connection, unit_ids: Iterable[int], audience: Audience
) -> dict[int, list[int]]:
    """Unit -> accounts that the circular is for."""
    wanted = frozenset(unit_ids)
    # Asked for all units at once: naming hundreds of them would be the longer query.
    found = connection.execute(
        select(Membership.unit_id, Membership.user_id)
        .distinct()
        .join(User.__table__, User.id == Membership.user_id)
        .where(audience.covers())
        .order_by(Membership.unit_id, Membership.user_id)
    )
    accounts: dict[int, list[int]] = {}
    for unit_id, user_id in found:
        if unit_id in wanted:
            accounts.setdefault(unit_id, []).append(user_id)
    return accounts


def _is_below(sender: Sender) -> ColumnElement[bool]:
    return and_(_UNITS.c.path.startswith(sender.path), _UNITS.c.id != sender.id)


def _is_open() -> ColumnElement[bool]:
    return and_(_UNITS.c.is_active, ~_UNITS.c.is_shut_above)


def _sort_areas(areas: Iterable[Row]) -> list[Row]:
    """Each below its own; as numbers, for "/10/" comes after "/9/"."""
    return sorted(areas, key=lambda one: [int(part) for part in _split(one.path)])


def _describe_area(sender: Sender, area: Row) -> AreaChoice:
    depth = len(_split(area.path)) - len(_split(sender.path))
    return AreaChoice(area.id, area.name, depth, area.path)


def _split(path: str) -> list[str]:
    return [part for part in path.split("/") if part]


def _list_accounts(
    connection: Connection, sender: Sender
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Types of accounts below, and roles of persons' own accounts there."""
    found = connection.execute(
        select(User.account_type, Membership.role)
        .distinct()
        .join(Membership, Membership.user_id == User.id)
        .join(_UNITS, _UNITS.c.id == Membership.unit_id)
        .where(_is_below(sender), Membership.department_id.is_(None), User.is_active)
    ).all()
    types = {one.account_type for one in found if one.account_type}
    roles = {one.role.value for one in found if not one.account_type}
    return tuple(sorted(types)), tuple(sorted(roles))
