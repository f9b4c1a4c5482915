"""Blank forms in the manners of offices: each is understood as its maker meant it."""

from pathlib import Path

import pytest
from openpyxl import Workbook

from form_schemas.codelists import load_codelists
from form_schemas.dialect import find_dialect_faults
from form_schemas.drafts import Source
from form_schemas.lint import lint_forms
from form_schemas.reader import read_edition
from form_schemas.writer import format_schema
from tests.support.blank_forms import MANNERS, allow, build, put
from tests.support.drafting import draft, find_field, find_notes, list_fields
from validators.drafting.sheets import NothingToDraftError

SAVED = Path(__file__).parents[2] / "samples" / "blank_forms"


@pytest.fixture(scope="module")
def drafted(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blank")
    return {name: draft(build(name, folder / f"{name}.xlsx")) for name in MANNERS}


@pytest.mark.parametrize("manner", MANNERS)
def test_every_field_comes_with_kind_unit_and_star(drafted, manner):
    _, title, shape, expected = MANNERS[manner]
    assert list_fields(drafted[manner]) == list(expected)
    assert drafted[manner].schema["title"] == title
    assert drafted[manner].schema["x-form"]["shape"] == shape


@pytest.mark.parametrize("manner", MANNERS)
def test_the_draft_passes_dialect_reader_and_lint(drafted, manner):
    schema = drafted[manner].schema
    assert list(find_dialect_faults("draft", schema)) == []
    file = f"talent/2024/{drafted[manner].code}.json"
    source = Source(file, format_schema(schema))
    reading = read_edition("talent", "2024", [source], load_codelists())
    assert reading.faults == ()
    assert list(lint_forms({source.code: file}, reading.forms)) == []


@pytest.mark.parametrize("path", sorted(SAVED.glob("*.xlsx")), ids=lambda p: p.stem)
def test_what_libreoffice_saved_comes_alike(drafted, path):
    saved = draft(path)
    assert saved.schema == drafted[path.stem].schema
    assert saved.notes == drafted[path.stem].notes


def test_lists_are_followed_wherever_they_stand(drafted):
    form = drafted["hidden_lists"]
    assert find_field(form, "级别")["enum"] == ["国家级", "省级", "市级", "校级"]
    assert find_field(form, "方式")["enum"] == ["国家级", "省级", "市级", "校级"]
    assert find_field(form, "层次")["enum"] == ["初级", "中级", "高级"]
    assert find_field(form, "对象")["enum"] == ["教师", "学生", "社会人员"]


def test_bounds_of_validations_become_bounds_of_fields(drafted):
    form = drafted["hidden_lists"]
    count = find_field(form, "培训人数")
    assert (count["minimum"], count["maximum"]) == (1, 5000)
    assert find_field(form, "课时费")["minimum"] == 0
    assert find_field(form, "培训名称")["maxLength"] == 60
    assert find_field(form, "简要说明")["maxLength"] == 800


def test_comments_become_hints_without_their_author(drafted):
    field = find_field(drafted["hidden_lists"], "培训名称")
    assert field["description"] == "填文件上的全称。"


def test_a_missing_unit_is_told(drafted):
    assert "x-unit" in find_notes(drafted["hidden_lists"], "课时费")


def test_bands_become_groups_and_parts_stand_below_their_whole(drafted):
    layout = drafted["three_rows"].schema["x-layout"]
    assert [group["title"] for group in layout] == ["基本信息", "教师人数", "基本信息"]
    ids = list(drafted["three_rows"].schema["properties"])
    assert layout[1]["fields"] == [ids[1], [ids[2], ids[3]], ids[4], ids[5]]


def test_notes_below_the_table_explain_its_columns(drafted):
    form = drafted["three_rows"]
    assert find_field(form, "院系名称")["description"] == "填内设机构的全称。"
    assert find_field(form, "女教师比例")["x-digits"] == 1


def test_a_sheet_of_instructions_explains_fields_and_form(drafted):
    form = drafted["several_sheets"]
    assert form.sheet == "附件2-1"
    assert form.schema["description"].startswith("本表统计2024-2025学年")
    assert find_field(form, "竞赛名称")["description"].endswith("不写简称。")
    assert form.schema["x-form"]["key"] == [next(iter(form.schema["properties"]))]
    assert form.schema["x-form"]["period"] == "academic_year"
    assert form.code == "2.31.1"
    assert find_field(form, "获奖级别")["enum"] == ["国家级", "省级", "市级"]
    assert any("附件2-2" in note.text for note in form.notes)


def test_another_sheet_can_be_asked_for(tmp_path):
    path = build("several_sheets", tmp_path / "book.xlsx")
    form = draft(path, sheet="附件2-2")
    assert form.schema["title"] == "竞赛承办情况表"
    with pytest.raises(NothingToDraftError, match="附件2-1"):
        draft(path, sheet="附件9")


def test_rows_that_are_written_become_the_options_of_the_key(drafted):
    form = drafted["fixed_rows"]
    assert find_field(form, "培养层次")["enum"] == ["中职", "高职专科", "职业本科"]
    assert "关键字段" in find_notes(form, "培养层次")


def test_digits_come_from_formats_words_and_types(drafted):
    assert find_field(drafted["formats"], "原值")["x-digits"] == 2
    assert find_field(drafted["formats"], "净值")["x-digits"] == 4
    assert find_field(drafted["formats"], "折旧率")["x-digits"] == 1
    assert find_field(drafted["unmerged"], "平均月薪")["x-digits"] == 0
    assert find_field(drafted["dictionary"], "实习补贴")["x-digits"] == 2


def test_a_formula_is_told_as_computed(drafted):
    [note] = [one for one in drafted["formats"].notes if one.computed]
    cost, share = list(drafted["formats"].schema["properties"])[1:3]
    assert note.label == "净值"
    assert note.computed == f"{cost} * (1 - {share} / 100)"


def test_personal_data_is_marked(drafted):
    form = drafted["vertical"]
    assert find_field(form, "联系电话")["x-sensitive"] is True
    assert find_field(form, "身份证号")["x-sensitive"] is True


def test_ids_of_a_dictionary_are_kept_and_others_are_spelled(drafted):
    fields = list(drafted["dictionary"].schema["properties"])
    assert fields[:3] == ["student_code", "company", "days"]
    assert next(iter(drafted["vertical"].schema["properties"])) == "ji_di_ming_cheng"


def test_every_guess_from_a_label_is_told(drafted):
    text = find_notes(drafted["vertical"], "建筑面积")
    assert text == "按列名“…建筑面积”猜为小数（平方米），请核对"


def test_a_note_names_its_column(drafted):
    note = next(n for n in drafted["formats"].notes if n.label == "折旧率")
    assert str(note).startswith("列 C“折旧率”：按单元格格式“0.0%”猜为百分比（%）")


def _book(tmp_path, fill):
    book = Workbook()
    fill(book.active)
    path = tmp_path / "book.xlsx"
    book.save(path)
    return path


def test_without_any_candidate_the_key_is_asked_for(tmp_path):
    rows = {1: ["奖项", "级别", "人数（人）"], 2: ["金奖", "省级", 3]}
    form = draft(_book(tmp_path, lambda sheet: put(sheet, rows)))
    assert any("哪几列合起来不会重复" in note.text for note in form.notes)


def test_a_column_of_ids_that_repeat_is_no_key(tmp_path):
    rows = {1: ["课程代码", "教学班号"]}
    rows |= {row: ["K1", f"B{row}"] for row in range(2, 9)}
    form = draft(_book(tmp_path, lambda sheet: put(sheet, rows)))
    assert form.schema["x-form"]["key"] == ["jiao_xue_ban_hao"]


def test_codes_keep_their_zeros_and_cards_are_known_by_their_check_digit(tmp_path):
    cards = ["411625199405036334", "511324198310212346", "650204199204074924"]
    rows = {1: ["部门", "号", "卡", "手机"]}
    rows |= {
        row: [f"0{row}", f"A-{row}", card, f"1381234567{row}"]
        for row, card in enumerate(cards, 2)
    }
    form = draft(_book(tmp_path, lambda sheet: put(sheet, rows)))
    kinds = [kind for _, kind, _, _ in list_fields(form)]
    assert kinds == ["code", "code", "id_card", "phone"]


def test_options_equal_to_a_code_list_name_it(tmp_path):
    codes = load_codelists()["gbt-3304"]

    def fill(sheet):
        put(sheet, {1: ["姓名", "民族"]})
        lists = sheet.parent.create_sheet("民族")
        for row, entry in enumerate(codes.entries, 1):
            lists.cell(row, 1, entry.name)
        allow(sheet, "B2:B90", "list", f"民族!$A$1:$A${len(codes.entries)}")

    field = find_field(draft(_book(tmp_path, fill)), "民族")
    assert (field["x-kind"], field["x-codes"]) == ("code", "gbt-3304")


def test_a_list_that_depends_on_other_cells_is_told(tmp_path):
    def fill(sheet):
        put(sheet, {1: ["大类名称", "小类名称"]})
        allow(sheet, "B2:B90", "list", "INDIRECT($A2)")

    form = draft(_book(tmp_path, fill))
    assert find_field(form, "小类名称")["x-kind"] == "text"
    assert "enum" in find_notes(form, "小类名称")


def test_two_columns_of_one_label_take_their_bands_name(tmp_path):
    def fill(sheet):
        put(sheet, {1: ["学院名称", "博士", None, "硕士", None]})
        put(sheet, {2: [None, "人数", "占比", "人数", "占比"]})
        for area in ("A1:A2", "B1:C1", "D1:E1"):
            sheet.merge_cells(area)

    labels = [label for label, *_ in list_fields(draft(_book(tmp_path, fill)))]
    assert labels == ["学院名称", "博士人数", "博士占比", "硕士人数", "硕士占比"]


def test_a_hidden_column_is_left_out_and_told(tmp_path):
    def fill(sheet):
        put(sheet, {1: ["课程名称", "内部码", "学时"]})
        sheet.column_dimensions["B"].hidden = True

    form = draft(_book(tmp_path, fill))
    assert [label for label, *_ in list_fields(form)] == ["课程名称", "学时"]
    assert any("列 B“内部码”" in note.text for note in form.notes)


def test_a_label_longer_than_allowed_is_cut_and_kept_as_a_hint(tmp_path):
    long = "学校在统计期内面向社会开展的各类职业技能培训（含线上）" * 4
    form = draft(_book(tmp_path, lambda s: put(s, {1: ["项目名称", long, "人数"]})))
    label, *_ = list_fields(form)[1]
    assert len(label) == 80
    assert list(find_dialect_faults("draft", form.schema)) == []


def test_the_example_values_of_another_unit_do_not_become_data(tmp_path):
    rows = {1: ["姓名", "性别"], 2: ["例：张三", "男"]}
    text = format_schema(draft(_book(tmp_path, lambda s: put(s, rows))).schema)
    assert "张三" not in text
