"""Examples of schema files are run, and the wrong ones are named."""

import json
from dataclasses import replace
from functools import partial

import pytest

from form_schemas.codelists import load_codelists
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.loading import load_catalogue
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, read_schemas, rule_of, schema_of
from validators.examples import (
    find_wrong_examples,
    lint_edition_examples,
    lint_examples,
    make_setting,
    read_place,
)
from validators.interpreting import refer
from validators.rules import broken_rules, waiting_rules

PARTS = schema_of(
    "T1",
    name="text",
    own=field_of("integer", maximum=99),
    total="integer",
    half=field_of("decimal", computed="total / 2"),
    parts=field_of("integer", computed="floor(total / 2)"),
    started="date",
    kinds="multi_enum",
) | {
    "x-rules": [
        rule_of("own <= total", "own_limit", fields=["own"]),
        rule_of("half < 50", "half_limit", fields=["half"]),
        rule_of("in_period(started)", "started_now", fields=["started"]),
        rule_of("contains(kinds, '甲')", "first_kind", fields=["kinds"]),
        rule_of("exists('T2', name == this.name)", "known", fields=["name"]),
        rule_of("own >= prev(own)", "no_less", fields=["own"]),
        {"id": "by_hand", "message": "看", "level": "manual", "fields": ["name"]},
    ]
}
OTHER = schema_of("T2", name="text")
KNOWN = {"T2": [{"name": "甲"}]}


def find_wrong(*examples):
    named = [{"name": f"例{i}"} | example for i, example in enumerate(examples)]
    reading = read_schemas(PARTS | {"x-tests": named}, OTHER)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    setting = make_setting(reading.forms, {}, load_codelists())
    return list(find_wrong_examples(setting.forms["T1"], setting))


@pytest.mark.parametrize(
    "example",
    [
        {"row": {"own": 1, "total": 1}, "breaks": []},
        {"row": {"own": 2, "total": 1}, "breaks": ["own_limit"]},
        {"row": {"total": 100}, "breaks": ["half_limit"]},
        {"row": {"total": 100, "half": 49.5}, "breaks": []},
        {"row": {"started": "2023-12-31"}, "breaks": ["started_now"]},
        {"row": {"kinds": ["乙"]}, "breaks": ["first_kind"]},
        {"row": {"own": 1}, "last": {"own": 2}, "breaks": ["no_less"]},
        {"row": {"name": "乙"}, "breaks": ["known"]},
        {"row": {"name": "乙"}, "tables": {"T2": []}, "breaks": ["known"]},
        {"row": {"name": "乙"}, "tables": {}, "breaks": []},
        {
            "row": {"name": "甲", "own": 1},
            "lastTables": {"T1": [{"name": "甲", "own": 2}]},
            "breaks": ["no_less"],
        },
    ],
)
def test_a_right_example_is_passed_over(example):
    rest = {"kinds": ["甲"], "name": "甲"}
    assert (
        find_wrong({"tables": KNOWN} | example | {"row": rest | example["row"]}) == []
    )


RIGHT = {"row": {"name": "甲", "kinds": ["甲"]}, "tables": KNOWN, "breaks": []}


@pytest.mark.parametrize(
    ("change", "pointer", "part"),
    [
        ({"breaks": ["own_limit"]}, "/breaks", "应当不符合，结果却符合"),
        ({"tables": {"T2": []}}, "/breaks", "breaks 里却没有它"),
        ({"breaks": ["own_limits"]}, "/breaks", "是不是“own_limit”"),
        ({"breaks": ["by_hand"]}, "/breaks", "没有能运行的规则"),
        ({"row": {"owns": 1}}, "/row", "是不是“own”"),
        ({"row": {"own": "many"}}, "/row", "“own”"),
        ({"row": {"own": 100}}, "/row", "99"),
        ({"row": {"parts": "many"}}, "/row", "整数"),
        ({"row": {"started": "2024-13-01"}}, "/row", "不能是 2024-13-01"),
        ({"row": {"kinds": ["丙"]}}, "/row", "丙"),
        ({"last": {"own": 100}}, "/last", "99"),
        ({"tables": {"T3": []}}, "/tables/T3", "没有表“T3”"),
        ({"tables": {"T2": [{"a": 1}]}}, "/tables/T2/0", "没有字段“a”"),
        ({"lastTables": {"T2": [{"a": 1}]}}, "/lastTables/T2/0", "没有字段“a”"),
    ],
)
def test_a_wrong_example_is_named(change, pointer, part):
    ((found, message), *_) = find_wrong(RIGHT | change)
    assert found == f"/x-tests/0{pointer}"
    assert message.startswith("“例0”：")
    assert part in message


def test_two_examples_of_one_name_are_a_fault():
    twice = RIGHT | {"name": "同名"}
    assert find_wrong(twice, twice) == [
        ("/x-tests/1/name", "名称“同名”用了两次，请改一个。")
    ]


def test_a_wrong_example_stops_no_form(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)
    settings = {"collection": "test", "edition": "2024", "title": "测试"}
    settings |= {
        "unitKind": "school",
        "periods": {},
        "reviewSteps": [{"id": "first_check", "title": "初审", "role": "filler"}],
    }
    (folder / "collection.json").write_text(json.dumps(settings), "utf-8")
    example = RIGHT | {"name": "例", "breaks": ["nothing"]}
    for schema in (PARTS | {"x-tests": [example]}, OTHER):
        name = f"{schema['x-form']['code']}.json"
        (folder / name).write_text(json.dumps(schema), "utf-8")
    assert not load_catalogue(tmp_path).broken
    (fault,) = lint_edition_examples(folder)
    assert (fault.file, fault.pointer) == ("test/2024/T1.json", "/x-tests/0/breaks")


# The examples of the project.


@pytest.fixture(scope="module")
def editions():
    catalogue = get_catalogue()
    return [
        (edition, make_setting(edition.forms, edition.settings, catalogue.codelists))
        for edition in catalogue.editions
    ]


def test_they_come_out_as_they_say():
    assert [str(fault) for fault in lint_examples(SCHEMAS_FOLDER)] == []


def test_one_of_them_breaks_each_rule_and_one_keeps_all_rules(editions):
    wanted, shown = set(), set()
    for edition, _ in editions:
        for form in edition.forms:
            rules = {rule.id for rule in form.rules if rule.check is not None}
            wanted |= {(form.full_name, rule_id) for rule_id in rules}
            wanted |= {(form.full_name, None)} if rules else set()
            for example in form.examples:
                breaks = example.breaks or (None,)
                shown |= {(form.full_name, rule_id) for rule_id in breaks}
    assert wanted - shown == set()


def test_the_checks_of_rows_judge_them_alike(editions):
    different = []
    for edition, setting in editions:
        for form in edition.forms:
            for example in form.examples:
                place = read_place(form, example, setting)
                env = replace(place.env, ref=partial(read_reference, place))
                found = {rule.id for rule in broken_rules(form, place.row, env)}
                waiting = {rule.id for rule in waiting_rules(form)}
                if found != set(example.breaks) - waiting:
                    different.append((form.full_name, example.name))
    assert different == []


def read_reference(place, row, field_id, column):
    return refer(replace(place, row=row), field_id, column)
