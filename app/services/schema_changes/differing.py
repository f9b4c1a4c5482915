"""How forms differ from what they were: changes by form and field, not counted yet.

Which field was which before is told by `form_schemas.lineage` alone.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from app.services.schema_changes.declaring import describe_field
from app.services.schema_changes.operations import OperationKind
from app.services.schema_changes.targets import NEVER_STORED
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind
from form_schemas.lineage import Lineage, Origin, OriginKind
from form_schemas.spec import FormSpec

#: Kinds that hold any text: a field may turn from the shorter into the longer one.
_ANY_TEXT = (FieldKind.TEXT, FieldKind.LONG_TEXT)
_MOVES: Mapping[OriginKind, OperationKind] = {
    OriginKind.RENAMED: OperationKind.RENAME_FIELD,
    OriginKind.MOVED: OperationKind.MOVE_FIELD,
    OriginKind.COMPUTED: OperationKind.COMPUTE,
}


@dataclass(frozen=True, eq=False)
class Difference:
    """One change of a form, or of a field, against what it was."""

    kind: OperationKind
    #: as it will be; of what is retired as it was
    form: FormSpec
    #: None: the form as a whole
    field: FieldSpec | None
    summary: str
    former: FormSpec | None = None
    origin: Origin | None = None

    @property
    def field_id(self) -> str:
        return "" if self.field is None else self.field.id


def compare_editions(
    before: Sequence[FormSpec], after: Sequence[FormSpec], lineage: Lineage
) -> Iterator[Difference]:
    """Yield how the forms of an edition differ from those before, form by form."""
    for form in after:
        former = lineage.form_before(form)
        if former is None:
            summary = f"增加表“{form.title}”，{len(form.fields)} 个字段"
            yield Difference(OperationKind.ADD_FORM, form, None, summary)
            yield from _compare_new(form, lineage)
        elif form.edition != former.edition or not _reads_alike(form, former):
            yield from _compare_form(form, former, lineage)
    for former in before:
        if lineage.form_after(former) is None:
            kind, summary = OperationKind.RETIRE_FORM, f"停用表“{former.title}”"
            yield Difference(kind, former, None, summary, former)


def _reads_alike(form: FormSpec, former: FormSpec) -> bool:
    """Whether the files say the same, in the same order."""
    same_order = [*form.by_id] == [*former.by_id]
    return same_order and form.schema == former.schema


def _compare_new(form: FormSpec, lineage: Lineage) -> Iterator[Difference]:
    """Of a new form only what comes from elsewhere is worth a line."""
    for item in form.fields:
        origin = lineage.origin_of(form, item.id)
        if origin is not None:
            yield _moved(form, None, item, origin)


def _compare_form(
    form: FormSpec, former: FormSpec, lineage: Lineage
) -> Iterator[Difference]:
    found = [
        *_compare_codes(form, former),
        *_compare_fields(form, former, lineage),
        *_find_retired(form, former, lineage),
        *_compare_key(form, former, lineage),
        *_compare_unique(form, former, lineage),
    ]
    yield from found
    if words := list(_find_words(form, former, lineage)):
        kind, summary = OperationKind.RELABEL, f"改了{'、'.join(words)}"
        yield Difference(kind, form, None, summary, former)


def _compare_codes(form: FormSpec, former: FormSpec) -> Iterator[Difference]:
    if form.edition != former.edition:
        summary = f"{form.edition} 版的表“{form.title}”，沿用 {former.edition} 版的"
        yield Difference(OperationKind.ADD_FORM, form, None, summary)
    if form.code != former.code:
        summary = f"表号由 {former.code} 改为 {form.code}"
        yield Difference(OperationKind.RENAME_FORM, form, None, summary, former)


# Fields.


def _compare_fields(
    form: FormSpec, former: FormSpec, lineage: Lineage
) -> Iterator[Difference]:
    gone = [f for f in former.fields if not lineage.fields_after(former, f.id)]
    for item in form.fields:
        origin = lineage.origin_of(form, item.id)
        if origin is None:
            summary = f"增加字段“{item.label}”{_hint(item, gone)}"
            yield Difference(OperationKind.ADD_FIELD, form, item, summary, former)
            continue
        if origin.kind in _MOVES:
            yield _moved(form, former, item, origin)
        if origin.field is None:
            continue
        by_kind: dict[OperationKind, list[str]] = {}
        for kind, detail in _compare_field(item, origin, lineage):
            by_kind.setdefault(kind, []).append(detail)
        for kind, details in by_kind.items():
            summary = f"“{item.label}”：{'；'.join(details)}"
            yield Difference(kind, form, item, summary, former, origin)


def _hint(item: FieldSpec, gone: Sequence[FieldSpec]) -> str:
    """What to paste where a field looks like one that is gone: nothing is guessed."""
    like = next((f for f in gone if f.label == item.label), None)
    if like is None:
        return ""
    return f'；名称与停用的 {like.id} 相同，若是改名，请写 "x-was": ["{like.id}"]'


def _moved(
    form: FormSpec, former: FormSpec | None, item: FieldSpec, origin: Origin
) -> Difference:
    if origin.expression is not None:
        summary = f"“{item.label}”由算式得出：{origin.expression.text}"
    elif origin.kind is OriginKind.MOVED:
        assert origin.field is not None
        place = f"{origin.form.code} 的 {origin.field.id}"
        summary = f"“{item.label}”由 {place} 移来，按主键对应"
    else:
        assert origin.field is not None
        summary = f"“{item.label}”由 {origin.field.id} 改名为 {item.id}，值不变"
    return Difference(_MOVES[origin.kind], form, item, summary, former, origin)


def _find_retired(
    form: FormSpec, former: FormSpec, lineage: Lineage
) -> Iterator[Difference]:
    for item in former.fields:
        if not lineage.fields_after(former, item.id):
            summary = f"停用字段“{item.label}”，值留在数据库中"
            kind = OperationKind.RETIRE_FIELD
            yield Difference(kind, form, item, summary, former)


Found = Iterator[tuple[OperationKind, str]]


def _compare_field(item: FieldSpec, origin: Origin, lineage: Lineage) -> Found:
    earlier = origin.field
    assert earlier is not None
    new, old = describe_field(item), describe_field(earlier)
    if NEVER_STORED in origin.recode:
        yield OperationKind.RECODE, "换回原来的值"
    elif origin.recode:
        yield OperationKind.RECODE, f"{len(origin.recode)} 个值改为新的值"
    yield from _compare_type(new, old, earlier)
    if not _is_same_reference(item, origin, lineage):
        yield OperationKind.CHANGE_REFERENCE, _say_reference(item)
    if new != old:
        yield from _compare_bounds(new, old)


def _compare_type(new: Mapping, old: Mapping, earlier: FieldSpec) -> Found:
    if new["list"] != old["list"]:
        yield OperationKind.RETYPE, "单个值与多个值互换"
    if new["kind"] != old["kind"]:
        kinds = (FieldKind(old["kind"]), FieldKind(new["kind"]))
        kind = OperationKind.WIDEN if kinds == _ANY_TEXT else OperationKind.RETYPE
        yield kind, f"类型由 {old['kind']} 改为 {new['kind']}"
    elif earlier.traits.scaled and new["places"] != old["places"]:
        grows = new["places"] > old["places"]
        # Values are rounded: that is more than judging them.
        kind = OperationKind.WIDEN if grows else OperationKind.RETYPE
        yield kind, f"小数由 {old['places']} 位改为 {new['places']} 位"


def _is_same_reference(item: FieldSpec, origin: Origin, lineage: Lineage) -> bool:
    """Whether a reference picks what it picked, under whichever names."""
    now, then = item.reference, origin.field and origin.field.reference
    if now is None or then is None:
        return now is then
    if (now.filter and now.filter.text) != (then.filter and then.filter.text):
        return False
    return [_follow(code, now.field, lineage) for code in now.tables] == [
        (code, then.field) for code in then.tables
    ]


def _follow(code: str, field_id: str, lineage: Lineage) -> tuple[str, str] | None:
    target = lineage.after.get(code)
    if target is None or field_id not in target.by_id:
        return None
    origin = lineage.origin_of(target, field_id)
    if origin is None or origin.field is None:
        return None
    return origin.form.code, origin.field.id


def _say_reference(item: FieldSpec) -> str:
    if item.reference is None:
        return "不再引用别的表"
    return f"改为引用 {'、'.join(item.reference.tables)} 的 {item.reference.field}"


def _compare_bounds(new: Mapping, old: Mapping) -> Found:
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
        yield _widen(new["codes"] is None), detail
    yield from _compare_options(set(new["options"]), set(old["options"]))


def _compare_options(new: set[str], old: set[str]) -> Found:
    if gone := sorted(old - new):
        # Without any options what was bound is free.
        yield _widen(not new), f"去掉了选项{'、'.join(gone)}"
    if added := sorted(new - old):
        # Options where there were none narrow what was free.
        yield _widen(bool(old)), f"增加了选项{'、'.join(added)}"


def _is_wider(old: object, new: object, bigger_is_wider: bool) -> bool:
    if new is None or old is None:
        return new is None
    return (Decimal(str(new)) > Decimal(str(old))) is bigger_is_wider


def _widen(wider: bool) -> OperationKind:
    return OperationKind.WIDEN if wider else OperationKind.NARROW


def _show(value: object) -> str:
    return "不限" if value is None else str(value)


# The form as a whole.


def _compare_key(
    form: FormSpec, former: FormSpec, lineage: Lineage
) -> Iterator[Difference]:
    then = [(former.code, name) for name in former.key]
    now = [_source(form, name, lineage) for name in form.key]
    if form.shape is former.shape and now == then:
        return
    summary = f"主键由 {_join(former, former.key)} 改为 {_join(form, form.key)}"
    yield Difference(OperationKind.CHANGE_KEY, form, None, summary, former)


def _compare_unique(
    form: FormSpec, former: FormSpec, lineage: Lineage
) -> Iterator[Difference]:
    then = {frozenset((former.code, name) for name in ids) for ids in former.unique}
    now = {
        frozenset(_source(form, name, lineage) or ("", name) for name in ids): ids
        for ids in form.unique
    }
    if now.keys() == then:
        return
    added = [ids for found, ids in now.items() if found not in then]
    told = "、".join(_join(form, ids) for ids in added)
    summary = f"{told} 须唯一" if added else "不再要求唯一"
    yield Difference(OperationKind.CHANGE_UNIQUE, form, None, summary, former)


def _source(form: FormSpec, name: str, lineage: Lineage) -> tuple[str, str] | None:
    origin = lineage.origin_of(form, name)
    if origin is None or origin.field is None:
        return None
    return origin.form.code, origin.field.id


def _join(form: FormSpec, names: Sequence[str]) -> str:
    return "＋".join(form.by_id[name].label for name in names) or "（一表一行）"


def _find_words(form: FormSpec, former: FormSpec, lineage: Lineage) -> Iterator[str]:
    """What else reads otherwise than before."""
    if form.title != former.title:
        yield "表名"
    pairs = [
        (item, origin.field)
        for item in form.fields
        for origin in [lineage.origin_of(form, item.id)]
        if origin is not None and origin.field is not None and origin.form is former
    ]
    for told, words in _WORDS.items():
        if any(_say(a, words) != _say(b, words) for a, b in pairs):
            yield told
    if [_text(rule) for rule in form.rules] != [_text(rule) for rule in former.rules]:
        yield "规则"
    kept = {"properties", "x-rules", "title", "$id"}
    rest, before = (
        {word: value for word, value in one.schema.items() if word not in kept}
        for one in (form, former)
    )
    if form.edition == former.edition and _order(rest) != _order(before):
        yield "填报单位、分组或其他说明"
    elif [item.id for item in form.fields] != [f.id for f in former.fields] and (
        {item.id for item in form.fields} == {f.id for f in former.fields}
    ):
        yield "字段次序"


_WORDS: Mapping[str, tuple[str, ...]] = {
    "名称": ("label",),
    "填写说明": ("description",),
    "单位": ("unit",),
    "必填": ("required", "required_when"),
    "显示条件": ("visible_when",),
    "算式或带出": ("computed", "fill"),
    "默认值": ("default",),
    "与上年比较": ("compare",),
    "个人信息的标记": ("sensitive",),
}


def _say(item: FieldSpec, words: Sequence[str]) -> list[object]:
    return [_plain(getattr(item, word)) for word in words]


def _plain(value: object) -> object:
    return getattr(value, "text", value)


def _text(rule) -> tuple[object, ...]:
    parts = (rule.check, rule.when)
    return (rule.id, rule.message, rule.level, rule.fields, *map(_plain, parts))


def _order(schema: Mapping[str, object]) -> dict[str, object]:
    """Without what is told of its own: key and code."""
    form = {
        word: value
        for word, value in schema.get("x-form", {}).items()
        if word not in ("key", "code", "was", "shape")
    }
    return {**{k: v for k, v in schema.items() if k != "x-unique"}, "x-form": form}
