"""Forms as they would be, among made-up rows."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from app.errors import NotFound
from app.services.previewing import Preview, write_preview_template
from validators.report import Code


@pytest.fixture(scope="module")
def preview(catalogue):
    return Preview(catalogue, catalogue.get("talent/0.1.5"))


def test_every_form_gets_made_up_rows_unless_it_is_computed(catalogue):
    empty = {
        form.name
        for form in catalogue.forms
        if not Preview(catalogue, form).list_samples()
    }
    assert empty == {form.name for form in catalogue.forms if form.is_derived}


def test_the_made_up_rows_are_the_same_each_time(catalogue, preview):
    again = Preview(catalogue, preview.form)
    assert again.list_samples() == preview.list_samples()


def test_a_reference_picks_from_made_up_rows(preview):
    found = preview.find_options("major_code", "", 1).options
    assert len(found) == 3
    (chosen,) = preview.find_options("major_code", found[1].label, 1).options
    assert chosen == found[1]


def test_a_code_is_picked_from_its_list(preview):
    labels = [one.label for one in preview.find_options("ethnicity", "回", 1).options]
    assert "回族" in labels


def test_what_is_filled_in_cannot_be_picked(preview):
    with pytest.raises(NotFound):
        preview.find_options("major_name", "", 1)


def test_a_row_that_picks_a_made_up_one_is_filled_in_from_it(preview):
    chosen = preview.find_options("major_code", "", 1).options[0]
    tried = preview.try_row({"major_code": chosen.value}, None)
    assert tried.cells["major_name"] == chosen.label
    assert tried.meanings == {"major_code": chosen.label}


def test_what_was_typed_is_judged(preview):
    tried = preview.try_row({"major_code": "000000", "grade": "今年"}, None)
    assert {(p.field_id, p.code) for p in tried.checked.problems} >= {
        ("major_code", Code.REFERENCE)
    }
    assert "grade" in {p.field_id for p in tried.checked.problems}


def test_a_made_up_row_keeps_what_was_not_typed(preview):
    tried = preview.try_row({"student_name": "王小明"}, 1)
    assert tried.checked.row["student_name"] == "王小明"
    assert (
        tried.checked.row["student_no"] == preview.list_samples()[0].row["student_no"]
    )
    assert tried.checked.problems == ()


def test_the_template_is_that_of_the_form(catalogue, preview):
    stream = BytesIO()
    write_preview_template(catalogue, preview.form, stream)
    sheet = load_workbook(stream).worksheets[0]
    heads = {str(cell.value) for row in sheet.iter_rows(max_row=3) for cell in row}
    assert any("学号" in head for head in heads)
