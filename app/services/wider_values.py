"""Stores what fields of a form compute from other rows, other forms and their unit.

Such values change when nobody touches their row; `derived_forms` says when they are
due. A closed round keeps what it had, and so does a form that was handed in: reviews
bind to its content.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from sqlalchemy import Connection, bindparam, update

from app.models import RoundState
from app.services.contexts import make_context
from app.services.rechecking import check_stored, recheck_rows
from app.services.round_checks import RoundCheck
from app.storage.binding import bind
from app.storage.filing_gate import lock_filing
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from app.storage.standings import find_round_state, is_under_review
from app.storage.wider_values import find_wider_values
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.check import Context
from validators.compiling import Question, compile_row
from validators.conversion import Row
from validators.rules import settle


@dataclass(frozen=True)
class _Change:
    """The computed values of a row, where they are no longer those stored."""

    stored: StoredRow
    values: Mapping[str, object]


def refresh_wider_values(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    today: date,
) -> bool | None:
    """Compute the values of the unit's rows anew, and store what differs.

    Returns:
        Whether anything did; None where they stay as they are for now.
    """
    if form.is_filed:
        # Nobody hands the form in between looking and storing.
        lock_filing(connection, form, scope, shared=True)
    state = find_round_state(connection, scope.unit_id, scope.round_id)
    if state is RoundState.CLOSED or is_under_review(connection, form, scope):
        return None
    changes = _find_changes(connection, catalogue, form, scope, today)
    if changes:
        _store(connection, catalogue, form, scope, changes)
    return bool(changes)


def _find_changes(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    today: date,
) -> list[_Change]:
    check = RoundCheck(connection, catalogue, scope)
    place = replace(check.place_of(form), today=today)
    found = find_wider_values(connection, catalogue, form, place)
    store = RowStore(connection, catalogue)
    context = make_context(connection, store, form, scope)
    stale, fresh = [], []
    for stored in store.iterate_rows(form, scope):
        values = {**found.get(stored.id, {}), **_tell(form, stored, context)}
        if _differs(stored, values):
            stale.append(stored)
            fresh.append(replace(stored, row={**stored.row, **values}))
    if not stale:
        return []
    # Other values of the row may follow from those, or the field may be hidden.
    rows = check_stored(form, fresh, context).rows()
    computed = [field.id for field in form.fields if field.computed is not None]
    changes = [
        _Change(stored, {name: row.get(name) for name in computed})
        for stored, row in zip(stale, rows, strict=True)
    ]
    return [one for one in changes if _differs(one.stored, one.values)]


def _tell(form: FormSpec, stored: StoredRow, context: Context) -> Row:
    """What follows from the unit in a row; a row on its way stays as it was sent."""
    if form.flow is not None and not form.flow.is_editable(stored.row):
        return {}
    env = context.env()
    return {
        field.id: settle(field, compile_row(Question(field.computed))(stored.row, env))
        for field in form.unit_fields
        if field.computed is not None and field.computed.is_runnable
    }


def _differs(stored: StoredRow, values: Mapping[str, object]) -> bool:
    return any(stored.row.get(name) != value for name, value in values.items())


def _store(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    changes: list[_Change],
) -> None:
    table = bind(catalogue, form).table
    # The version stays: who has the page open changes none of these values. Whoever
    # saved the row meanwhile gets them the next time.
    row = (table.c._id == bindparam("row")) & (table.c._version == bindparam("seen"))
    statement = update(table).where(row)
    connection.execute(
        statement.values({name: bindparam(name) for name in changes[0].values}),
        [
            {"row": one.stored.id, "seen": one.stored.version, **one.values}
            for one in changes
        ],
    )
    store = RowStore(connection, catalogue)
    context = make_context(connection, store, form, scope)
    for ids in in_groups([one.stored.id for one in changes], ROWS_AT_ONCE):
        wanted = table.c._id.in_(ids)
        recheck_rows(connection, catalogue, form, scope, context, wanted)
