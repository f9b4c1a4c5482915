import json

import pytest

from form_schemas.drafts import Source
from form_schemas.new_edition import find_years, make_edition, move_day
from tests.support.forms import field_of, schema_of

SETTINGS = """{
  "collection": "test",
  "edition": "2024",
  "title": "测试",
  "periods": {"academic_year": ["2023-09-01", "2024-02-29"]},
  "phases": [
    {"id": "fill", "from": "2024-09-03", "to": "2024-09-06"}
  ]
}
"""


def make(*schemas, year="2025", settings=SETTINGS, **words):
    sources = [
        Source(f"test/2024/{schema['x-form']['code']}.json", json.dumps(schema))
        for schema in schemas
    ]
    return make_edition("test", year, settings, sources, **words)


def test_settings_move_on_and_stay_as_they_were_written():
    expected = SETTINGS.replace("2024", "2025").replace("2023-09", "2024-09")
    expected = expected.replace("2025-02-29", "2025-02-28")
    assert make().files["collection.json"] == expected


def test_of_a_form_only_the_name_of_its_edition_changes():
    schema = schema_of("A", name="text", amount="integer")
    copy = json.loads(make(schema).files["A.json"])
    assert copy == {**schema, "$id": "urn:tianbao:test:2025:A"}
    assert list(copy) == list(schema)


def test_the_way_from_the_edition_before_is_left_out():
    schema = schema_of(
        "A",
        name=field_of("text", was=["label"]),
        level=field_of("enum", recode={"丙": "甲"}),
        total=field_of("integer", **{"from": "a + b"}),
    )
    schema["x-form"]["was"] = ["B"]
    copy = json.loads(make(schema).files["A.json"])
    assert "was" not in copy["x-form"]
    words = {word for field in copy["properties"].values() for word in field}
    assert not words & {"x-was", "x-recode", "x-from"}


def test_examples_move_where_they_are_told_to():
    schema = schema_of("A", name="text", day="date", month="year_month", born="date")
    row = {
        "name": "2024",
        "day": "2024-05-18",
        "month": "2024-02",
        "born": "1990-01-01",
    }
    schema["x-tests"] = [
        {"name": "一", "row": row, "tables": {"A": [row]}, "breaks": []},
        {"name": "二", "row": row, "breaks": []},
    ]
    first, second = json.loads(make(schema, moved={("A", 0)}).files["A.json"])[
        "x-tests"
    ]
    moved = row | {"day": "2025-05-18", "month": "2025-02"}
    assert (first["row"], first["tables"]) == (moved, {"A": [moved]})
    assert second["row"] == row


def test_examples_of_what_is_no_day_stay_what_they_are():
    schema = schema_of("A", day="date", month="year_month", year="year", named="year")
    wrong = {"day": "2024-02-30", "month": "2024-13", "year": 2024, "named": "2024"}
    schema["x-tests"] = [{"name": "一", "row": wrong, "breaks": []}]
    [moved] = json.loads(make(schema, moved={("A", 0)}).files["A.json"])["x-tests"]
    assert moved["row"] == wrong | {"year": 2025, "named": "2025"}


@pytest.mark.parametrize(
    ("day", "years", "expected"),
    [
        ("2024-02-29", 1, "2025-02-28"),
        ("2023-02-28", 1, "2024-02-29"),
        ("2024-02-28", 1, "2025-02-28"),
        ("2024-09-06", 2, "2026-09-06"),
        ("2024-12-31", -1, "2023-12-31"),
    ],
)
def test_days_move_by_years(day, years, expected):
    assert move_day(day, years) == expected


def test_texts_that_name_a_year_are_told():
    schema = schema_of("A", name=field_of("text", title="2024 届", codes="gb-2017"))
    schema["x-form"]["sources"] = ["2019 年的文件"]
    told = [(fault.file, fault.pointer) for fault in find_years(make(schema))]
    assert told == [("test/2025/A.json", "/properties/name/title")]
