"""Makes a section of statistics into a workbook; the audit log tells of it."""

from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path

from sqlalchemy import Engine

from app.models import AuditAction
from app.permissions import Actor
from app.services.statistics.figures import HIDDEN, Cell, Figure, Line
from app.services.statistics.grounds import Ground
from app.services.statistics.sections import Section
from app.storage.audit import AuditRecord, record
from exporters.listing import Sheet, write_sheets

_NUMBERS = {"本期": 16, "上期": 16, "差": 14, "变化率（%）": 14}
NOT_IN_NAMES = str.maketrans(dict.fromkeys("[]:*?/\\'", "_"))
#: The longest name of a sheet.
LONGEST = 31


def write_statistics_file(
    engine: Engine, actor: Actor, section: Section, path: Path
) -> str:
    """Make the workbook for a person; gives the file's name."""
    name, ground = make_statistics_file(section, path), section.ground
    tell_fetched(engine, actor, ground, name)
    return name


def tell_fetched(engine: Engine, actor: Actor, ground: Ground, name: str) -> None:
    """Log that somebody took a file of statistics with him."""
    told = AuditRecord(
        AuditAction.EXPORT_FETCHED,
        actor.user_id,
        ground.unit_id,
        ground.round.id,
        subject=name,
    )
    with engine.begin() as connection:
        record(connection, told)


def make_statistics_file(section: Section, path: Path) -> str:
    """A sheet of all figures and one of each that is split; gives the file's name."""
    whole = Sheet(
        "指标",
        {"指标": 40, "单位": 10} | _NUMBERS,
        [
            (figure.measure.title, figure.measure.unit, *list_numbers(figure.whole))
            for figure in section.figures
        ],
    )
    write_sheets(path, [whole, *_list_sheets(section)])
    ground = section.ground
    title = f"统计（{ground.name}，{ground.round.title}，{section.group.title}）"
    return f"{title.translate(NOT_IN_NAMES)}.xlsx"


def _list_sheets(section: Section) -> Iterator[Sheet]:
    split = [figure for figure in section.figures if figure.is_split]
    for number, figure in enumerate(split, start=1):
        assert section.by is not None
        title = f"{number} {figure.measure.title}".translate(NOT_IN_NAMES)
        heads = {section.by.title: 36} | _NUMBERS | {"占比（%）": 12}
        yield Sheet(title[:LONGEST], heads, list(_list_lines(figure)))


def _list_lines(figure: Figure) -> Iterable[Sequence[object]]:
    for line in (*figure.lines, figure.whole):
        yield (line.label, *list_numbers(line), _plain(line.share))


def list_numbers(line: Line) -> Sequence[object]:
    """Now, last, change and rate of a line, as a workbook has them."""
    cells = (_show(line.now), _show(line.last))
    return (*cells, _plain(line.change), _plain(line.rate))


def _show(cell: Cell) -> object:
    return HIDDEN if cell.is_hidden else _plain(cell.value)


def _plain(number: Decimal | None) -> int | float | None:
    if number is None:
        return None
    return int(number) if number == number.to_integral_value() else float(number)
