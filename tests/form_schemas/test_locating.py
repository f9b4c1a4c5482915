import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from form_schemas.faults import point
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.locating import find_places, locate

_TEXT = """\
{
  "title": "表",
  "properties": {
    "a": {"type": "string", "x-label": "名, \\"称\\""},
    "b/c": {"enum": ["一", "二"]}
  },
  "x-rules": [
    {"id": "r1"},
    {"id": "r2", "fields": ["a"]}
  ]
}
"""


@pytest.mark.parametrize(
    ("pointer", "position"),
    [
        ("", (1, 1)),
        ("/title", (2, 3)),
        ("/properties/a", (4, 5)),
        ("/properties/a/x-label", (4, 29)),
        ("/properties/b~1c/enum/1", (5, 27)),
        ("/x-rules/1", (9, 5)),
        ("/x-rules/1/fields", (9, 18)),
        ("/x-rules/1/fields/0", (9, 29)),
    ],
)
def test_a_pointer_leads_to_a_line_and_a_column(pointer, position):
    assert locate(_TEXT, pointer) == position


@pytest.mark.parametrize(
    ("pointer", "position"),
    [
        ("/properties/a/x-kind", (4, 5)),
        ("/x-rules/1/fields/7", (9, 18)),
        ("/x-form/code", (1, 1)),
    ],
)
def test_what_is_missing_is_looked_for_where_it_should_be(pointer, position):
    assert locate(_TEXT, pointer) == position


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ('{\n  "a": 1\n  "b": 2\n}', (3, 3)),
        ('{"a": "表\n"}', (1, 9)),
        ("", (1, 1)),
        ('{"a": "x\udcd6"}', (1, 9)),
    ],
)
def test_a_file_that_is_no_json_is_shown_where_it_ceases_to_be(text, position):
    assert locate(text, "") == position


def test_a_text_in_the_making_is_followed_as_far_as_it_goes():
    text = '{"title": "表", "properties": {"a": {"type": "stri'
    assert locate(text, "/properties/a/type") == (1, 37)


def test_brackets_of_any_depth_are_followed():
    assert locate("[" * 50_000, "/0/0/0") == (1, 4)


def test_of_two_members_with_one_name_the_last_counts_as_in_json():
    assert locate('{"a": 1, "a": 2}', "/a") == (1, 10)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(value=_JSON, indent=st.sampled_from([None, 2]), plain=st.booleans())
def test_every_part_of_any_json_is_found(value, indent, plain):
    text = json.dumps(value, indent=indent, ensure_ascii=plain)
    places = find_places(text)
    parts = dict(_parts("", value))
    assert set(places) == set(parts)
    for pointer, place in places.items():
        assert json.loads(text[place.value : place.end]) == parts[pointer]


def test_every_part_of_a_real_file_is_found():
    path = next((SCHEMAS_FOLDER / "talent" / "2024").glob("1.1.4.json"))
    text = path.read_text(encoding="utf-8")
    places = find_places(text)
    for pointer, value in _parts("", json.loads(text)):
        place = places[pointer]
        assert json.loads(text[place.value : place.end]) == value


def _parts(pointer, value):
    yield pointer, value
    items = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    for name, inner in items:
        yield from _parts(pointer + point(name), inner)
