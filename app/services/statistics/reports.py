"""The annual report: all sections of an area with tables and charts, for Word or Excel.

What is in it is what `x-measures` declares: each section by its usual dimension, by
area and by year.
"""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine

from app.permissions import Actor
from app.services.statistics.exports import (
    LONGEST,
    NOT_IN_NAMES,
    list_numbers,
    tell_fetched,
)
from app.services.statistics.figures import HIDDEN, Figure, Line, show_number
from app.services.statistics.grounds import Ground
from app.services.statistics.sections import (
    BY_ABOVE,
    BY_ROUND,
    Asked,
    Section,
    load_section,
)
from exporters.chart_book import ChartSheet, write_chart_book
from exporters.word import Block, Heading, Table, Text, write_document
from exporters.word_charts import Chart
from form_schemas.catalogue import Catalogue
from form_schemas.measures import ChartKind

FORMATS = ("docx", "xlsx")
_BYS = ("", BY_ABOVE, BY_ROUND)
#: Of a chart; the table has all.
_MOST_BARS, _MOST_PARTS = 20, 8
#: Of a table in the document: the workbook has all.
_MOST_LINES = 60


def write_report(
    engine: Engine, actor: Actor, sections: Sequence[Section], kind: str, path: Path
) -> str:
    """Write the report for a person; gives the file's name."""
    ground = sections[0].ground
    if kind == "docx":
        blocks = list(_list_blocks(sections))
        write_document(path, "统计年度报告", [ground.round.title, ground.name], blocks)
    else:
        write_chart_book(path, _list_sheets(sections))
    title = f"年度报告（{ground.name}，{ground.round.title}）"
    name = f"{title.translate(NOT_IN_NAMES)}.{kind}"
    tell_fetched(engine, actor, ground, name)
    return name


def load_report(
    engine: Engine, catalogue: Catalogue, ground: Ground
) -> tuple[Section, ...]:
    """All sections, each by what it is split by in the report."""
    found: dict[tuple[str, str], Section] = {}
    for group in ground.round.edition.measures.groups:
        for by in _BYS if group.measures else ():
            section = load_section(engine, catalogue, ground, group, Asked(by=by))
            split = "" if section.by is None else section.by.id
            found.setdefault((group.id, split), section)
    return tuple(found.values())


def _list_blocks(sections: Sequence[Section]) -> Iterator[Block]:
    shown = ""
    for section in sections:
        if section.group.id != shown:
            shown = section.group.id
            yield Heading(section.group.title)
            yield from _write_whole(section)
        for figure in _list_split(section):
            yield from _write_figure(section, figure)


def _write_whole(section: Section) -> Iterator[Block]:
    lines = [
        (
            _title(figure),
            *_write_numbers(figure, figure.whole),
        )
        for figure in section.figures
    ]
    yield Table(("指标", "本期", "上期", "变化率（%）"), lines)


def _write_figure(section: Section, figure: Figure) -> Iterator[Block]:
    assert section.by is not None
    yield Heading(_name(section, figure), 2)
    chart = _find_chart(section, figure)
    if chart:
        drawn = figure.lines[:_MOST_BARS]
        now = [_number(line.now.value) for line in drawn]
        series = [("本期", now)]
        if _draws_last(section, chart):
            series.append(("上期", [_number(line.last.value) for line in drawn]))
        labels = [line.label for line in drawn]
        yield Chart(chart, _name(section, figure), labels, series)
    lines = (*figure.lines[:_MOST_LINES], figure.whole)
    yield Table(
        (section.by.title, "本期", "上期", "变化率（%）"),
        [(line.label, *_write_numbers(figure, line)) for line in lines],
    )
    if len(figure.lines) > _MOST_LINES:
        yield Text(f"只列前 {_MOST_LINES} 行，其余见同名的工作簿。")


def _list_sheets(sections: Sequence[Section]) -> Iterator[ChartSheet]:
    number = 0
    for section in sections:
        by = "" if section.by is None else section.by.title
        for figure in _list_split(section):
            number += 1
            chart = _find_chart(section, figure)
            title = f"{number} {figure.measure.title}".translate(NOT_IN_NAMES)
            yield ChartSheet(
                title[:LONGEST],
                _name(section, figure),
                (by, "本期", "上期", "差", "变化率（%）"),
                [
                    (line.label, *list_numbers(line))
                    for line in (*figure.lines, figure.whole)
                ],
                chart,
                min(len(figure.lines), _MOST_BARS),
                2 if _draws_last(section, chart) else 1,
            )
    if not number:
        yield ChartSheet("指标", "没有可列的指标", ("指标",), [])


def _list_split(section: Section) -> Iterator[Figure]:
    if section.by is not None:
        yield from (one for one in section.figures if one.is_split and one.lines)


def _title(figure: Figure) -> str:
    measure = figure.measure
    return f"{measure.title}（{measure.unit}）" if measure.unit else measure.title


def _name(section: Section, figure: Figure) -> str:
    assert section.by is not None
    way = section.by.title if section.by.id == BY_ROUND else f"按{section.by.title}"
    return f"{_title(figure)}，{way}"


def _find_chart(section: Section, figure: Figure) -> str:
    kind = figure.measure.chart
    drawn = figure.lines[:_MOST_BARS]
    if kind is ChartKind.NONE or all(line.now.value is None for line in drawn):
        return ""
    if section.by is not None and section.by.id == BY_ROUND:
        return "line"
    shares = any(line.share is not None for line in figure.lines)
    if kind is ChartKind.PIE and shares and len(figure.lines) <= _MOST_PARTS:
        return "pie"
    return "bar"


def _draws_last(section: Section, chart: str) -> bool:
    return section.has_last and chart == "bar"


def _write_numbers(figure: Figure, line: Line) -> Sequence[str]:
    cells = (
        HIDDEN if cell.is_hidden else _show(cell.value, figure.places)
        for cell in (line.now, line.last)
    )
    return (*cells, _show(line.rate, 1))


def _show(number: Decimal | None, places: int | None) -> str:
    return "—" if number is None else show_number(number, places)


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
