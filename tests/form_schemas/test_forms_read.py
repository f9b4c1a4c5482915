"""What of a form decides in a derivation."""

import pytest

from form_schemas.forms_read import find_fields_read
from tests.support.forms import field_of, read_schemas, schema_of

PERSON = schema_of(
    "P", no="text", name="text", state="text", left="boolean", note="text"
)
SOURCE = schema_of(
    "A",
    no="text",
    person=field_of(
        "ref", ref={"table": "P", "field": "no", "filter": "state == '在'"}
    ),
    hours="integer",
    note="text",
)
PARTNER = schema_of("B", a="text", mark="integer", rank="integer", note="text")


def read(derivation, code, **fields):
    derived = schema_of("D", **fields)
    derived["x-form"] |= {"kind": "auto"}
    derived["x-derive"] = derivation
    forms = read_schemas(PERSON, SOURCE, PARTNER, derived).forms
    by_code = {form.code: form for form in forms}
    return find_fields_read(by_code["D"], by_code[code], tuple(forms))


PLAIN = {
    "from": "A",
    "join": [{"table": "B", "as": "b", "on": "b.a == no", "first": "b.rank"}],
    "where": "hours > 3",
    "columns": {"no": "no", "mark": "b.mark"},
}
NAMES = {
    "from": "A",
    "columns": {"no": "no", "name": "ref(person).name"},
}
COUNTS = {
    "from": "A",
    "columns": {"no": "no", "mark": "sum('B', 'mark', a == this.no)"},
}


@pytest.mark.parametrize(
    ("derivation", "columns", "code", "expected"),
    [
        (PLAIN, {"no": "text", "mark": "integer"}, "A", {"no", "hours"}),
        (PLAIN, {"no": "text", "mark": "integer"}, "B", {"a", "mark", "rank"}),
        # What a reference picks by counts, and its filter.
        (NAMES, {"no": "text", "name": "text"}, "A", {"no", "person"}),
        (NAMES, {"no": "text", "name": "text"}, "P", {"no", "name", "state"}),
        (COUNTS, {"no": "text", "mark": "integer"}, "B", {"a", "mark"}),
    ],
)
def test_fields_that_decide_are_found(derivation, columns, code, expected):
    assert read(derivation, code, **columns) == expected
