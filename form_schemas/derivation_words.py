"""Says in Chinese how the rows of a form follow from rows of others.

`wording` says the expressions. Pages that explain a single row and the documentation of
a form say it alike.
"""

from collections.abc import Iterator, Mapping

from form_schemas.derivations import Condition, Derivation, Join
from form_schemas.nodes import AliasColumn, Field, Node, RefColumn
from form_schemas.spec import FormSpec
from form_schemas.wording import Names, describe, describe_condition


def name_parts(
    form: FormSpec, derivation: Derivation, forms: Mapping[str, FormSpec]
) -> Names:
    """Whose fields the names in a derivation are; `forms` are the edition's by code."""
    partners = {one.alias: forms[one.table] for one in derivation.joins}
    return Names(forms, forms[derivation.source], partners=partners, derived=form)


def say_derivation(derivation: Derivation, names: Names) -> Iterator[str]:
    """Which rows there are, a sentence each."""
    yield f"来源是“{names.own.title}”的行"
    for join in derivation.joins:
        yield say_join(join, names)
    for expansion in derivation.expansions:
        label = _label(names, expansion.column)
        yield f"{label}：{say_expanded(derivation, expansion.column, names)}"
    for condition in derivation.conditions:
        yield f"只取符合这个条件的：{say_condition(condition, names)}"
    if derivation.group_by:
        labels = "、".join(_label(names, name) for name in derivation.group_by)
        yield f"{labels}相同的来源行合成一行"
    if derivation.total_row is not None:
        yield "最后有一行是全部来源行的合计"
    if derivation.note:
        yield derivation.note


def say_join(join: Join, names: Names) -> str:
    """Which partners a source row has."""
    title = names.forms[join.table].title
    on = describe_condition(join.on.root, names)
    some = "没有的也列入" if join.optional else "没有的不列入"
    said = f"每行配上“{title}”里的一行（{on}），{some}"
    if join.is_many:
        said = f"每行配上“{title}”里的各行（{on}），{some}"
    if join.first is not None:
        said += f"；有几行时取{describe(join.first.root, names)}最小的"
    return said


def say_condition(condition: Condition, names: Names) -> str:
    return describe_condition(condition.check.root, names)


def say_expanded(derivation: Derivation, column: str, names: Names) -> str:
    """Which rows the values of an expanded column give."""
    found = (one for one in derivation.expansions if one.column == column)
    expansion = next(found)
    if expansion.start is None or expansion.end is None:
        return f"{'、'.join(map(str, expansion.values))}各一行"
    ends = (expansion.start.root, expansion.end.root)
    first, last = (describe(end, names) for end in ends)
    return f"从{first}到{last}逐一成行"


def say_column(derivation: Derivation, column: str, names: Names) -> str:
    """How a column's value comes about; empty where the derivation gives none."""
    expression = derivation.columns.get(column)
    if expression is None:
        is_expanded = any(one.column == column for one in derivation.expansions)
        return say_expanded(derivation, column, names) if is_expanded else ""
    root = expression.root
    if isinstance(root, AliasColumn) and not root.alias:
        return say_expanded(derivation, root.column, names)
    return say_value(root, names)


def say_value(root: Node, names: Names) -> str:
    """What a column holds."""
    said = describe(root, names)
    if isinstance(root, Field):
        said = f"“{names.own.title}”的{said}"
    is_plain = isinstance(root, Field | AliasColumn | RefColumn)
    return f"取自{said}" if is_plain else said


def _label(names: Names, column: str) -> str:
    known = None if names.derived is None else names.derived.by_id.get(column)
    return column if known is None else known.label
