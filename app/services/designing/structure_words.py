"""How the parts of a file are called on pages, and what may be chosen there.

Keyed as `structures` keys places. What has no name here goes by its word in the file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.services.designing.structure_acts import NOTHING
from app.services.designing.structures import Place
from app.services.designing.words import Json
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.spec import Level, Period

Choice = tuple[str, str]

LABELS: Mapping[str, str] = {
    "x-unique": "不许重复的字段",
    "x-freeze": "锁住两头的连接",
    "freeze.field": "哪个引用字段",
    "freeze.editable": "锁住后本表仍可以改的字段",
    "freeze.targetEditable": "锁住后所连的行仍可以改的字段",
    "freeze.unlinkRole": "系统管理员可以解除连接",
    "freeze.usedBy": "还有这些表在用本行时，谁也不能解除",
    "freeze.usedBy.table": "哪张表",
    "freeze.usedBy.field": "它的哪个引用字段",
    "derivation.from": "从哪张表的行来",
    "derivation.join": "并上的表",
    "derivation.join.table": "哪张表",
    "derivation.join.as": "在式子里叫它什么",
    "derivation.join.on": "怎样对上",
    "derivation.join.optional": "没有对应行也保留",
    "derivation.join.first": "对上几行时取哪一行：这个式子最小的",
    "derivation.join.many": "对上几行就各成一行",
    "derivation.expand": "逐值、逐日各成一行的列",
    "derivation.expand.*.from": "从",
    "derivation.expand.*.to": "到",
    "derivation.where": "只取这样的行",
    "derivationCondition.check": "要成立的条件",
    "derivationCondition.message": "不成立时告诉人的话",
    "derivationCondition.mend": "到哪张表去补",
    "derivationCondition.mend.form": "哪张表",
    "derivationCondition.mend.values": "预填那张表的字段",
    "derivation.groupBy": "按这些列合并",
    "derivation.columns": "每一列怎样得来",
    "derivation.totalRow": "合计行：各列怎样得来",
    "derivation.close": "缺口在哪里补上",
    "derivation.close.form": "哪张表",
    "derivation.close.values": "预填那张表的字段",
    "derivation.note": "说不成式子的部分",
    "test.name": "这个例子说明什么",
    "test.tables": "别的行（同单位同轮次）",
    "test.lastTables": "上一轮别的行",
    "test.breaks": "这一行违反的规则",
    "title": "全称",
    "shortTitle": "简称",
    "unitKind": "由哪一种单位填报",
    "periods": "统计时间",
    "departments": "部门",
    "department.name": "名称",
    "department.aliases": "其他叫法",
    "phases": "阶段",
    "phase.id": "短词",
    "phase.title": "名称",
    "phase.from": "第一天",
    "phase.to": "最后一天",
    "phase.tasks": "任务",
    "task.title": "做什么",
    "task.forms": "可以填哪些表",
    "task.departments": "谁来做",
    "task.remark": "说明",
    "reviewSteps": "审核步骤",
    "step.id": "短词",
    "step.title": "名称",
    "step.role": "由谁办",
    "step.whole": "整个单位一起审",
    "step.level": "由哪一级办",
    "chains": "业务链",
    "chain.id": "短词",
    "chain.title": "名称",
    "chain.steps": "各步",
    "chainStep.id": "短词",
    "chainStep.title": "名称",
    "chainStep.forms": "这一步的表",
    "chainStep.needs": "以前面哪几步为前提",
    "chainStep.gaps": "缺口清单",
    "accountTypes": "账号的类型",
    "booklets": "合订本",
    "anthologies": "汇编",
    "warningReasons": "警告可以过去的理由",
    "warningReasons.id": "短词",
    "warningReasons.title": "理由",
    "warningReasons.text": "还要写一句话",
    "x-measures": "统计指标",
    "measureGroup.id": "短词",
    "measureGroup.title": "节名",
    "measureGroup.measures": "指标",
    "measure.id": "短词",
    "measure.title": "名称",
    "measure.unit": "单位",
    "measure.form": "数哪张表的行",
    "measure.kind": "怎样算",
    "measure.value": "算什么",
    "measure.where": "只算哪些行",
    "measure.numerator": "分子",
    "measure.denominator": "分母",
    "measure.digits": "保留几位小数",
    "measure.by": "可以按什么分",
    "measure.chart": "画成什么图",
    "measure.persons": "是不是数人",
    "dimension": "按什么",
    "dimension.id": "短词",
    "dimension.title": "名称",
    "dimension.value": "算式",
    "dimension.codes": "代码表",
}

#: Places whose definition serves several words.
WORDS: Mapping[str, str] = {
    "x-derive": "系统汇总",
    "x-generate": "生成",
    "x-tests": "例子",
    "row": "这一行",
    "last": "上一轮的同一行",
}

#: What one of the items of a list is called.
ITEMS: Mapping[str, str] = {
    "x-unique": "一组",
    "x-freeze": "一个连接",
    "freeze.usedBy": "一张表",
    "derivation.join": "一张表",
    "derivation.where": "一个条件",
    "test.tables.*": "一行",
    "test.lastTables.*": "一行",
    "departments": "一个部门",
    "phases": "一个阶段",
    "phase.tasks": "一项任务",
    "reviewSteps": "一步",
    "chains": "一条链",
    "chain.steps": "一步",
    "warningReasons": "一个理由",
    "x-measures": "一节",
    "measureGroup.measures": "一个指标",
    "measure.by": "一种分法",
}

#: What stands there in the other way, by the type that it is turned to.
TURNS: Mapping[tuple[str, str], str] = {
    ("derivation.where", "string"): "合成一个式子",
    ("derivation.where", "array"): "分成几个条件",
    ("derivation.expand.*", "array"): "改成列出各个值",
    ("derivation.expand.*", "object"): "改成从几到几、从哪天到哪天",
    ("dimension", "string"): "改成直接按一个字段",
    ("dimension", "object"): "改成另起名称、写算式",
}

EXPRESSIONS = frozenset(
    {
        "derivation.join.on",
        "derivation.join.first",
        "derivation.expand.*.from",
        "derivation.expand.*.to",
        "derivation.where",
        "derivationCondition.check",
        "derivationCondition.mend.values.*",
        "derivation.columns.*",
        "derivation.totalRow.*",
        "measure.value",
        "measure.where",
        "measure.numerator",
        "measure.denominator",
        "dimension.value",
    }
)
LONG_TEXTS = frozenset(
    {"derivation.note", "derivationCondition.message", "task.remark", "test.name"}
)
#: Names of forms: too many for a list of choices in each place.
FORMS = frozenset(
    {
        "freeze.usedBy.table",
        "derivation.from",
        "derivation.join.table",
        "derivationCondition.mend.form",
        "derivation.close.form",
        "measure.form",
    }
)
DAYS = frozenset({"phase.from", "phase.to", "periods.*"})


_CLAUSE = re.compile("[：，。；（]")
_LONGEST_LABEL = 24


@dataclass(frozen=True)
class Known:
    """What choices are made of."""

    schemas: Mapping[str, Json]
    #: the file at hand
    schema: Json
    codelists: Mapping[str, str]

    def list_fields(self, code: object) -> list[Choice]:
        return list_fields(self.schemas.get(str(code), {}))


def list_fields(schema: Mapping[str, Any]) -> list[Choice]:
    declared = schema.get("properties", {})
    return [
        (name, str(one.get("title", name)) if isinstance(one, dict) else name)
        for name, one in declared.items()
    ]


def list_choices(known: Known, place: Place) -> list[Choice]:
    """What may stand at a place; none: whatever one types."""
    lister = _CHOICES.get(place.key)
    if lister is not None:
        return lister(known, place)
    words = _WORDS.get(place.key)
    enum = place.rule.get("enum", ())
    return [(str(one), (words or {}).get(str(one), str(one))) for one in enum]


def list_names(known: Known, place: Place) -> list[Choice]:
    """The names that members of an object may have."""
    lister = _NAMES.get(place.key)
    return lister(known, place) if lister is not None else []


def list_insertable(known: Known, place: Place) -> list[Choice]:
    """What an expression at a place may name."""
    if place.key.startswith(("measure.", "dimension.")):
        return known.list_fields(_beside(place, "form"))
    whole = next((v for v in place.above[1:] if isinstance(v, dict)), {})
    found = known.list_fields(whole.get("from", ""))
    joins = whole.get("join")
    for join in joins if isinstance(joins, list) else ():
        if isinstance(join, dict):
            alias = join.get("as", "")
            columns = known.list_fields(join.get("table", ""))
            found += [(f"{alias}.{name}", f"{alias}：{told}") for name, told in columns]
    return found


def _own(known: Known, place: Place) -> list[Choice]:
    return list_fields(known.schema)


def _references(schema: Mapping[str, Any]) -> list[Choice]:
    declared = schema.get("properties", {})
    return [
        (name, str(one.get("title", name)))
        for name, one in declared.items()
        if isinstance(one, dict) and "x-ref" in one
    ]


def _own_references(known: Known, place: Place) -> list[Choice]:
    return _references(known.schema)


def _linked(known: Known, place: Place) -> list[Choice]:
    """Fields of the form that the link leads to."""
    field = known.schema.get("properties", {}).get(_beside(place, "field"), {})
    reference = field.get("x-ref") if isinstance(field, dict) else None
    code = reference.get("table") if isinstance(reference, dict) else ""
    return known.list_fields(code)


def _users(known: Known, place: Place) -> list[Choice]:
    return _references(known.schemas.get(str(_beside(place, "table")), {}))


def _of_form(known: Known, place: Place) -> list[Choice]:
    return known.list_fields(_beside(place, "form"))


def _rules(known: Known, place: Place) -> list[Choice]:
    found = [
        (str(rule.get("id", "")), str(rule.get("message", "")))
        for rule in known.schema.get("x-rules", ())
        if rule.get("level") != Level.MANUAL
    ]
    compared = [
        (f"compare_{name}", f"“{one.get('title', name)}”与上年比较")
        for name, one in known.schema.get("properties", {}).items()
        if "x-compare" in one
    ]
    return found + compared


def _row_fields(known: Known, place: Place) -> list[Choice]:
    told = next((w for w in ("tables", "lastTables") if w in place.parts), None)
    if told is None:
        return list_fields(known.schema)
    code = place.parts[place.parts.index(told) + 1]
    return known.list_fields(code)


def _all_forms(known: Known, place: Place) -> list[Choice]:
    return [(c, f"{c} {one.get('title', '')}") for c, one in known.schemas.items()]


def _periods(known: Known, place: Place) -> list[Choice]:
    return [(one.value, PERIOD_NAMES[one]) for one in Period]


def _departments(known: Known, place: Place) -> list[Choice]:
    held = known.schema.get("departments")
    told = held if isinstance(held, list) else ()
    return [(str(one.get("name", "")),) * 2 for one in told if isinstance(one, dict)]


def _steps_before(known: Known, place: Place) -> list[Choice]:
    steps = next((v for v in reversed(place.above) if isinstance(v, list)), [])
    number = next(p for p in reversed(place.parts) if isinstance(p, int))
    before = [
        (str(one.get("id", "")), str(one.get("title", "")))
        for one in steps[:number]
        if isinstance(one, dict)
    ]
    return [(NOTHING, "什么也不等"), *before]


def _codelists(known: Known, place: Place) -> list[Choice]:
    return list(known.codelists.items())


def _beside(place: Place, word: str) -> object:
    """What stands beside, or beside what this stands in."""
    for holder in reversed(place.above):
        if isinstance(holder, dict) and word in holder:
            return holder[word]
    return ""


Lister = Callable[[Known, Place], list[Choice]]

_CHOICES: Mapping[str, Lister] = {
    "x-unique.*": _own,
    "freeze.field": _own_references,
    "freeze.editable": _own,
    "freeze.targetEditable": _linked,
    "freeze.usedBy.field": _users,
    "derivation.groupBy": _own,
    "derivation.close.values.*": _own,
    "test.breaks": _rules,
    "task.departments": _departments,
    "chainStep.needs": _steps_before,
    "dimension.codes": _codelists,
}
_NAMES: Mapping[str, Lister] = {
    "derivation.expand": _own,
    "derivation.columns": _own,
    "derivation.totalRow": _own,
    "derivationCondition.mend.values": _of_form,
    "derivation.close.values": _of_form,
    "row": _row_fields,
    "test.tables": _all_forms,
    "test.lastTables": _all_forms,
    "periods": _periods,
}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "step.role": {
        "filler": "填报人",
        "department_head": "部门负责人",
        "quality_office": "质量监督处",
        "leadership": "领导小组",
        "authority": "上级主管部门",
    },
    "step.level": {"city": "市", "province": "省", "nation": "全国"},
    "measure.kind": {
        "count": "数行数",
        "sum": "求和",
        "ratio": "求商",
        "distinct": "数不同的值",
        "mean": "求平均",
    },
    "measure.chart": {
        "bar": "柱形图",
        "line": "折线图",
        "pie": "饼图",
        "none": "不画",
    },
}


def say_name(known: Known, place: Place) -> str:
    """What a place is called: of a member, what its name stands for."""
    name = place.parts[-1]
    if isinstance(name, int):
        return f"第 {name + 1} 项"
    if place.key in LABELS and not place.key.endswith("*"):
        return LABELS[place.key]
    if name in WORDS:
        return WORDS[name]
    if not place.key.endswith("*"):
        # A word that is new to the meta-schema goes by how that begins to tell of it.
        told = _CLAUSE.split(place.description)[0]
        return told if 0 < len(told) <= _LONGEST_LABEL else name
    holder = replace(place, parts=place.parts[:-1], key=place.key.removesuffix(".*"))
    names = dict(list_names(known, holder))
    return names.get(name, name)
