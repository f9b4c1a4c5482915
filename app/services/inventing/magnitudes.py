"""Numbers of a plausible size: by the label's words, by the unit, by the whole they
are a part of; always within the field's own bounds."""

import math
import re
from decimal import ROUND_HALF_UP, Decimal
from functools import cache

from app.services.inventing.tasks import Task
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec, Shape

_Range = tuple[float, float]

#: Words of a label -> smallest, largest, step; the first that occurs counts.
_BY_LABEL = tuple(
    (re.compile(words), figures)
    for words, figures in (
        ("事故|伤亡|死亡|违纪|违规|投诉|处分|隐患|旷课|退学|流失|欠缴|危房", (0, 2, 1)),
        ("排名|顺序|版次|印次", (1, 5, 1)),
        ("题号", (1, 30, 1)),
        ("学期序号", (1, 6, 1)),
        ("届", (1, 20, 1)),
        ("生师比", (13, 18, 0.1)),
        ("年龄", (28, 55, 1)),
        ("学制|修业", (3, 5, 1)),
        ("楼层|层数", (1, 6, 1)),
        ("周学时|周课时", (2, 16, 2)),
        ("学期数", (1, 6, 1)),
        ("权重", (40, 60, 5)),
        ("就业率|完好率|满意|合格率|巩固率|覆盖率", (86, 99, 0.01)),
        ("进度", (60, 100, 5)),
        ("占比|比例|比重", (20, 75, 0.01)),
        ("成绩|得分|评价|满意度", (68, 96, 0.5)),
        ("总分|录取", (320, 560, 1)),
        ("起薪|工资|薪酬", (3800, 6500, 100)),
        ("津贴|报酬|补贴|补助", (1500, 3200, 100)),
        ("定价|单价", (28, 68, 0.8)),
        ("校区数|园区数|办学点数", (1, 3, 1)),
        ("注册资[金本]", (200, 5000, 10)),
        ("员工人数|职工总数", (80, 1200, 1)),
        ("^使用面积|教室.*面积", (80, 400, 0.01)),
        ("占地", (6000, 60000, 1)),
        ("建筑面积", (2000, 20000, 1)),
        ("(班级|教学班).*人数|班额", (32, 50, 1)),
        ("总学分", (140, 170, 0.5)),
        ("总座位|座位数|床位|工位", (40, 60, 1)),
        ("(素材|信息点|接入点|用户).*数", (120, 2400, 1)),
        ("访问|点击|浏览", (300, 9000, 1)),
        ("带宽", (1000, 10000, 1000)),
    )
)

#: Unit -> range in a form of one row, range in a form of many, step.
_BY_UNIT: dict[str, tuple[_Range, _Range, float]] = {
    "人": ((60, 900), (5, 48), 1),
    "人次": ((120, 3000), (20, 400), 1),
    "人天": ((60, 1200), (10, 240), 1),
    "人时": ((200, 4000), (40, 800), 1),
    "人学时": ((400, 9000), (80, 2000), 1),
    "万元": ((40, 3000), (5, 300), 0.01),
    "亿元": ((5, 60), (1, 20), 0.01),
    "元": ((2000, 60000), (200, 6000), 10),
    "元/月": ((1500, 4500), (1500, 4500), 100),
    "元/学时": ((60, 200), (60, 200), 10),
    "元/人": ((200, 2000), (200, 2000), 10),
    "元/生": ((1200, 6800), (1200, 6800), 100),
    "元/学年": ((1200, 6800), (1200, 6800), 100),
    "元/生·年": ((1200, 6800), (1200, 6800), 100),
    "平方米": ((3000, 60000), (1000, 9000), 0.01),
    "米": ((100, 800), (50, 400), 1),
    "册": ((30000, 240000), (200, 4000), 1),
    "册次": ((8000, 60000), (200, 4000), 1),
    "本": ((500, 5000), (20, 300), 1),
    "台": ((120, 1600), (8, 60), 1),
    "台（套）": ((200, 2400), (8, 120), 1),
    "件": ((20, 400), (2, 40), 1),
    "个": ((6, 80), (2, 20), 1),
    "项": ((4, 60), (1, 12), 1),
    "种": ((10, 200), (2, 20), 1),
    "门": ((12, 160), (2, 30), 1),
    "次": ((4, 60), (1, 16), 1),
    "起": ((0, 2), (0, 2), 1),
    "间": ((20, 160), (1, 12), 1),
    "处": ((2, 20), (1, 6), 1),
    "家": ((8, 120), (2, 30), 1),
    "所": ((2, 20), (1, 8), 1),
    "篇": ((10, 120), (1, 12), 1),
    "份": ((50, 800), (20, 300), 1),
    "期": ((2, 20), (1, 6), 1),
    "条": ((20, 400), (10, 300), 1),
    "年": ((1, 20), (1, 12), 1),
    "月": ((3, 10), (3, 10), 1),
    "周": ((2, 18), (2, 18), 1),
    "天": ((10, 180), (3, 60), 1),
    "小时": ((20, 200), (1, 24), 0.5),
    "分钟": ((40, 600), (20, 240), 5),
    "学时": ((64, 512), (16, 128), 4),
    "课时": ((64, 512), (16, 128), 4),
    "节": ((2, 8), (2, 8), 1),
    "学分": ((2, 8), (1, 8), 0.5),
    "分": ((66, 96), (66, 96), 0.5),
    "%": ((60, 99), (60, 99), 0.01),
    "GB": ((200, 5000), (5, 200), 1),
    "TB": ((10, 120), (1, 20), 0.5),
    "Mbps": ((200, 10000), (100, 1000), 100),
    "万字": ((5, 60), (5, 60), 0.5),
    "千字": ((80, 500), (80, 500), 1),
    "字": ((1500, 8000), (1500, 8000), 100),
    "层": ((1, 6), (1, 6), 1),
    "版": ((1, 6), (1, 6), 1),
}
_USUAL: tuple[_Range, _Range, float] = ((5, 100), (1, 30), 1)

#: What belongs to others is none at all in most schools.
_OTHERS = re.compile("^非学校产权|外籍|外聘|境外|被外单位借用")
_NONE_SHARE = 0.7
_PART = re.compile("^其中")
#: A part of a whole, as a share of it.
_PART_SHARES = (0.04, 0.4)
#: Ranges wider than this are drawn from by order of magnitude.
_WIDE = 6


def invent_number(task: Task) -> Decimal | int:
    field = task.field
    if _OTHERS.search(field.label) and task.random.random() < _NONE_SHARE:
        return round_number(field, max(Decimal(0), field.minimum or Decimal(0)))
    low, high, step = _range_of(task)
    number = Decimal(str(round(_draw(task, low, high) / step))) * Decimal(str(step))
    return round_number(field, _clip(field, number))


def plausible_range(field: FieldSpec, shape: Shape) -> tuple[float, float, float]:
    """Smallest and largest likely number of a field, and the step between two."""
    low, high, step = _expected(field, shape)
    least = float(field.minimum) if field.minimum is not None else low
    most = float(field.maximum) if field.maximum is not None else high
    if most < low or least > high:
        low, high = least, max(least, most if field.maximum is not None else least * 2)
    return max(low, least), min(high, most), step


def round_number(field: FieldSpec, number: Decimal) -> Decimal | int:
    """The number as the field stores it."""
    if field.places is None:
        return int(number.to_integral_value(ROUND_HALF_UP))
    return number.quantize(Decimal(1).scaleb(-field.places), ROUND_HALF_UP)


@cache
def wholes_of(form: FormSpec) -> dict[str, str]:
    """Field -> the field it is a part of, as the form's order and words say."""
    found: dict[str, str] = {}
    for group in form.groups:
        above: dict[int, str] = {}
        whole: dict[str, str] = {}
        for placed in group.fields:
            spec = form.by_id.get(placed.id)
            if spec is None:
                continue
            over = above.get(placed.depth - 1)
            if _PART.search(spec.label):
                over = over or whole.get(spec.unit)
            elif placed.depth == 0:
                whole[spec.unit] = spec.id
            above[placed.depth] = spec.id
            if over is not None and spec.unit and form.by_id[over].unit == spec.unit:
                found[spec.id] = over
    return found


def _range_of(task: Task) -> tuple[float, float, float]:
    low, high, step = plausible_range(task.field, task.form.shape)
    whole = task.row.get(wholes_of(task.form).get(task.field.id, ""))
    if isinstance(whole, int | Decimal):
        least, most = (float(whole) * share for share in _PART_SHARES)
        step = 1 if task.field.places is None else 0.01
        return least, most, step
    return low, high, step


def _expected(field: FieldSpec, shape: Shape) -> tuple[float, float, float]:
    for words, figures in _BY_LABEL:
        if words.search(field.label) and _is_of_unit(field, figures):
            return figures
    record, rows, step = _BY_UNIT.get(field.unit, _USUAL)
    return (*(record if shape is Shape.RECORD else rows), step)


def _is_of_unit(field: FieldSpec, figures: tuple[float, float, float]) -> bool:
    """Whether the words' figures lie within what the field allows."""
    low, high, _ = figures
    if field.unit == "%" and high > 100:
        return False
    return (field.maximum is None or low <= field.maximum) and (
        field.minimum is None or high >= field.minimum
    )


def _draw(task: Task, low: float, high: float) -> float:
    if low > 0 and high / low > _WIDE:
        return math.exp(task.random.uniform(math.log(low), math.log(high)))
    return task.random.uniform(low, high)


def _clip(field: FieldSpec, number: Decimal) -> Decimal:
    if field.minimum is not None:
        number = max(number, field.minimum)
    return number if field.maximum is None else min(number, field.maximum)
