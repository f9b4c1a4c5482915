"""Makes what the pages of progress show into workbooks; the audit log tells of each."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from sqlalchemy import Engine

from app.models import AuditAction
from app.permissions import Actor
from app.services.progress.area import Area
from app.services.progress.history import History
from app.services.progress.matrix import Matrix, MatrixRow
from app.services.workplaces import Workplace
from app.storage.audit import AuditRecord, record
from exporters.listing import Sheet, write_sheets

_NOT_IN_NAMES = str.maketrans({"/": "／", "\\": "＼"})


def write_progress_file(
    engine: Engine, place: Workplace, matrix: Matrix, history: History, path: Path
) -> str:
    """The matrix, what is late, and the days of the round; gives the file's name."""
    names = [column.name for column in matrix.columns]
    sheets = (
        Sheet(
            "进度",
            {"编号": 10, "报表": 36, "状态": 18, "应交": 18, "逾期天数": 10}
            | dict.fromkeys(names, 14),
            [_list_row(row) for row in matrix.rows],
        ),
        Sheet(
            "逾期",
            {
                "编号": 10,
                "报表": 36,
                "部门": 24,
                "状态": 18,
                "应交": 18,
                "逾期天数": 10,
            },
            list(_list_late(matrix)),
        ),
        Sheet(
            "每日",
            {"日期": 14, "计划": 10, "完成": 10, "差": 10},
            [
                (day.day.isoformat(), day.planned, day.done, day.ahead)
                for day in history.days
            ],
        ),
    )
    write_sheets(path, sheets)
    name = _name_file(f"进度表（{place.unit_name}，{place.round_title}）")
    _record(engine, place.actor, place.unit_id, place.round_id, name)
    return name


def write_area_file(engine: Engine, actor: Actor, area: Area, path: Path) -> str:
    """The units of an area and the rates of its forms; gives the file's name."""
    groups = [group.title for group in area.groups]
    units = {"单位": 34, "代码": 16, "上级": 20, "状态": 20, "完成": 8, "应填": 8}
    more = {"待审": 8, "退回": 8, "逾期": 8, "逾期天数": 10, "最近上报": 18}
    rates = {"编号": 10, "报表": 36, "完成单位": 10, "待审": 8, "退回": 8}
    sheets = (
        _make_sums(area),
        Sheet(
            "单位",
            units | more | {f"{title} 完成率%": 16 for title in groups},
            [
                (
                    line.name,
                    line.code,
                    line.above,
                    line.part.word,
                    line.done,
                    line.total,
                    line.waiting,
                    line.returned,
                    line.late,
                    line.days_late,
                    _show(line.part.submitted_at),
                    *(group.percent for group in line.groups),
                )
                for line in area.lines
            ],
        ),
        Sheet(
            "报表",
            rates | {"单位数": 8, "完成率%": 10},
            [
                (
                    rate.form.code,
                    rate.form.title,
                    rate.done,
                    rate.waiting,
                    rate.returned,
                    rate.total,
                    rate.percent,
                )
                for rate in area.rates
            ],
        ),
    )
    write_sheets(path, sheets)
    name = _name_file(f"各单位进度（{area.round.title}）")
    _record(engine, actor, None, area.round.id, name)
    return name


def _make_sums(area: Area) -> Sheet:
    widths = {"地区": 34, "单位": 8, "已上报": 8, "没有上报": 10, "上报率%": 10}
    return Sheet(
        "地区",
        widths | {"已退回": 8, "有逾期": 8},
        [
            (
                one.name,
                one.units,
                one.reported,
                one.missing,
                one.percent,
                one.returned,
                one.late,
            )
            for one in area.branches
        ],
    )


def _list_row(row: MatrixRow) -> Sequence[object]:
    cells = ("" if cell is None else cell.judged.word for cell in row.cells)
    return (
        row.form.code,
        row.form.title,
        row.judged.word,
        _show(row.due),
        row.days_late or None,
        *cells,
    )


def _list_late(matrix: Matrix) -> Iterable[Sequence[object]]:
    for row in matrix.late:
        for cell in row.cells:
            if cell is not None and cell.days_late:
                yield (
                    row.form.code,
                    row.form.title,
                    cell.department,
                    cell.judged.word,
                    _show(row.due),
                    cell.days_late,
                )


def _show(moment) -> str:
    return "" if moment is None else moment.astimezone().strftime("%Y-%m-%d %H:%M")


def _name_file(title: str) -> str:
    return f"{title.translate(_NOT_IN_NAMES)}.xlsx"


def _record(
    engine: Engine, actor: Actor, unit_id: int | None, round_id: int, name: str
) -> None:
    with engine.begin() as connection:
        record(
            connection,
            AuditRecord(
                AuditAction.EXPORT_FETCHED,
                actor.user_id,
                unit_id,
                round_id,
                subject=name,
            ),
        )
