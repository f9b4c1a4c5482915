"""What a form declares about its stored rows, and where the database keeps them.

Only what shapes or bounds stored values counts: labels, hints, rules and conditions may
change at any time and need no plan.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from form_schemas.allotment import Allotment
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec

#: As JSON holds it.
Declaration = Mapping[str, object]

#: What has to be alike for a column to serve a field again that it served once.
_STORED = ("kind", "list", "places", "reference")


def declare(form: FormSpec, earlier: Declaration | None = None) -> Declaration:
    """The declaration of a form; what it dropped is remembered, by its column."""
    used = {item.column_name for item in form.fields}
    known = {} if earlier is None else list_columns(earlier)
    return {
        **describe_shape(form),
        "columns": {item.id: item.column for item in form.fields if item.column},
        "retired": {name: d for name, d in known.items() if name not in used},
    }


def describe_shape(form: FormSpec) -> Declaration:
    """What of a form needs a plan once it is another: where it is kept left out."""
    return {
        "shape": form.shape.value,
        "key": list(form.key),
        "unique": sorted(map(list, form.unique)),
        "fields": {item.id: describe_field(item) for item in form.fields},
    }


def has_shape(declaration: Declaration, form: FormSpec) -> bool:
    """Whether a form is shaped as it was declared."""
    shape = describe_shape(form)
    return all(declaration[word] == value for word, value in shape.items())


def describe_field(item: FieldSpec) -> dict[str, object]:
    """What shapes and bounds the values of a field."""
    reference = item.reference
    told: dict[str, object] = {
        "kind": item.value_kind.value,
        "list": item.is_list,
        "places": item.places,
        "max_length": item.max_length,
        "minimum": _spell(item.minimum),
        "maximum": _spell(item.maximum),
        "pattern": item.pattern,
        # Their order may change: stored are the texts.
        "options": sorted(item.options),
        "codes": item.codes,
        "reference": None
        if reference is None
        else [
            list(reference.tables),
            reference.field,
            None if reference.filter is None else reference.filter.text,
        ],
    }
    if item.recode:
        told["recode"] = dict(item.recode)
    if item.made_from is not None:
        told["from"] = item.made_from
    return told


def list_columns(declaration: Declaration) -> dict[str, dict[str, object]]:
    """Column -> the field that it holds, or held last."""
    columns = declaration.get("columns", {})
    fields = {
        columns.get(name, name): {**told, "id": name}
        for name, told in declaration["fields"].items()
    }
    return {**declaration["retired"], **fields}


def list_retired(declaration: Declaration) -> dict[str, dict[str, object]]:
    """Column that is not in use -> the field that it held; the last one at the end."""
    return {**declaration["retired"]}


def get_allotment(table_name: str, declaration: Declaration) -> Allotment:
    """Where a form is kept, as it was declared."""
    return Allotment(table_name, declaration.get("columns", {}))


def find_columns_again(form: FormSpec, declaration: Declaration) -> dict[str, str]:
    """Id of a field -> the column that held it once and could hold it again."""
    found = {}
    for column, told in {**declaration["retired"]}.items():
        item = form.by_id.get(str(told.get("id", column)))
        if item is not None and is_stored_so(item, told):
            found[item.id] = column
    return found


def is_stored_so(item: FieldSpec, told: Mapping[str, object]) -> bool:
    """Whether values are stored as another declaration has them."""
    now = describe_field(item)
    return all(now[word] == told[word] for word in _STORED)


def get_places(declarations: Iterable[Declaration]) -> dict[str, int]:
    """Column -> the decimal places that it has, of one table's declarations."""
    places: dict[str, int] = {}
    for declaration in declarations:
        for column, told in list_columns(declaration).items():
            if told["places"] is not None:
                places[column] = max(places.get(column, 0), told["places"])
    return places


def _spell(number: Decimal | None) -> str | None:
    return None if number is None else f"{number.normalize():f}"
