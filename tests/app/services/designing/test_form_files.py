"""Whole forms in a draft: new ones, copies, another code, gone ones."""

import json

import pytest

from app.errors import AppError, NotFound, Refused
from app.services.designing.checking import check_draft
from app.services.designing.draft_files import save_files
from app.services.designing.drafts import list_changed_files
from app.services.designing.editing import carry_out, open_file
from app.services.designing.form_files import (
    NewForm,
    add_form,
    change_code,
    delete_form,
    list_users,
)
from app.services.designing.mentions import list_mentions
from app.services.designing.reading import load_draft_catalogue
from tests.support.design_folder import EDITION

COURSES, TEACHING = f"{EDITION}/C1.json", f"{EDITION}/C2.json"


def test_a_new_form_is_one_at_once(workshop, administrator, draft):
    draft = add_form(workshop, administrator, draft.id, NewForm("C3", "教室表"))
    form = load_draft_catalogue(workshop, draft).get("test/C3")
    assert (form.title, [field.label for field in form.fields]) == ("教室表", ["名称"])
    assert check_draft(workshop, draft) == ()


def test_a_copy_has_the_fields_and_another_code(workshop, administrator, draft):
    wanted = NewForm("C3", "授课表二", "C2")
    draft = add_form(workshop, administrator, draft.id, wanted)
    forms = load_draft_catalogue(workshop, draft)
    assert [f.id for f in forms.get("test/C3").fields] == [
        f.id for f in forms.get("test/C2").fields
    ]
    assert check_draft(workshop, draft) == ()


@pytest.mark.parametrize(
    ("code", "title"),
    [
        ("C1", "表"),
        ("c1", "表"),
        ("", "表"),
        ("../x", "表"),
        ("C 3", "表"),
        ("C3", " "),
    ],
)
def test_a_code_that_cannot_be_one_is_refused(
    workshop, administrator, draft, code, title
):
    with pytest.raises(AppError):
        add_form(workshop, administrator, draft.id, NewForm(code, title))


def test_a_new_form_that_is_deleted_again_leaves_no_trace(
    workshop, administrator, draft
):
    add_form(workshop, administrator, draft.id, NewForm("C3", "教室表"))
    draft = delete_form(workshop, administrator, draft.id, "C3")
    assert list_changed_files(draft) == {}
    with pytest.raises(NotFound):
        open_file(workshop, draft, "C3")


def test_a_deleted_form_is_missed_by_those_that_name_it(workshop, administrator, draft):
    assert list_users(workshop, open_file(workshop, draft, "C1")) == ("C2",)
    draft = delete_form(workshop, administrator, draft.id, "C1")
    assert {fault.file for fault in check_draft(workshop, draft)} == {TEACHING}


def test_a_renamed_form_is_followed_and_keeps_its_earlier_code(
    workshop, administrator, draft
):
    draft = change_code(workshop, administrator, draft.id, "C1", "C10.1")
    changed = list_changed_files(draft)
    assert changed[COURSES] is None
    renamed = json.loads(changed[f"{EDITION}/C10.1.json"])
    assert renamed["x-form"]["was"] == ["C1"]
    assert renamed["$id"] == "urn:tianbao:test:2024:C10.1"
    teaching = json.loads(changed[TEACHING])
    assert teaching["properties"]["course"]["x-ref"]["table"] == "C10.1"
    assert check_draft(workshop, draft) == ()


def test_a_form_renamed_back_is_as_it_was(workshop, administrator, draft):
    change_code(workshop, administrator, draft.id, "C1", "C9")
    draft = change_code(workshop, administrator, draft.id, "C9", "C1")
    assert list_changed_files(draft) == {}


def test_a_form_whose_text_cannot_be_read_keeps_its_code(
    workshop, administrator, draft
):
    save_files(workshop, administrator, draft.id, {COURSES: "{"})
    with pytest.raises(Refused):
        change_code(workshop, administrator, draft.id, "C1", "C9")


def test_what_would_miss_a_field_is_said_in_words(workshop, draft):
    opened = open_file(workshop, draft, "C2")
    assert list_mentions(workshop, opened, "given") == (
        "字段“未授学时”",
        "规则“实授学时不能多于计划学时”",
    )
    opened = open_file(workshop, draft, "C1")
    assert list_mentions(workshop, opened, "title") == (
        "表 C2 授课表 的字段“所选课程的名称”",
    )


def test_a_field_that_nothing_names_is_missed_by_nobody(workshop, administrator, draft):
    told = {"act": "add_field", "label": "备注", "version": 0}
    edited = carry_out(workshop, administrator, draft.id, "C1", told)
    assert list_mentions(workshop, edited.opened, "bei_zhu") == ()
