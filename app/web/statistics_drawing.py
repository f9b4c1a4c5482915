"""What a page of statistics gives the script that draws its charts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Protocol

from app.services.statistics.figures import Cell, Figure, Line
from app.services.statistics.sections import BY_ABOVE, BY_ROUND, Section
from app.web.area_names import shorten_area
from form_schemas.measures import ChartKind

#: Bars of a chart, at most: the provinces of a nation; all stand in the table.
_MOST_BARS = 34
#: Lines of a table on the page, at most; all stand in the workbook.
MOST_LINES = 60
#: A pie of more parts says nothing.
_MOST_PARTS = 8


class LineUrls(Protocol):
    """What knows where the lines of a figure lead."""

    def of_line(self, section: Section, figure: Figure, line: Line) -> str: ...


@dataclass(frozen=True, eq=False)
class Panel:
    """A figure as the page places it."""

    figure: Figure
    lines: tuple[tuple[Line, str], ...]
    #: whether any of them is a share of the whole
    has_shares: bool
    #: lines that are only in the workbook
    more: int
    #: as the script reads it; None: nothing to draw
    chart: dict[str, object] | None


def draw_panels(section: Section, urls: LineUrls) -> tuple[Panel, ...]:
    """The figures of a section that are split."""
    return tuple(
        _draw(section, figure, urls) for figure in section.figures if figure.is_split
    )


def _draw(section: Section, figure: Figure, urls: LineUrls) -> Panel:
    shown = figure.lines[:MOST_LINES]
    lines = tuple(
        (line, urls.of_line(section, figure, line)) for line in _name(section, shown)
    )
    more = max(0, len(figure.lines) - MOST_LINES)
    has_shares = any(line.share is not None for line, _ in lines)
    return Panel(figure, lines, has_shares, more, _chart(section, figure, lines))


def _name(section: Section, lines: Sequence[Line]) -> Sequence[Line]:
    """Lines of areas by the area, unless its city is called like a province."""
    if section.by is None or section.by.id != BY_ABOVE:
        return lines
    names = [shorten_area(line.label) for line in lines]
    if len(set(names)) < len(names):
        return lines
    return [replace(line, label=name) for line, name in zip(lines, names, strict=True)]


def _chart(
    section: Section, figure: Figure, lines: tuple[tuple[Line, str], ...]
) -> dict[str, object] | None:
    kind = _choose_kind(section, figure)
    shown = lines[:_MOST_BARS]
    if kind is ChartKind.NONE or all(line.now.value is None for line, _ in shown):
        return None
    by_round = section.by is not None and section.by.id == BY_ROUND
    has_last = section.has_last and not by_round and kind is not ChartKind.PIE
    return {
        "kind": kind.value,
        "unit": figure.measure.unit,
        "places": figure.places,
        "labels": [line.label for line, _ in shown],
        "urls": [url for _, url in shown],
        "now": [_number(line.now) for line, _ in shown],
        "last": [_number(line.last) for line, _ in shown] if has_last else None,
        "names": ["本期", "上期"],
    }


def _choose_kind(section: Section, figure: Figure) -> ChartKind:
    kind = figure.measure.chart
    if kind is ChartKind.NONE:
        return kind
    if section.by is not None and section.by.id == BY_ROUND:
        return ChartKind.LINE
    is_pie = kind is ChartKind.PIE
    if is_pie and (
        len(figure.lines) > _MOST_PARTS or not any(line.whole for line in figure.lines)
    ):
        return ChartKind.BAR
    return kind


def _number(cell: Cell) -> float | None:
    value: Decimal | None = cell.value
    return None if value is None else float(value)
