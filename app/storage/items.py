"""Rows that travel, of many units: found by their form alone, one or many of them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import reduce

from sqlalchemy import ColumnElement, Connection, Row, and_, func, insert, or_, select

from app.models import Round, RowMove, Unit, UnitKind, User
from app.storage.binding import Binding, bind
from app.storage.records import Scope, StoredRow
from app.storage.search import find_initials
from form_schemas.catalogue import Catalogue
from form_schemas.flows import Flow
from form_schemas.spec import FormSpec

_MOVE = RowMove.__table__


@dataclass(frozen=True)
class ItemRow:
    """A row, and whose it is."""

    stored: StoredRow
    unit_id: int
    unit_name: str
    unit_kind: UnitKind
    unit_path: str
    round_id: int
    round_title: str
    is_standing: bool

    @property
    def scope(self) -> Scope:
        return Scope(self.unit_id, self.round_id)


@dataclass(frozen=True)
class Wanted:
    """Which rows of a form."""

    #: of units that fulfil it: a condition on `Unit`
    units: ColumnElement[bool]
    states: Collection[str]
    #: words of the title or of the unit's name
    search: str = ""
    round_id: int | None = None
    page: int = 1
    size: int = 50
    #: fields of the form that have these values
    values: Mapping[str, object] = field(default_factory=dict)


def find_item(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    row_id: int,
    *,
    held: bool = False,
) -> ItemRow | None:
    """A row by its id alone.

    Args:
        held: nobody else changes it until the transaction ends.
    """
    binding = bind(catalogue, form)
    if held:
        own = binding.table.c._id
        connection.execute(select(own).where(own == row_id).with_for_update())
    statement = _select(binding).where(binding.table.c._id == row_id)
    found = connection.execute(statement).first()
    return None if found is None else _read(binding, found)


def find_items(
    connection: Connection, catalogue: Catalogue, form: FormSpec, wanted: Wanted
) -> tuple[tuple[ItemRow, ...], int]:
    """One page of rows, those that changed last first, and how many there are."""
    binding = bind(catalogue, form)
    statement = _select(binding).where(_matching(binding, form.flow, wanted))
    table = binding.table
    shown = (
        statement.order_by(table.c._updated_at.desc(), table.c._id.desc())
        .limit(wanted.size)
        .offset((max(wanted.page, 1) - 1) * wanted.size)
    )
    rows = tuple(_read(binding, one) for one in connection.execute(shown))
    total = connection.scalar(select(func.count()).select_from(statement.subquery()))
    return rows, total or 0


def count_states(
    connection: Connection, catalogue: Catalogue, form: FormSpec, wanted: Wanted
) -> dict[str, int]:
    """State -> how many rows stand there; `wanted` tells all but the states."""
    binding = bind(catalogue, form)
    state = _state(binding, form.flow)
    found = connection.execute(
        select(state, func.count())
        .select_from(_joined(binding))
        .where(*_in_area(binding, wanted))
        .group_by(state)
    )
    return dict(map(tuple, found))


def find_newest_round(
    connection: Connection, catalogue: Catalogue, form: FormSpec, wanted: Wanted
) -> int | None:
    """The newest round that has such rows."""
    binding = bind(catalogue, form)
    return connection.scalar(
        select(func.max(binding.table.c._round_id))
        .select_from(_joined(binding))
        .where(_matching(binding, form.flow, wanted))
    )


def write_move(connection: Connection, **values: object) -> int:
    """Write down that a row came into another state."""
    written = connection.execute(insert(_MOVE).values(**values))
    return written.inserted_primary_key[0]


def list_moves(connection: Connection, form: FormSpec, row_id: int) -> tuple[Row, ...]:
    """How a row came where it stands, oldest first, with who acted for whom."""
    found = connection.execute(
        select(_MOVE, User.name.label("actor_name"), Unit.name.label("unit_name"))
        .join(User.__table__, User.id == _MOVE.c.actor_id)
        .join(Unit.__table__, Unit.id == _MOVE.c.actor_unit_id)
        .where(_MOVE.c.table_name == form.table_name, _MOVE.c.row_id == row_id)
        .order_by(_MOVE.c.id)
    )
    return tuple(found)


def _joined(binding: Binding):
    table = binding.table
    return table.join(Unit.__table__, Unit.id == table.c._unit_id).join(
        Round.__table__, Round.id == table.c._round_id
    )


def _select(binding: Binding):
    return select(
        Unit.id,
        Unit.name,
        Unit.kind,
        Unit.path,
        Round.id,
        Round.title,
        Round.is_standing,
        *binding.selected,
    ).select_from(_joined(binding))


def _read(binding: Binding, found: Row) -> ItemRow:
    unit_id, name, kind, path, round_id, title, is_standing, *record = found
    stored = binding.read(record)
    return ItemRow(
        stored, unit_id, name, kind, path, round_id, title, bool(is_standing)
    )


def _matching(binding: Binding, flow: Flow, wanted: Wanted) -> ColumnElement[bool]:
    states = _state(binding, flow).in_(sorted(wanted.states))
    return and_(states, *_in_area(binding, wanted))


def _in_area(binding: Binding, wanted: Wanted) -> list[ColumnElement[bool]]:
    parts = [wanted.units]
    if wanted.round_id is not None:
        parts.append(binding.table.c._round_id == wanted.round_id)
    parts += [_find_word(binding, word) for word in wanted.search.split()]
    parts += [binding.table.c[name] == value for name, value in wanted.values.items()]
    return parts


def _find_word(binding: Binding, word: str) -> ColumnElement[bool]:
    places = [Unit.name.icontains(word, autoescape=True)]
    if binding.form.title_field:
        title = binding.table.c[binding.form.title_field]
        places.append(title.icontains(word, autoescape=True))
    return reduce(or_, [*places, *find_initials(binding, word)])


def _state(binding: Binding, flow: Flow) -> ColumnElement[str]:
    return func.coalesce(binding.table.c[flow.field], flow.initial)
