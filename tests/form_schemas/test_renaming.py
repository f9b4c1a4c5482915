"""Names of fields and forms are found wherever files write them, and changed there."""

import json

import pytest

from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.folders import SCHEMAS_FOLDER, read_sources
from form_schemas.reader import read_edition
from form_schemas.renaming import NameFinder, rename
from tests.support.forms import field_of, rule_of, schema_of


def find(*schemas):
    sources = [
        Source(f"test/2024/{one['x-form']['code']}.json", json.dumps(one))
        for one in schemas
    ]
    return NameFinder("test/2024", sources, load_codelists())


def renamed(name, new, *schemas):
    by_code = {one["x-form"]["code"]: one for one in schemas}
    changed = rename(by_code, find(*schemas).find(name), name, new)
    return [changed.get(code, one) for code, one in by_code.items()]


@pytest.fixture
def courses():
    return schema_of("C", code="code", hours="integer")


def test_a_name_in_an_expression_is_found_where_it_stands(courses):
    courses["x-rules"] = [rule_of("code == '1' or  hours > 3", fields=["hours"])]
    found = find(courses).find(("C", "hours"))
    assert [(one.pointer, one.position) for one in found] == [
        ("/x-rules/0/check", 16),
        ("/x-rules/0/fields/0", None),
    ]


def test_a_renamed_field_is_renamed_in_the_rules_of_its_form(courses):
    courses["x-rules"] = [
        rule_of("hours > 3 and hours < 9", fields=["hours"], when="not is_empty(hours)")
    ]
    courses["required"] = ["hours"]
    courses["x-layout"] = [{"title": "组", "fields": ["code", ["hours"]]}]
    courses["x-tests"] = [{"name": "例", "row": {"hours": 4}, "breaks": []}]
    [told] = renamed(("C", "hours"), "lessons", courses)
    assert told["x-rules"][0]["check"] == "lessons > 3 and lessons < 9"
    assert told["x-rules"][0]["when"] == "not is_empty(lessons)"
    assert told["x-rules"][0]["fields"] == ["lessons"]
    assert told["required"] == ["lessons"]
    assert told["x-layout"][0]["fields"] == ["code", ["lessons"]]
    assert told["x-tests"][0]["row"] == {"lessons": 4}


def test_a_renamed_field_is_renamed_in_tables_of_its_group(courses):
    cells = [["code"], [{"field": "hours", "label": "时"}]]
    table = {"columns": ["一", "二", "三"], "rows": [{"title": "行", "cells": cells}]}
    group = {"title": "组", "fields": ["code", "hours"], "table": table}
    courses["x-layout"] = [group]
    [told] = renamed(("C", "hours"), "lessons", courses)
    [row] = told["x-layout"][0]["table"]["rows"]
    assert row["cells"] == [["code"], [{"field": "lessons", "label": "时"}]]


def test_a_text_that_reads_like_the_name_stays(courses):
    courses["x-rules"] = [rule_of("code != 'hours' or hours > 1", fields=["code"])]
    [told] = renamed(("C", "hours"), "lessons", courses)
    assert told["x-rules"][0]["check"] == "code != 'hours' or lessons > 1"


def test_other_forms_follow_and_their_fields_of_that_name_do_not(courses):
    teaching = schema_of(
        "T",
        hours="integer",
        course=field_of("ref", ref={"table": "C", "field": "code"}),
        taken=field_of("integer", fill="course.hours"),
        all_hours=field_of("integer", computed="sum('C', 'hours', hours > this.hours)"),
    )
    teaching["x-rules"] = [
        rule_of("hours <= ref(course).hours", fields=["hours"]),
    ]
    _, told = renamed(("C", "hours"), "lessons", courses, teaching)
    fields = told["properties"]
    assert fields["taken"]["x-fill"] == "course.lessons"
    assert fields["all_hours"]["x-computed"] == (
        "sum('C', 'lessons', lessons > this.hours)"
    )
    assert told["x-rules"][0]["check"] == "hours <= ref(course).lessons"
    assert told["x-rules"][0]["fields"] == ["hours"]


def test_a_renamed_key_is_followed_by_references(courses):
    teaching = schema_of(
        "T",
        number="code",
        course=field_of("ref", ref={"table": "C", "field": "code"}),
    )
    _, told = renamed(("C", "code"), "course_code", courses, teaching)
    assert told["properties"]["course"]["x-ref"] == {
        "table": "C",
        "field": "course_code",
    }


def test_a_renamed_form_is_followed_wherever_it_is_named(courses):
    teaching = schema_of(
        "T",
        number="code",
        course=field_of(
            "ref", ref={"table": "C", "field": "code", "filter": "hours > 1"}
        ),
        many=field_of("integer", computed="count('C', hours > 1)"),
    )
    teaching["x-tests"] = [
        {"name": "例", "row": {}, "tables": {"C": [{"code": "1"}]}, "breaks": []}
    ]
    _, told = renamed(("C", None), "C2", courses, teaching)
    assert told["properties"]["course"]["x-ref"]["table"] == "C2"
    assert told["properties"]["many"]["x-computed"] == "count('C2', hours > 1)"
    assert told["x-tests"][0]["tables"] == {"C2": [{"code": "1"}]}


def test_a_file_with_a_fault_elsewhere_is_followed_too(courses):
    courses["x-rules"] = [
        rule_of("hours > 3", "sound", fields=["hours"]),
        rule_of("hours > missing", "faulty", fields=["hours"]),
    ]
    [told] = renamed(("C", "hours"), "lessons", courses)
    assert told["x-rules"][0]["check"] == "lessons > 3"


@pytest.mark.parametrize("edition", ["talent/2024", "national/2024"])
def test_the_keys_of_real_forms_can_be_renamed(edition):
    """The edition is as free of faults as it was, though everything follows them."""
    folder, codelists = SCHEMAS_FOLDER / edition, load_codelists()
    sources = read_sources(folder, SCHEMAS_FOLDER)
    schemas = {one.code: json.loads(one.text) for one in sources}
    for number, code in enumerate(list(schemas)[:12]):
        old, new = (code, next(iter(schemas[code]["properties"]))), f"renamed_{number}"
        places = NameFinder(edition, sources, codelists).find(old)
        schemas |= rename(schemas, places, old, new)
        fields = schemas[code]["properties"].items()
        renamed_fields = {(new if fid == old[1] else fid): told for fid, told in fields}
        schemas[code] = {**schemas[code], "properties": renamed_fields}
        sources = [Source(one.file, json.dumps(schemas[one.code])) for one in sources]
    reading = read_edition(*edition.split("/"), sources, codelists)
    assert [str(fault) for fault in reading.faults] == []
