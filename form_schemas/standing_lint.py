"""Forms of no period and forms of a round read past each other: their rows stand in
different rounds, and whatever looks from one to the other finds nothing.
"""

from collections.abc import Iterator, Mapping, Sequence

from form_schemas.expressions import Expression
from form_schemas.faults import Fault, point
from form_schemas.forms_read import walk
from form_schemas.nodes import Aggregate
from form_schemas.spec import FormSpec


def find_standing_faults(
    files: Mapping[str, str], forms: Sequence[FormSpec]
) -> Iterator[Fault]:
    """References and expressions that lead out of the form's round."""
    standing = {form.code: form.is_standing for form in forms}
    for form in forms:
        for pointer, code in _list_reads(form):
            if standing.get(code, form.is_standing) == form.is_standing:
                continue
            daily = form.code if form.is_standing else code
            message = (
                f"这里看的是表 {code}，但 {daily} 是日常表（standing），"
                "另一张逐期填报，两张表的行不在一起，什么也看不到。"
                "请改看同一种表，或去掉 standing。"
            )
            yield Fault(files[form.code], pointer, message)


def _list_reads(form: FormSpec) -> Iterator[tuple[str, str]]:
    """Where a form reads another, and that one's code."""
    for field in form.fields:
        place = point("properties", field.id)
        if field.reference is not None:
            for code in field.reference.tables:
                yield place, code
        for one in (field.computed, field.visible_when, field.required_when):
            yield from ((place, code) for code in _tables_of(one))
    for number, rule in enumerate(form.rules):
        for one in (rule.check, rule.when):
            for code in _tables_of(one):
                yield point("x-rules", number), code
    if form.derive is not None:
        yield point("x-derive"), form.derive.source


def _tables_of(expression: Expression | None) -> Iterator[str]:
    if expression is None:
        return
    for node in walk(expression.root):
        if isinstance(node, Aggregate):
            yield node.table
