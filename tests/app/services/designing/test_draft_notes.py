"""What drafting from a workbook guessed, kept until it is struck out."""

import pytest
from openpyxl import Workbook

from app.services.designing.draft_notes import dismiss_note, list_notes
from app.services.designing.editing import carry_out
from app.services.designing.form_files import change_code
from app.services.designing.from_workbook import begin_from_workbook
from tests.support.blank_forms import put
from tests.support.design_folder import EDITION

HEADINGS = ["班级名称", "男生人数（人）", "女生人数（人）", "*合计（人）", "备注说明"]


@pytest.fixture
def drafted(workshop, administrator, tmp_path):
    """The draft and the file of a form that a workbook was."""
    book = Workbook()
    put(book.active, {1: HEADINGS})
    book.active["D2"] = "=SUM(B2:C2)"
    path = tmp_path / "form.xlsx"
    book.save(path)
    draft, made = begin_from_workbook(workshop, administrator, path, EDITION, "C9")
    return draft, made


def test_guesses_are_kept_and_struck_out_one_by_one(workshop, administrator, drafted):
    draft, made = drafted
    kept = list_notes(workshop.engine, draft.id, made.file)
    assert [one.text for one in kept] == [one.text for one in made.notes]
    first, *rest = kept
    dismiss_note(workshop, administrator, draft.id, made.file, first.id)
    dismiss_note(workshop, administrator, draft.id, made.file, first.id)
    assert list_notes(workshop.engine, draft.id, made.file) == tuple(rest)
    dismiss_note(workshop, administrator, draft.id, made.file, 0)
    assert list_notes(workshop.engine, draft.id, made.file) == ()


def test_guesses_follow_a_form_to_another_code(workshop, administrator, drafted):
    draft, made = drafted
    kept = list_notes(workshop.engine, draft.id, made.file)
    change_code(workshop, administrator, draft.id, "C9", "C8")
    assert list_notes(workshop.engine, draft.id, f"{EDITION}/C8.json") == kept
    assert list_notes(workshop.engine, draft.id, made.file) == ()


def test_a_formula_that_was_read_computes_its_field(workshop, administrator, drafted):
    draft, made = drafted
    [note] = [
        one for one in list_notes(workshop.engine, draft.id, made.file) if one.computed
    ]
    told = {
        "act": "take_computed",
        "version": 1,
        "field": note.field_id,
        "value": note.computed,
    }
    opened = carry_out(workshop, administrator, draft.id, "C9", told).opened
    declared = opened.schemas["C9"]["properties"][note.field_id]
    assert declared["x-computed"] == note.computed
    assert note.field_id not in opened.schemas["C9"].get("required", ())
