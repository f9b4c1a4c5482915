"""What may be chosen at a place of a file, and how the place is called.

Keyed as `structures` keys places; words that people know stand in `structure_words`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from app.services.designing.structure_acts import NOTHING
from app.services.designing.structure_words import LABELS, WORDS
from app.services.designing.structures import Place
from app.services.designing.words import Json
from form_schemas.field_words import PERIOD_NAMES
from form_schemas.rule_spec import Level
from form_schemas.spec import Period

Choice = tuple[str, str]

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
