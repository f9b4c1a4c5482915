"""The text of a schema file changes where what it says changes, and nowhere else."""

import json
from difflib import unified_diff

import pytest
from hypothesis import given
from hypothesis import strategies as st

from form_schemas.rewriting import rewrite_schema
from form_schemas.writer import format_schema
from tests.support.design_folder import list_schemas
from tests.support.forms import field_of, rule_of


@pytest.fixture
def schema():
    return list_schemas()[1]


def changed_lines(before, after):
    lines = unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [
        line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]


def test_what_says_the_same_stays_letter_by_letter(schema):
    text = json.dumps(schema, indent=1)
    assert rewrite_schema(text, schema) == text


def test_one_changed_field_is_one_changed_line(schema):
    text = format_schema(schema)
    schema["properties"]["given"]["x-unit"] = "课时"
    lines = changed_lines(text, rewrite_schema(text, schema))
    assert len(lines) == 2
    assert all('"given"' in line for line in lines)


def test_a_new_field_is_one_new_line(schema):
    text = format_schema(schema)
    properties = list(schema["properties"].items())
    properties.insert(2, ("room", field_of("text", "教室")))
    schema["properties"] = dict(properties)
    [line] = changed_lines(text, rewrite_schema(text, schema))
    assert line.startswith('+    "room": {"title": "教室"')


def test_a_removed_rule_takes_its_line_along(schema):
    text = format_schema(schema)
    del schema["x-rules"][0]
    [line] = changed_lines(text, rewrite_schema(text, schema))
    assert line.startswith('-    {"id": "given_limit"')


def test_the_last_rule_goes_with_the_word(schema):
    text = format_schema(schema)
    del schema["x-rules"]
    lines = changed_lines(text, rewrite_schema(text, schema))
    assert len(lines) == 4
    assert not any(line.startswith("+") for line in lines)


def test_a_rule_that_moves_keeps_its_own_formatting(schema):
    text = format_schema(schema).replace(
        '"id": "given_limit", "check"', '"id":   "given_limit",\n  "check"'
    )
    schema["x-rules"].reverse()
    written = rewrite_schema(text, schema)
    assert json.loads(written) == schema
    assert '"id":   "given_limit",\n  "check"' in written


def test_a_file_indented_otherwise_keeps_its_indentation(schema):
    text = json.dumps(schema, indent=4, ensure_ascii=False)
    schema["x-rules"][0]["message"] = "不对"
    schema["properties"]["given"]["maximum"] = 9
    lines = changed_lines(text, rewrite_schema(text, schema))
    assert sum(line.startswith("-") for line in lines) <= 2


def test_numbers_keep_how_they_were_written(schema):
    text = format_schema(schema).replace('"minimum": 0', '"minimum": 0.0', 1)
    schema = json.loads(text)
    schema["title"] = "新名称"
    assert '"minimum": 0.0' in rewrite_schema(text, schema)


def test_true_is_not_taken_for_one(schema):
    schema["x-tests"][0]["row"]["given"] = 1
    text = format_schema(schema)
    schema["x-tests"][0]["row"]["given"] = True
    assert json.loads(rewrite_schema(text, schema))["x-tests"][0]["row"] == {
        "planned": 10,
        "given": True,
    }


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text('ab/~"\\学', max_size=4),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text("xy~/", max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
_SCHEMAS = st.dictionaries(
    st.sampled_from(["title", "properties", "x-rules", "x-tests", "required"]),
    _VALUES,
    max_size=5,
)


@given(_SCHEMAS, _SCHEMAS, st.sampled_from([None, 1, 4]))
def test_whatever_changes_the_text_says_it_in_its_order(before, after, indent):
    written = rewrite_schema(json.dumps(before, indent=indent), after)
    assert json.dumps(json.loads(written)) == json.dumps(after)


@given(st.data())
def test_a_file_written_by_us_is_written_as_if_anew(data):
    schema = list_schemas()[1]
    text = format_schema(schema)
    for _ in range(data.draw(st.integers(1, 4))):
        _edit(schema, data.draw)
    assert rewrite_schema(text, schema) == format_schema(schema)


def _edit(schema, draw):
    words = draw(st.sampled_from(["label", "add", "move", "rule", "drop"]))
    fields = schema["properties"]
    name = draw(st.sampled_from(sorted(fields)))
    if words == "label":
        fields[name] = {**fields[name], "title": draw(st.text("新旧", min_size=1))}
    if words == "add":
        fields[f"n{len(fields)}"] = field_of("text", "新")
    if words == "move":
        fields[name] = fields.pop(name)
    if words == "rule":
        schema["x-rules"].append(rule_of("true", f"r{len(schema['x-rules'])}"))
    if words == "drop" and len(fields) > 1:
        del fields[name]
