"""What a stored value becomes in a field of another type, options or spelling."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from form_schemas.allotment import is_stored_alike
from form_schemas.codelists import CodeList
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Lineage, Origin
from form_schemas.spec import FormSpec
from validators.conversion import convert_value, display, from_json, to_json
from validators.report import Finding

CodeLists = Mapping[str, CodeList]


@dataclass(frozen=True)
class Converted:
    """A value as the field will hold it."""

    value: object
    #: whether it is what the file says it becomes, or can be read back as it was
    is_exact: bool = True


@dataclass(frozen=True)
class Conversion:
    """From a stored value to the one that is stored since."""

    convert: Callable[[object], Converted]
    #: whether values are stored as they were
    is_copy: bool = False

    def __call__(self, value: object) -> Converted:
        return Converted(None) if value is None else self.convert(value)


@dataclass(frozen=True, eq=False)
class Picked:
    """What a reference picks, by now and before."""

    form: FormSpec
    item: FieldSpec
    former: FormSpec
    earlier: FieldSpec


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
    picked = None if recode else find_picked(item, origin, lineage)
    if picked is not None and picked.item is not item:
        came = lineage.origin_of(picked.form, picked.item.id)
        if came is not None and came.field is not None:
            return find_conversion(picked.item, came, lineage, codelists)
    if not recode:
        return Conversion(
            lambda value: _convert(value, earlier, item, codelists),
            _holds_all(earlier, item),
        )

    def convert(value: object) -> Converted:
        if isinstance(value, tuple):
            return _recode_list(value, recode)
        if str(value) in recode:
            return _read(recode[str(value)], item, codelists)
        return _convert(value, earlier, item, codelists)

    return Conversion(convert)


def find_picked(item: FieldSpec, origin: Origin, lineage: Lineage) -> Picked | None:
    """What a reference picks; None where it picked another thing before."""
    now = item.reference
    then = None if origin.field is None else origin.field.reference
    target = None if now is None else lineage.after.get(now.table)
    if now is None or then is None or target is None or now.field not in target.by_id:
        return None
    former = lineage.form_before(target)
    if former is None or former.code != then.table or then.field not in former.by_id:
        return None
    came = lineage.origin_of(target, now.field)
    if came is None or (came.field is not None and came.field.id != then.field):
        return None
    return Picked(target, target.by_id[now.field], former, former.by_id[then.field])


def find_computed(item: FieldSpec, origin: Origin, lineage: Lineage) -> Picked | None:
    """What a reference picks, where that is computed from its row by now."""
    picked = find_picked(item, origin, lineage)
    if picked is None or origin.recode:
        return None
    came = lineage.origin_of(picked.form, picked.item.id)
    return picked if came is not None and came.expression is not None else None


def carry_json(
    values: Mapping[str, object],
    former: FormSpec,
    form: FormSpec,
    lineage: Lineage,
    codelists: CodeLists,
) -> dict[str, object]:
    """Values in JSON form, as the form has them since.

    What it lost, and what is computed from several values, is left out.
    """
    row = from_json(former, values)
    since: dict[str, object] = {}
    for item in form.fields:
        origin = lineage.origin_of(form, item.id)
        if origin is None or origin.field is None or origin.form is not former:
            continue
        if origin.field.id in row:
            convert = find_conversion(item, origin, lineage, codelists)
            since[item.id] = convert(row[origin.field.id]).value
    return to_json(form, since)


def _holds_all(earlier: FieldSpec, item: FieldSpec) -> bool:
    return is_stored_alike(earlier, item) and (item.places or 0) >= (
        earlier.places or 0
    )


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
    if _holds_all(earlier, item):
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
