import json
from decimal import Decimal

import pytest

from form_schemas.drafts import Source
from form_schemas.freezes import Freeze, LinkUse
from form_schemas.kinds import FieldKind, ValueType
from form_schemas.reader import code_order, read_edition
from form_schemas.spec import StepKind
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, form_of, read_schemas, rule_of, schema_of


def messages_of(*schemas):
    return {f.pointer: f.message for f in read_schemas(*schemas).faults}


def read_text(text, file="test/2024/T1.json"):
    return read_edition("test", "2024", [Source(file, text)], {})


def test_a_field_says_all_that_its_file_declares():
    form = form_of(
        schema_of(
            name="text", amount=field_of("money", minimum=0.1, maximum=9, digits=3)
        )
    )
    amount = form.get_field("amount")
    assert (amount.minimum, amount.maximum) == (Decimal("0.1"), Decimal(9))
    assert (amount.places, amount.unit) == (3, "万元")


def test_a_reference_takes_the_kind_of_what_it_refers_to():
    other = schema_of("T2", day="date", name="text")
    form = form_of(
        schema_of(
            name="text",
            day=field_of("ref", ref={"table": "T2", "field": "day"}, title="日"),
        ),
        other,
    )
    assert form.get_field("day").value_kind is FieldKind.DATE
    assert form.get_field("day").value_type is ValueType.DATE


def test_steps_come_in_the_order_of_their_dependencies():
    form = form_of(
        schema_of(
            total=field_of("integer", computed="part + part"),
            part=field_of("integer", computed="base + 1"),
            base=field_of("integer", visible_when="flag"),
            flag="boolean",
        )
    )
    assert [(s.kind, s.field_id) for s in form.steps] == [
        (StepKind.VISIBLE, "base"),
        (StepKind.COMPUTED, "part"),
        (StepKind.COMPUTED, "total"),
    ]


def test_a_circle_of_computations_names_its_fields():
    faults = messages_of(
        schema_of(
            a=field_of("integer", computed="b"), b=field_of("integer", computed="a")
        )
    )
    assert "计算成了一个圈" in next(iter(faults.values()))


@pytest.mark.parametrize(
    ("schema", "pointer", "part"),
    [
        (schema_of(a="text") | {"x-rulez": []}, "/x-rulez", "x-rules"),
        (
            schema_of(a=field_of("text", unitt="人")),
            "/properties/a/x-unitt",
            "x-unit",
        ),
        (schema_of(a=field_of("txet")), "/properties/a/x-kind", "text"),
        (
            schema_of(a=field_of("text", visible_when="b == 1")),
            "/properties/a/x-visible-when",
            "b",
        ),
        (
            schema_of(a=field_of("text", computed="1 + 1")),
            "/properties/a/x-computed",
            "表达式",
        ),
        (
            schema_of(a="code", b=field_of("code", codes="gbt-2260", codes_below="a")),
            "/properties/b/x-codes-below",
            "同一个代码表",
        ),
        (
            schema_of(b=field_of("code", codes="gbt-2260", codes_below="c")),
            "/properties/b/x-codes-below",
            "本表没有字段“c”",
        ),
        (
            schema_of(a=field_of("code", codes="gbt-226")),
            "/properties/a/x-codes",
            "gbt-2260",
        ),
        (
            schema_of(a=field_of("ref", ref={"table": "T9", "field": "b"})),
            "/properties/a/x-ref",
            "T9",
        ),
        (
            schema_of(a=field_of("ref", ref={"table": "T1", "field": "b"})),
            "/properties/a/x-ref",
            "“b”",
        ),
        (
            schema_of(a="text", b=field_of("text", fill="a.b")),
            "/properties/b/x-fill",
            "a",
        ),
        (schema_of(a="text") | {"required": ["aa"]}, "/required", "aa"),
        (schema_of(a="text") | {"x-unique": [["c"]]}, "/x-unique/0", "c"),
        (
            schema_of(a="text") | {"x-layout": [{"title": "一", "fields": ["b"]}]},
            "/x-layout",
            "",
        ),
        (
            schema_of(a="text", b="text")
            | {"x-layout": [{"title": "一", "fields": ["b", "a"]}]},
            "/x-layout",
            "次序",
        ),
        (
            schema_of(a="text") | {"x-rules": [rule_of("a == b", fields=["a"])]},
            "/x-rules/0/check",
            "b",
        ),
        (
            schema_of(a="integer") | {"x-rules": [rule_of("a + 1", fields=["a"])]},
            "/x-rules/0/check",
            "表达式",
        ),
        (
            schema_of(a="text")
            | {"x-rules": [rule_of("count('T9') > 0", fields=["a"])]},
            "/x-rules/0/check",
            "没有表“T9”",
        ),
        (
            schema_of(a="integer")
            | {"x-rules": [rule_of("a > 0 and a.__class__ == 1", fields=["a"])]},
            "/x-rules/0/check",
            "第 11 个字符",
        ),
        (
            schema_of(a=field_of("text", pattern="^(a+)+$")),
            "/properties/a/pattern",
            "重复里套着重复",
        ),
        (schema_of(a={"title": "甲", "x-kind": "text"}), "/properties/a", "type"),
        (
            schema_of(a=field_of("text") | {"type": "number"}),
            "/properties/a/type",
            "string",
        ),
    ],
)
def test_a_fault_is_said_where_it_is(schema, pointer, part):
    assert part in messages_of(schema)[pointer]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("T99", "没有表“T99”。请改正。"),
        ("TT1", "没有表“TT1”。是不是“T1”？请改正。"),
    ],
)
def test_a_fault_reads_well_with_and_without_a_suggestion(table, message):
    schema = schema_of(a=field_of("ref", ref={"table": table, "field": "b"}))
    assert messages_of(schema)["/properties/a/x-ref"] == message


def test_a_fault_of_an_expression_is_one_text_with_its_source():
    schema = schema_of(a=field_of("text", visible_when="a == 1"))
    assert messages_of(schema)["/properties/a/x-visible-when"] == (
        "表达式有错：“数”和“文本”不能相互比较。请核对两边。原文：a == 1"
    )


def test_all_faults_of_all_files_come_at_once():
    one = schema_of("T1", a=field_of("code", codes="x"), b=field_of("code", codes="y"))
    reading = read_schemas(one, schema_of("T2", a=field_of("code", codes="z")))
    assert [f.file for f in reading.faults] == ["test/2024/T1.json"] * 2 + [
        "test/2024/T2.json"
    ]


def test_a_broken_file_breaks_no_other_form():
    broken = schema_of("T2", key="text", bad=field_of("code", codes="none"))
    sound = schema_of("T1", a=field_of("ref", ref={"table": "T2", "field": "key"}))
    reading = read_schemas(sound, broken)
    assert [form.code for form in reading.forms] == ["T1"]
    assert reading.broken == ("T2",)


def test_text_that_is_no_json_is_refused_with_line_and_column():
    reading = read_text('{\n  "title": "甲",,\n}')
    assert "第 2 行第 16 列" in reading.faults[0].message
    assert reading.broken == ("T1",)


def test_a_member_written_twice_is_a_fault():
    text = json.dumps(schema_of(a="text"))
    text = text.replace('"title": "T1', '"title": "甲", "title": "T1')
    assert "写了两次" in read_text(text).faults[0].message


@pytest.mark.parametrize("text", ["[]", "3", '"a"', "{}", "[" * 5000 + "]" * 5000])
def test_json_that_is_no_schema_is_refused(text):
    assert read_text(text).faults


def test_a_file_in_the_wrong_place_is_refused():
    text = json.dumps(schema_of("T1", a="text"))
    assert "文件名" in read_text(text, "test/2024/T7.json").faults[0].message


def test_two_files_of_one_code_are_refused():
    reading = read_schemas(schema_of("T1", a="text"), schema_of("T1", a="text"))
    assert "表号与" in reading.faults[0].message


def test_codes_that_differ_in_capitals_only_are_refused():
    reading = read_schemas(schema_of("T1", a="text"), schema_of("t1", a="text"))
    assert "只差大小写" in reading.faults[0].message
    assert [form.code for form in reading.forms] == ["T1"]


@pytest.mark.parametrize("name", ["T1 (2)", "T1 - 副本", "T1_bak", "T1（旧）"])
def test_a_copy_beside_its_original_is_called_so(name):
    text = json.dumps(schema_of("T1", a="text"))
    sources = [Source(f"test/2024/{one}.json", text) for one in ("T1", name)]
    reading = read_edition("test", "2024", sources, {})
    assert "像是 T1.json 的副本" in reading.faults[0].message
    assert [form.code for form in reading.forms] == ["T1"]


def test_a_file_of_another_edition_is_refused():
    text = json.dumps(schema_of("T1", a="text")).replace(":2024:", ":2023:")
    assert "放错了地方" in read_text(text).faults[0].message


def test_words_that_judge_nothing_leave_the_fingerprint_alone():
    plain = schema_of(a="text")
    described = schema_of(a="text") | {"description": "说明"}
    example = {"name": "例", "row": {"a": "甲"}, "breaks": []}
    tried = schema_of(a="text") | {"x-tests": [example]}
    stricter = schema_of(a=field_of("text", maxLength=3))
    schemas = (plain, described, tried, stricter)
    prints = [form_of(schema).fingerprint for schema in schemas]
    assert prints[0] == prints[1] == prints[2] != prints[3]


def test_a_field_named_like_such_a_word_is_part_of_the_fingerprint():
    loose = schema_of(a="text", description="long_text")
    stricter = schema_of(a="text", description=field_of("long_text", maxLength=3))
    assert form_of(loose).fingerprint != form_of(stricter).fingerprint


def test_codes_sort_by_their_numbers():
    codes = ["Z1.10.1", "Z1.9.2", "0.1.5", "10.1", "2.1"]
    assert sorted(codes, key=code_order) == [
        "0.1.5",
        "2.1",
        "10.1",
        "Z1.9.2",
        "Z1.10.1",
    ]


# The yearly round: key figures, carrying forward.


def _with(schema, **words):
    return schema | {"x-form": schema["x-form"] | words}


def test_key_figures_are_the_marked_fields_computed_ones_too():
    area = field_of("decimal", key_figure=True)
    total = field_of("decimal", computed="area", key_figure=True)
    form = form_of(schema_of(name="text", area=area, total=total))
    assert [field.id for field in form.key_figures] == ["area", "total"]


def test_all_fields_of_a_form_of_key_figures_are_such():
    form = form_of(_with(schema_of(name="text", area="decimal"), keyFigures=True))
    assert form.key_figures == form.fields


@pytest.mark.parametrize(
    ("words", "carried"),
    [
        ({}, False),
        ({"period": "snapshot"}, True),
        ({"period": "none"}, True),
        ({"kind": "base"}, True),
        ({"carry": "always"}, True),
        ({"kind": "base", "carry": "never"}, False),
    ],
)
def test_what_lasts_is_carried_forward_unless_the_file_says_otherwise(words, carried):
    assert form_of(_with(schema_of(a="text"), **words)).is_carried is carried


def test_a_derived_form_is_never_carried_forward():
    source = schema_of("T2", b="text")
    derived = {"from": "T2", "columns": {"a": "b"}}
    schema = _with(schema_of(a="text"), kind="auto", period="none")
    assert not form_of(schema | {"x-derive": derived}, source).is_carried


def test_a_carried_row_keeps_neither_the_periods_figures_nor_given_values():
    schema = schema_of(
        name="text",
        new="integer",
        old="integer",
        total=field_of("integer", computed="old"),
    )
    form = form_of(_with(schema, period="none", carryWithout=["new"]))
    assert [field.id for field in form.carried_fields] == ["name", "old"]
    assert form_of(schema).carried_fields == ()


def test_words_of_the_round_do_not_outdate_templates_and_rows():
    plain = schema_of(name="text", area="decimal")
    marked = schema_of(name="text", area=field_of("decimal", key_figure=True))
    marked = _with(marked, carry="always", carryWithout=["area"])
    assert form_of(marked).fingerprint == form_of(plain).fingerprint


# Links that freeze both ends.

BOOK = schema_of("B", code="code", price="decimal")


def _course(**freeze):
    course = schema_of(
        "C",
        code="code",
        book=field_of("ref", ref={"table": "B", "field": "code"}),
        note="text",
    )
    return course | {"x-freeze": [{"field": "book"} | freeze]}


USER = schema_of(
    "U", term="text", course=field_of("ref", ref={"table": "C", "field": "code"})
)
USED_BY = [{"table": "U", "field": "course"}]


def test_a_freezing_link_is_read():
    course = _course(
        editable=["note"],
        targetEditable=["price"],
        unlinkRole="administrator",
        usedBy=USED_BY,
    )
    assert form_of(course, BOOK, USER).freezes == (
        Freeze(
            "book",
            editable=frozenset({"note"}),
            target_editable=frozenset({"price"}),
            can_unlink=True,
            used_by=(LinkUse("U", "course"),),
        ),
    )


def test_nobody_unlinks_unless_the_file_says_who():
    (freeze,) = form_of(_course(), BOOK, USER).freezes
    assert not freeze.can_unlink


def test_the_catalogue_knows_which_links_freeze_a_form():
    catalogue = catalogue_of(_course(), BOOK, USER)
    course, book, user = (catalogue.get(f"test/{code}") for code in "CBU")
    assert catalogue.freezing(book) == ((course, course.freezes[0]),)
    assert catalogue.freezing(course) == catalogue.freezing(user) == ()


@pytest.mark.parametrize(
    ("freeze", "pointer", "part"),
    [
        ({"field": "boook"}, "/field", "book"),
        ({"field": "note"}, "/field", "不是引用字段"),
        ({"editable": ["nota"]}, "/editable", "note"),
        ({"editable": ["book"]}, "/editable", "锁不住"),
        ({"targetEditable": ["note"]}, "/targetEditable", "表 B 没有字段“note”"),
        ({"usedBy": USED_BY}, "/usedBy", "unlinkRole"),
        ({"usedBy": [{"table": "X", "field": "a"}]}, "/usedBy/0/table", "“X”"),
        ({"usedBy": [{"table": "U", "field": "curse"}]}, "/usedBy/0/field", "course"),
        ({"usedBy": [{"table": "B", "field": "code"}]}, "/usedBy/0/field", "不引用"),
        ({"unlinkRole": "filler"}, "/unlinkRole", "administrator"),
        ({"unlinkrole": "x"}, "/unlinkrole", "“unlinkRole”"),
    ],
)
def test_a_wrong_freeze_is_a_fault_with_its_place(freeze, pointer, part):
    reading = read_schemas(_course(**freeze), BOOK, USER)
    told = {fault.pointer: fault.message for fault in reading.faults}
    assert part in told[f"/x-freeze/0{pointer}"]


def test_a_link_freezes_once():
    course = _course()
    twice = course | {"x-freeze": course["x-freeze"] * 2}
    [fault] = read_schemas(twice, BOOK, USER).faults
    assert (fault.pointer, "两次" in fault.message) == ("/x-freeze/1", True)
