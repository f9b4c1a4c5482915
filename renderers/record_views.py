"""What the template of a record page places: the page, its groups, its fields."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from markupsafe import Markup

from form_schemas.settings import WarningReason
from form_schemas.table_spec import FieldTable
from renderers.problems import ProblemView, count_style
from renderers.returned import Asked
from renderers.urls import PageUrls


@dataclass(frozen=True)
class FileView:
    """A stored file by its token."""

    token: str
    name: str
    url: str = ""


@dataclass(frozen=True)
class FieldView:
    """One line of the page."""

    id: str
    label: str
    #: parts (其中) stand indented under the whole
    depth: int
    required: bool
    hidden: bool
    #: the control, or the value where nothing is typed
    control: Markup
    #: filled in by the engine
    given: bool
    figure: bool
    #: whether the label belongs to a group of controls
    composed: bool
    broad: bool
    upload: bool
    #: behind the control; empty where the group's head says it
    unit: str
    hint: str
    #: the value as text that scripts compute with, where nothing is typed
    value: str
    #: what the value stands for: the name of a code or of a row picked
    meaning: str
    #: last period's value, the figure it was, and how much changed
    last: str
    last_figure: str
    change: str
    problems: tuple[ProblemView, ...] = ()
    files: tuple[FileView, ...] = ()
    #: why it cannot be changed now though others can
    locked: str = ""
    #: what reviewers ask about it
    asked: tuple[Asked, ...] = ()

    @property
    def warnings(self) -> tuple[ProblemView, ...]:
        """The problems that a reason is asked, or was given, for."""
        return tuple(problem for problem in self.problems if problem.takes_reason)

    @property
    def style(self) -> str:
        """The worst problem's class."""
        styles = [problem.style for problem in self.problems]
        if self.asked:
            styles.append("back")
        return next((s for s in ("error", "back", "warn", "info") if s in styles), "")


@dataclass(frozen=True)
class CellView:
    """A field in a cell of a table."""

    field: FieldView
    #: stands before the control; empty: the heads of row and column do
    label: str


@dataclass(frozen=True)
class TableRowView:
    """A row of a table of fields, with a cell for each column behind the first."""

    title: str
    cells: tuple[tuple[CellView, ...], ...]


@dataclass(frozen=True)
class TableView:
    """Fields of a group by rows and columns."""

    columns: tuple[str, ...]
    rows: tuple[TableRowView, ...]

    @property
    def ids(self) -> frozenset[str]:
        return frozenset(
            cell.field.id for row in self.rows for cells in row.cells for cell in cells
        )


@dataclass(frozen=True)
class GroupView:
    """A panel of fields, and its place on the rail."""

    number: int
    title: str
    unit: str
    fields: tuple[FieldView, ...]
    #: required fields that are shown, and how many of them hold a value
    needed: int
    filled: int
    #: shows some of the fields; the others stand above and below it
    table: TableView | None = None

    @property
    def parts(self) -> tuple[tuple[FieldView, ...], tuple[FieldView, ...]]:
        """The fields above the table and below it; without one all are above."""
        if self.table is None:
            return self.fields, ()
        ids = self.table.ids
        inside = (at for at, one in enumerate(self.fields) if one.id in ids)
        first = next(inside, len(self.fields))
        below = tuple(one for one in self.fields[first:] if one.id not in ids)
        return self.fields[:first], below

    @property
    def has_figures(self) -> bool:
        return any(item.figure for item in self.fields)

    @property
    def errors(self) -> int:
        return sum(count_style(item.problems, "error") for item in self.fields)


@dataclass(frozen=True)
class Link:
    """A quiet link in the foot bar, such as the previous form."""

    label: str
    url: str


@dataclass(frozen=True)
class RecordPage:
    """All the template places."""

    title: str
    groups: tuple[GroupView, ...]
    #: problems of the whole row, which no field shows
    other_problems: tuple[ProblemView, ...]
    errors: tuple[ProblemView, ...]
    warnings: tuple[ProblemView, ...]
    urls: PageUrls
    #: what the page's script reads
    data: Markup
    row_id: int | None
    version: int | None
    read_only: bool
    #: whether last period's values have a column
    compares: bool
    #: whether any field holds personal data, and whether it is shown in full
    is_personal: bool
    unmasked: bool
    #: heads of the columns of values
    current: str
    previous: str
    links: tuple[Link, ...] = field(default=())
    notice: str = ""
    #: for which a warning may pass
    reasons: tuple[WarningReason, ...] = ()
    #: what reviewers ask about the row as a whole
    asked: tuple[Asked, ...] = ()
    #: whether only returned fields may change
    is_narrow: bool = False
    #: why a link locks the row, and what helps
    frozen: str = ""
    #: in ids, before those of fields and groups: a page may hold several forms
    prefix: str = ""

    @property
    def open_fields(self) -> int:
        """Required fields that hold nothing yet."""
        return sum(group.needed - group.filled for group in self.groups)


def view_table(table: FieldTable, views: Sequence[FieldView]) -> TableView:
    """A table of fields, each row as wide as the head."""
    by_id = {view.id: view for view in views}
    width = len(table.columns) - 1
    return TableView(
        table.columns,
        tuple(
            TableRowView(
                row.title,
                tuple(
                    tuple(CellView(by_id[one.id], one.label) for one in cells)
                    for cells in (*row.cells, *((),) * (width - len(row.cells)))
                ),
            )
            for row in table.rows
        ),
    )
