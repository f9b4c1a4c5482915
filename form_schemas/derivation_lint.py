"""What is unwise in `x-derive` and `x-generate` once all forms are known."""

from collections.abc import Iterator, Mapping, Sequence

from form_schemas.condition_parts import find_alias_equation
from form_schemas.derivation_order import find_circle
from form_schemas.derivations import Derivation, Join, is_over_group
from form_schemas.faults import Fault, point
from form_schemas.nodes import AliasColumn, Node, conjuncts_of, parts_of
from form_schemas.spec import FormSpec


def find_derivation_faults(
    files: Mapping[str, str], forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """The faults of all derivations of an edition.

    Args:
        files: code of a form -> its file.
    """
    by_code = {form.code: form for form in forms}
    for form in forms:
        for word, derivation in (
            ("x-derive", form.derive),
            ("x-generate", form.generate),
        ):
            if derivation is not None:
                for at, message in _list_faults(form, derivation, by_code):
                    yield Fault(files[form.code], point(word, *at), message)
    if circle := find_circle(forms):
        message = f"汇总成了一个圈：{' → '.join(circle)}。请改掉其中一个。"
        yield Fault(files[circle[0]], point("x-derive"), message)


_Found = Iterator[tuple[tuple[object, ...], str]]


def _list_faults(
    form: FormSpec, derivation: Derivation, forms: Mapping[str, FormSpec]
) -> _Found:
    if form.derive is derivation:
        yield from _list_missing(form, derivation)
    elif form.key and not any(name in derivation.columns for name in form.key):
        message = "没有一个关键字段有算式，认不出哪些行已经有了。请补上。"
        yield ("columns",), message
    for index, join in enumerate(derivation.joins):
        target = forms.get(join.table)
        if target is not None:
            for message in _judge_join(join, target, derivation):
                yield ("join", index), message
    yield from _list_group_faults(form, derivation)


def _list_missing(form: FormSpec, derivation: Derivation) -> _Found:
    missing = [
        field.id
        for field in form.fields
        if field.id not in derivation.columns and not field.is_given
    ]
    if missing:
        message = f"没有算式的字段：{'、'.join(missing)}，会一直空着。请补上。"
        yield ("columns",), message
    free = [name for name in derivation.group_by if name not in form.key]
    if free:
        message = f"按 {'、'.join(free)} 分组，关键字段里却没有：会有几行分不开。"
        yield ("groupBy",), f"{message}请写进 key。"


def _judge_join(join: Join, target: FormSpec, derivation: Derivation) -> Iterator[str]:
    if derivation.is_grouped and join.is_many:
        yield (
            f"“{join.alias}”对上几行就各成一行，分组以后会重复计数。"
            "请写 first，或换成从那张表来。"
        )
    if join.is_many or join.first is not None:
        return
    found = (
        find_alias_equation(part, join.alias) for part in conjuncts_of(join.on.root)
    )
    owns = [sides[0] for sides in found if sides is not None]
    equal = {side.column for side in owns if isinstance(side, AliasColumn)}
    keys = [key for key in (target.key, *target.unique) if key]
    if not any(set(key) <= equal for key in keys):
        listed = "；".join("、".join(key) for key in keys) or "无"
        yield (
            f"on 没有写全表 {target.code} 的关键字段（{listed}），一行可能对上几行。"
            "请写全；只取一行时写 first，对上几行就各成一行时写 many。"
        )


def _list_group_faults(form: FormSpec, derivation: Derivation) -> _Found:
    if not derivation.is_grouped:
        return
    for name in derivation.group_by:
        if form.by_id[name].is_list:
            yield ("groupBy",), f"“{name}”有多个值，不能用来分组。请换一列。"
    expanded = {one.column for one in derivation.expansions}
    for name, expression in derivation.columns.items():
        if name in derivation.group_by:
            continue
        loose = set(_find_expanded(expression.root)) & expanded
        if loose - set(derivation.group_by):
            listed = "、".join(sorted(loose))
            message = f"“{listed}”在一组里有几个值。请写进 groupBy，或放进对组的函数。"
            yield ("columns", name), message


def _find_expanded(node: Node) -> Iterator[str]:
    """Expanded columns that it reads outside of functions over a group."""
    if is_over_group(node):
        return
    if isinstance(node, AliasColumn) and not node.alias:
        yield node.column
    for part in parts_of(node):
        yield from _find_expanded(part)
