"""Questions about renames while one types, and the answer by a click."""

import json

from tests.app.services.designing.test_editing import Page


def list_hints(page):
    return page.checked().hints


def rename(page, old, new):
    text = page.text.replace(f'"{old}"', f'"{new}"')
    return page.type(text.replace(f"{old} ", f"{new} ").replace(f" {old}", f" {new}"))


def test_an_id_that_changed_in_the_text_is_asked_about(workshop, administrator, draft):
    page = Page(workshop, administrator, draft, "C2")
    assert list_hints(page) == ()
    rename(page, "given", "taught")
    [hint] = list_hints(page)
    assert "是改名吗" in hint.message
    assert (
        page.text.splitlines()[hint.position.line - 1].lstrip().startswith('"taught"')
    )
    remedy = hint.fault.remedy
    told = {"at": remedy.pointer, "word": remedy.word, "value": remedy.value}
    page.act("take_remedy", **told)
    assert page.fields["taught"]["x-was"] == ["given"]
    assert list_hints(page) == ()


def test_a_form_of_another_code_is_asked_about(workshop, administrator, draft):
    page = Page(workshop, administrator, draft, "C2")
    page.act("take_remedy", at="/x-form", word="was", value=json.dumps(["C9"]))
    assert page.schema["x-form"]["was"] == ["C9"]


def test_x_was_that_leads_nowhere_is_told(workshop, administrator, draft):
    page = Page(workshop, administrator, draft, "C2")
    rename(page, "given", "taught")
    page.set("taught", "was", "givn")
    told = [one.message for one in list_hints(page)]
    assert any("是不是“given”" in one for one in told)


def test_what_sql_cannot_say_is_a_fault_while_one_types(workshop, administrator, draft):
    page = Page(workshop, administrator, draft, "C2")
    page.act("add_at", at="/x-generate")
    page.act("put_at", at="/x-generate/from", value="C1")
    page.act("add_member", at="/x-generate/columns", value="number")
    page.act("put_at", at="/x-generate/columns/number", value="code")
    assert page.faults() == []
    page.act("put_at", at="/x-generate/columns/number", value="cod")
    assert [one.pointer for one in page.checked().faults] == [
        "/x-generate/columns/number"
    ]
