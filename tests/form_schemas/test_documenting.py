import pytest

from form_schemas.documenting import document_edition, document_form
from form_schemas.field_words import KIND_NAMES, PERIOD_NAMES
from form_schemas.kinds import FieldKind
from form_schemas.spec import Period
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.forms import field_of, rule_of, schema_of


def test_every_kind_and_every_period_has_a_name():
    assert set(KIND_NAMES) == set(FieldKind)
    assert set(PERIOD_NAMES) == set(Period)


def document(*schemas, code="T1", editions=None):
    catalogue = catalogue_of(*schemas, editions=editions)
    return document_form(catalogue, catalogue.get(f"test/{code}"))


def field_doc(doc, field_id):
    return next(one for one in doc.fields if one.field.id == field_id)


TARGET = schema_of("T2", no="text", name=field_of(title="姓名"), share="percent")


@pytest.mark.parametrize(
    ("declared", "kind", "limits"),
    [
        (
            field_of("decimal", minimum=0, maximum=9.5),
            "小数",
            ("1 位小数", "不小于 0", "不大于 9.5"),
        ),
        (
            field_of(maxLength=20, pattern="^[A-Z]+$"),
            "文字",
            ("最多 20 个字", "格式 ^[A-Z]+$"),
        ),
        (field_of("year_month"), "年月", ()),
        (field_of("multi_enum"), "多选", ()),
        (
            field_of("file", accept=["pdf", "docx"], max_size_mb=5),
            "文件",
            ("格式 pdf、docx", "小于 5 MB"),
        ),
    ],
)
def test_kind_and_limits_of_a_field_are_said(declared, kind, limits):
    one = field_doc(document(schema_of(no="text", it=declared)), "it")
    assert (one.kind, one.limits) == (kind, limits)


def test_where_a_value_comes_from_is_said_with_labels():
    schema = schema_of(
        no=field_of("ref", title="工号", ref={"table": "T2", "field": "no"}),
        name=field_of(title="姓名", fill="no.name"),
        old=field_of("integer", title="原有"),
        new=field_of("integer", title="新增", required_when="old > 0"),
        total=field_of("integer", title="合计", computed="old + new"),
    )
    doc = document(schema, TARGET)
    assert field_doc(doc, "no").sources == (("选自", "T2 T2 表的“no”"),)
    assert field_doc(doc, "name").sources == (
        ("带出", "“工号”选中的行（T2 T2 表）的“姓名”"),
    )
    assert field_doc(doc, "new").sources == (("何时必填", "原有 > 0"),)
    assert field_doc(doc, "total").sources == (("算法", "原有 + 新增"),)
    assert [one.need for one in doc.fields] == ["", "自动", "", "有条件", "自动"]


def test_a_filter_of_a_reference_is_said_of_the_rows_it_chooses():
    reference = {"table": "T2", "field": "no", "filter": "share > this.limit"}
    schema = schema_of(
        no=field_of("ref", ref=reference), limit=field_of("percent", title="下限")
    )
    (_, said) = field_doc(document(schema, TARGET), "no").sources[0]
    assert said == "T2 T2 表的“no”，只有share > 本行的下限的行"


def test_a_rule_is_told_with_its_condition_and_a_row_that_breaks_it():
    schema = schema_of(
        no="text",
        a=field_of("integer", title="部分"),
        b=field_of("integer", title="全部"),
    ) | {
        "x-rules": [rule_of("a <= b", "part", when="b > 0", fields=["a", "b"])],
        "x-tests": [
            {"name": "太多", "row": {"a": 3, "b": 2}, "breaks": ["part"]},
            {"name": "正好", "row": {"a": 2, "b": 2}, "breaks": []},
        ],
    }
    (rule,) = document(schema).rules
    assert (rule.level, rule.when, rule.check) == ("错误", "全部 > 0", "部分 ≤ 全部")
    assert rule.labels == ("部分", "全部")
    (example,) = rule.examples
    assert example.rows == (("本行", "部分 3，全部 2"),)


def test_a_form_tells_who_refers_to_it_and_who_looks_through_it():
    referring = schema_of(
        no="text", who=field_of("ref", title="谁", ref={"table": "T2", "field": "no"})
    )
    counting = schema_of("T3", no="text") | {
        "x-rules": [rule_of("count('T2') > 0", fields=["no"])]
    }
    derived = schema_of("T4", no="text", n="integer")
    derived["x-form"]["kind"] = "auto"
    derived["x-derive"] = {
        "from": "T2",
        "groupBy": ["no"],
        "columns": {"no": "no", "n": "rows()"},
    }
    doc = document(referring, TARGET, counting, derived, code="T2")
    assert [(one.code, labels) for one, labels in doc.referring] == [("T1", ("谁",))]
    assert [one.code for one in doc.counting] == ["T3"]
    assert [one.code for one in doc.deriving] == ["T4"]
    told = document(referring, TARGET, counting, derived, code="T4")
    assert told.derived == ("来源是“T2 表”的行", "no相同的来源行合成一行")
    assert field_doc(told, "n").sources == (("由来", "来源行的行数"),)
    assert {one.need for one in told.fields} == {"自动"}


def test_what_a_field_was_in_the_edition_before_is_said():
    before = schema_of(no="text", old=field_of(title="旧名"), kept="text")
    after = schema_of(
        no="text", new=field_of(title="新名", was=["old"]), kept="text", more="text"
    )
    doc = document(editions={"2023": [before], "2024": [after]})
    assert field_doc(doc, "new").earlier == "2023 版是“旧名”（old）"
    assert [one.earlier for one in doc.fields if one.field.id != "new"] == [""] * 3


def test_a_form_that_had_another_code_says_so():
    before, after = schema_of("T9", no="text"), schema_of("T1", no="text")
    after["x-form"]["was"] = ["T9"]
    doc = document(editions={"2023": [before], "2024": [after]})
    assert doc.earlier == "2023 版是 T9 T9 表"


def test_every_form_in_use_is_documented_whole():
    catalogue = get_catalogue()
    for edition in catalogue.editions:
        listed = [one for section in document_edition(edition) for one in section.forms]
        assert sorted(one.code for one in listed) == sorted(edition.by_code)
    for form in catalogue.all_forms:
        doc = document_form(catalogue, form)
        assert [one.number for one in doc.fields] == [*range(1, len(form.fields) + 1)]
        assert all(one.check or one.rule.check is None for one in doc.rules)
        assert all(one.kind for one in doc.fields)
