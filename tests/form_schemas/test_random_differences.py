"""Random edits of the project's files: each is told, in sentences, and once."""

import json
from copy import deepcopy

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from form_schemas.catalogue import Edition
from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.edition_diff import compare_editions
from form_schemas.edition_lint import find_edition_faults
from form_schemas.folders import SCHEMAS_FOLDER, read_sources
from form_schemas.reader import read_edition

FOLDER = SCHEMAS_FOLDER / "group" / "2014"
SETTINGS = {"title": "集团"}


def read(sources):
    reading = read_edition("group", "2014", sources, load_codelists())
    return Edition("group", "2014", SETTINGS, reading.forms), reading.faults


@pytest.fixture(scope="module")
def sources():
    return read_sources(FOLDER, SCHEMAS_FOLDER)


@pytest.fixture(scope="module")
def edition(sources):
    return read(sources)[0]


def relabel(schema, field):
    schema["properties"][field]["title"] += "（新）"


def hint(schema, field):
    schema["properties"][field]["description"] = "换了说法"


def rename(schema, field):
    text = json.dumps(schema, ensure_ascii=False).replace(f'"{field}"', '"renamed"')
    schema.clear()
    schema.update(json.loads(text))
    schema["properties"]["renamed"]["x-was"] = [field]


def drop(schema, field):
    del schema["properties"][field]
    schema["required"] = [one for one in schema.get("required", ()) if one != field]
    schema.pop("x-layout", None)
    schema.pop("x-tests", None)


def move_to_the_end(schema, field):
    if field != list(schema["properties"])[-1]:
        schema["properties"][field] = schema["properties"].pop(field)
        schema.pop("x-layout", None)


def retitle(schema, _field):
    schema["title"] += "（新）"


def drop_rule(schema, _field):
    rules = schema.pop("x-rules", [])
    if rules[1:]:
        schema["x-rules"] = rules[1:]
    if rules:
        schema.pop("x-tests", None)


EDITS = (relabel, hint, rename, drop, move_to_the_end, retitle, drop_rule)


@given(data=st.data())
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_was_edited_is_told_both_ways(sources, edition, data):
    source = data.draw(st.sampled_from(sources), label="file")
    edit = data.draw(st.sampled_from(EDITS), label="edit")
    schema = json.loads(source.text)
    field = data.draw(st.sampled_from(sorted(schema["properties"])), label="field")
    edited = deepcopy(schema)
    edit(edited, field)
    others = [one for one in sources if one is not source]
    changed = Source(source.file, json.dumps(edited, ensure_ascii=False))
    later, faults = read([*others, changed])
    list(find_edition_faults(edition.forms, later.forms, "2014"))
    there, back = compare_editions(edition, later), compare_editions(later, edition)
    for found in (there, back):
        assert len(found) == len(set(found))
        assert all(one.sentence.endswith("。") and one.code for one in found)
    if not faults and edited != schema:
        assert source.code in {one.code for one in there}
        assert source.code in {one.code for one in back}
