"""Rows as a reviewer reads them: values with last year's beside, each cell named."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.services.desks import CheckedRow, Desk
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from renderers.bindings import is_figure
from renderers.display import mask, show, show_change
from validators.messages import describe_problem

Row = Mapping[str, object]

#: Values that tell what a row is about.
_TOLD_VALUES = 4
#: Values that name a row.
_NAMED_BY = 3


@dataclass(frozen=True)
class SeenColumn:
    label: str
    unit: str
    figure: bool


@dataclass(frozen=True)
class SeenCell:
    text: str
    last: str
    label: str
    figure: bool
    #: names the cell in what is posted; empty where it cannot be returned
    mark: str
    #: error, warn or empty
    style: str
    note: str


@dataclass(frozen=True)
class SeenRow:
    id: int
    number: int
    name: str
    mark: str
    cells: tuple[SeenCell, ...]


@dataclass(frozen=True)
class SeenTable:
    columns: tuple[SeenColumn, ...]
    rows: tuple[SeenRow, ...]


@dataclass(frozen=True)
class DiffLine:
    """A cell that differs, or a row that came or went."""

    #: changed, added or deleted
    kind: str
    row_id: int | None
    row_name: str
    label: str
    unit: str
    before: str
    after: str
    #: names the cell or row in what is posted; empty where it cannot be returned
    mark: str
    change: str = ""
    by: str = ""
    at: object = None
    reason: str = ""
    #: the cell had been returned
    is_mended: bool = False
    #: of its row
    first: bool = True

    @property
    def name(self) -> str:
        return " ".join(filter(None, (self.row_name, self.label)))


def view_table(
    desk: Desk,
    rows: Sequence[CheckedRow],
    last: Sequence[Row | None],
    start: int = 0,
) -> SeenTable:
    """Rows of a page, with their counterparts of the last round."""
    columns = tuple(
        SeenColumn(item.label, item.unit, is_figure(item)) for item in desk.form.fields
    )
    pairs = zip(rows, last, strict=True)
    return SeenTable(
        columns,
        tuple(
            _view_row(desk, row, before, number)
            for number, (row, before) in enumerate(pairs, start + 1)
        ),
    )


def compare_with_last(
    desk: Desk, rows: Sequence[CheckedRow], last: Sequence[Row | None]
) -> Iterator[DiffLine]:
    """What differs from the last round, row by row."""
    for row, before in zip(rows, last, strict=True):
        name = name_row(desk, row.stored.row)
        if before is None:
            yield DiffLine(
                "added",
                row.stored.id,
                name,
                "",
                "",
                "",
                tell_row(desk, row.stored.row),
                str(row.stored.id),
                "上年没有",
            )
            continue
        yield from _compare(desk, row, before, name)


def tell_row(desk: Desk, row: Row) -> str:
    """The first values of a row in one line."""
    shown = (show_value(desk, item, row.get(item.id)) for item in desk.form.fields)
    return "，".join([text for text in shown if text][:_TOLD_VALUES])


def name_row(desk: Desk, row: Row) -> str:
    """What people call a row: its title and its key; empty for a record."""
    form = desk.form
    title = (form.title_field,) if form.title_field else ()
    names = dict.fromkeys([*title, *form.key])
    shown = [show_value(desk, form.by_id[name], row.get(name)) for name in names]
    return "，".join([text for text in shown if text][:_NAMED_BY])


def show_value(desk: Desk, item: FieldSpec, value: object) -> str:
    """A value for reading; personal data masked."""
    if value is None:
        return ""
    if item.value_kind in FILE_KINDS:
        return f"{len(value) if isinstance(value, tuple) else 1} 个文件"
    text = show(item, value, desk.catalogue.codelists)
    return mask(item, text) if item.sensitive else text


def mark_of_cell(row_id: int, field_id: str = "") -> str:
    """How posts name a cell, or a row: `12.amount`, `12`."""
    return f"{row_id}.{field_id}" if field_id else str(row_id)


def _view_row(desk: Desk, row: CheckedRow, before: Row | None, number: int) -> SeenRow:
    stored = row.stored
    styles = _find_styles(desk, row)
    return SeenRow(
        stored.id,
        number,
        name_row(desk, stored.row),
        mark_of_cell(stored.id),
        tuple(
            SeenCell(
                show_value(desk, item, stored.row.get(item.id)),
                show_value(desk, item, (before or {}).get(item.id)),
                item.label,
                is_figure(item),
                mark_of_cell(stored.id, item.id),
                *styles.get(item.id, ("", "")),
            )
            for item in desk.form.fields
        ),
    )


def _find_styles(desk: Desk, row: CheckedRow) -> dict[str, tuple[str, str]]:
    """Field id -> style and sentence of its worst problem."""
    found: dict[str, tuple[str, str]] = {}
    for problem in sorted(row.problems, key=lambda one: one.is_error):
        if problem.field_id:
            style = "error" if problem.is_error else "warn"
            found[problem.field_id] = style, describe_problem(desk.form, problem)
    return found


def _compare(desk: Desk, row: CheckedRow, before: Row, name: str) -> Iterator[DiffLine]:
    first = True
    for item in desk.form.fields:
        now, then = row.stored.row.get(item.id), before.get(item.id)
        # Files are stored anew each round.
        if now == then or item.value_kind in FILE_KINDS:
            continue
        yield DiffLine(
            "changed",
            row.stored.id,
            name,
            item.label,
            item.unit,
            show_value(desk, item, then),
            show_value(desk, item, now),
            mark_of_cell(row.stored.id, item.id),
            show_change(item, now, then) if is_figure(item) else "",
            first=first,
        )
        first = False
