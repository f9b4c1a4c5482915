"""A flow comes to a form that is in use: nothing is lost, nobody has to be asked."""

import pytest

from app.services.schema_changes import Risk
from tests.app.services.test_schema_apply import School, _fill
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _suggestions(**more):
    """As they were: the state was typed."""
    return schema_of(
        "S",
        title="text",
        sent=field_of("date"),
        state=field_of("enum", enum=["待处理", "已回复"], default="待处理"),
        **more,
    )


def _travelling():
    after = _suggestions(reply="text", is_top="boolean", double="text")
    after["properties"]["state"] |= {
        "enum": ["草稿", "待处理", "已回复"],
        "default": "草稿",
    }
    after["properties"]["double"]["x-computed"] = "title"
    submit = {"id": "submit", "title": "提交", "from": ["草稿"], "to": "待处理"}
    answer = {"id": "answer", "title": "回复", "from": ["待处理"], "to": "已回复"}
    after["x-flow"] = {
        "field": "state",
        "editable": ["草稿"],
        "moves": [
            submit | {"by": ["unit"], "sets": {"sent": "today"}},
            answer | {"by": ["province"], "asks": ["reply"]},
        ],
    }
    return after


def test_a_flow_is_added_safely_and_rows_keep_their_states(engine):
    school = School(engine, _suggestions())
    school.store("S", {"title": "一", "state": "已回复"}, {"title": "二"})
    made = school.plan(_travelling())
    assert {one.risk for one in made.operations} == {Risk.SAFE}
    school.change(_travelling())
    assert school.read("S") == [
        {"title": "一", "state": "已回复", "double": "一"},
        {"title": "二", "double": "二"},
    ]


def test_a_flow_is_taken_away_safely(engine):
    school = School(engine, _travelling())
    school.store("S", {"title": "一"})
    before = _travelling()
    del before["x-flow"]
    school.change(before)
    assert school.read("S") == [{"title": "一", "state": "草稿"}]
