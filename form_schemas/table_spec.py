"""Single fields of a group that a page shows as a table (`table` in `x-layout`)."""

from dataclasses import dataclass


@dataclass(frozen=True)
class TableCell:
    """A field in a cell of a table."""

    id: str
    #: stands before it; empty: the heads of row and column say what it is
    label: str = ""


@dataclass(frozen=True)
class TableRow:
    """A row: the fields of each column behind the first."""

    title: str
    cells: tuple[tuple[TableCell, ...], ...]

    @property
    def fields(self) -> tuple[TableCell, ...]:
        return tuple(cell for cells in self.cells for cell in cells)


@dataclass(frozen=True)
class FieldTable:
    """Fields by rows and columns."""

    #: heads, the first above the titles of the rows
    columns: tuple[str, ...]
    rows: tuple[TableRow, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(cell.id for row in self.rows for cell in row.fields)
