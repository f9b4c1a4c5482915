"""What a form declares about its stored rows, and how two declarations differ.

Only what shapes or bounds stored values counts: labels, hints, rules and conditions may
change at any time and need no plan.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from form_schemas.kinds import TRAITS, FieldKind
from form_schemas.spec import FieldSpec, FormSpec

#: As JSON holds it.
Declaration = Mapping[str, object]

#: Kinds that hold any text: a field may turn from the shorter into the longer one.
_ANY_TEXT = (FieldKind.TEXT, FieldKind.LONG_TEXT)


class ChangeKind(StrEnum):
    """What a change of schema files does to stored rows."""

    ADD_FORM = "add_form"
    ADD_FIELD = "add_field"
    WIDEN = "widen"
    ADD_INDEX = "add_index"
    #: the column and its values stay
    RETIRE_FIELD = "retire_field"
    #: the table and its rows stay
    RETIRE_FORM = "retire_form"
    NARROW = "narrow"
    RETYPE = "retype"
    RECODE = "recode"
    RENAME = "rename"
    CHANGE_KEY = "change_key"
    CHANGE_REFERENCE = "change_reference"

    @property
    def is_safe(self) -> bool:
        """Whether every stored row stays as it is and stays valid."""
        return self in _SAFE


_SAFE = frozenset(
    {
        ChangeKind.ADD_FORM,
        ChangeKind.ADD_FIELD,
        ChangeKind.WIDEN,
        ChangeKind.ADD_INDEX,
        ChangeKind.RETIRE_FIELD,
        ChangeKind.RETIRE_FORM,
    }
)


@dataclass(frozen=True, order=True)
class Change:
    """One difference between what was applied and what the file says."""

    form_name: str
    field_id: str
    kind: ChangeKind
    #: in Chinese, for the administrator
    detail: str


def declare(form: FormSpec, earlier: Declaration | None = None) -> Declaration:
    """The declaration of a form; fields that it dropped are remembered as retired."""
    fields = {field.id: _declare_field(field) for field in form.fields}
    known = {} if earlier is None else {**earlier["retired"], **earlier["fields"]}
    return {
        "shape": form.shape.value,
        "key": list(form.key),
        "unique": sorted(map(list, form.unique)),
        "fields": fields,
        "retired": {name: d for name, d in known.items() if name not in fields},
    }


def compare(
    form: FormSpec, applied: Declaration, *, is_new_edition: bool = False
) -> Iterator[Change]:
    """Yield how the form differs from the applied declaration.

    Args:
        is_new_edition: the declaration is another edition's: only what the common
            table cannot hold counts.
    """
    name = form.full_name
    known = {**applied["retired"], **applied["fields"]}
    renamed = {
        old: field.id
        for field in form.fields
        for old in field.was
        if field.id not in known and old in applied["fields"]
    }
    for old, new in renamed.items():
        yield Change(name, new, ChangeKind.RENAME, f"字段 {old} 改名为 {new}")
    for field in form.fields:
        if field.id in known:
            old = known[field.id]
            yield from _compare_field(name, field, old, is_new_edition)
        elif field.id not in renamed.values():
            detail = f"增加字段“{field.label}”"
            yield Change(name, field.id, ChangeKind.ADD_FIELD, detail)
    yield from _compare_form(form, applied)
    if is_new_edition:
        return
    for field_id in applied["fields"]:
        if field_id not in form.by_id and field_id not in renamed:
            detail = "停用字段，已有数据保留在数据库中"
            yield Change(name, field_id, ChangeKind.RETIRE_FIELD, detail)
    for field in form.fields:
        if field.id in applied["retired"]:
            detail = f"重新启用字段“{field.label}”"
            yield Change(name, field.id, ChangeKind.ADD_FIELD, detail)


def _declare_field(field: FieldSpec) -> dict[str, object]:
    reference = field.reference
    return {
        "kind": field.value_kind.value,
        "list": field.is_list,
        "places": field.places,
        "max_length": field.max_length,
        "minimum": _spell(field.minimum),
        "maximum": _spell(field.maximum),
        "pattern": field.pattern,
        # Their order may change: stored are the texts.
        "options": sorted(field.options),
        "codes": field.codes,
        "reference": None
        if reference is None
        else [
            list(reference.tables),
            reference.field,
            None if reference.filter is None else reference.filter.text,
        ],
    }


def _spell(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"


def _compare_form(form: FormSpec, applied: Declaration) -> Iterator[Change]:
    new = declare(form)
    if new["shape"] != applied["shape"] or new["key"] != applied["key"]:
        detail = f"主键由 {_join(applied['key'])} 改为 {_join(form.key)}"
        yield Change(form.full_name, "", ChangeKind.CHANGE_KEY, detail)
    if new["unique"] != applied["unique"]:
        yield Change(form.full_name, "", ChangeKind.CHANGE_KEY, "唯一性要求有变化")


def _join(names: object) -> str:
    return "、".join(names) or "（一表一行）"


def _compare_field(
    name: str, field: FieldSpec, old: Declaration, is_new_edition: bool
) -> Iterator[Change]:
    new = _declare_field(field)
    if new == old:
        return
    fixed = [*_compare_type(new, old), *_compare_reference(new, old)]
    bounds = [] if is_new_edition else list(_compare_bounds(new, old))
    for kind, detail in fixed + bounds:
        yield Change(name, field.id, kind, f"“{field.label}”：{detail}")


Found = Iterator[tuple[ChangeKind, str]]


def _compare_type(new: Declaration, old: Declaration) -> Found:
    if new["list"] != old["list"]:
        yield ChangeKind.RETYPE, "单个值与多个值互换"
    if new["kind"] != old["kind"]:
        kinds = (FieldKind(old["kind"]), FieldKind(new["kind"]))
        kind = ChangeKind.WIDEN if kinds == _ANY_TEXT else ChangeKind.RETYPE
        yield kind, f"类型由 {old['kind']} 改为 {new['kind']}"
    elif TRAITS[FieldKind(new["kind"])].scaled and new["places"] != old["places"]:
        grows = new["places"] > old["places"]
        yield _widen(grows), f"小数由 {old['places']} 位改为 {new['places']} 位"


def _compare_reference(new: Declaration, old: Declaration) -> Found:
    if new["reference"] != old["reference"]:
        yield ChangeKind.CHANGE_REFERENCE, "引用的表、字段或条件有变化"


def _compare_bounds(new: Declaration, old: Declaration) -> Found:
    for name, label, bigger_is_wider in (
        ("max_length", "最大长度", True),
        ("maximum", "最大值", True),
        ("minimum", "最小值", False),
    ):
        if new[name] != old[name]:
            wider = _is_wider(old[name], new[name], bigger_is_wider)
            yield _widen(wider), f"{label}由 {_show(old[name])} 改为 {_show(new[name])}"
    if new["pattern"] != old["pattern"]:
        yield _widen(new["pattern"] is None), f"格式改为 {_show(new['pattern'])}"
    if new["codes"] != old["codes"]:
        detail = f"代码表由 {_show(old['codes'])} 改为 {_show(new['codes'])}"
        yield ChangeKind.RECODE, detail
    yield from _compare_options(set(new["options"]), set(old["options"]))


def _compare_options(new: set[str], old: set[str]) -> Found:
    if gone := sorted(old - new):
        yield ChangeKind.NARROW, f"去掉了选项{'、'.join(gone)}"
    if added := sorted(new - old):
        # Options where there were none narrow what was free.
        kind = ChangeKind.WIDEN if old else ChangeKind.NARROW
        yield kind, f"增加了选项{'、'.join(added)}"


def _is_wider(old: object, new: object, bigger_is_wider: bool) -> bool:
    if new is None or old is None:
        return new is None
    return (Decimal(new) > Decimal(old)) is bigger_is_wider


def _widen(wider: bool) -> ChangeKind:
    return ChangeKind.WIDEN if wider else ChangeKind.NARROW


def _show(value: object) -> str:
    return "不限" if value is None else str(value)
