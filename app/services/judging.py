"""Which of the cells that a person typed can be stored, and what is wrong with them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Connection, or_, select

from app.models import StoredFile
from app.services.desks import Desk
from app.storage.confirmations import (
    Confirmed,
    Mark,
    find_confirmed,
    keep_unconfirmed,
)
from app.storage.records import StoredRow
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import Shape
from renderers.display import is_mask
from validators.check import Checked, Stage, check_row
from validators.conversion import RawRow, convert_row, display
from validators.report import Code, Finding, Problem, find_level

Row = Mapping[str, object]
Cells = Mapping[str, object]

#: What a column cannot take, or must not: such a cell is not stored.
_UNSTORABLE = frozenset({Code.LENGTH, Code.ENUM, Code.REFERENCE, Code.DUPLICATE})


@dataclass(frozen=True)
class Judged:
    """A row as it can be stored, and what is wrong with what was typed."""

    row: Row
    problems: tuple[Problem, ...]
    unstored: frozenset[str]
    #: why some of its warnings are right
    confirmed: Mapping[Mark, Confirmed]
    #: the worst level of what nobody has explained in the row as it is stored
    level: str


class Judge:
    """Judges the rows that are entered at a desk within one transaction."""

    def __init__(self, desk: Desk, connection: Connection) -> None:
        self.form = desk.form
        self.scope = desk.scope()
        self.codelists = desk.catalogue.codelists
        self.connection = connection
        self.context = desk.context(connection)

    def find_touched(self, cells: Cells, stored: StoredRow | None) -> Cells:
        """The cells that were really touched; masks of what is stored are not."""
        fields = self.form.by_id
        return {
            field_id: cell
            for field_id, cell in cells.items()
            if field_id in fields
            and not fields[field_id].is_given
            and not self._is_untouched(fields[field_id], cell, stored)
        }

    def convert(self, cells: Cells) -> Row:
        typed, _ = convert_row(self.form, RawRow(1, cells), self.codelists)
        return typed

    def judge(self, cells: Cells, stored: StoredRow | None) -> Judged:
        """Check the row with what can be stored of it."""
        found = self._check(cells, stored)
        foreign = tuple(self._find_foreign_files(found.row, cells))
        problems = (*foreign, *found.problems)
        unstored = {problem.field_id for problem in foreign}
        unstored |= {
            problem.field_id
            for problem in found.problems
            if _is_unstorable(problem, found.row, cells)
        }
        if unstored:
            kept = {name: c for name, c in cells.items() if name not in unstored}
            found = self._check(kept, stored)
        row = {name: v for name, v in found.row.items() if name in self.form.by_id}
        confirmed = self._find_confirmed(found, stored)
        level = find_level(keep_unconfirmed(found.problems, confirmed))
        return Judged(row, problems, frozenset(unstored), confirmed, level)

    def _find_confirmed(
        self, found: Checked, stored: StoredRow | None
    ) -> Mapping[Mark, Confirmed]:
        """The explanations that hold for the row as it will be."""
        if stored is None or all(problem.is_error for problem in found.problems):
            return {}
        row = replace(stored, row={**stored.row, **found.row})
        rows = find_confirmed(self.connection, self.form, self.scope, [row])
        return rows.get(stored.id, {})

    def can_begin(self, cells: Cells, judged: Judged) -> bool:
        """Whether a new row has what makes it a row: a value, and its key."""
        if self.form.shape is Shape.RECORD:
            return True
        kept = set(cells) - judged.unstored
        if all(is_blank(cells[name]) for name in kept):
            return False
        key = [self.form.by_id[field_id] for field_id in self.form.key]
        needed = [item for item in key if item.required and not item.is_given]
        return not judged.unstored.intersection(self.form.key) and all(
            judged.row.get(item.id) is not None for item in needed
        )

    def _check(self, cells: Cells, stored: StoredRow | None) -> Checked:
        return check_row(
            self.form,
            RawRow(1, cells),
            self.context,
            Stage.DRAFT,
            stored=None if stored is None else stored.row,
        )

    def _is_untouched(
        self, item: FieldSpec, cell: object, stored: StoredRow | None
    ) -> bool:
        """Whether a cell is only the mask of what is stored."""
        if stored is None or not isinstance(cell, str) or not item.sensitive:
            return False
        value = stored.row.get(item.id)
        if value is None:
            return False
        text = display(item, value, self.codelists)
        return is_mask(item, cell.strip(), text)

    def _find_foreign_files(self, row: Row, cells: Cells) -> Iterator[Problem]:
        """Tokens that were not uploaded for this field of this unit."""
        for item in self.form.fields:
            value = row.get(item.id)
            if (
                item.value_kind not in FILE_KINDS
                or value is None
                or item.id not in cells
            ):
                continue
            tokens = set(value if isinstance(value, tuple) else (value,))
            known = self.connection.scalars(
                select(StoredFile.token).where(
                    StoredFile.token.in_(tokens),
                    StoredFile.unit_id == self.scope.unit_id,
                    # Rows of an earlier edition bring theirs along.
                    StoredFile.form_name.startswith(
                        f"{self.form.collection}/", autoescape=True
                    ),
                    or_(
                        *(
                            StoredFile.form_name.endswith(f"/{code}", autoescape=True)
                            for code in (self.form.code, *self.form.was)
                        )
                    ),
                    StoredFile.field_id.in_((item.id, *item.was)),
                )
            )
            if tokens - set(known):
                yield Finding(Code.FORMAT, {"value": "附件"}).at(1, item.id)


def _is_unstorable(problem: Problem, row: Row, cells: Cells) -> bool:
    if not problem.is_error or problem.field_id not in cells:
        return False
    return problem.code in _UNSTORABLE or (
        row.get(problem.field_id) is None
        and problem.code is not Code.REQUIRED
        and not is_blank(cells[problem.field_id])
    )


def is_blank(cell: object) -> bool:
    return (
        cell is None
        or cell in ("", [], ())
        or (isinstance(cell, str) and not cell.strip())
    )
