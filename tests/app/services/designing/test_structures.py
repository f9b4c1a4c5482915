"""Parts of files changed at their places, as the meta-schemas tell of them."""

import json

import pytest

from app.errors import BadRequest, NotFound
from app.services.designing.sheets import Arguments, Sheet
from app.services.designing.slots import Drawer, Sort
from app.services.designing.structure_acts import STRUCTURE_ACTS
from app.services.designing.structure_choices import Known
from app.services.designing.structures import DIALECT, SETTINGS, open_place
from tests.support.design_folder import SETTINGS as TOLD
from tests.support.design_folder import list_schemas


def make_sheet(meta=DIALECT, **words):
    course, teaching = list_schemas()
    schemas = {"C1": course, "C2": teaching}
    schema = {**(TOLD if meta == SETTINGS else teaching), **words}
    return Sheet("C2", json.loads(json.dumps(schema)), schemas, meta=meta)


def do(sheet, act, at, value=None, **told):
    STRUCTURE_ACTS[act](sheet, Arguments({"at": at, "value": value, **told}))
    return sheet.schema


def draw(sheet, pointer):
    known = Known(sheet.schemas, sheet.schema, {})
    return Drawer(sheet.meta, known, {}).draw(pointer)


def list_slots(slot):
    yield slot
    for part in slot.parts:
        yield from list_slots(part)


def test_unique_keys_are_added_picked_and_taken_away():
    sheet = make_sheet()
    assert do(sheet, "add_at", "/x-unique")["x-unique"] == [[]]
    picked = do(sheet, "put_at", "/x-unique/0", ["planned", "given"])
    assert picked["x-unique"] == [["planned", "given"]]
    order = list(sheet.schema)
    assert order.index("x-unique") == order.index("x-layout") - 1
    assert "x-unique" not in do(sheet, "remove_at", "/x-unique/0")


def test_a_derivation_is_built_word_by_word():
    sheet = make_sheet()
    do(sheet, "add_at", "/x-derive")
    do(sheet, "put_at", "/x-derive/from", "C1")
    do(sheet, "add_member", "/x-derive/columns", "number")
    do(sheet, "put_at", "/x-derive/columns/number", "code")
    do(sheet, "add_at", "/x-derive/join")
    do(sheet, "put_at", "/x-derive/join/0/optional", True)
    do(sheet, "add_at", "/x-derive/where")
    do(sheet, "put_at", "/x-derive/groupBy", ["number"])
    assert sheet.schema["x-derive"] == {
        "from": "C1",
        "join": [{"table": "", "as": "", "on": "", "optional": True}],
        "where": [{"check": "", "message": ""}],
        "groupBy": ["number"],
        "columns": {"number": "code"},
    }
    assert list(sheet.schema["x-derive"])[-1] == "columns"


def test_a_condition_is_said_as_one_expression_or_as_several():
    derivation = {"from": "C1", "where": "hours > 3", "columns": {"number": "code"}}
    sheet = make_sheet(**{"x-derive": derivation})
    do(sheet, "add_at", "/x-derive/where")
    assert [one["check"] for one in sheet.schema["x-derive"]["where"]] == [
        "hours > 3",
        "",
    ]
    do(sheet, "remove_at", "/x-derive/where/1")
    do(sheet, "turn_at", "/x-derive/where", "string")
    assert sheet.schema["x-derive"]["where"] == "(hours > 3)"


def test_cells_of_examples_are_read_as_their_fields_are():
    sheet = make_sheet()
    do(sheet, "add_at", "/x-tests")
    assert sheet.focus == ("at", "/x-tests/2")
    for field in ("planned", "number"):
        do(sheet, "add_member", "/x-tests/2/row", field)
        do(sheet, "put_at", f"/x-tests/2/row/{field}", "12")
    do(sheet, "add_member", "/x-tests/2/tables", "C1")
    do(sheet, "add_at", "/x-tests/2/tables/C1")
    do(sheet, "add_member", "/x-tests/2/tables/C1/0", "hours")
    do(sheet, "put_at", "/x-tests/2/tables/C1/0/hours", "30")
    do(sheet, "put_at", "/x-tests/2/row/given", "")
    do(sheet, "put_at", "/x-tests/2/breaks", ["given_limit"])
    assert sheet.schema["x-tests"][2] == {
        "name": "例子 3",
        "row": {"planned": 12, "number": "12", "given": None},
        "tables": {"C1": [{"hours": 30}]},
        "breaks": ["given_limit"],
    }


def test_settings_are_changed_where_the_meta_schema_has_them():
    sheet = make_sheet(SETTINGS)
    do(sheet, "put_at", "/shortTitle", "简称")
    do(sheet, "add_at", "/departments")
    do(sheet, "put_at", "/departments/0/aliases", "教管处、教务")
    do(sheet, "add_member", "/periods", "academic_year")
    do(sheet, "put_at", "/periods/academic_year/1", "2024-08-31")
    do(sheet, "add_at", "/reviewSteps")
    do(sheet, "move_at", "/reviewSteps/1", step=-1)
    schema = sheet.schema
    assert list(schema).index("shortTitle") == list(schema).index("unitKind") - 1
    assert schema["departments"] == [{"name": "", "aliases": ["教管处", "教务"]}]
    assert schema["periods"] == {"academic_year": ["", "2024-08-31"]}
    assert [one["id"] for one in schema["reviewSteps"]] == ["item_2", "first_check"]


def test_an_empty_list_that_means_something_is_told():
    steps = [{"id": "a", "title": "甲", "forms": ["C1"]}]
    sheet = make_sheet(SETTINGS, chains=[{"id": "c", "title": "链", "steps": steps}])
    at = "/chains/0/steps/0/needs"
    assert do(sheet, "put_at", at, ["-"])["chains"][0]["steps"][0]["needs"] == []
    assert draw(sheet, at).picked == ("-",)
    assert "needs" not in do(sheet, "put_at", at, [])["chains"][0]["steps"][0]


@pytest.mark.parametrize(
    ("act", "at", "value", "error"),
    [
        ("put_at", "/properties/planned/x-kind", "text", BadRequest),
        ("put_at", "/x-derive/columns", "", BadRequest),
        ("put_at", "x-derive", "", BadRequest),
        ("put_at", "/x-unique/one", "", BadRequest),
        ("put_at", "/x-unique/0/0/0", "", BadRequest),
        ("remove_at", "/x-tests/7", "", NotFound),
        ("turn_at", "/x-derive", "array", BadRequest),
        ("put_at", "/x-tests/9/name", "无", BadRequest),
        ("put_at", "/x-freeze/0/editable", {"a": 1}, BadRequest),
    ],
)
def test_what_makes_no_sense_is_refused(act, at, value, error):
    sheet = make_sheet()
    before = json.dumps(sheet.schema)
    with pytest.raises(error):
        do(sheet, act, at, value)
    if act != "put_at" or "9" not in at:
        assert json.dumps(sheet.schema) == before


@pytest.mark.parametrize("word", ["x-unique", "x-freeze", "x-derive", "x-tests"])
@pytest.mark.parametrize("value", ["text", 7, [7], {"a": 1}, [{"a": [1]}], [[1]]])
def test_whatever_stands_there_is_drawn(word, value):
    assert draw(make_sheet(**{word: value}), f"/{word}").pointer == f"/{word}"


def test_choices_follow_what_stands_beside():
    freeze = [{"field": "course", "usedBy": [{"table": "C2", "field": ""}]}]
    sheet = make_sheet(**{"x-freeze": freeze})
    slots = {one.pointer: one for one in list_slots(draw(sheet, "/x-freeze"))}
    linked = slots["/x-freeze/0/targetEditable"]
    assert [value for value, _ in linked.choices] == ["code", "title", "hours"]
    assert ("course", "课程") in slots["/x-freeze/0/usedBy/0/field"].choices
    assert slots["/x-freeze/0/field"].sort is Sort.CHOICE


@pytest.mark.parametrize("word", ["x-unique", "x-freeze", "x-derive", "x-tests"])
def test_every_word_is_called_something(word):
    """A new word goes by its description where nobody named it."""
    words = [one.label for one in list_slots(draw(make_sheet(), f"/{word}"))]
    assert [word for word in words if word.isascii()] == []


def test_a_place_knows_whether_it_has_to_be_told():
    schema = {"x-derive": {"from": "C1"}}
    assert open_place(DIALECT, schema, "/x-derive/from").is_required
    assert not open_place(DIALECT, schema, "/x-derive/note").is_required
