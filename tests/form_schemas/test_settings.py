"""The settings of an edition: the short list of reasons for warnings."""

import json

import pytest

from form_schemas.catalogue import load_catalogue
from form_schemas.settings import FREE_REASON, WarningReason, read_settings

SETTINGS = {
    "collection": "test",
    "edition": "2024",
    "title": "测试",
    "unitKind": "school",
    "periods": {},
    "reviewSteps": [],
}


@pytest.fixture
def read(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)

    def read(**words):
        text = json.dumps(SETTINGS | words)
        (folder / "collection.json").write_text(text, "utf-8")
        settings = read_settings(folder)
        return [(fault.pointer, fault.message) for fault in settings.faults]

    return read


def test_every_edition_lists_reasons_and_one_of_them_is_in_own_words():
    for edition in load_catalogue().editions:
        assert len(edition.reasons) > 1
        assert [r.title for r in edition.reasons if r.needs_text] == ["其他"]


def test_an_edition_without_a_list_takes_reasons_in_own_words(edition_with):
    assert edition_with().reasons == (FREE_REASON,)


def test_reasons_are_read_in_their_order(edition_with):
    reasons = [{"id": "b", "title": "乙", "text": True}, {"id": "a", "title": "甲"}]
    assert edition_with(warningReasons=reasons).reasons == (
        WarningReason("b", "乙", needs_text=True),
        WarningReason("a", "甲"),
    )


@pytest.mark.parametrize(
    ("reasons", "pointer", "part"),
    [
        ("其他", "/warningReasons", "列表"),
        (["其他"], "/warningReasons/0", "id"),
        ([{"title": "其他"}], "/warningReasons/0/id", "短词"),
        ([{"id": "A b", "title": "其他"}], "/warningReasons/0/id", "短词"),
        ([{"id": 3, "title": "其他"}], "/warningReasons/0/id", "短词"),
        ([{"id": "a", "title": " "}], "/warningReasons/0/title", "理由"),
        ([{"id": "a", "title": "甲", "text": 1}], "/warningReasons/0/text", "true"),
        (
            [{"id": "a", "title": "甲"}, {"id": "a", "title": "乙"}],
            "/warningReasons/1/id",
            "两次",
        ),
    ],
)
def test_a_wrong_reason_is_a_fault_with_its_place(read, reasons, pointer, part):
    [(found, message)] = read(warningReasons=reasons)
    assert found == pointer
    assert part in message


@pytest.fixture
def edition_with(tmp_path):
    folder = tmp_path / "schemas" / "test" / "2024"
    folder.mkdir(parents=True)

    def load(**words):
        text = json.dumps(SETTINGS | words)
        (folder / "collection.json").write_text(text, "utf-8")
        [edition] = load_catalogue(tmp_path / "schemas").editions
        return edition

    return load
