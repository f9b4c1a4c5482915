"""What a booklet held over the years, this round first.

Earlier rounds are read by the names that this round's forms have for their fields.
Rounds in which the unit stored nothing of it are left out.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from app.models import AuditAction
from app.models.rounds import read_period
from app.services.booklet_rounds import BookletRound, RoundReader, Row
from app.services.booklets import forms_of
from app.services.desks import Desk
from app.services.periods import name_period, tell_apart
from app.services.recording import record_at_desk
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from exporters.listing import write_listing
from form_schemas.booklets import (
    Block,
    BlockKind,
    Booklet,
    Ticks,
    find_constants,
    find_ticks,
    list_counted,
)
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.bindings import is_figure
from renderers.display import mask, show
from validators.rules import evaluate_steps

_HEADS = {"部分": 22, "项目": 40, "单位": 10}


@dataclass(frozen=True)
class YearCell:
    """A value of one year; both are empty where nothing was filled in or asked."""

    text: str = ""
    #: as workbooks have it
    number: int | Decimal | None = None


@dataclass(frozen=True)
class YearLine:
    """An item, and its value in each of the years."""

    label: str
    depth: int
    unit: str
    is_figure: bool
    cells: tuple[YearCell, ...]


@dataclass(frozen=True)
class YearBlock:
    """A block of the booklet."""

    title: str
    lines: tuple[YearLine, ...]


@dataclass(frozen=True)
class Year:
    """A round in which the unit filled the booklet."""

    round_id: int
    #: what people call it, e.g. 2013
    name: str


@dataclass(frozen=True)
class BookletYears:
    """Several years side by side."""

    years: tuple[Year, ...]
    blocks: tuple[YearBlock, ...]


def read_years(workshop: Workshop, place: Workplace, booklet: Booklet) -> BookletYears:
    """The booklet of this round beside all earlier ones in which the unit filled it."""
    reader = RoundReader(workshop.catalogue, place, booklet)
    with begin_reading(workshop.engine) as connection:
        rounds = tuple(reader.read(connection))
    showing = _Showing(workshop, place, booklet, reader.forms)
    return BookletYears(
        tuple(showing.name_years(rounds)),
        tuple(showing.view_block(block, rounds) for block in booklet.blocks),
    )


def write_years(
    workshop: Workshop, place: Workplace, booklet: Booklet, path: Path
) -> None:
    """Write the same as a workbook; the audit log tells of each form."""
    found = read_years(workshop, place, booklet)
    heads = {**_HEADS, **{year.name: 18 for year in found.years}}
    lines = [
        (block.title, line.label, line.unit, *map(_plain, line.cells))
        for block in found.blocks
        for line in block.lines
    ]
    write_listing(path, "历年数据", heads, lines)
    with workshop.engine.begin() as connection:
        for form in forms_of(place, booklet):
            desk = Desk(workshop.engine, workshop.catalogue, place, form)
            details = {"format": "xlsx", "personal": False}
            record_at_desk(connection, desk, AuditAction.EXPORT_FETCHED, details)


@dataclass(frozen=True)
class _Showing:
    """Shows what was read of the booklet of one unit."""

    workshop: Workshop
    place: Workplace
    booklet: Booklet
    #: by their codes
    forms: Mapping[str, FormSpec]

    def name_years(self, rounds: Sequence[BookletRound]) -> Iterator[Year]:
        form = self.forms[self.booklet.blocks[0].form]
        names = {
            one.id: name_period(form, *read_period(one.periods, form.period))
            for one in rounds
        }
        told = tell_apart(names, {one.id: one.title for one in rounds})
        return (Year(number, name) for number, name in told.items())

    def view_block(self, block: Block, rounds: Sequence[BookletRound]) -> YearBlock:
        form = self.forms[block.form]
        lines = _VIEWS[block.kind](self, form, rounds)
        return YearBlock(block.title or form.title, tuple(lines))

    def view_record(
        self, form: FormSpec, rounds: Sequence[BookletRound]
    ) -> Iterator[YearLine]:
        """A line a field; what the round alone decides stands in the head already."""
        rows = [next(iter(one.rows[form.code]), {}) for one in rounds]
        constants = find_constants(form)
        for group in form.groups:
            for placed in group.fields:
                field = form.by_id[placed.id]
                if field.id in constants or field.value_kind in FILE_KINDS:
                    continue
                yield self._view_field(field, placed.depth, rows)

    def view_counts(
        self, form: FormSpec, rounds: Sequence[BookletRound]
    ) -> Iterator[YearLine]:
        """A line a list, and one a figure that follows from them."""
        known = {one.field.id: one.form for one in list_counted(form)}
        env = Desk(
            self.workshop.engine, self.workshop.catalogue, self.place, form
        ).env()
        rows = []
        for one in rounds:
            given = {name: one.counts.get(code) for name, code in known.items()}
            rows.append(evaluate_steps(form, given, env))
        for field in form.fields:
            if is_figure(field):
                yield self._view_field(field, 0, rows)

    def view_ticks(
        self, form: FormSpec, rounds: Sequence[BookletRound]
    ) -> Iterator[YearLine]:
        """A line a code that was ticked in any of the years."""
        ticks = find_ticks(form)
        assert ticks is not None
        rows = [
            {row.get(ticks.key.id): row for row in one.rows[form.code]}
            for one in rounds
        ]
        counts = tuple(_make_count(len(found) or None) for found in rows)
        yield YearLine(f"{ticks.key.label}（合计）", 0, "个", True, counts)
        ticked = sorted({str(code) for found in rows for code in found})
        unit = f"个{ticks.below.label}" if ticks.below else ""
        for code in ticked:
            label = show(ticks.key, code, self.workshop.catalogue.codelists)
            cells = tuple(_view_tick(ticks, found.get(code)) for found in rows)
            yield YearLine(label, 1, unit, ticks.below is not None, cells)

    def view_list(
        self, form: FormSpec, rounds: Sequence[BookletRound]
    ) -> Iterator[YearLine]:
        counts = tuple(_make_count(one.counts.get(form.code)) for one in rounds)
        yield YearLine(form.title, 0, "行", True, counts)

    def _view_field(
        self, field: FieldSpec, depth: int, rows: Sequence[Row]
    ) -> YearLine:
        cells = tuple(self._view_value(field, row.get(field.id)) for row in rows)
        return YearLine(field.label, depth, field.unit, is_figure(field), cells)

    def _view_value(self, field: FieldSpec, value: object) -> YearCell:
        text = show(field, value, self.workshop.catalogue.codelists)
        if field.sensitive:
            return YearCell(mask(field, text))
        is_number = is_figure(field) and isinstance(value, int | Decimal)
        return YearCell(text, value if is_number else None)  # type: ignore[arg-type]


_VIEWS = {
    BlockKind.RECORD: _Showing.view_record,
    BlockKind.FIGURES: _Showing.view_record,
    BlockKind.CHECKLIST: _Showing.view_ticks,
    BlockKind.COUNTS: _Showing.view_counts,
    BlockKind.LIST: _Showing.view_list,
}


def _view_tick(ticks: Ticks, row: Row | None) -> YearCell:
    if row is None:
        return YearCell()
    if ticks.below is None:
        return YearCell("已勾选")
    value = row.get(ticks.below.id)
    return _make_count(len(value) if isinstance(value, tuple) else 0)


def _make_count(count: int | None) -> YearCell:
    return YearCell() if count is None else YearCell(f"{count:,}", count)


def _plain(cell: YearCell) -> object:
    number = cell.number
    if number is None:
        return cell.text or None
    return number if isinstance(number, int) else float(number)
