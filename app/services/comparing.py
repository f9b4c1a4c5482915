"""Rows of a form beside those of the last round, page by page."""

from collections.abc import Mapping
from dataclasses import dataclass

from app.services.continuity import find_last_rows
from app.services.desks import CheckedRow, Desk
from app.storage.engine import begin_reading
from app.storage.records import Query, Scope
from app.storage.rows import RowStore


@dataclass(frozen=True)
class ComparedRows:
    """One page of rows, each with its counterpart of the last round."""

    rows: tuple[CheckedRow, ...]
    last: tuple[Mapping[str, object] | None, ...]
    #: rows of all pages
    total: int


def find_compared(desk: Desk, query: Query) -> ComparedRows:
    """A page of rows with their problems and last round's rows of the same keys."""
    page = desk.find_page(query)
    last = find_last_rows(desk, [row.stored.row for row in page.rows])
    return ComparedRows(page.rows, last, page.total)


def count_rows(desk: Desk) -> tuple[int, int | None]:
    """Rows of this round and of the last one; None where there was none."""
    scope, last = desk.scope(), desk.place.previous_round_id
    with begin_reading(desk.engine) as connection:
        store = RowStore(connection, desk.catalogue)
        now = store.count(desk.form, scope)
        if last is None:
            return now, None
        before = Scope(scope.unit_id, last, scope.department_id)
        return now, store.count(desk.form, before)


def find_compared_of(
    desk: Desk, department_id: int | None, query: Query
) -> ComparedRows:
    """As `find_compared`, of the rows that one department supplied."""
    scope = Scope(desk.place.unit_id, desk.place.round_id, department_id)
    with begin_reading(desk.engine) as connection:
        store = RowStore(connection, desk.catalogue)
        page = store.find_page(desk.form, scope, query)
        rows = desk.check_stored(connection, page.rows)
    last = find_last_rows(desk, [row.stored.row for row in rows])
    return ComparedRows(rows, last, page.total)
