"""Acts on the fields and rules of a form: what they make of the text."""

import contextlib
import json
from difflib import unified_diff

import pytest

from app.errors import BadRequest, NotFound, Refused
from app.services.designing.checking import check_draft, check_file
from app.services.designing.draft_files import StaleDraft
from app.services.designing.drafts import get_draft, list_changed_files
from app.services.designing.editing import (
    ACTS,
    carry_out,
    open_file,
    read_json,
    save_text,
)
from app.services.designing.kinds import declare_field
from form_schemas.dialect import find_dialect_faults
from form_schemas.kinds import FieldKind
from tests.support.design_folder import EDITION
from tests.support.forms import schema_of


class Page:
    """One form's page: each act upon what the one before left."""

    def __init__(self, workshop, actor, draft, code):
        self.workshop, self.actor, self.draft_id = workshop, actor, draft.id
        self.code = code
        self.version = 0
        self.text = open_file(workshop, draft, code).text

    def act(self, act, **told):
        told = {"act": act, "version": self.version, **told}
        return self._keep(
            carry_out(self.workshop, self.actor, self.draft_id, self.code, told)
        )

    def type(self, text):
        told = {"text": text, "version": self.version}
        return self._keep(
            save_text(self.workshop, self.actor, self.draft_id, self.code, told)
        )

    def set(self, field, word, value):
        return self.act("set_field", field=field, word=word, value=value)

    def _keep(self, edited):
        self.version, self.text = edited.opened.version, edited.opened.text
        return edited

    @property
    def schema(self):
        return json.loads(self.text)

    @property
    def fields(self):
        return self.schema["properties"]

    @property
    def draft(self):
        return get_draft(self.workshop.engine, self.actor, self.draft_id)

    def checked(self):
        file = f"{EDITION}/{self.code}.json"
        return check_file(self.workshop, self.draft, file, self.text)

    def faults(self):
        return [(one.pointer, one.message) for one in self.checked().faults]


@pytest.fixture
def page(workshop, administrator, draft):
    return Page(workshop, administrator, draft, "C2")


def changed_lines(before, after):
    lines = unified_diff(before.splitlines(), after.splitlines(), n=0, lineterm="")
    return [
        line for line in lines if line[0] in "+-" and line[:3] not in ("+++", "---")
    ]


def test_a_changed_unit_changes_one_line_of_the_file(page):
    before = page.text
    page.set("planned", "unit", "课时")
    assert len(changed_lines(before, page.text)) == 2
    assert page.fields["planned"]["x-unit"] == "课时"


def test_a_value_typed_and_taken_back_leaves_the_file_as_it_was(page):
    before = page.text
    page.set("planned", "maximum", "40")
    page.set("planned", "maximum", "")
    assert page.text == before
    assert list_changed_files(page.draft) == {}


def test_a_new_field_gets_an_id_from_its_label_and_a_place(page):
    edited = page.act("add_field", label="授课教师", kind="text", after="course_title")
    assert edited.focus == ("field", "shou_ke_jiao_shi")
    assert list(page.fields)[3] == "shou_ke_jiao_shi"
    assert page.schema["x-layout"][0]["fields"][-1] == "shou_ke_jiao_shi"
    assert page.faults() == []


def test_a_second_field_of_the_label_gets_another_id(page):
    page.act("add_field", label="备注", kind="text")
    edited = page.act("add_field", label="备注", kind="text")
    assert edited.focus == ("field", "bei_zhu_2")
    assert [pointer for pointer, _ in page.faults()] == ["/properties"]


@pytest.mark.parametrize("kind", list(FieldKind))
def test_a_new_field_of_every_kind_is_taken_at_once(page, kind):
    page.act("add_field", label="新", kind=kind.value, target="C1")
    assert page.faults() == []


@pytest.mark.parametrize("kind", list(FieldKind))
def test_a_field_can_become_any_kind(page, kind):
    page.set("open_hours", "computed", "")
    page.set("open_hours", "kind", kind.value)
    assert page.faults() == []


def test_a_reference_adopts_the_type_of_what_it_picks(page):
    page.act("add_field", label="所选", kind="ref", target="C1")
    [field_id] = [fid for fid in page.fields if fid.startswith("suo_xuan")]
    assert page.fields[field_id]["x-ref"] == {"table": "C1", "field": "code"}
    page.set(field_id, "target_field", "hours")
    assert page.fields[field_id]["type"] == "integer"


def test_required_stands_in_the_order_of_the_fields(page):
    page.set("course", "required", True)
    assert page.schema["required"] == ["number", "course", "planned"]
    page.set("course", "required", False)
    assert page.schema["required"] == ["number", "planned"]


def test_options_are_lines(page):
    page.act("add_field", label="学期", kind="enum")
    page.set("xue_qi", "options", "秋季\n春季\n\n秋季")
    assert page.fields["xue_qi"]["enum"] == ["秋季", "春季"]


def test_what_is_no_number_is_refused_and_changes_nothing(page):
    before = page.text
    with pytest.raises(BadRequest):
        page.set("planned", "maximum", "很多")
    assert page.text == before


@pytest.mark.parametrize("text", ["NaN", "Infinity", "1e999999999999"])
def test_a_bound_that_json_cannot_say_is_refused(page, text):
    with pytest.raises(BadRequest):
        page.set("planned", "maximum", text)


def test_a_field_moves_a_step_with_its_parts(page):
    page.act("move_field", field="planned", step=-1)
    layout = page.schema["x-layout"]
    assert layout == [
        {
            "title": "课程",
            "fields": [
                "number",
                "course",
                "course_title",
                "planned",
                ["given", "open_hours"],
            ],
        }
    ]
    page.act("move_field", field="planned", step=-1)
    assert list(page.fields) == [
        "number",
        "course",
        "planned",
        "given",
        "open_hours",
        "course_title",
    ]
    assert page.faults() == []


def test_a_field_moves_before_another_one(page):
    page.act("move_field", field="open_hours", before="number")
    assert next(iter(page.fields)) == "open_hours"
    page.act("move_field", field="open_hours", before="#")
    assert list(page.fields)[-1] == "open_hours"
    assert page.faults() == []


def test_a_field_at_the_edge_stays(page):
    before = page.text
    page.act("move_field", field="number", step=-1)
    assert page.text == before


def test_groups_are_begun_renamed_and_joined(page):
    page.act("start_group", field="given", title="实际")
    assert [one["title"] for one in page.schema["x-layout"]] == ["课程", "学时", "实际"]
    page.act("rename_group", group=2, value="完成")
    page.act("end_group", group=1)
    layout = page.schema["x-layout"]
    assert [one["title"] for one in layout] == ["课程", "完成"]
    assert layout[0]["fields"][-1] == "planned"
    assert page.faults() == []


def test_a_form_without_groups_gets_them_with_the_first_part(
    workshop, administrator, draft
):
    page = Page(workshop, administrator, draft, "C1")
    page.act("indent_field", field="hours", step=1)
    assert page.schema["x-layout"] == [
        {"title": "基本情况", "fields": ["code", "title", ["hours"]]}
    ]


def test_a_copy_stands_beside_its_original_without_its_history(page):
    page.set("planned", "was", "hours_planned")
    edited = page.act("duplicate_field", field="planned")
    assert edited.focus == ("field", "planned_2")
    assert "x-was" not in page.fields["planned_2"]
    assert page.schema["required"] == ["number", "planned", "planned_2"]


def test_a_deleted_field_leaves_the_lists_and_lint_says_what_still_names_it(page):
    page.act("delete_field", field="given")
    assert "given" not in page.fields
    assert page.schema["x-rules"][0]["fields"] == ["planned"]
    pointers = [pointer for pointer, _ in page.faults()]
    assert pointers == ["/properties/open_hours/x-computed", "/x-rules/0/check"]


def test_the_last_field_cannot_be_deleted(workshop, administrator, draft):
    page = Page(workshop, administrator, draft, "C1")
    page.act("delete_field", field="code")
    page.act("delete_field", field="title")
    with pytest.raises(Refused):
        page.act("delete_field", field="hours")


def test_a_renamed_field_that_was_applied_keeps_its_earlier_id(page):
    page.act("rename_field", field="given", value="taught")
    assert page.fields["taught"]["x-was"] == ["given"]
    assert page.fields["open_hours"]["x-computed"] == "planned - taught"
    assert page.schema["x-rules"][0]["check"] == "taught <= planned"
    assert page.schema["x-layout"][1]["fields"][1][0] == "taught"
    assert page.faults() == []
    page.act("rename_field", field="taught", value="lessons")
    assert page.fields["lessons"]["x-was"] == ["given"]
    page.act("rename_field", field="lessons", value="given")
    assert "x-was" not in page.fields["given"]


def test_a_new_field_is_renamed_without_a_trace(page):
    page.act("add_field", label="备注", kind="text")
    page.act("rename_field", field="bei_zhu", value="remark")
    assert "x-was" not in page.fields["remark"]


def test_other_forms_follow_a_renamed_field(workshop, administrator, draft):
    page = Page(workshop, administrator, draft, "C1")
    edited = page.act("rename_field", field="code", value="course_code")
    assert edited.notes == ("1 张别的表跟着改了：C2。",)
    other = json.loads(edited.opened.texts[f"{EDITION}/C2.json"])
    assert other["properties"]["course"]["x-ref"]["field"] == "course_code"
    assert check_draft(workshop, page.draft) == ()


@pytest.mark.parametrize("new", ["Given", "1st", "", "planned", "today", "x" * 41])
def test_an_id_that_cannot_be_one_is_refused(page, new):
    with pytest.raises((BadRequest, Refused)):
        page.act("rename_field", field="given", value=new)


def test_rules_are_added_changed_moved_and_deleted(page):
    edited = page.act("add_rule")
    assert edited.focus == ("rule", "2")
    page.act("set_rule", rule=2, word="check", value="planned < 100")
    page.act("set_rule", rule=2, word="message", value="计划学时太多")
    page.act("set_rule", rule=2, word="fields", value=["planned"])
    page.act("set_rule", rule=2, word="id", value="planned_high")
    assert page.schema["x-rules"][2] == {
        "id": "planned_high",
        "check": "planned < 100",
        "message": "计划学时太多",
        "level": "error",
        "fields": ["planned"],
    }
    assert page.faults() == []
    page.act("move_rule", rule=2, step=-1)
    assert page.schema["x-rules"][1]["id"] == "planned_high"
    page.act("delete_rule", rule=1)
    assert len(page.schema["x-rules"]) == 2


def test_a_rule_for_people_has_no_check_and_gets_one_back(page):
    page.act("set_rule", rule=0, word="level", value="manual")
    assert "check" not in page.schema["x-rules"][0]
    page.act("set_rule", rule=0, word="level", value="warning")
    assert page.schema["x-rules"][0]["check"] == "true"


def test_examples_follow_a_renamed_and_a_deleted_rule(page):
    page.act("set_rule", rule=0, word="id", value="given_high")
    assert page.schema["x-tests"][1]["breaks"] == ["given_high"]
    page.act("delete_rule", rule=0)
    assert page.schema["x-tests"][1]["breaks"] == []


def test_an_example_that_no_longer_holds_is_told(page):
    page.act("set_rule", rule=0, word="check", value="given <= planned * 2")
    [(pointer, message)] = page.faults()
    assert pointer.startswith("/x-tests/1")
    assert "given_limit" in message


def test_the_form_itself_is_changed(page):
    page.act("set_form", word="departments", value="教务处、学工处，教务处")
    page.act("set_form", word="section", value="教学 > 授课")
    page.act("set_form", word="title", value="授课情况表")
    assert page.schema["x-form"]["departments"] == ["教务处", "学工处"]
    assert page.schema["x-form"]["section"] == ["教学", "授课"]
    assert page.schema["title"] == "授课情况表"


def test_a_form_of_one_row_has_no_key_and_gets_one_back(page):
    page.act("set_form", word="shape", value="record")
    assert "key" not in page.schema["x-form"]
    page.act("set_form", word="shape", value="rows")
    assert page.schema["x-form"]["key"] == ["number"]


def test_text_and_table_are_in_step(page):
    text = page.text.replace('"计划学时"', '"计划的学时"')
    page.type(text)
    assert page.fields["planned"]["title"] == "计划的学时"
    page.set("planned", "unit", "课时")
    assert '"计划的学时"' in page.text


def test_a_text_that_is_no_json_is_kept_and_says_where(page):
    page.type(page.text.replace('"x-form":', '"x-form"', 1))
    [(pointer, message)] = page.faults()
    assert pointer == ""
    assert "第 5 行第" in message
    with pytest.raises(Refused):
        page.set("planned", "unit", "课时")


@pytest.mark.parametrize("text", ["[]", "null", '{"x-form": {}, "properties": []}', ""])
def test_a_text_that_is_no_form_is_kept_too(page, text):
    page.type(text)
    assert page.faults()


def test_two_windows_do_not_overwrite_each_other(page):
    page.set("planned", "unit", "课时")
    page.version = 0
    with pytest.raises(StaleDraft):
        page.set("planned", "unit", "节")


@pytest.mark.parametrize(
    "told",
    [
        {"act": "no_such_act"},
        {"act": "set_field", "field": 3},
        {"act": "set_field", "field": "planned", "word": "no_such_word"},
        {"act": "move_field", "field": "planned", "step": "up"},
        {"act": "set_rule", "rule": True},
    ],
)
def test_a_malformed_act_is_refused(page, told):
    with pytest.raises(BadRequest):
        page.act(**told)


def test_what_is_gone_meanwhile_is_told(page):
    with pytest.raises(NotFound):
        page.set("no_such_field", "unit", "人")
    with pytest.raises(NotFound):
        page.act("delete_rule", rule=9)


def test_every_kind_is_declared_so_that_the_dialect_takes_it(page):
    schema = page.schema
    for kind in set(FieldKind) - {FieldKind.REF}:
        schema["properties"]["number"] = declare_field("新", kind)
        assert list(find_dialect_faults("f", schema)) == [], kind


@pytest.mark.parametrize(
    "misshapen",
    [
        {"x-tests": [{"row": 5}]},
        {"x-rules": [7]},
        {"x-rules": {"id": "a"}},
        {"x-layout": [{"title": "组", "fields": 5}]},
        {"required": 3},
        {"x-form": 5},
        {"x-form": {"code": "C2", "key": 5, "section": 1}},
        {"properties": {"a": 5}},
        {"x-unique": [5]},
    ],
)
def test_acts_upon_a_text_of_odd_shapes_are_refused_with_its_place(page, misshapen):
    schema = page.schema | misshapen
    page.type(json.dumps(schema, ensure_ascii=False))
    field = next(iter(page.schema["properties"]))
    told = {
        "field": field, "id": "a_rule", "rule": 0, "number": 0, "to": "renamed",
        "word": "title", "value": "x", "part": "x-unique", "place": "0", "group": 0,
    }  # fmt: skip
    for act in sorted(ACTS):
        # Whatever else is wrong with what is asked, the page hears of it.
        with contextlib.suppress(Refused, BadRequest, NotFound):
            page.act(act, **told)
        assert page.schema, act


@pytest.mark.parametrize(
    "table",
    [3, {}, {"rows": [3]}, {"rows": [{"cells": 3}]}, {"rows": [{"cells": [3]}]}],
)
def test_a_table_of_another_shape_is_left_to_the_text(table):
    group = {"title": "组", "fields": ["a"], "table": table}
    schema = schema_of(a="text") | {"x-layout": [group]}
    assert read_json(json.dumps(schema)) is None
    group["table"] = {"rows": [{"cells": [["a"]]}]}
    assert read_json(json.dumps(schema)) == schema
