"""What the settings of an anthology may say, and what is told of what cannot be."""

from copy import deepcopy

import pytest

from form_schemas.anthologies import Chapters
from form_schemas.anthology_reader import read_anthologies
from form_schemas.portal_reader import read_portal
from tests.support.forms import field_of, read_schemas, schema_of


def _move(name, source, target, *by, **more):
    words = {"from": [source], "to": target, "by": [*by], **more}
    return {"id": name, "title": name, **words}


def _travelling():
    schema = schema_of(
        "A",
        title="text",
        kind="enum",
        phone="phone",
        paper=field_of("file"),
        state=field_of("enum", enum=["草稿", "已报", "入选"], default="草稿"),
    )
    moves = [
        _move("send", "草稿", "已报", "unit"),
        _move("choose", "已报", "入选", "nation"),
        _move("back", "入选", "已报", "nation"),
        _move("why", "已报", "草稿", "nation", reason=True),
    ]
    return schema | {"x-flow": {"field": "state", "editable": ["草稿"], "moves": moves}}


FORMS = read_schemas(
    _travelling(),
    schema_of(
        "B",
        name="text",
        of=field_of("ref", ref={"table": "A", "field": "title"}),
        paper=field_of("file"),
    ),
    schema_of("C", name="text"),
).forms
SOURCES = [
    {"id": name, "form": code, "where": "1 == 1", "title": title}
    for name, code, title in (("cases", "A", "title"), ("others", "C", "name"))
]
PORTAL = {"title": "门户", "sources": SOURCES, "columns": []}
FILES = {"form": "B", "field": "of", "file": "paper", "caption": "name"}
GOOD = {
    "id": "book",
    "title": "案例汇编",
    "source": "cases",
    "choose": "choose",
    "takeBack": "back",
    "least": 2,
    "most": 3,
    "area": "province",
    "kind": "kind",
    "chapters": "kind",
    "order": ["title"],
    "attachments": [FILES],
}


def read(*more, portal=PORTAL, **changes):
    settings = {"portal": portal, "anthologies": [{**deepcopy(GOOD), **changes}, *more]}
    return read_anthologies(settings, FORMS, read_portal(settings, FORMS))


def test_an_anthology_without_faults_is_read():
    found = read()
    assert found.faults == ()
    [book] = found.anthologies
    assert (book.source.form, book.source.title) == ("A", "title")
    assert (book.level, book.chosen, book.take_back.id) == ("nation", "入选", "back")
    assert (book.chapters, book.attachments[0].form) == (Chapters.KIND, "B")
    assert [book.is_whole(n) for n in (1, 2, 3, 4)] == [False, True, True, False]


def test_an_edition_without_anthologies_has_none():
    assert read_anthologies({}, FORMS, read_portal({}, FORMS)).anthologies == ()


@pytest.mark.parametrize(
    ("changes", "place", "part"),
    [
        ({"source": "case"}, "source", "cases"),
        ({"source": "others"}, "source", "x-flow"),
        ({"choose": "chose"}, "choose", "choose"),
        ({"choose": "why"}, "choose", "不能成批办"),
        ({"choose": "send"}, "choose", "一级主管部门"),
        ({"takeBack": "send"}, "takeBack", "取消不了"),
        ({"least": 4}, "most", "不能少于"),
        ({"areaCodes": "gbt-226"}, "areaCodes", "没有代码表"),
        ({"kind": "title"}, "kind", "单选"),
        ({"order": ["nothing"]}, "order", "没有字段"),
        ({"order": ["phone"]}, "order", "个人信息"),
        ({"attachments": [{**FILES, "form": "X"}]}, "attachments/0/form", "没有表 X"),
        ({"attachments": [{**FILES, "field": "name"}]}, "attachments/0/field", "引用"),
        ({"attachments": [{**FILES, "file": "name"}]}, "attachments/0/file", "附件"),
    ],
)
def test_what_cannot_be_is_told_with_its_place(changes, place, part):
    found = read(**changes)
    assert found.anthologies == ()
    assert any(
        at == f"/anthologies/0/{place}" and part in told for at, told in found.faults
    )


def test_chapters_need_what_they_are_made_of():
    bare = {k: v for k, v in GOOD.items() if k != "kind"}
    [again] = read(bare | {"id": "bare"}).faults
    assert again[0] == "/anthologies/1/chapters"


def test_a_book_with_a_fault_leaves_the_others():
    found = read({**GOOD, "id": "second", "kind": "nothing"})
    assert [one.id for one in found.anthologies] == ["book"]
    assert read(GOOD).faults[0][0] == "/anthologies/1/id"


def test_where_the_portal_has_faults_there_is_no_book_either():
    found = read(portal={**PORTAL, "ticker": "nothing"})
    assert (found.anthologies, found.faults) == ((), ())
