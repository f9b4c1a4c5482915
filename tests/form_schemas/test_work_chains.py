"""Chains of work in `collection.json`: how they are read, what is wrong with them."""

import json

import pytest

from form_schemas.lint import lint_edition
from form_schemas.loading import load_catalogue
from form_schemas.settings import read_settings
from form_schemas.work_chains import is_gap_list, read_work_chains
from tests.support.catalogues import get_catalogue
from tests.support.forms import schema_of

SETTINGS = {
    "collection": "test",
    "edition": "2024",
    "title": "测试",
    "unitKind": "school",
    "periods": {},
    "reviewSteps": [{"id": "first_check", "title": "初审", "role": "filler"}],
}
FIRST = {"id": "first", "title": "一", "forms": ["1.1"]}
NEXT = {"id": "next", "title": "二", "forms": ["1.2"]}
LAST = {"id": "last", "title": "三", "forms": ["1.3"]}


def form_of(code, **words):
    schema = schema_of(name="text") | {"$id": f"urn:tianbao:test:2024:{code}"}
    return schema | {"x-form": schema["x-form"] | {"code": code} | words}


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)
    for code in ("1.1", "1.2", "1.3"):
        (folder / f"{code}.json").write_text(json.dumps(form_of(code)), "utf-8")
    return folder


@pytest.fixture
def read(folder):
    def read(*steps, chains=None):
        declared = [{"id": "path", "title": "路", "steps": [*steps]}]
        settings = SETTINGS | {"chains": declared if chains is None else chains}
        (folder / "collection.json").write_text(json.dumps(settings), "utf-8")
        found = read_settings(folder)
        return [(fault.pointer, fault.message) for fault in found.faults]

    return read


def test_a_step_follows_the_one_before_unless_it_says_otherwise():
    free = LAST | {"needs": []}
    steps = [FIRST, NEXT, free, LAST | {"id": "end", "needs": ["first", "next"]}]
    [chain] = read_work_chains([{"id": "path", "title": "路", "steps": steps}])
    assert [step.needs for step in chain.steps] == [
        (),
        ("first",),
        (),
        ("first", "next"),
    ]


@pytest.mark.parametrize(
    ("steps", "pointer", "part"),
    [
        ([], "", "不能是空的"),
        ("一步", "", "列表"),
        ([{"id": "a", "title": "甲"}], "/0", "缺少 forms"),
        ([FIRST | {"forms": []}], "/0/forms", "不能是空的"),
        ([FIRST | {"gaps": []}], "/0/gaps", "不能是空的"),
        ([FIRST | {"form": "1.1"}], "/0/form", "forms"),
        ([FIRST | {"id": "第一步"}], "/0/id", "写法不对"),
        ([FIRST, NEXT | {"id": "first"}], "/1/id", "两次"),
        ([FIRST | {"forms": ["1.1", "1.9"]}], "/0/forms/1", "没有表 1.9"),
        ([FIRST | {"gaps": ["1.9"]}], "/0/gaps/0", "没有表 1.9"),
        ([FIRST, NEXT | {"forms": ["1.1"]}], "/1/forms/0", "写了两次"),
        ([FIRST | {"gaps": ["1.1"]}], "/0/gaps/0", "写了两次"),
        ([FIRST, NEXT | {"needs": ["frist"]}], "/1/needs/0", "first"),
        ([FIRST | {"needs": ["first"]}], "/0/needs/0", "互相等"),
        ([FIRST | {"needs": ["next"]}, NEXT], "/0/needs/0", "互相等"),
    ],
)
def test_a_wrong_step_is_a_fault_with_its_place(read, steps, pointer, part):
    told = read(chains=[{"id": "path", "title": "路", "steps": steps}])
    assert any(
        place == f"/chains/0/steps{pointer}" and part in message
        for place, message in told
    ), told


def test_two_chains_of_one_name_are_a_fault(read):
    path = {"id": "path", "title": "路", "steps": [FIRST]}
    [(pointer, message)] = read(chains=[path, path])
    assert pointer == "/chains/1/id"
    assert "两次" in message


def test_settings_with_a_wrong_chain_have_none(folder, read):
    assert read(FIRST, NEXT) == []
    [edition] = load_catalogue(folder.parents[1]).editions
    assert [chain.id for chain in edition.work_chains] == ["path"]
    assert read(FIRST | {"forms": ["1.9"]})
    [edition] = load_catalogue(folder.parents[1]).editions
    assert edition.work_chains == ()


def test_a_form_that_tells_of_no_gap_is_no_gap_list(folder, read):
    derived = form_of("1.2", kind="derived_list")
    derived["x-derive"] = {"from": "1.1", "columns": {"name": "name"}}
    path = folder / "1.2.json"
    step = FIRST | {"gaps": ["1.2"]}
    read(step)
    path.write_text(json.dumps(derived), "utf-8")
    [fault] = lint_edition(folder)
    assert fault.pointer == "/chains/0/steps/0/gaps/0"
    assert "close" in fault.message
    derived["x-derive"] |= {"close": {"form": "1.3", "values": {"name": "name"}}}
    path.write_text(json.dumps(derived), "utf-8")
    assert lint_edition(folder) == ()


def test_the_chains_in_use_name_every_gap_list_of_their_edition():
    for edition in get_catalogue().editions:
        told = {code for chain in edition.work_chains for code in chain.codes}
        gaps = {form.code for form in edition.forms if is_gap_list(form)}
        assert gaps <= told
