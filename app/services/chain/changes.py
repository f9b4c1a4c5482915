"""What changed in a form since a reviewer saw it last: old beside new, row by row.

The entries of row_change since are folded: what was changed and changed back is shown
as such, what came and went is not shown.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby

from sqlalchemy import ColumnElement, Row, and_, func, select

from app.models import RowAction, RowChange, User
from app.permissions import Actor, require
from app.policy import Action
from app.services.chain.cases import Case
from app.services.chain.cells import show_value
from app.services.chain.looks import find_look, note_look
from app.services.chain.opening import deciding, looking
from app.services.row_names import name_row
from app.services.workshop import Workshop
from app.storage.binding import bind
from app.storage.keys import key_text
from app.storage.records import Scope
from form_schemas.spec import FormSpec
from validators.conversion import from_json, to_json

_CHANGE = RowChange.__table__


class RowChangeKind(StrEnum):
    """What became of a row, all in all."""

    ADDED = "added"
    DELETED = "deleted"
    CHANGED = "changed"
    #: changed, and as it was by now
    RESTORED = "restored"


@dataclass(frozen=True)
class CellDiff:
    """A cell then and now; personal data masked."""

    field_id: str
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class RowDiff:
    """What became of one row."""

    row_id: int
    row_name: str
    kind: RowChangeKind
    cells: tuple[CellDiff, ...]
    #: names of those who changed it
    by: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class ChangePage:
    """One page of the rows that were touched since the last look."""

    rows: tuple[RowDiff, ...]
    #: rows touched, of all pages
    total: int
    #: when the person looked at the form last; None: never, everything is new
    looked_at: datetime | None = None

    @property
    def has_looked(self) -> bool:
        return self.looked_at is not None


def find_changes(
    workshop: Workshop,
    actor: Actor,
    scope: Scope,
    form: FormSpec,
    page: int = 1,
    size: int = 50,
) -> ChangePage:
    """What changed since the actor's last look, the row changed last first."""
    with looking(workshop, actor, scope, form) as case:
        return view_changes(case, page, size)


def view_changes(case: Case, page: int = 1, size: int = 50) -> ChangePage:
    """As `find_changes`, of a case that is open."""
    require(case.actor, Action.VIEW_ROWS, case.place)
    look = find_look(case.connection, case.actor.user_id, case.filing.id)
    if look is None:
        return ChangePage((), 0)
    wanted = _since(case, look.change_id)
    total = case.connection.scalar(
        select(func.count(_CHANGE.c.row_id.distinct())).where(wanted)
    )
    ids = _find_row_ids(case, wanted, page, size)
    return ChangePage(_fold_rows(case, wanted, ids), total or 0, look.at)


def mark_looked(workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec) -> None:
    """The actor has seen the form as it is now."""
    with deciding(workshop, actor, scope, form) as case:
        require(actor, Action.VIEW_ROWS, case.place)
        note_look(case)


def _since(case: Case, change_id: int) -> ColumnElement[bool]:
    return and_(
        _CHANGE.c.table_name == case.form.table_name,
        _CHANGE.c.unit_id == case.scope.unit_id,
        _CHANGE.c.round_id == case.scope.round_id,
        _CHANGE.c.id > change_id,
    )


def _find_row_ids(
    case: Case, wanted: ColumnElement[bool], page: int, size: int
) -> list[int]:
    last = func.max(_CHANGE.c.id)
    found = case.connection.scalars(
        select(_CHANGE.c.row_id)
        .where(wanted)
        .group_by(_CHANGE.c.row_id)
        .order_by(last.desc())
        .limit(size)
        .offset((page - 1) * size)
    )
    return list(found)


def _fold_rows(
    case: Case, wanted: ColumnElement[bool], ids: Sequence[int]
) -> tuple[RowDiff, ...]:
    entries = case.connection.execute(
        select(_CHANGE, User.name.label("by"))
        .outerjoin(User.__table__, User.id == _CHANGE.c.actor_id)
        .where(wanted, _CHANGE.c.row_id.in_(ids))
        .order_by(_CHANGE.c.row_id, _CHANGE.c.id)
    ).all()
    keys = _find_keys(case, ids)
    diffs = {
        row_id: _fold(case, row_id, tuple(own), keys.get(row_id, {}))
        for row_id, own in groupby(entries, key=lambda entry: entry.row_id)
    }
    return tuple(diff for row_id in ids if (diff := diffs[row_id]) is not None)


def _fold(
    case: Case, row_id: int, entries: Sequence[Row], key: Mapping[str, object]
) -> RowDiff | None:
    """All entries of one row as one change; None for what came and went."""
    came = entries[0].action is RowAction.INSERT
    gone = entries[-1].action is RowAction.DELETE
    if came and gone:
        return None
    before, after = _find_ends(entries)
    changed = [
        name
        for name in case.form.by_id
        if before.get(name) != after.get(name) and name in {**before, **after}
    ]
    named = {**before, **after, **key} if not gone else {**after, **before}
    return RowDiff(
        row_id,
        _name(case.form, named),
        _judge_kind(came, gone, changed),
        tuple(_compare(case, name, before, after) for name in changed),
        tuple(dict.fromkeys(entry.by or "系统" for entry in entries)),
        entries[-1].at,
    )


def _find_ends(
    entries: Iterable[Row],
) -> tuple[Mapping[str, object], Mapping[str, object]]:
    """The values of each field that was touched: before the first change, and now."""
    before: dict[str, object] = {}
    after: dict[str, object] = {}
    for entry in entries:
        for name, value in (entry.before or {}).items():
            before.setdefault(name, value)
        if entry.action is RowAction.DELETE:
            after = {}
            continue
        for name, value in (entry.after or {}).items():
            # A field that no entry before knows was empty.
            before.setdefault(name, None)
            after[name] = value
    return before, after


def _judge_kind(came: bool, gone: bool, changed: Sequence[str]) -> RowChangeKind:
    if came:
        return RowChangeKind.ADDED
    if gone:
        return RowChangeKind.DELETED
    return RowChangeKind.CHANGED if changed else RowChangeKind.RESTORED


def _compare(
    case: Case, name: str, before: Mapping[str, object], after: Mapping[str, object]
) -> CellDiff:
    form, codelists = case.form, case.catalogue.codelists
    return CellDiff(
        name,
        form.by_id[name].label,
        show_value(form, name, before.get(name), codelists),
        show_value(form, name, after.get(name), codelists),
    )


def _find_keys(case: Case, ids: Sequence[int]) -> dict[int, dict[str, object]]:
    """The keys of rows that are there, in JSON form."""
    binding = bind(case.catalogue, case.form)
    columns = [binding.table.c[name] for name in case.form.key]
    found = case.connection.execute(
        select(binding.table.c._id, *columns).where(binding.table.c._id.in_(ids))
    )
    return {
        row_id: to_json(case.form, dict(zip(case.form.key, values, strict=True)))
        for row_id, *values in found
    }


def _name(form: FormSpec, values: Mapping[str, object]) -> str:
    key = {name: values.get(name) for name in form.key}
    return name_row(form, key_text(form, from_json(form, key)))
