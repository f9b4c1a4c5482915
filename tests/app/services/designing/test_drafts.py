"""Drafts of an edition's files: whose they are, what they keep, what they refuse."""

import json

import pytest

from app.errors import BadRequest, Forbidden, NotFound, Refused
from app.services.designing.draft_acts import (
    discard_draft,
    end_draft,
    reopen_draft,
    start_draft,
    take_over_draft,
)
from app.services.designing.draft_files import (
    StaleDraft,
    drop_file,
    rebase_file,
    save_files,
)
from app.services.designing.drafts import get_draft, list_changed_files, list_drafts
from app.services.designing.reading import find_moved_files, load_draft_catalogue
from tests.support.design_folder import EDITION

COURSES = f"{EDITION}/C1.json"
TEACHING = f"{EDITION}/C2.json"


def change(folder, file, edit):
    """The text of a file with something changed in it."""
    schema = json.loads((folder / file.rpartition("/")[2]).read_text("utf-8"))
    edit(schema)
    return json.dumps(schema, ensure_ascii=False)


def retitle(schema):
    schema["title"] = "新课程表"


def lose_hours(schema):
    del schema["properties"]["hours"]


def test_a_draft_keeps_what_was_changed_and_from_what(
    workshop, administrator, draft, folder
):
    before = (folder / "C1.json").read_text("utf-8")
    text = change(folder, COURSES, retitle)
    kept = save_files(
        workshop, administrator, draft.id, {COURSES: text, TEACHING: None}
    )
    assert list_changed_files(kept) == {COURSES: text, TEACHING: None}
    assert kept.files[COURSES].base == before
    assert (folder / "C1.json").read_text("utf-8") == before


def test_a_file_saved_as_it_was_is_not_changed(workshop, administrator, draft, folder):
    text = (folder / "C1.json").read_text("utf-8")
    assert not list_changed_files(
        save_files(workshop, administrator, draft.id, {COURSES: text})
    )


def test_the_draft_is_read_beside_the_other_files(
    workshop, administrator, draft, folder
):
    text = change(folder, COURSES, retitle)
    draft = save_files(workshop, administrator, draft.id, {COURSES: text})
    catalogue = load_draft_catalogue(workshop, draft)
    assert catalogue.get("test/C1").title == "新课程表"
    assert catalogue.get("test/C2").title == "授课表"
    assert workshop.catalogue.get("test/C1").title == "课程表"


def test_a_form_whose_file_has_faults_is_broken_and_no_other(
    workshop, administrator, draft, folder
):
    text = change(folder, COURSES, lose_hours)
    draft = save_files(workshop, administrator, draft.id, {COURSES: text})
    catalogue = load_draft_catalogue(workshop, draft)
    assert catalogue.find("test/C1") is not None
    [broken] = catalogue.broken
    assert broken.full_name == "test/2024/C2"
    assert "hours" in broken.faults[0].message


def test_a_file_of_a_new_form_has_no_base(workshop, administrator, draft):
    file = f"{EDITION}/C9.json"
    draft = save_files(workshop, administrator, draft.id, {file: "{"})
    assert draft.files[file].base is None
    assert list_changed_files(draft) == {file: "{"}


def test_a_save_upon_an_older_version_is_refused(workshop, administrator, draft):
    save_files(workshop, administrator, draft.id, {COURSES: "a"}, {COURSES: 0})
    with pytest.raises(StaleDraft):
        save_files(workshop, administrator, draft.id, {COURSES: "b"}, {COURSES: 0})
    kept = save_files(workshop, administrator, draft.id, {COURSES: "c"}, {COURSES: 1})
    assert kept.files[COURSES].text == "c"


def test_of_several_files_all_are_saved_or_none(workshop, administrator, draft):
    save_files(workshop, administrator, draft.id, {COURSES: "a"})
    texts = {COURSES: "b", TEACHING: "b"}
    with pytest.raises(StaleDraft):
        save_files(workshop, administrator, draft.id, texts, {TEACHING: 7})
    kept = get_draft(workshop.engine, administrator, draft.id)
    assert list_changed_files(kept) == {COURSES: "a"}


def test_a_colleague_sees_a_draft_and_changes_it_only_once_taken_over(
    workshop, administrator, colleague, draft
):
    assert get_draft(workshop.engine, colleague, draft.id).owner_name == (
        administrator.name
    )
    with pytest.raises(Forbidden):
        save_files(workshop, colleague, draft.id, {COURSES: "x"})
    take_over_draft(workshop, colleague, draft.id)
    kept = save_files(workshop, colleague, draft.id, {COURSES: "x"})
    assert kept.is_own(colleague)
    with pytest.raises(Forbidden):
        save_files(workshop, administrator, draft.id, {COURSES: "y"})


def test_several_administrators_have_drafts_of_one_edition(
    workshop, administrator, colleague, draft
):
    other = start_draft(workshop, colleague, EDITION)
    found = list_drafts(workshop.engine, administrator, EDITION)
    assert {one.id for one in found} == {draft.id, other.id}


def test_a_draft_thrown_away_is_listed_no_more_and_can_be_taken_up(
    workshop, administrator, draft
):
    save_files(workshop, administrator, draft.id, {COURSES: "x"})
    discard_draft(workshop, administrator, draft.id)
    assert list_drafts(workshop.engine, administrator) == ()
    with pytest.raises(Refused):
        save_files(workshop, administrator, draft.id, {COURSES: "y"})
    again = reopen_draft(workshop, administrator, draft.id)
    assert list_changed_files(again) == {COURSES: "x"}


def test_a_draft_is_published_once(workshop, administrator, draft):
    with workshop.engine.begin() as connection:
        end_draft(connection, draft.id)
    with pytest.raises(Refused), workshop.engine.begin() as connection:
        end_draft(connection, draft.id)
    assert list_drafts(workshop.engine, administrator) == ()


def test_a_file_that_changed_on_disk_is_told_with_both_texts(
    workshop, administrator, draft, folder
):
    mine = change(folder, COURSES, retitle)
    save_files(workshop, administrator, draft.id, {COURSES: mine})
    theirs = change(folder, COURSES, lose_hours)
    (folder / "C1.json").write_text(theirs, "utf-8")
    draft = get_draft(workshop.engine, administrator, draft.id)
    assert find_moved_files(workshop, draft) == {COURSES: theirs}
    assert draft.files[COURSES].text == mine
    kept = rebase_file(workshop, administrator, draft.id, COURSES)
    assert find_moved_files(workshop, kept) == {}
    assert (kept.files[COURSES].base, kept.files[COURSES].text) == (theirs, mine)


def test_a_dropped_file_is_again_as_it_lies_on_disk(
    workshop, administrator, draft, folder
):
    save_files(workshop, administrator, draft.id, {COURSES: None, TEACHING: None})
    kept = drop_file(workshop, administrator, draft.id, COURSES)
    assert list_changed_files(kept) == {TEACHING: None}
    assert load_draft_catalogue(workshop, kept).find("test/C1") is not None


def test_nobody_but_administrators_sees_drafts(workshop, filler, draft):
    with pytest.raises(Forbidden):
        get_draft(workshop.engine, filler, draft.id)
    with pytest.raises(Forbidden):
        start_draft(workshop, filler, EDITION)


@pytest.mark.parametrize(
    "file", ["test/2025/C1.json", "../C1.json", f"{EDITION}/a/b.json", "C1.json"]
)
def test_a_file_outside_of_the_edition_is_refused(workshop, administrator, draft, file):
    with pytest.raises(BadRequest):
        save_files(workshop, administrator, draft.id, {file: "x"})


def test_an_edition_without_files_has_no_draft(workshop, administrator):
    with pytest.raises(NotFound):
        start_draft(workshop, administrator, "test/1999")
