"""Says what forms and fields were in the edition before, with the labels they had then.

`lineage` knows; `documenting` puts it beside the form and its fields.
"""

from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Lineage, OriginKind, trace
from form_schemas.spec import FormSpec
from form_schemas.wording import Names, describe


def say_earlier_form(catalogue: Catalogue, form: FormSpec) -> str:
    """Code and title of the form in the edition before, where they were others."""
    lineage = _trace_before(catalogue, form)
    before = None if lineage is None else lineage.form_before(form)
    if before is None or (before.code, before.title) == (form.code, form.title):
        return ""
    return f"{before.edition} 版是 {before.code} {before.title}"


def say_earlier_field(catalogue: Catalogue, form: FormSpec, field: FieldSpec) -> str:
    """What the field was in the edition before; empty: the same, or it is new."""
    lineage = _trace_before(catalogue, form)
    origin = None if lineage is None else lineage.origin_of(form, field.id)
    if lineage is None or origin is None:
        return ""
    edition = f"{origin.form.edition} 版"
    if origin.field is None:
        assert origin.expression is not None
        forms = {one.code: one for one in catalogue.edition_of(origin.form).forms}
        said = describe(origin.expression.root, Names(forms, origin.form))
        return f"由 {edition}算出：{said}"
    label = f"“{origin.field.label}”"
    if origin.kind is OriginKind.MOVED:
        return f"{edition}在 {origin.form.code} {origin.form.title}，是{label}"
    is_same = (origin.field.id, origin.field.label) == (field.id, field.label)
    return "" if is_same else f"{edition}是{label}（{origin.field.id}）"


def _trace_before(catalogue: Catalogue, form: FormSpec) -> Lineage | None:
    """How the form's edition follows from the one before; None: it is the first."""
    edition = catalogue.edition_of(form)
    former = catalogue.find_former(edition)
    return None if former is None else trace(former.forms, edition.forms)
