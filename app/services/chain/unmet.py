"""What a return named and nobody met: it stands as it stood then, and was not answered.

A question keeps what it names as it was when the form came back: the value of a cell,
the hash of a row or of the form.
"""

from collections.abc import Collection, Iterator

from sqlalchemy import Row, select

from app.models import CellThread, ThreadState
from app.services.chain.cases import Case
from app.services.chain.obstacles import Obstacle, ObstacleKind
from app.services.row_names import name_row
from app.storage.binding import bind
from app.storage.content import hash_content, hash_row
from app.storage.records import StoredRow
from validators.conversion import to_json

_THREAD = CellThread.__table__


def find_unmet(case: Case) -> Iterator[Obstacle]:
    """The places that a return named, still as they were, and without an answer."""
    threads = _find_unanswered(case)
    ids = {one.row_id for one in threads}
    rows = find_rows(case, ids - {None})
    content = read_state(case, None, "") if None in ids else None
    for thread in threads:
        row = rows.get(thread.row_id)
        is_gone = thread.row_id is not None and row is None
        if is_gone or (thread.field_id and thread.field_id not in case.form.by_id):
            continue
        now = content if row is None else read_state(case, row, thread.field_id)
        if now == thread.value:
            yield _view(case, thread)


def read_state(case: Case, row: StoredRow | None, field_id: str) -> object:
    """How a cell, a row (no field) or the form (no row) stands now, in JSON form."""
    form = case.form
    if row is None:
        is_empty = case.filing.is_empty
        return hash_content(
            case.connection, case.catalogue, form, case.scope, is_empty=is_empty
        )
    if not field_id:
        return hash_row(to_json(form, row.row))
    return to_json(form, {field_id: row.row[field_id]})[field_id]


def find_rows(case: Case, ids: Collection[int]) -> dict[int, StoredRow]:
    """Those of these rows that are still there, by id."""
    binding = bind(case.catalogue, case.form)
    found = case.connection.execute(
        select(*binding.selected).where(
            binding.in_unit(case.scope), binding.table.c._id.in_(ids)
        )
    )
    rows = (binding.read(record) for record in found)
    return {row.id: row for row in rows}


def _find_unanswered(case: Case) -> list[Row]:
    found = case.connection.execute(
        select(_THREAD)
        .where(
            _THREAD.c.filing_id == case.filing.id,
            _THREAD.c.unlocks,
            _THREAD.c.state == ThreadState.OPEN,
        )
        .order_by(_THREAD.c.row_id.is_not(None), _THREAD.c.row_id, _THREAD.c.id)
    )
    return list(found)


def _view(case: Case, thread: Row) -> Obstacle:
    form, field = case.form, case.form.by_id.get(thread.field_id)
    asker = case.chain.title(thread.step) or "审核人"
    return Obstacle(
        ObstacleKind.UNMET,
        f"{asker}退回了这里，内容没有改，也没有答复。"
        "请修改；不用改的，请在“逐格往来”里答复。",
        form.code,
        form.title,
        thread.row_id,
        name_row(form, thread.row_key),
        thread.field_id,
        "" if field is None else field.label,
        thread.department_id,
    )
