"""Flows of rows in schema files: how they read, and what is wrong with them."""

import pytest

from form_schemas.form_words import say_notes
from form_schemas.renaming import change_lists
from form_schemas.writer import format_schema
from tests.support.forms import field_of, form_of, read_schemas, schema_of

SEND = {"id": "send", "title": "报送", "from": ["草稿"], "to": "已报", "by": ["unit"]}
TAKE = {
    "id": "take",
    "title": "采用",
    "from": ["已报"],
    "to": "采用",
    "by": ["province", "nation"],
    "of": ["group"],
    "asks": ["remark"],
    "sets": {"taken": "today"},
    "creates": {"form": "P", "values": {"head": "title", "kind": "'甲'"}},
    "when": "not is_empty(body)",
    "needsReport": True,
}
BACK = {
    "id": "give_back",
    "title": "退回",
    "from": ["已报"],
    "to": "草稿",
    "by": ["province"],
    "reason": True,
}
PORTAL = schema_of("P", head="text", kind="enum", body="text")


def news_of(*moves, editable=("草稿",), **more):
    """News that travel: sent by a unit, taken or given back by a province."""
    schema = schema_of(
        "N",
        title="text",
        body="text",
        status=field_of("enum", enum=["草稿", "已报", "采用"], default="草稿"),
        remark="text",
        taken="date",
        photo="image",
    )
    flow = {"field": "status", "editable": list(editable), "moves": list(moves)}
    return schema | {"x-flow": flow} | more


def test_a_flow_is_read():
    flow = form_of(news_of(SEND, TAKE, BACK), PORTAL).flow
    send, take, give_back = flow.moves
    assert (flow.field, flow.initial, flow.editable) == (
        "status",
        "草稿",
        frozenset({"草稿"}),
    )
    assert (send.by, send.sources, send.target) == (("unit",), ("草稿",), "已报")
    assert (take.of, take.asks, take.needs_report) == (("group",), ("remark",), True)
    assert {name: e.text for name, e in take.sets.items()} == {"taken": "today"}
    assert (take.creates.form, set(take.creates.values)) == ("P", {"head", "kind"})
    assert give_back.needs_reason


def test_what_moves_give_is_never_typed():
    form = form_of(news_of(SEND, TAKE), PORTAL)
    assert [field.id for field in form.moved_fields] == ["status", "remark", "taken"]
    assert [field.id for field in form.typed_fields] == ["title", "body", "photo"]


def test_a_row_stored_before_there_was_a_flow_stands_at_its_beginning():
    flow = form_of(news_of(SEND, TAKE), PORTAL).flow
    assert flow.state_of({"status": None}) == "草稿"
    assert [m.id for m in flow.find_moves({"status": "已报"}, "group")] == ["take"]
    assert flow.find_moves({"status": "已报"}, "city") == ()


def test_a_form_that_travels_is_not_handed_in():
    form = form_of(news_of(SEND, TAKE), PORTAL)
    assert (form.is_filed, form.is_moved, form.is_carried) == (False, True, False)


def test_parts_travel_with_the_row_that_they_belong_to():
    news = news_of(SEND, TAKE)
    part = schema_of("A", name="text", news=_pick("N", "title"))
    form = form_of(part | {"x-flow-with": "news"}, news, PORTAL)
    assert (form.flow_with, form.is_filed) == ("news", False)


def _pick(table, field, **more):
    return field_of("ref", ref={"table": table, "field": field} | more)


@pytest.mark.parametrize(
    ("move", "pointer", "part"),
    [
        ({"from": ["草搞"]}, "/from", "没有选项“草搞”"),
        ({"to": "在途"}, "/to", "没有选项“在途”"),
        ({"by": ["county"]}, "/by/0", "county"),
        ({"asks": ["remrak"]}, "/asks", "是不是“remark”"),
        ({"asks": ["status"]}, "/asks", "由 to 决定"),
        ({"asks": ["title"]}, "/asks", "建行时填"),
        ({"asks": ["photo"]}, "/asks", "附件"),
        ({"sets": {"tkaen": "today"}}, "/sets/tkaen", "是不是“taken”"),
        ({"sets": {"taken": "title"}}, "/sets/taken", "有错"),
        ({"sets": {"status": "'采用'"}}, "/sets/status", "由 to 决定"),
        ({"sets": {"taken": "today"}, "when": "stauts == '草稿'"}, "/when", "status"),
        ({"sets": {"remark": "texts('P', 'head')"}}, "/sets/remark", "本行"),
        ({"when": "count('P') >= 1"}, "/when", "本行"),
        ({"creates": {"form": "Q", "values": {"a": "title"}}}, "/creates/form", "“Q”"),
        (
            {"creates": {"form": "P", "values": {"haed": "title"}}},
            "/creates/values/haed",
            "是不是“head”",
        ),
        ({"sends": True}, "/sends", "sends"),
    ],
)
def test_a_wrong_move_is_a_fault_with_its_place(move, pointer, part):
    reading = read_schemas(news_of(SEND | move), PORTAL)
    told = {fault.pointer: fault.message for fault in reading.faults}
    assert part in told[f"/x-flow/moves/0{pointer}"]


@pytest.mark.parametrize(
    ("more", "pointer", "part"),
    [
        ({"field": "stauts"}, "/x-flow/field", "是不是“status”"),
        ({"field": "title"}, "/properties/title", "enum"),
        ({"editable": ["在途"]}, "/x-flow/editable", "“在途”"),
        ({"moves": [SEND, SEND]}, "/x-flow/moves/1/id", "两次"),
        ({"moves": []}, "/x-flow/moves", ""),
    ],
)
def test_a_wrong_flow_is_a_fault_with_its_place(more, pointer, part):
    news = news_of(SEND)
    news["x-flow"] |= more
    told = {f.pointer: f.message for f in read_schemas(news, PORTAL).faults}
    assert part in told[pointer]


def test_the_state_has_to_begin_somewhere():
    news = news_of(SEND)
    del news["properties"]["status"]["default"]
    [fault] = read_schemas(news).faults
    assert (fault.pointer, "default" in fault.message) == ("/properties/status", True)


def test_a_field_that_moves_change_has_no_other_source():
    news = news_of(SEND)
    news["properties"]["status"]["x-visible-when"] = "not is_empty(title)"
    [fault] = read_schemas(news).faults
    assert (fault.pointer, "x-visible-when" in fault.message) == (
        "/properties/status",
        True,
    )


def test_a_form_of_one_row_does_not_travel():
    news = news_of(SEND)
    news["x-form"] |= {"shape": "record"}
    del news["x-form"]["key"]
    [fault] = read_schemas(news).faults
    assert (fault.pointer, "一行" in fault.message) == ("/x-flow", True)


@pytest.mark.parametrize(
    ("field", "part"),
    [
        ("name", "不是选一行的引用字段"),
        ("nwes", "是不是“news”"),
        ("other", "没有 x-flow"),
        ("both", "also"),
    ],
)
def test_parts_follow_one_row_that_travels(field, part):
    attached = schema_of(
        "A",
        name="text",
        news=_pick("N", "title"),
        other=_pick("P", "head"),
        both=_pick("N", "title", also=["M"]),
    )
    second = news_of(SEND) | {"$id": "urn:tianbao:test:2024:M"}
    second["x-form"] = second["x-form"] | {"code": "M"}
    faults = read_schemas(
        attached | {"x-flow-with": field}, news_of(SEND), PORTAL, second
    ).faults
    assert [f.pointer for f in faults] == ["/x-flow-with"]
    assert part in faults[0].message


def test_lint_finds_flows_that_lead_nowhere(lint):
    idle = {
        "id": "idle",
        "title": "看过",
        "from": ["采用"],
        "to": "采用",
        "by": ["unit"],
    }
    told = dict(lint(news_of(SEND | {"by": ["city"]}, idle, editable=["已报"])))
    assert "存下就改不了" in told["/x-flow/editable"]
    assert "没有用" in told["/x-flow/moves/1"]
    assert "交出去" in told["/x-flow/moves"]


def test_lint_finds_states_that_no_row_reaches(lint):
    [(pointer, message)] = lint(news_of(SEND))
    assert (pointer, "“采用”" in message) == ("/x-flow/moves", True)


def test_what_a_move_gives_is_never_required(lint):
    news = news_of(SEND, BACK, TAKE | {"creates": None}, required=["status"])
    del news["x-flow"]["moves"][2]["creates"]
    [(pointer, message)] = lint(news)
    assert (pointer, "不能必填" in message) == ("/properties/status", True)


def test_a_flow_is_told_in_words():
    notes = list(say_notes(form_of(news_of(SEND, TAKE), PORTAL)))
    assert notes == ["一行一行地办（报送、采用），不随整轮提交"]


def test_names_in_flows_are_found_and_changed():
    news = news_of(SEND, TAKE)
    names = {("N", "status"): "state", ("N", "remark"): "note", ("P", "head"): "top"}
    change_lists(news, "N", lambda _, name: names.get(name, name[1] or name[0]))
    take = news["x-flow"]["moves"][1]
    assert news["x-flow"]["field"] == "state"
    assert take["asks"] == ["note"]
    assert set(take["creates"]["values"]) == {"top", "kind"}


def test_a_move_stands_on_a_line_of_its_own():
    text = format_schema(news_of(SEND, BACK))
    lines = [line.strip().rstrip(",") for line in text.splitlines()]
    assert '"field": "status"' in lines
    assert any(line.startswith('{"id": "send"') for line in lines)
