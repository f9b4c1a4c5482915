import json

import pytest

from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.lint import lint_edition, lint_folder
from tests.form_schemas.conftest import SETTINGS
from tests.support.forms import field_of, schema_of


def carried(*without, **words):
    """Rows of a name, an amount and twice that amount; they last across rounds."""
    schema = schema_of(
        name="text", amount="integer", twice=field_of("integer", computed="amount * 2")
    )
    words = {"period": "none", "carryWithout": list(without), **words}
    return schema | {"x-form": schema["x-form"] | words}


def test_the_files_of_the_project_are_clean():
    assert [str(fault) for fault in lint_folder(SCHEMAS_FOLDER)] == []


@pytest.mark.parametrize(
    ("schema", "pointer", "part"),
    [
        (
            schema_of(a=field_of("text", visible_when="b"), b="boolean")
            | {"required": ["a"]},
            "/properties/a",
            "x-required-when",
        ),
        (
            schema_of(a=field_of("integer", computed="1")) | {"required": ["a"]},
            "/properties/a",
            "不能必填",
        ),
        (
            schema_of(a={"title": "", "type": "string", "x-kind": "phone"}),
            "/properties/a",
            "x-sensitive",
        ),
        (
            schema_of(a=field_of("integer", minimum=3, maximum=2)),
            "/properties/a",
            "大于",
        ),
        (schema_of(a=field_of("enum", default="丙")), "/properties/a", "丙"),
        (
            schema_of(a=field_of("text", title="名"), b=field_of("text", title="名")),
            "/properties",
            "名",
        ),
        (schema_of(a="multi_enum"), "/x-form/key", "多个值"),
        (
            schema_of(
                a="text", b=field_of("ref", ref={"table": "T1", "field": "c"}), c="text"
            ),
            "/properties/b",
            "x-unique",
        ),
        (
            schema_of(a={"title": "", "type": "integer", "x-kind": "integer"}),
            "/properties/a",
            "x-unit",
        ),
        (carried("nama"), "/x-form/carryWithout", "“name”"),
        (carried("name"), "/x-form/carryWithout", "认不出"),
        (carried("twice"), "/x-form/carryWithout", "由系统"),
        (carried("amount", carry="never"), "/x-form/carryWithout", "不从上一轮带来"),
        (carried("amount", carry="sometimes"), "/x-form/carry", "always"),
        (carried(), "/x-form/carryWithout", "空"),
        (
            schema_of(a=field_of("integer", key_figure=False)),
            "/properties/a/x-key-figure",
            "true",
        ),
    ],
)
def test_what_a_careful_administrator_would_not_write_is_a_fault(
    lint, schema, pointer, part
):
    assert any(p == pointer and part in m for p, m in lint(schema))


def test_a_derived_form_has_no_figures_to_approve_and_carries_nothing(lint):
    source = schema_of("T2", a="text")
    form = schema_of(a=field_of("text", key_figure=True))
    form["x-form"] |= {"kind": "auto", "carry": "always"}
    faults = lint(form | {"x-derive": {"from": "T2", "columns": {"a": "a"}}}, source)
    assert [pointer for pointer, _ in faults] == ["/properties/a", "/x-form/carry"]


def test_what_is_carried_without_a_figure_is_clean(lint):
    assert lint(carried("amount")) == []


def test_rows_without_a_key_are_a_fault(lint):
    schema = schema_of(a="text")
    del schema["x-form"]["key"]
    assert lint(schema) == [("/x-form", "缺少 key，请补上。")]


def test_forms_that_need_rows_of_each_other_are_a_fault(lint):
    one = schema_of(
        "T1", a="text", b=field_of("ref", ref={"table": "T2", "field": "a"})
    )
    two = schema_of(
        "T2", a="text", b=field_of("ref", ref={"table": "T1", "field": "a"})
    )
    faults = lint(one | {"required": ["b"]}, two | {"required": ["b"]})
    assert "T1 → T2 → T1" in faults[0][1]


def test_settings_without_a_word_are_a_fault(lint):
    settings = {k: v for k, v in SETTINGS.items() if k != "periods"}
    assert lint(schema_of(a="text"), settings=settings) == [
        ("", "缺少 periods，请补上。")
    ]


def test_a_file_in_another_encoding_is_a_fault_and_breaks_no_other(lint, tmp_path):
    lint(schema_of("T1", a="text"))
    text = json.dumps(schema_of("T2", 名="text"), ensure_ascii=False)
    folder = tmp_path / "test" / "2024"
    (folder / "T2.json").write_bytes(text.encode("gbk"))
    faults = lint_edition(folder)
    assert [(f.file, f.message) for f in faults] == [
        ("test/2024/T2.json", "文件不是 UTF-8 编码。请在编辑器里用 UTF-8 另存。")
    ]


@pytest.mark.parametrize(
    ("field", "pointer"),
    [
        (field_of("ref", ref={"table": "T1", "field": "a"}), "/properties/b"),
        (field_of("integer", computed="count('T1')"), "/properties/b"),
    ],
)
def test_forms_of_no_period_and_of_a_round_do_not_read_each_other(lint, field, pointer):
    daily = schema_of("T2", a="text", b=field)
    daily["x-form"] |= {"standing": True}
    faults = lint(schema_of(a="text"), daily)
    assert [place for place, message in faults if "日常表" in message] == [pointer]
