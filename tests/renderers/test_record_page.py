"""Record pages as HTML: every kind, groups, problems, last period, hostile texts."""

import re
from datetime import date
from decimal import Decimal

import pytest

from form_schemas.rule_spec import Level
from renderers.record_page import FileView, build_record_page, render_record_page
from renderers.urls import PageUrls
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of
from tests.support.pages import ENV, catalogue_of
from validators.report import Code, Problem

URLS = PageUrls(page="/p", save="/s", csrf_token="t", file="/files/{token}")
HOSTILE = "\"><script>alert(1)</script>'&</textarea></script>"


def render(form, catalogue, row, **more):
    page = build_record_page(form, catalogue, row, urls=URLS, **more)
    return str(render_record_page(page))


def line_of(html, field_id):
    start = html.index(f'data-line="{field_id}"')
    end = html.find("data-line=", start + 20)
    return html[start : end if end > 0 else len(html)]


@pytest.mark.parametrize("kind", ["text", "long_text", "url"])
def test_hostile_texts_stay_texts(kind):
    form, catalogue = catalogue_of(
        {"a": field_of(kind, HOSTILE) | {"description": HOSTILE}}
    )
    html = render(form, catalogue, {"a": HOSTILE}, texts={"a": HOSTILE})
    assert "<script>alert" not in html
    assert "\\u003cscript\\u003ealert" in html


def test_an_address_in_a_hint_can_be_followed():
    told = "九位代码；查询 https://codes.example/?a=1&b=2"
    form, catalogue = catalogue_of({"a": field_of("text") | {"description": told}})
    line = line_of(render(form, catalogue, {}), "a")
    assert 'href="https://codes.example/?a=1&amp;b=2"' in line
    assert 'rel="noopener"' in line


def test_what_was_typed_is_shown_again():
    form, catalogue = catalogue_of({"a": field_of("integer", "人数")})
    problem = Problem(None, "a", Code.TYPE, Level.ERROR, {"value": "许多"})
    html = render(form, catalogue, {}, texts={"a": "许多"}, problems=[problem])
    line = line_of(html, "a")
    assert 'value="许多"' in line
    assert 'aria-invalid="true"' in line
    assert "许多" in line.partition("data-problems")[2]
    assert '<a class="link" href="#f-a">人数：' in html


def test_single_fields_stand_in_a_table_with_heads():
    cells = [["a"], [{"field": "b", "label": "短名"}]]
    table = {
        "columns": ["方式", "情况", "备注"],
        "rows": [
            {"title": "甲种", "cells": cells},
            {"title": "乙种", "cells": [["c"]]},
        ],
    }
    fields = ["before", "a", "b", "c", "after"]
    form, catalogue = catalogue_of(
        {one: field_of("boolean", f"{one}的名称") for one in fields},
        layout=[{"title": "组", "fields": fields, "table": table}],
    )
    html = render(form, catalogue, {"a": True}, previous={"a": False})
    above, _, rest = html.partition('<table class="field-table">')
    inside, _, below = rest.partition("</table>")
    assert 'data-line="before"' in above
    assert 'data-line="after"' in below
    assert re.findall(r'<th scope="(\w+)">([^<]+)', inside) == [
        *(("col", column) for column in table["columns"]),
        ("row", "甲种"),
        ("row", "乙种"),
    ]
    assert inside.count("<td>") == 4
    # The heads are what is seen; its own name is what is read out.
    assert '<span class="visually-hidden">a的名称</span>' in line_of(inside, "a")
    assert '<span aria-hidden="true">短名</span>' in line_of(inside, "b")
    assert "上年 否" in line_of(inside, "a")


def test_what_is_needed_wherever_it_is_shown_cannot_be_left_out():
    given = {"title": "乙", "x-visible-when": "a", "x-required-when": "a"}
    form, catalogue = catalogue_of(
        {"a": field_of("boolean", "甲"), "b": field_of("boolean") | given}
    )
    html = render(form, catalogue, {})
    assert "不填" in line_of(html, "a")
    assert "不填" not in line_of(html, "b")


def test_parts_stand_under_their_whole():
    form, catalogue = catalogue_of(
        {"a": field_of("integer", "总数"), "b": field_of("integer", "女生")},
        layout=[{"title": "人数", "fields": ["a", ["b"]]}],
    )
    html = render(form, catalogue, {})
    assert "depth-0" in line_of(html, "a")
    assert "其中：女生" in line_of(html, "b")


def test_a_unit_shared_by_all_figures_stands_at_the_group():
    form, catalogue = catalogue_of(
        {"a": field_of("integer", "甲"), "b": field_of("integer", "乙")}
    )
    html = render(form, catalogue, {})
    assert "单位：人" in html
    assert 'class="unit">人' not in html


def test_last_period_stands_beside_with_its_change():
    form, catalogue = catalogue_of(
        {"a": field_of("money", "金额"), "b": field_of("percent", "比例")}
    )
    row = {"a": Decimal("900.00"), "b": Decimal("50.00")}
    before = {"a": Decimal("1200.00"), "b": Decimal("48.50")}
    html = render(form, catalogue, row, previous=before)
    assert ">1,200.00<" in line_of(html, "a")
    assert "\u221225.0%" in line_of(html, "a")
    assert "+1.50 点" in line_of(html, "b")


def test_personal_data_are_masked_unless_asked_for():
    form, catalogue = catalogue_of({"a": field_of("phone", "电话")})
    row = {"a": "13900001234"}
    assert "139****1234" in render(form, catalogue, row)
    assert "13900001234" not in render(form, catalogue, row)
    assert "13900001234" in render(form, catalogue, row, unmasked=True)


def test_a_hidden_field_is_there_but_not_shown():
    form, catalogue = catalogue_of(
        {"a": "boolean", "b": field_of("text", "乙", visible_when="a")}
    )
    shown = line_of(render(form, catalogue, {"a": True}, env=ENV), "b")
    hidden = line_of(render(form, catalogue, {"a": False}, env=ENV), "b")
    assert " hidden>" not in shown.partition("<label")[0]
    assert " hidden>" in hidden.partition("<label")[0]


def test_a_computed_value_is_no_control():
    form, catalogue = catalogue_of(
        {"a": "integer", "b": field_of("integer", "两倍", computed="a * 2")}
    )
    line = line_of(render(form, catalogue, {"a": 600, "b": 1200}), "b")
    assert "<output" in line
    assert ">1,200<" in line
    assert "<input" not in line


def test_a_read_only_page_has_no_controls():
    form, catalogue = catalogue_of({"a": "integer", "b": "date", "c": "enum"})
    row = {"a": 1, "b": date(2024, 9, 1), "c": "甲"}
    html = render(form, catalogue, row, read_only=True)
    assert "2024-09-01" in html
    assert 'name="a"' not in html
    assert 'type="submit"' not in html


def test_stored_files_can_be_kept_or_left_out():
    form, catalogue = catalogue_of({"a": field_of("file", "证明", accept=["pdf"])})
    files = {"t1": FileView("t1", "证书.pdf", "/files/t1")}
    line = line_of(render(form, catalogue, {"a": "t1"}, files=files), "a")
    assert 'name="a" value="t1" checked' in line
    assert "证书.pdf" in line
    assert 'accept=".pdf"' in line


def test_a_value_that_is_no_option_any_more_is_shown():
    form, catalogue = catalogue_of({"a": "enum"})
    assert '<option selected value="丙">丙' in render(form, catalogue, {"a": "丙"})


def test_every_form_has_a_record_page():
    catalogue = get_catalogue()
    for form in catalogue.forms:
        html = render(form, catalogue, {}, env=ENV, previous={})
        assert all(f'data-line="{field.id}"' in html for field in form.fields)
        assert "style=" not in html
        assert "onclick" not in html
