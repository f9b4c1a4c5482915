"""Booklets in `collection.json`: how they are read, what is wrong with them."""

import json

import pytest

from form_schemas.booklets import (
    BlockKind,
    find_ticks,
    list_below,
    list_counted,
    list_forms,
)
from form_schemas.lint import lint_edition
from form_schemas.settings import list_booklets, read_settings
from tests.form_schemas.test_work_chains import SETTINGS, form_of
from tests.support.catalogues import get_catalogue


@pytest.fixture(scope="module")
def edition():
    return get_catalogue().edition("group", "2014")


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)
    for code, words in (("1.1", {}), ("1.2", {"shape": "record", "key": None})):
        schema = form_of(code, **words)
        schema["x-form"] = {k: v for k, v in schema["x-form"].items() if v is not None}
        (folder / f"{code}.json").write_text(json.dumps(schema), "utf-8")
    return folder


@pytest.fixture
def declare(folder):
    def declare(*booklets):
        text = json.dumps(SETTINGS | {"booklets": booklets})
        (folder / "collection.json").write_text(text, "utf-8")
        return folder

    return declare


def booklet_of(*blocks):
    made = [{"form": code, "as": kind} for code, kind in blocks]
    return {"id": "report", "title": "整份", "blocks": made}


def test_the_report_of_a_group_has_its_blocks_in_order(edition):
    [booklet] = list_booklets(edition.settings)
    assert [(block.form, block.kind) for block in booklet.blocks] == [
        ("G1", BlockKind.RECORD),
        ("G2", BlockKind.CHECKLIST),
        ("G3", BlockKind.FIGURES),
        ("G4", BlockKind.COUNTS),
        ("G6", BlockKind.FIGURES),
    ]


def test_lists_that_are_counted_belong_to_the_booklet(edition):
    [booklet] = list_booklets(edition.settings)
    codes = [form.code for form in list_forms(booklet, edition.by_code)]
    lists = [f"G5.{number}" for number in range(1, 9)]
    assert codes == ["G1", "G2", "G3", "G4", *lists, "G6"]


def test_what_adds_counts_up_counts_no_list(edition):
    counted = list_counted(edition.get("G4"))
    assert [one.form for one in counted] == [f"G5.{number}" for number in range(1, 9)]


def test_a_checklist_ticks_codes_and_takes_those_below(edition):
    form, lists = edition.get("G2"), get_catalogue().codelists
    ticks = find_ticks(form)
    assert (ticks.key.id, ticks.below.id) == ("industry_section", "industry_divisions")
    below = list_below(lists[ticks.below.codes], ticks.below, "D")
    assert [entry.code for entry in below] == ["44", "45", "46"]


@pytest.mark.parametrize(
    ("booklets", "pointer", "part"),
    [
        ([booklet_of(("1.9", "record"))], "/booklets/0/blocks/0/form", "没有表 1.9"),
        (
            [booklet_of(("1.2", "record"), ("1.2", "figures"))],
            "/booklets/0/blocks/1/form",
            "写了两次",
        ),
        (
            [booklet_of(("1.2", "record")), booklet_of(("1.2", "record"))],
            "/booklets/1/id",
            "出现了两次",
        ),
        ([booklet_of(("1.2", "page"))], "/booklets/0/blocks/0/as", ""),
        ([booklet_of()], "/booklets/0/blocks", ""),
    ],
)
def test_faults_of_booklets_say_where(declare, booklets, pointer, part):
    found = read_settings(declare(*booklets)).faults
    assert [(one.pointer, part in one.message) for one in found] == [(pointer, True)]


@pytest.mark.parametrize(
    ("block", "part"),
    [
        (("1.1", "record"), "多行的表"),
        (("1.2", "list"), "一张一份的表"),
        (("1.1", "checklist"), "勾不了"),
        (("1.2", "counts"), "没有数别的表行数的字段"),
    ],
)
def test_a_block_that_cannot_be_drawn_so_is_a_fault(declare, block, part):
    faults = lint_edition(declare(booklet_of(block)))
    told = [one for one in faults if one.pointer == "/booklets/0/blocks/0/as"]
    assert [part in one.message for one in told] == [True]
