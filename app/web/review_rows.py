"""The rows that the page of a review lists: what changed, last year beside, or all."""

from collections.abc import Iterator
from dataclasses import dataclass

from app.services.chain.changes import (
    ChangePage,
    RowChangeKind,
    RowDiff,
    find_changes,
)
from app.services.chain.threads import ThreadView
from app.services.comparing import find_compared
from app.services.desks import Desk
from app.services.explained import Explained, list_explained
from app.storage.records import Query, Scope
from app.web.seen_views import (
    DiffLine,
    SeenTable,
    compare_with_last,
    mark_of_cell,
    name_row,
    view_table,
)
from app.web.server import get_server

#: Rows of one page.
SIZE = 50
#: Rows of which it is counted what changed; of more it is said that there are more.
COUNTED = 200
_WARNINGS = 20

VIEWS = {"since": "自上次查看", "year": "与上年比", "all": "整表"}
_KINDS = {
    RowChangeKind.ADDED: "added",
    RowChangeKind.DELETED: "deleted",
    RowChangeKind.CHANGED: "changed",
    RowChangeKind.RESTORED: "changed",
}


@dataclass(frozen=True)
class Body:
    """The rows that the chosen tab lists."""

    title: str
    total: int
    nothing: str
    lines: tuple[DiffLine, ...] = ()
    seen: SeenTable | None = None

    @property
    def marks(self) -> frozenset[str]:
        """What can be ticked in them."""
        rows = self.seen.rows if self.seen is not None else ()
        cells = (cell.mark for row in rows for cell in row.cells)
        of_rows = (row.mark for row in rows)
        return frozenset((*cells, *of_rows, *(line.mark for line in self.lines)))


@dataclass(frozen=True)
class DiffCounts:
    """What changed since the reviewer looked last."""

    rows: int = 0
    cells: int = 0
    added: int = 0
    deleted: int = 0
    #: there are more than were counted
    is_cut: bool = False


@dataclass(frozen=True)
class WarningLine:
    """A warning with what the filler wrote about it."""

    row_name: str
    label: str
    text: str
    reason: str
    words: str
    by: str
    mark: str

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.row_name or "整张表", self.label)))


def make_body(
    desk: Desk,
    view: str,
    number: int,
    changes: ChangePage,
    threads: tuple[ThreadView, ...],
) -> Body:
    if view == "since":
        return _view_changes(desk, number, changes, threads)
    query = Query(page=number, size=SIZE)
    found = find_compared(desk, query)
    if view == "year":
        lines = tuple(compare_with_last(desk, found.rows, found.last))
        return Body(VIEWS[view], found.total, "这一页与上年没有差别", lines)
    seen = view_table(desk, found.rows, found.last, (number - 1) * SIZE)
    return Body(
        VIEWS[view], found.total, "本表没有行", seen=seen if found.rows else None
    )


def count_changes(changes: ChangePage) -> DiffCounts:
    kinds = [row.kind for row in changes.rows]
    return DiffCounts(
        changes.total,
        sum(len(r.cells) for r in changes.rows if r.kind is RowChangeKind.CHANGED),
        kinds.count(RowChangeKind.ADDED),
        kinds.count(RowChangeKind.DELETED),
        changes.total > COUNTED,
    )


def view_warnings(desk: Desk) -> tuple[tuple[WarningLine, ...], bool]:
    found = list_explained(desk, _WARNINGS)
    return tuple(_view_warning(desk, one) for one in found.warnings), found.is_cut


def _view_changes(
    desk: Desk, number: int, changes: ChangePage, threads: tuple[ThreadView, ...]
) -> Body:
    place, scope = desk.place, Scope(desk.place.unit_id, desk.place.round_id)
    found = find_changes(
        get_server().workshop, place.actor, scope, desk.form, number, SIZE
    )
    returned = {(one.row_id, one.field_id) for one in threads if one.unlocks}
    lines = tuple(
        line for row in found.rows for line in _view_diff(desk, row, returned)
    )
    nothing = "自上次查看以来没有变化" if changes.has_looked else "您还没有看过这张表"
    return Body(VIEWS["since"], changes.total, nothing, lines)


def _view_diff(desk: Desk, row: RowDiff, returned: set) -> Iterator[DiffLine]:
    by, kind = "、".join(row.by), _KINDS[row.kind]
    told = {"by": by, "at": row.at}
    if kind == "changed":
        for place, cell in enumerate(row.cells):
            field = desk.form.by_id[cell.field_id]
            yield DiffLine(
                kind,
                row.row_id,
                row.row_name,
                cell.label,
                field.unit,
                cell.before,
                cell.after,
                mark_of_cell(row.row_id, cell.field_id),
                is_mended=(row.row_id, cell.field_id) in returned,
                first=not place,
                **told,
            )
        return
    is_gone = kind == "deleted"
    texts = [cell.before if is_gone else cell.after for cell in row.cells]
    summary = "，".join([text for text in texts if text][:4])
    yield DiffLine(
        kind,
        row.row_id,
        row.row_name,
        "",
        "",
        summary if is_gone else "",
        "" if is_gone else summary,
        "" if is_gone else mark_of_cell(row.row_id),
        **told,
    )


def _view_warning(desk: Desk, one: Explained) -> WarningLine:
    titles = {reason.id: reason.title for reason in desk.place.edition.reasons}
    item = desk.form.by_id.get(one.field_id)
    stored = one.row.stored if one.row is not None else None
    return WarningLine(
        "" if stored is None else name_row(desk, stored.row),
        "" if item is None else item.label,
        one.text,
        titles.get(one.confirmed.reason_code, one.confirmed.reason_code),
        one.confirmed.reason_text,
        one.confirmed.by,
        "." if stored is None else mark_of_cell(stored.id, one.field_id),
    )
