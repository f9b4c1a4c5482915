"""The settings of an edition in a draft: changed, judged, planned and published."""

import json

import pytest

from app.errors import BadRequest, Refused
from app.services.designing.checking import check_draft
from app.services.designing.draft_files import StaleDraft
from app.services.designing.drafts import get_draft, list_changed_files
from app.services.designing.reading import load_draft_catalogue
from app.services.designing.settings_editing import (
    change_settings,
    check_settings,
    open_settings,
    save_settings_text,
)
from app.services.publishing import Consent
from app.services.schema_plans import plan_draft, publish_draft
from tests.support.design_folder import EDITION

FILE = f"{EDITION}/collection.json"


@pytest.fixture
def change(workshop, administrator, draft):
    def change(act, at, value=None, version=0):
        told = {"act": act, "at": at, "value": value, "version": version}
        return change_settings(workshop, administrator, draft.id, told)

    return change


@pytest.fixture
def typing(workshop, administrator, draft):
    def typing(text, version=0):
        told = {"text": text, "version": version}
        return save_settings_text(workshop, administrator, draft.id, told).opened

    return typing


def test_a_change_is_kept_in_the_draft_and_in_its_forms(
    workshop, administrator, change
):
    opened = change("put_at", "/shortTitle", "简称").opened
    values = json.loads(opened.text)
    assert list(values)[2:5] == ["title", "shortTitle", "unitKind"]
    draft = get_draft(workshop.engine, administrator, opened.draft.id)
    assert list(list_changed_files(draft)) == [FILE]
    edition = load_draft_catalogue(workshop, draft).edition("test", "2024")
    assert edition.short_title == "简称"


def test_a_fault_has_its_line_and_column(workshop, typing):
    opened = typing('{\n  "collection": "test",\n  "edition": "2023"\n}')
    found = check_settings(workshop, opened).faults
    told = {(one.pointer, one.position.line, one.position.column) for one in found}
    assert ("/edition", 3, 3) in told
    opened = typing('{\n  "collection": \n', version=1)
    [fault] = check_settings(workshop, opened).faults
    assert "不是合法的 JSON" in fault.message


def test_a_measure_over_a_form_that_is_not_there_is_a_fault(workshop, change):
    measure = {"id": "m", "title": "数", "form": "C9", "kind": "count"}
    for version, (act, at, value) in enumerate(
        (
            ("add_at", "/x-measures", None),
            ("put_at", "/x-measures/0/title", "节"),
            *(
                ("put_at", f"/x-measures/0/measures/0/{word}", told)
                for word, told in measure.items()
            ),
        )
    ):
        opened = change(act, at, value, version).opened
    faults = check_settings(workshop, opened).faults
    assert {one.pointer for one in faults} == {"/x-measures/0/measures/0/form"}
    assert FILE in {fault.file for fault in check_draft(workshop, opened.draft)}


def test_two_windows_and_unreadable_texts_are_refused(change, typing):
    typing("{", version=0)
    with pytest.raises(StaleDraft):
        change("put_at", "/shortTitle", "简称")
    with pytest.raises(Refused, match="只能在文本里改"):
        change("put_at", "/shortTitle", "简称", version=1)


def test_what_the_folder_says_cannot_be_changed(change):
    with pytest.raises(BadRequest):
        change("put_at", "/edition", "2025")


def test_settings_alone_are_published(workshop, administrator, change):
    draft = change("put_at", "/shortTitle", "测试平台").opened.draft
    planned = plan_draft(workshop, administrator, draft)
    assert planned.plan.is_empty
    assert planned.settings == ("简称由“测试”改为“测试平台”。",)
    consent = Consent(planned.plan.hash, reason="改名")
    done = publish_draft(workshop, administrator, draft, consent)
    assert list(done.texts_after) == [FILE]
    written = (workshop.schema_folder / FILE).read_text("utf-8")
    assert json.loads(written)["shortTitle"] == "测试平台"


def test_what_no_sentence_tells_is_named_by_its_section(
    workshop, administrator, change
):
    change("add_at", "/warningReasons")
    opened = change("put_at", "/warningReasons/0/title", "核实无误", 1).opened
    planned = plan_draft(workshop, administrator, opened.draft)
    assert planned.settings == ("改了警告可以过去的理由。",)
    assert not planned.is_empty


def test_settings_that_did_not_change_are_nothing_to_publish(
    workshop, administrator, draft
):
    text = open_settings(workshop, draft).text
    told = {"text": text, "version": 0}
    again = save_settings_text(workshop, administrator, draft.id, told).opened.draft
    assert plan_draft(workshop, administrator, again).is_empty
