"""Staged rows to the form's table, and back: set-based, within one transaction.

Which rows may pass is decided by the caller; values were judged when they were staged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from app.errors import Refused, RowInUse
from app.models.base import now_utc
from app.models.history import RowAction, RowChange
from app.models.staging import StagedAction, StagedRow, StagedState
from app.storage.binding import Binding, bind
from app.storage.bulk import BulkLoad, loading
from app.storage.keys import initials
from app.storage.loading import Item, Loader
from app.storage.lookup import in_groups
from app.storage.records import Change, Counts, Scope
from app.storage.references import find_users_of_many
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec
from validators.conversion import from_json

_AT_ONCE = 5000

_STAGED = StagedRow.__table__
_CHANGE = RowChange.__table__


def pass_staged(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    import_id: int,
    change: Change,
    allowed: ColumnElement[bool] | None = None,
) -> Counts:
    """Bring waiting rows of an import into the form's table and mark them passed.

    Args:
        allowed: condition on `StagedRow`; None: all rows that wait.
    """
    waiting = and_(
        _STAGED.c.import_id == import_id,
        _STAGED.c.state == StagedState.WAITING,
        *(() if allowed is None else (allowed,)),
    )
    with loading(connection, catalogue, form, scope, change) as load:
        for items in _read_staged(connection, waiting):
            load.add(items, [json.loads(item.text) for item in items])
        counts = load.finish()
        for loader in load.loaders.values():
            _mark_passed(load, loader, import_id)
    return counts


def take_back(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    import_id: int,
    change: Change,
) -> Counts:
    """Undo what an import did: its new rows go, its changed rows get their old values.

    Raises:
        Refused: one of its rows was changed since.
        RowInUse: other rows refer to one of its new rows.
    """
    binding = bind(catalogue, form)
    _refuse_changed(connection, form, import_id)
    added = _entries(form, import_id, RowAction.INSERT)
    updated = _entries(form, import_id, RowAction.UPDATE)
    _refuse_used(connection, catalogue, binding, scope, added)
    last = connection.scalar(select(func.max(_CHANGE.c.id))) or 0
    _log_undone(connection, added, RowAction.DELETE, change)
    _log_undone(connection, updated, RowAction.UPDATE, change)
    deleted = connection.execute(
        delete(binding.table).where(
            binding.in_unit(scope),
            binding.table.c._id.in_(select(_CHANGE.c.row_id).where(added)),
        )
    ).rowcount
    restored = _restore(
        connection, binding, and_(updated, _CHANGE.c.id <= last), change
    )
    return Counts(added=deleted, updated=restored)


def _read_staged(
    connection: Connection, waiting: ColumnElement[bool]
) -> Iterator[list[Item]]:
    """Staged rows in chunks, by row number; their values as JSON text."""
    last = -1
    while True:
        records = connection.execute(
            select(_STAGED.c.row_number, _STAGED.c.key, cast(_STAGED.c["values"], Text))
            .where(waiting, _STAGED.c.row_number > last)
            .order_by(_STAGED.c.row_number)
            .limit(_AT_ONCE)
        ).all()
        if not records:
            return
        last = records[-1][0]
        yield [Item(*record) for record in records]


def _mark_passed(load: BulkLoad, loader: Loader, import_id: int) -> None:
    loaded, formal = loader.table, load.binding.table
    action = case(
        (loaded.c._target.is_(None), StagedAction.ADD.value),
        (loaded.c._differs == 1, StagedAction.UPDATE.value),
        else_=StagedAction.UNCHANGED.value,
    )
    load.connection.execute(
        update(_STAGED)
        .values(state=StagedState.PASSED, action=action, target_id=formal.c._id)
        .where(
            _STAGED.c.import_id == import_id,
            _STAGED.c.row_number == loaded.c._number,
            load.same_key(loader),
        )
    )


def _entries(form: FormSpec, import_id: int, action: RowAction) -> ColumnElement[bool]:
    return and_(
        _CHANGE.c.import_id == import_id,
        _CHANGE.c.table_name == form.table_name,
        _CHANGE.c.action == action,
    )


def _refuse_changed(connection: Connection, form: FormSpec, import_id: int) -> None:
    later = _CHANGE.alias()
    touched = (
        select(func.count(_CHANGE.c.row_id.distinct()))
        .where(_CHANGE.c.import_id == import_id)
        .where(_CHANGE.c.table_name == form.table_name)
        .where(
            exists().where(
                later.c.table_name == _CHANGE.c.table_name,
                later.c.row_id == _CHANGE.c.row_id,
                later.c.id > _CHANGE.c.id,
                later.c.import_id.is_distinct_from(import_id),
            )
        )
    )
    changed = connection.scalar(touched)
    if changed:
        raise Refused(
            f"这次导入的行中有 {changed} 行后来又被修改或删除，不能整批撤回。"
        )


def _refuse_used(
    connection: Connection,
    catalogue: Catalogue,
    binding: Binding,
    scope: Scope,
    added: ColumnElement[bool],
) -> None:
    gone = select(_CHANGE.c.row_id).where(added)
    users = find_users_of_many(connection, catalogue, binding.form, scope, gone)
    if users:
        raise RowInUse(users)


def _log_undone(
    connection: Connection,
    entries: ColumnElement[bool],
    action: RowAction,
    change: Change,
) -> None:
    """Entries that say the opposite: before and after change places."""
    c = _CHANGE.c
    new = {
        c.table_name: c.table_name,
        c.unit_id: c.unit_id,
        c.round_id: c.round_id,
        c.row_id: c.row_id,
        c.action: literal(action, c.action.type),
        c.at: literal(now_utc(), c.at.type),
        c.actor_id: literal(change.actor_id, c.actor_id.type),
        c.reason: literal(change.reason, c.reason.type),
        c.before: c.after,
        c.after: c.before,
    }
    undone = select(*new.values()).where(entries).order_by(c.id)
    connection.execute(
        insert(_CHANGE).from_select(list(new), undone, include_defaults=False)
    )


def _restore(
    connection: Connection,
    binding: Binding,
    entries: ColumnElement[bool],
    change: Change,
) -> int:
    found = connection.execute(
        select(_CHANGE.c.row_id, _CHANGE.c.before).where(entries).order_by(_CHANGE.c.id)
    ).all()
    for group in in_groups(found, _AT_ONCE):
        for names, rows in _group_by_fields(group).items():
            _restore_fields(connection, binding, names, rows, change)
    return len(found)


def _group_by_fields(
    entries: Iterable[Sequence[object]],
) -> dict[tuple[str, ...], list[tuple[int, Mapping[str, object]]]]:
    groups: dict[tuple[str, ...], list] = {}
    for row_id, before in entries:
        groups.setdefault(tuple(before), []).append((row_id, before))
    return groups


def _restore_fields(
    connection: Connection,
    binding: Binding,
    names: tuple[str, ...],
    rows: list[tuple[int, Mapping[str, object]]],
    change: Change,
) -> None:
    form, table = binding.form, binding.table
    names = tuple(name for name in names if name in form.by_id)
    values = {name: bindparam(f"v_{name}") for name in names}
    if form.title_field in names:
        values["_initials"] = bindparam("v__initials")
    statement = (
        update(table)
        .where(table.c._id == bindparam("v__id"))
        .values(
            _version=table.c._version + 1,
            _updated_at=now_utc(),
            _updated_by=change.actor_id,
            **values,
        )
    )
    parameters = []
    for row_id, before in rows:
        row = from_json(form, before)
        parameters.append({f"v_{name}": row[name] for name in names})
        parameters[-1]["v__id"] = row_id
        if form.title_field in names:
            parameters[-1]["v__initials"] = initials(row[form.title_field])
    connection.execute(statement, parameters)
