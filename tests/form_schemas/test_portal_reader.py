"""What a portal's settings may say, and what is told of those that cannot be."""

from copy import deepcopy

import pytest

from form_schemas.portal_reader import read_portal
from tests.support.forms import field_of, read_schemas, schema_of

FORMS = read_schemas(
    schema_of(
        "A",
        title="text",
        day="date",
        open="boolean",
        phone="phone",
        paper=field_of("file"),
        photo=field_of("image"),
    ),
    schema_of(
        "B",
        name="text",
        of=field_of("ref", ref={"table": "A", "field": "title"}),
        photo=field_of("image"),
    ),
).forms
GOOD = {
    "title": "门户",
    "sources": [
        {
            "id": "news",
            "form": "A",
            "where": "open",
            "title": "title",
            "date": "day",
            "files": ["paper"],
            "image": "photo",
            "pictures": {"form": "B", "field": "of", "image": "photo"},
        }
    ],
    "columns": [
        {"id": "news", "title": "新闻", "shows": "list", "source": "news"},
        {"id": "units", "title": "名录", "shows": "directory"},
    ],
    "ticker": "news",
    "home": [["news"]],
    "directory": {
        "title": "名录",
        "lead": {"form": "A", "field": "title"},
        "facts": [{"title": "情况", "form": "A", "fields": ["title", "day"]}],
        "members": ["B"],
    },
}


def read(**changes):
    portal = deepcopy(GOOD)
    source = changes.pop("source", {})
    portal["sources"][0] |= source
    return read_portal({"portal": portal | changes}, FORMS)


def test_a_portal_without_faults_is_read():
    found = read()
    assert found.faults == ()
    assert found.portal is not None
    assert found.portal.by_id["news"].source.form == "A"
    assert found.portal.sources[0].fields == ("title", "day", "photo", "paper")


def test_an_edition_without_a_portal_has_none():
    assert read_portal({}, FORMS).portal is None


@pytest.mark.parametrize(
    ("changes", "pointer", "part"),
    [
        ({"source": {"form": "X"}}, "/portal/sources/0/form", "没有表 X"),
        ({"source": {"where": "opne"}}, "/portal/sources/0/where", "open"),
        ({"source": {"where": "title"}}, "/portal/sources/0/where", ""),
        ({"source": {"title": "titel"}}, "/portal/sources/0/title", "title"),
        ({"source": {"summary": "phone"}}, "/portal/sources/0/summary", "个人信息"),
        ({"source": {"facts": ["phone"]}}, "/portal/sources/0/facts", "个人信息"),
        ({"source": {"date": "title"}}, "/portal/sources/0/date", "不能作 date"),
        ({"source": {"image": "paper"}}, "/portal/sources/0/image", "不能作 image"),
        ({"source": {"files": ["day"]}}, "/portal/sources/0/files", "不能作 files"),
        ({"ticker": "nwes"}, "/portal/ticker", "news"),
        ({"ticker": "units"}, "/portal/ticker", "没有一条条的内容"),
        ({"tickerWhere": "opne"}, "/portal/tickerWhere", "open"),
        ({"ticker": "", "tickerWhere": "open"}, "/portal/tickerWhere", "先写"),
        ({"home": [["x"]]}, "/portal/home", "没有栏目"),
        ({"figures": ["x"]}, "/portal/figures", "没有统计指标"),
        (
            {"columns": [{"id": "a", "title": "甲", "shows": "list", "source": "x"}]},
            "/portal/columns/0",
            "来源",
        ),
        (
            {"directory": {"title": "名录", "lead": {"form": "A", "field": "phone"}}},
            "/portal/directory/lead/field",
            "个人信息",
        ),
    ],
)
def test_what_cannot_be_shown_is_a_fault_and_hides_the_portal(changes, pointer, part):
    found = read(**changes)
    assert found.portal is None
    assert any(
        place.startswith(pointer) and part in message for place, message in found.faults
    ), found.faults


def test_pictures_have_to_refer_to_the_rows_they_belong_to():
    wrong = {"form": "B", "field": "name", "image": "photo"}
    found = read(source={"pictures": wrong})
    assert any("不引用" in message for _, message in found.faults)
