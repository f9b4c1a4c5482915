"""Order and groups as one list: read, changed, written back."""

import pytest

from app.services.designing.draft_files import save_files
from app.services.designing.ids import propose_id
from app.services.designing.listing import list_designs, view_draft
from app.services.designing.outline import read_outline, write_outline
from tests.support.catalogues import get_catalogue
from tests.support.design_folder import EDITION


def test_every_form_of_the_project_is_written_as_it_was_read():
    for form in get_catalogue().all_forms:
        schema = dict(form.schema)
        before = (list(schema["properties"]), schema.get("x-layout"))
        write_outline(schema, read_outline(schema))
        assert (list(schema["properties"]), schema.get("x-layout")) == before


def test_a_table_keeps_the_fields_that_stay_in_its_group():
    rows = [
        {"title": "一", "cells": [["a"], [{"field": "b", "label": "乙"}]]},
        {"title": "二", "cells": [["c"]]},
    ]
    table = {"columns": ["项目", "甲", "乙"], "rows": rows}
    schema = {
        "properties": {"a": {}, "b": {}, "c": {}},
        "x-layout": [{"title": "组", "fields": ["a", "b", "c"], "table": table}],
    }
    write_outline(schema, [one for one in read_outline(schema) if one.field_id != "b"])
    [group] = schema["x-layout"]
    assert group["table"]["rows"] == [{"title": "一", "cells": [["a"], []]}, rows[1]]


def test_a_table_goes_with_its_last_field():
    table = {"columns": ["项目", "甲"], "rows": [{"title": "一", "cells": [["a"]]}]}
    schema = {
        "properties": {"a": {}, "b": {}},
        "x-layout": [{"title": "组", "fields": ["a", "b"], "table": table}],
    }
    write_outline(schema, [one for one in read_outline(schema) if one.field_id != "a"])
    assert schema["x-layout"] == [{"title": "组", "fields": ["b"]}]


def test_a_layout_that_forgets_a_field_gets_it_back():
    schema = {
        "properties": {"a": {}, "b": {}, "c": {}},
        "x-layout": [{"title": "组", "fields": ["a", "gone", ["c"]]}],
    }
    write_outline(schema, read_outline(schema))
    assert schema["x-layout"] == [{"title": "组", "fields": ["a", ["c"], "b"]}]
    assert list(schema["properties"]) == ["a", "c", "b"]


@pytest.mark.parametrize(
    ("label", "field_id"),
    [
        ("奖助人数", "jiang_zhu_ren_shu"),
        ("其中：女生（人）", "nv_sheng"),
        ("GDP 总量", "gdp_zong_liang"),
        ("2023 年", "field_2023_nian"),
        ("！", "field"),
        ("today", "today_2"),
        ("全日制在校学生中享受国家助学金的家庭经济困难学生人数", None),
    ],
)
def test_an_id_is_what_the_label_sounds_like(label, field_id):
    proposed = propose_id(label, ())
    assert len(proposed) <= 40
    assert field_id is None or proposed == field_id


def test_the_list_counts_and_finds_the_forms_of_an_edition(workshop, administrator):
    found = list_designs(workshop, administrator, EDITION, "skb")
    assert [(one.code, one.fields, one.rules) for one in found.lines] == [("C2", 6, 2)]
    assert (found.total, found.own) == (2, None)


def test_a_draft_shows_what_both_sides_changed(workshop, administrator, draft, folder):
    path = folder / "C1.json"
    text = path.read_text("utf-8")
    mine = text.replace("课程名称", "课程的名称")
    save_files(workshop, administrator, draft.id, {f"{EDITION}/C1.json": mine})
    path.write_text(text.replace("课程代码", "课程的代码"), "utf-8")
    page = view_draft(workshop, administrator, draft.id)
    assert [(line.code, line.change) for line in page.changed] == [("C1", "changed")]
    [moved] = page.moved
    assert any(line[0] == "+" and "课程的代码" in line for line in moved.theirs)
    assert any(line[0] == "+" and "课程的名称" in line for line in moved.mine)
