"""Which form lacks what people miss in a derived one, where no source row has it."""

from collections.abc import Iterator

from app.services.explaining.mending import Mending, mend_row, mend_values
from app.services.explaining.questions import AskedColumn
from app.services.explaining.reasons import Reason, list_keys
from app.services.explaining.sight import Read, Sight
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import AliasColumn, Field
from form_schemas.spec import FormKind, FormSpec
from form_schemas.wording import describe_condition


def tell_lacking(sight: Sight, asked: AskedColumn, value: object) -> Iterator[Reason]:
    """Each form that has no row of the value, those that others pick from first."""
    node, source = asked.node, sight.source
    if isinstance(node, Field):
        yield from _tell_no_target(sight, source.by_id[node.id], value)
        yield _tell_no_row(sight, source, node.id, value)
    elif isinstance(node, AliasColumn) and node.alias:
        yield from _tell_no_origin(sight, node, value)
    else:
        shown = sight.write_as(asked.form, asked.field.id, value)
        text = f"{source.code} {source.title}里没有一行的{asked.label}是 {shown}。"
        yield Reason(text, mendings=(Mending(source),))


def _tell_no_row(sight: Sight, form: FormSpec, name: str, value: object) -> Reason:
    shown, label = sight.write_as(form, name, value), form.by_id[name].label
    text = f"{form.code} {form.title}里没有{label}为 {shown} 的行。"
    return Reason(text, mendings=tuple(mend_values(sight, form, {name: value})))


def _tell_no_target(sight: Sight, item: FieldSpec, value: object) -> Iterator[Reason]:
    """Whether the form that the value is picked from lacks it, too."""
    if item.reference is None:
        return
    forms = [sight.forms[code] for code in item.reference.tables if code in sight.forms]
    name = item.reference.field
    is_known = (sight.find_like(form, {name: value}, 1) for form in forms)
    if forms and all(map(sight.sees, forms)) and not any(is_known):
        yield _tell_no_row(sight, forms[0], name, value)


def _tell_no_origin(sight: Sight, node: AliasColumn, value: object) -> Iterator[Reason]:
    """Of a partner's column: whether the partner is there, and what it waits for."""
    joins = (one for one in sight.derivation.joins if one.alias == node.alias)
    join = next(joins)
    form, source = sight.forms[join.table], sight.source
    if not sight.sees(form):
        owners = sight.name_owners(form)
        yield Reason(f"{form.code} {form.title}由{owners}填，请找他们核对。")
        return
    partners = sight.find_like(form, {node.column: value}, 1)
    if not partners:
        yield from _tell_no_target(sight, form.by_id[node.column], value)
        yield _tell_no_row(sight, form, node.column, value)
        return
    said = describe_condition(join.on.root, sight.names)
    text = (
        f"{form.code} {form.title}里有，但 {source.code} {source.title}里没有"
        f"与它对应的行（须{said}）。"
    )
    read = tuple(
        Read(f"“{form.title}”的{form.by_id[name].label}", partners[0].texts[name])
        for name, _ in list_keys(join)
    )
    is_good = sight.form.kind is FormKind.DERIVED_LIST
    mendings = (*mend_row(sight, partners[0]), Mending(source))
    yield Reason(text, read, is_good, mendings)
