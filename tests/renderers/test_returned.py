"""Pages of a form of which only some cells were returned to be mended."""

from dataclasses import dataclass
from decimal import Decimal

from renderers.grid_page import GridQuery, build_grid_page, render_grid_page
from renderers.record_page import build_record_page, render_record_page
from renderers.returned import Asked, Returned
from renderers.urls import PageUrls
from tests.support.forms import field_of
from tests.support.pages import catalogue_of

URLS = PageUrls(page="/g", save="/s", row="/rows/{id}", new_row="/rows/new")
ASKED = Asked("a", "与佐证材料不符：<请核对>", "#thread-7")
RETURNED = Returned({1: frozenset({"a"})}.get, {1: (ASKED,)})


@dataclass
class Stored:
    id: int
    row: dict
    version: int = 1
    is_inherited: bool = False


def make_form(**words):
    return catalogue_of(
        {"k": "text", "a": field_of("money", "金额"), "b": field_of("enum", "甲")},
        **words,
    )


def render_grid(form, catalogue, returned):
    row = {"k": "春晖", "a": Decimal("12.50"), "b": "甲"}
    page = build_grid_page(
        form, catalogue, [Stored(1, row)], GridQuery(), 1, urls=URLS, returned=returned
    )
    return str(render_grid_page(page))


def render_record(form, catalogue, returned):
    row = {"k": "春晖", "a": Decimal("12.50"), "b": "甲"}
    page = build_record_page(
        form, catalogue, row, urls=URLS, row_id=1, version=1, returned=returned
    )
    return str(render_record_page(page))


def cell_of(html, field_id):
    at = html.index(f'data-field="{field_id}"')
    return html[html.rindex("<t", 0, at) : html.index("</td>", at)]


def line_of(html, field_id):
    start = html.index(f'data-line="{field_id}"')
    end = html.find("data-line=", start + 20)
    return html[start : end if end > 0 else len(html)]


def test_a_grid_opens_returned_cells_only():
    html = render_grid(*make_form(), RETURNED)
    assert "readonly" not in cell_of(html, "a")
    assert "readonly data-locked" in cell_of(html, "b")
    assert "readonly data-locked" in cell_of(html, "k")


def test_a_returned_cell_of_a_grid_says_what_is_asked():
    html = render_grid(*make_form(), RETURNED)
    assert 'data-asked="与佐证材料不符：&lt;请核对&gt;"' in cell_of(html, "a")
    assert "is-back i-back" in html.partition("data-state")[2][:80]


def test_rows_of_a_returned_grid_neither_come_nor_go():
    html = render_grid(*make_form(), RETURNED)
    for control in ("data-add-row", "data-select", "data-blank-row", "data-bulk"):
        assert control in render_grid(*make_form(), Returned())
        assert control not in html


def test_a_record_has_controls_for_returned_fields_only():
    html = render_record(*make_form(), RETURNED)
    assert 'name="a"' in html
    assert 'name="b"' not in html
    assert "没有退回，不能改" in line_of(html, "b")
    assert "春晖" in line_of(html, "k")


def test_a_returned_field_says_what_is_asked_and_where_to_answer():
    line = line_of(render_record(*make_form(), RETURNED), "a")
    assert "与佐证材料不符：&lt;请核对&gt;" in line
    assert 'href="#thread-7"' in line


def test_a_row_returned_as_a_whole_is_open():
    html = render_record(*make_form(), Returned({1: None}.get, {1: (Asked("", "重"),)}))
    assert 'name="b"' in html
    assert "<b>退回：</b>重" in html
