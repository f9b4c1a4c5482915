"""Rows that travel one by one (`x-flow`): where they stand says who may change them.

`RowStore` asks here before it writes one row, bulk loads and deletions of many ask in
one question. What only moves change is taken out of whatever else comes in. A row that
travels with another one (`x-flow-with`) is locked with that one.
"""

from collections.abc import Mapping
from typing import Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    func,
    or_,
    select,
)

from app.errors import RowLocked
from app.storage.binding import Binding, bind
from app.storage.engine import is_sqlite
from app.storage.freezing import FrozenRow, name_rows
from app.storage.loading import Loader
from app.storage.records import Scope, StoredRow
from form_schemas.catalogue import Catalogue
from form_schemas.flows import Flow
from form_schemas.spec import FormSpec

Row = Mapping[str, object]

_ADVICE = "要改，请先撤回，或请主管部门退回。"


class Load(Protocol):
    """A bulk load whose rows were matched with the form's table."""

    connection: Connection
    catalogue: Catalogue
    form: FormSpec
    scope: Scope
    binding: Binding


def begin_row(form: FormSpec) -> dict[str, object]:
    """What a new row has in the fields that only moves change."""
    return {field.id: field.default for field in form.moved_fields}


def without_moved(form: FormSpec, row: Row) -> Row:
    """The values of a row that anything but a move may write."""
    if form.flow is None:
        return row
    return {name: v for name, v in row.items() if not form.by_id[name].by_move}


class FlowGate:
    """What the states of one form's rows forbid in a unit's round."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        scope: Scope,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._form = form
        self._scope = scope

    def require_change(self, *rows: Row) -> None:
        """Raise RowLocked where rows, as stored or as they are to be, may not change.

        Raises:
            RowLocked: it says where the row stands, and what helps.
        """
        form = self._form
        for row in rows:
            if form.flow is not None and not form.flow.is_editable(row):
                raise RowLocked(_tell(form.flow.state_of(row)))
            if form.flow_with is not None:
                self._require_leader(row.get(form.flow_with))

    def _require_leader(self, value: object) -> None:
        """The row that others travel with, held so that it does not move meanwhile."""
        if value is None:
            return
        leader, leaders = find_leader(self._catalogue, self._form)
        reference = self._form.by_id[self._form.flow_with or ""].reference
        table = leaders.table
        found = self._connection.execute(
            select(table.c[leader.flow.field])
            .where(leaders.in_unit(self._scope), table.c[reference.field] == value)
            .with_for_update(read=True)
        ).first()
        flow = leader.flow
        if found is not None and not flow.is_editable({flow.field: found[0]}):
            raise RowLocked(_tell_of_leader(leader, flow, found[0]))


def find_leader(catalogue: Catalogue, form: FormSpec) -> tuple[FormSpec, Binding]:
    """The form of the rows that rows of a form travel with."""
    leader = catalogue.target(form, form.by_id[form.flow_with or ""])
    return leader, bind(catalogue, leader)


def find_locked_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    rows: tuple[StoredRow, ...] | list[StoredRow],
) -> dict[int, FrozenRow]:
    """Row id -> why the unit's people cannot change it where it stands."""
    typed = frozenset(field.id for field in form.typed_fields)
    if form.flow is not None:
        return {
            row.id: FrozenRow(typed, _tell(form.flow.state_of(row.row)))
            for row in rows
            if not form.flow.is_editable(row.row)
        }
    if form.flow_with is None or not rows:
        return {}
    leader, leaders = find_leader(catalogue, form)
    own = leaders.table.c[form.by_id[form.flow_with].reference.field]
    state = leaders.table.c[leader.flow.field]
    found = dict(
        map(
            tuple,
            connection.execute(
                select(own, state).where(
                    leaders.in_unit(scope),
                    own.in_({row.row[form.flow_with] for row in rows} - {None}),
                    is_locked(leader.flow, leaders),
                )
            ),
        )
    )
    return {
        row.id: FrozenRow(
            typed, _tell_of_leader(leader, leader.flow, found[row.row[form.flow_with]])
        )
        for row in rows
        if row.row[form.flow_with] in found
    }


def is_locked(flow: Flow, binding: Binding) -> ColumnElement[bool]:
    """Whether a row stands where the unit's people cannot change it."""
    state = binding.table.c[flow.field]
    return func.coalesce(state, flow.initial).not_in(sorted(flow.editable))


def refuse_locked_loads(load: Load, loader: Loader) -> None:
    """Refuse a load that would change locked rows, or add to one.

    Raises:
        RowLocked: it names the first of them.
    """
    form, formal = load.form, load.binding.table
    if not form.is_moved:
        return
    loaded = loader.prepare_match()
    if form.flow is not None:
        changing = and_(formal.c._id == loaded.c._target, loaded.c._differs == 1)
        hold = select(formal.c._id).where(changing).with_for_update(of=formal)
        _hold(load.connection, hold)
        keys = select(formal.c._key).where(changing, is_locked(form.flow, load.binding))
        _refuse_any(load.connection, form, keys.order_by(formal.c._id))
        return
    if form.flow_with not in loader.fields:
        return
    leader, leaders = find_leader(load.catalogue, form)
    own = leaders.table.c[form.by_id[form.flow_with].reference.field]
    is_new = or_(loaded.c._target.is_(None), loaded.c._differs == 1)
    led = and_(leaders.in_unit(load.scope), own == loaded.c[form.flow_with], is_new)
    hold = select(leaders.table.c._id).where(led)
    _hold(load.connection, hold.with_for_update(read=True, of=leaders.table))
    keys = select(loaded.c._key).where(led, is_locked(leader.flow, leaders))
    _refuse_any(load.connection, form, keys.order_by(loaded.c._number))


def refuse_locked_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    wanted: ColumnElement[bool],
) -> None:
    """Refuse to delete rows that are locked.

    Raises:
        RowLocked: it names the first of them.
    """
    table = bind(catalogue, form).table
    if form.flow is not None:
        # Whoever moves one of them at this moment is waited for, then seen.
        _hold(connection, select(table.c._id).where(wanted).with_for_update())
        locked = is_locked(form.flow, bind(catalogue, form))
        _refuse_any(connection, form, select(table.c._key).where(wanted, locked))
    if form.flow_with is not None:
        leader, leaders = find_leader(catalogue, form)
        led = and_(
            leaders.table.c._unit_id == table.c._unit_id,
            leaders.table.c._round_id == table.c._round_id,
            leaders.table.c[form.by_id[form.flow_with].reference.field]
            == table.c[form.flow_with],
        )
        held = select(leaders.table.c._id).join(table, led).where(wanted)
        _hold(connection, held.with_for_update(read=True, of=leaders.table))
        keys = select(table.c._key).join(leaders.table, led)
        locked = is_locked(leader.flow, leaders)
        _refuse_any(connection, form, keys.where(wanted, locked))


def _hold(connection: Connection, rows: Select) -> None:
    """Let nobody move the rows until the transaction ends; SQLite has one writer."""
    if not is_sqlite(connection):
        connection.execute(rows).all()


def _refuse_any(connection: Connection, form: FormSpec, keys: Select) -> None:
    names, count = name_rows(connection, keys)
    if count:
        raise RowLocked(
            f"{form.title}有 {count} 行已经交出去办理，不能再修改或删除：{names}。"
            f"请去掉这些行再试。{_ADVICE}"
        )


def _tell(state: str) -> str:
    return f"这一行的状态是“{state}”，现在不能修改或删除。{_ADVICE}"


def _tell_of_leader(leader: FormSpec, flow: Flow, state: object) -> str:
    shown = flow.state_of({flow.field: state})
    return (
        f"这一行随{leader.title}一起办理，那一行的状态是“{shown}”，"
        f"现在不能增加、修改或删除。{_ADVICE}"
    )
