"""What a stored value becomes in a field of another type, options or spelling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from form_schemas.allotment import is_stored_alike
from form_schemas.codelists import CodeList
from form_schemas.lineage import Lineage, Origin
from form_schemas.spec import FieldSpec, FormSpec
from validators.conversion import convert_value, display
from validators.report import Finding

CodeLists = Mapping[str, CodeList]


@dataclass(frozen=True)
class Converted:
    """A value as the field will hold it."""

    value: object
    #: whether it is what the file says it becomes, or can be read back as it was
    is_exact: bool = True


#: From a stored value to the one that is stored since.
Conversion = Callable[[object], Converted]


def is_kept(form: FormSpec, item: FieldSpec, origin: Origin | None) -> bool:
    """Whether values stay in their column, as they are."""
    return (
        origin is not None
        and origin.field is not None
        and origin.form.table_name == form.table_name
        and origin.field.column_name == item.column_name
    )


def find_conversion(
    item: FieldSpec, origin: Origin, lineage: Lineage, codelists: CodeLists
) -> Conversion:
    """How values of a field become those of the one that follows it.

    A reference follows what becomes of the values that it picks.
    """
    assert origin.field is not None
    earlier, recode = origin.field, origin.recode
    if not recode and item.reference is not None and earlier.reference is not None:
        picked = _find_picked(item, origin, lineage)
        if picked is not None:
            target, came = picked
            return find_conversion(target, came, lineage, codelists)

    def convert(value: object) -> Converted:
        if value is None:
            return Converted(None)
        if recode and isinstance(value, tuple):
            return _recode_list(value, recode)
        if recode and str(value) in recode:
            return _read(recode[str(value)], item, codelists)
        return _convert(value, earlier, item, codelists)

    return convert


def _find_picked(
    item: FieldSpec, origin: Origin, lineage: Lineage
) -> tuple[FieldSpec, Origin] | None:
    """What a reference picks, and what that was; None where it picks another thing."""
    now = item.reference
    then = origin.field and origin.field.reference
    assert now is not None
    assert then
    target = lineage.after.get(now.table)
    if target is None or now.field not in target.by_id:
        return None
    came = lineage.origin_of(target, now.field)
    if came is None or came.field is None:
        return None
    is_same = (came.form.code, came.field.id) == (then.table, then.field)
    picked = target.by_id[now.field]
    return (picked, came) if is_same and picked is not item else None


def _recode_list(value: tuple, recode: Mapping[str, str | None]) -> Converted:
    items = (recode.get(str(one), one) for one in value)
    found = tuple(dict.fromkeys(one for one in items if one is not None))
    return Converted(found or None)


def _read(text: str | None, item: FieldSpec, codelists: CodeLists) -> Converted:
    if text is None:
        return Converted(None)
    value = convert_value(item, text, codelists)
    return Converted(None, False) if isinstance(value, Finding) else Converted(value)


def _convert(
    value: object, earlier: FieldSpec, item: FieldSpec, codelists: CodeLists
) -> Converted:
    if is_stored_alike(earlier, item) and (item.places or 0) >= (earlier.places or 0):
        return Converted(value)
    text = _spell(value, earlier)
    found = convert_value(item, text, codelists)
    if isinstance(found, Finding):
        return Converted(None, False)
    back = convert_value(earlier, _spell(found, item), codelists)
    return Converted(found, not isinstance(back, Finding) and back == value)


def _spell(value: object, item: FieldSpec) -> str:
    """As people type it; codes stay codes."""
    return display(item, value, {})
