"""Grid pages as HTML: cells of every kind, problems, queries, frozen keys."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

import pytest

from form_schemas.rule_spec import Level
from form_schemas.spec import Shape
from renderers.cells import frozen_fields
from renderers.grid_page import (
    GridQuery,
    build_grid_page,
    read_query,
    render_grid_page,
)
from renderers.urls import PageUrls
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of
from tests.support.pages import catalogue_of
from validators.report import Code, Problem

URLS = PageUrls(page="/g", save="/s", row="/rows/{id}", delete="/d")
HOSTILE = "\"><script>alert(1)</script>'&</textarea>\x01\x02"


@dataclass
class Stored:
    id: int
    row: dict
    version: int = 1
    is_inherited: bool = False


def render(form, catalogue, rows, query=None, total=None, **more):
    query = query or GridQuery()
    page = build_grid_page(
        form, catalogue, rows, query, total or len(rows), urls=URLS, **more
    )
    return str(render_grid_page(page))


@pytest.mark.parametrize("kind", ["text", "long_text", "url", "enum", "multi_enum"])
def test_hostile_texts_stay_texts(kind):
    form, catalogue = catalogue_of({"k": "text", "a": field_of(kind, "甲")})
    value = (HOSTILE,) if kind == "multi_enum" else HOSTILE
    html = render(form, catalogue, [Stored(1, {"k": HOSTILE, "a": value})])
    assert "<script>alert" not in html
    assert "&lt;script&gt;" in html


def test_figures_are_grouped_and_dates_written_plainly():
    form, catalogue = catalogue_of({"k": "text", "m": "money", "d": "date"})
    row = {"k": "甲", "m": Decimal("-1234.50"), "d": date(2024, 9, 1)}
    html = render(form, catalogue, [Stored(1, row)])
    assert 'value="-1,234.50"' in html
    assert 'value="2024-09-01"' in html


def test_several_lines_survive_in_a_cell():
    form, catalogue = catalogue_of({"k": "text", "n": "long_text"})
    html = render(form, catalogue, [Stored(1, {"k": "甲", "n": "\n一\n二"})])
    assert ">\n\n一\n二</textarea>" in html


def test_a_problem_stands_in_its_cell_and_in_the_list():
    form, catalogue = catalogue_of({"k": "text", "a": field_of("integer", "人数")})
    problem = Problem(None, "a", Code.TYPE, Level.ERROR, {"value": "许多"})
    html = render(
        form,
        catalogue,
        [Stored(7, {"k": "甲"})],
        problems={7: [problem]},
        texts={7: {"a": "许多"}},
    )
    assert 'value="许多"' in html
    assert 'aria-describedby="n-r7-a" aria-invalid="true"' in html
    assert 'id="n-r7-a" hidden' in html
    assert 'href="#row-r7/a"' in html
    assert "有错" in html


def test_the_key_and_the_name_are_frozen():
    catalogue = get_catalogue()
    student = catalogue.get("talent/0.1.5")
    assert [f.label for f in frozen_fields(student)] == ["学号", "姓名"]


def test_an_address_and_its_query_say_the_same():
    form, _ = catalogue_of({"k": "text", "a": "enum"})
    given = {"q": " 张 ", "f-a": "甲", "sort": "-k", "page": "3", "state": "error"}
    query = read_query(form, given)
    assert query == GridQuery("张", (("a", "甲"),), "error", "-k", 3, 50)
    assert query.to_text() == "q=%E5%BC%A0&f-a=%E7%94%B2&state=error&sort=-k&page=3"


@pytest.mark.parametrize(
    "given",
    [
        {"page": "x"},
        {"page": "-1"},
        {"size": "9999999"},
        {"sort": "drop"},
        {"f-z": "1"},
    ],
)
def test_a_strange_address_is_the_plain_page(given):
    form, _ = catalogue_of({"k": "text"})
    assert read_query(form, given) == GridQuery()


def test_the_pager_knows_its_place():
    form, catalogue = catalogue_of({"k": "text"})
    rows = [Stored(n, {"k": str(n)}) for n in range(1, 51)]
    html = render(form, catalogue, rows, GridQuery(page=2), total=120)
    assert "第 51–100 行" in html
    assert 'href="/g?page=3"' in html
    assert 'href="/g"' in html


def test_a_read_only_grid_takes_no_typing():
    form, catalogue = catalogue_of({"k": "text", "a": "enum", "n": "long_text"})
    html = render(form, catalogue, [Stored(1, {"k": "甲"})], read_only=True)
    assert "data-blank-row" not in html
    assert "<textarea" not in html
    assert "<select class" not in html.partition("<tbody")[2].partition("</tbody")[0]


def test_every_form_has_a_grid_page():
    catalogue = get_catalogue()
    for form in catalogue.forms:
        if form.shape is not Shape.ROWS:
            continue
        html = render(form, catalogue, [Stored(1, {})])
        assert all(f'data-field="{item.id}"' in html for item in form.fields)
        assert "style=" not in html


def test_rows_of_the_last_round_are_marked_until_they_are_touched():
    form, catalogue = catalogue_of({"k": "text"})
    rows = [Stored(1, {"k": "a"}, is_inherited=True), Stored(2, {"k": "b"})]
    page = str(render(form, catalogue, rows))
    assert page.count(">沿用</span>") == 1
