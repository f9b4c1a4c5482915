"""Days, months and years in the order a life or a project takes them.

The words of a label say at which stage a day stands and how long ago it may be; days
of earlier stages in the same row come before it, those of later stages after.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from app.services.inventing.identity import birth_of, invent_birth
from app.services.inventing.tasks import Task
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.nodes import Call, Field, Logical, Node
from form_schemas.spec import FormSpec

_YEAR = 365
_DATED = frozenset({FieldKind.DATE, FieldKind.YEAR_MONTH, FieldKind.YEAR})
#: Nobody begins school or work sooner.
_SCHOOL_AGE = 15 * _YEAR
_WORKING_AGE = 21 * _YEAR


@dataclass(frozen=True)
class Stage:
    """Where in the course of things a day stands."""

    rank: int
    #: days before the end of the period, the earliest and the latest; below zero after
    earliest: int
    latest: int


_BIRTH = Stage(0, 60 * _YEAR, 15 * _YEAR)
#: Within the period.
_NOW = Stage(50, 0, 0)
_STAGES = tuple(
    (re.compile(words), stage)
    for words, stage in (
        ("出生", _BIRTH),
        ("预计毕业", Stage(80, -60, -2 * _YEAR)),
        (
            "有效期|期限至|（止）|截止|到期|届满|终止|计划.*(结束|完成|结题)|整改期限",
            Stage(80, -120, -2 * _YEAR),
        ),
        ("建校|校庆|校名", Stage(2, 45 * _YEAR, 15 * _YEAR)),
        ("第一学历", Stage(4, 25 * _YEAR, 8 * _YEAR)),
        ("参加工作", Stage(6, 24 * _YEAR, 3 * _YEAR)),
        ("从教|从事", Stage(7, 22 * _YEAR, 3 * _YEAR)),
        ("来校|入校|入职", Stage(8, 18 * _YEAR, 2 * _YEAR)),
        ("最后学历|学位授予|资格|专业技术职务", Stage(9, 15 * _YEAR, _YEAR)),
        ("入学|入团|年级", Stage(10, 3 * _YEAR, 270)),
        (
            "成立|建立|建成|设置|购置|启用|组建|建班",
            Stage(12, 12 * _YEAR, _YEAR),
        ),
        ("首次|开设|合作开始", Stage(14, 6 * _YEAR, _YEAR)),
        ("招生.*开始", Stage(15, 5 * _YEAR, _YEAR)),
        (
            "聘|任职|任本班|最早|起始|（起）|立项|认定|签订|批准|审定|加入|改造|上线",
            Stage(20, 3 * _YEAR, 120),
        ),
        ("采用|去向", Stage(72, 60, 0)),
        ("开始|申请", Stage(40, 340, 120)),
        ("毕业", Stage(70, 80, 30)),
        (
            "结束|完成|结题|验收|离岗|撤销|解散|卸任|注销|停招|退出|结案|回复|提交|批阅",
            Stage(60, 100, 5),
        ),
    )
)


def invent_date(task: Task) -> date:
    stage = stage_of(task.field)
    if stage is _BIRTH:
        return invent_birth(task)
    first, last = _span_of(task, stage)
    for rank, day in _days_of(task):
        if rank < stage.rank:
            first = max(first, day + _least_gap(task, rank))
        elif rank > stage.rank:
            last = min(last, day)
    days = (last - first).days
    return first + timedelta(days=task.random.randint(0, days) if days > 0 else 7)


def invent_month(task: Task) -> str:
    day = invent_date(task).replace(day=1)
    if task.is_about_pupils and "入学" in task.field.label:
        day = day.replace(month=9)
    if task.is_about_pupils and "毕业" in task.field.label:
        day = day.replace(month=6)
    return f"{day:%Y-%m}"


def invent_year(task: Task) -> int:
    """The year of the report, or of the stage that the label names."""
    end = task.scene.period_end.year
    is_told = any(words.search(task.field.label) for words, _ in _STAGES)
    year = invent_date(task).year if is_told else end
    low = year if task.field.minimum is None else int(task.field.minimum)
    high = year if task.field.maximum is None else int(task.field.maximum)
    return min(max(year, low), max(low, high))


def shift_month(month: str, months: int) -> str:
    """Move YYYY-MM by a number of months."""
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + months
    return f"{count // 12:04d}-{count % 12 + 1:02d}"


@cache
def stage_of(field: FieldSpec) -> Stage:
    for words, stage in _STAGES:
        if words.search(field.label):
            return stage
    return _NOW


def _span_of(task: Task, stage: Stage) -> tuple[date, date]:
    scene = task.scene
    if stage is _NOW or task.field.id in _bound_to_period(task.form):
        return scene.period_start, scene.period_end
    end = scene.period_end
    return end - timedelta(days=stage.earliest), end - timedelta(days=stage.latest)


def _days_of(task: Task) -> Iterator[tuple[int, date]]:
    """Rank and day of what the row holds already."""
    for field_id, value in task.row.items():
        spec = task.form.by_id[field_id]
        if value is None or field_id == task.field.id:
            continue
        if spec.kind in _DATED and not spec.is_list:
            yield stage_of(spec).rank, _as_day(value)
        elif spec.kind is FieldKind.ID_CARD and len(str(value)) == 18:
            yield _BIRTH.rank, birth_of(str(value))


def _as_day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, int):
        return date(value, 1, 1)
    return date.fromisoformat(f"{value}-01")


def _least_gap(task: Task, rank: int) -> timedelta:
    if rank != _BIRTH.rank:
        return timedelta(days=1)
    return timedelta(days=_SCHOOL_AGE if task.is_about_pupils else _WORKING_AGE)


@cache
def _bound_to_period(form: FormSpec) -> frozenset[str]:
    """Fields that a rule wants within the period."""
    roots = [rule.check.root for rule in form.rules if rule.check is not None]
    return frozenset(field_id for root in roots for field_id in _in_period(root))


def _in_period(node: Node) -> Iterator[str]:
    if isinstance(node, Logical):
        for operand in node.operands:
            yield from _in_period(operand)
    if isinstance(node, Call) and node.name == "in_period":
        yield from (item.id for item in node.arguments if isinstance(item, Field))
