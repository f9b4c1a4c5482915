"""Templates of all forms, drafted back: what they tell has to come as it was.

Three times: with nothing else known, beside the other forms of the edition, and with
the stamp by which our own workbooks are known.
"""

import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest

from form_schemas.kinds import FILE_KINDS
from form_schemas.loading import load_catalogue
from form_schemas.writer import format_schema
from tests.support.drafting import outline_template
from validators.drafting.composing import Place
from validators.drafting.draft import draft_form

pytestmark = pytest.mark.long

#: Shares of fields that have to come right, per cent. What a template does not tell
#: are ids, bounds and options of fields the engine supplies, and which texts are codes.
ALONE = {
    "label": 100, "order": 100, "required": 100, "description": 100, "key": 100,
    "shape": 100, "digits": 100, "unit": 99.9, "options": 99.5, "bounds": 99.5,
    "codes": 95, "kind": 97,
}  # fmt: skip
BESIDE = {**ALONE, "description": 97, "kind": 98, "reference": 99}
_BOUNDS = ("minimum", "maximum", "maxLength")


@pytest.fixture(scope="module")
def outlines(catalogue):
    return {form: outline_template(form, catalogue) for form in catalogue.forms}


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


def _draft(form, outline, forms, catalogue):
    place = Place(form.collection, form.edition, form.code)
    return draft_form(outline, place, forms, catalogue.codelists)


def _measure(outlines, catalogue, choose):
    """Share of right answers by what was asked, in per cent."""
    right, asked = Counter(), Counter()
    for form, outline in outlines.items():
        made = _draft(form, replace(outline, stamp={}), choose(form), catalogue)
        for name, is_right in _compare(form, made.schema):
            asked[name] += 1
            right[name] += is_right
    return {name: 100 * right[name] / count for name, count in asked.items()}


def _compare(form, schema):
    fields = [field for field in form.fields if field.kind not in FILE_KINDS]
    made = schema["properties"]
    labels = [words["title"] for words in made.values()]
    key = [made[one]["title"] for one in schema["x-form"].get("key", ())]
    yield "order", labels == [field.label for field in fields]
    yield "shape", schema["x-form"]["shape"] == form.shape
    yield "key", key == [form.by_id[one].label for one in form.key]
    for field, (field_id, words) in zip(fields, made.items(), strict=True):
        told = form.schema["properties"][field.id]
        yield "label", words["title"] == field.label
        yield "required", (field_id in schema.get("required", ())) == field.required
        yield "description", words.get("description", "") == field.description
        yield from _compare_values(field, told, words)


def _compare_values(field, told, words):
    if field.reference is None:
        yield "kind", words["x-kind"] == field.kind
    else:
        table = words.get("x-ref", {}).get("table")
        yield "reference", table == field.reference.table
    # A spreadsheet cannot check a list of values.
    if not (field.is_given or field.reference or field.is_list):
        yield "bounds", all(_same(told.get(w), words.get(w)) for w in _BOUNDS)
    if "x-unit" in told:
        yield "unit", words.get("x-unit") == told["x-unit"]
    if "x-digits" in told:
        yield "digits", words.get("x-digits") == told["x-digits"]
    # Nobody chooses what the engine supplies: no list hangs on such a column.
    if field.options and not field.is_given:
        options = words.get("enum") or words.get("items", {}).get("enum", ())
        yield "options", tuple(options) == field.options
    if field.codes:
        yield "codes", words.get("x-codes") == field.codes


def _same(told, made):
    is_none = told is None or made is None
    return told is made if is_none else Decimal(str(told)) == Decimal(str(made))


def test_a_template_alone_tells_nearly_all_of_its_form(outlines, catalogue):
    shares = _measure(outlines, catalogue, lambda form: ())
    assert {n: shares[n] for n in ALONE if shares[n] < ALONE[n]} == {}


def test_the_edition_lends_references_and_kinds(outlines, catalogue):
    def others(form):
        return [one for one in catalogue.edition_of(form).forms if one is not form]

    shares = _measure(outlines, catalogue, others)
    assert {n: shares[n] for n in BESIDE if shares[n] < BESIDE[n]} == {}


def test_our_own_template_brings_its_very_form_back(outlines, catalogue):
    for form, outline in outlines.items():
        made = _draft(form, outline, catalogue.edition_of(form).forms, catalogue)
        before = json.loads(json.dumps(form.schema, default=float))
        assert json.loads(format_schema(made.schema)) == before
        assert list(made.schema["properties"]) == list(form.schema["properties"])
        assert made.notes == ()
