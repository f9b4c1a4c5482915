"""What forms and fields were before, and where they are kept since."""

import pytest

from form_schemas.allotment import Taken, allot
from form_schemas.descent import find_descent
from form_schemas.lineage import OriginKind, trace
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, read_schemas, schema_of


def _read(*schemas):
    reading = read_schemas(*schemas)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    return reading.forms


def _form(code="A", /, was=(), **fields):
    schema = schema_of(code, **fields)
    if was:
        schema["x-form"]["was"] = list(was)
    return schema


def _trace(before, after):
    before, after = _read(*before), _read(*after)
    return trace(before, after), {form.code: form for form in after}


def _origin(before, after, field_id, code="A"):
    lineage, forms = _trace(before, after)
    return lineage.origin_of(forms[code], field_id)


def test_what_keeps_its_id_is_the_same():
    origin = _origin([_form(no="code", a="text")], [_form(no="code", a="text")], "a")
    assert (origin.kind, origin.field.id) == (OriginKind.SAME, "a")


def test_what_is_told_to_have_had_another_id_is_renamed():
    after = _form(no="code", b=field_of(was=["a"]))
    origin = _origin([_form(no="code", a="text")], [after], "b")
    assert (origin.kind, origin.field.id) == (OriginKind.RENAMED, "a")


def test_a_rename_is_never_guessed():
    assert _origin([_form(no="code", a="text")], [_form(no="code", b="text")], "b") is (
        None
    )


def test_an_old_word_of_a_field_that_has_its_id_already_says_nothing():
    old = _form(no="code", b=field_of(was=["a"]))
    assert _origin([old], [old], "b").kind is OriginKind.SAME


def test_ids_may_move_on_by_one():
    before = _form(no="code", a="text", b="text")
    after = _form(no="code", b=field_of(was=["a"]), c=field_of(was=["b"]))
    lineage, forms = _trace([before], [after])
    found = {name: lineage.origin_of(forms["A"], name).field.id for name in "bc"}
    assert found == {"b": "a", "c": "b"}
    assert not lineage.faults


def test_a_field_comes_from_another_form():
    before = [_form("A", no="code", a="text"), _form("B", no="code")]
    after = [_form("A", no="code"), _form("B", no="code", b=field_of(was=["A.a"]))]
    origin = _origin(before, after, "b", "B")
    assert (origin.kind, origin.form.code) == (OriginKind.MOVED, "A")


def test_a_form_that_got_another_code_is_the_same_form():
    lineage, forms = _trace(
        [_form("A", no="code", a="text")],
        [_form("B", was=["A"], no="code", a="text"), _form("A", no="code")],
    )
    assert lineage.form_before(forms["B"]).code == "A"
    assert lineage.form_before(forms["A"]) is None
    assert lineage.origin_of(forms["B"], "a").kind is OriginKind.SAME


def test_codes_may_be_exchanged():
    lineage, forms = _trace(
        [_form("A", no="code"), _form("B", no="code")],
        [_form("A", was=["B"], no="code"), _form("B", was=["A"], no="code")],
    )
    assert lineage.form_before(forms["A"]).code == "B"
    assert lineage.form_before(forms["B"]).code == "A"


def test_a_value_is_computed_from_the_row_as_it_was():
    after = _form(no="code", b=field_of("money", **{"from": "a * 2"}))
    origin = _origin([_form(no="code", a="money")], [after], "b")
    assert origin.kind is OriginKind.COMPUTED
    assert origin.expression.fields == {"a"}
    assert _origin([after], [after], "b").kind is OriginKind.SAME


def test_values_are_recoded_once():
    before = _form(no="code", a="text")
    after = _form(no="code", a=field_of(recode={"旧": "新", "停用": None}))
    assert _origin([before], [after], "a").recode == {"旧": "新", "停用": None}
    assert _origin([after], [after], "a").recode == {}


@pytest.mark.parametrize(
    ("before", "after", "pointer", "words"),
    [
        (
            _form(no="code", a="text", b="text"),
            _form(no="code", a=field_of(was=["b"]), b=field_of(was=["a"])),
            "/properties/a/x-was",
            "圈：a → b → a",
        ),
        (
            _form(no="code", a="text"),
            _form(no="code", b=field_of(was=["a"]), c=field_of(was=["a"])),
            "/properties/c/x-was",
            "已经是 A的b 的来历",
        ),
        (
            _form(no="code", a="text"),
            _form(no="code", a="text", b=field_of(was=["a"])),
            "/properties/b/x-was",
            "以前的“a”仍是本表的字段",
        ),
        (
            _form(no="code", a="text"),
            _form(no="code", a=field_of(was=["a"])),
            "/properties/a/x-was",
            "写着以前就是自己",
        ),
        (
            _form(no="code", a="text"),
            _form(no="code", b=field_of("money", **{"from": "gone + 1"})),
            "/properties/b/x-from",
            "gone",
        ),
        (
            _form(no="code", a="text"),
            _form(no="code", b=field_of("money", **{"from": "a"})),
            "/properties/b/x-from",
            "原文：a",
        ),
    ],
    ids=["circle", "claimed twice", "still there", "itself", "unknown", "type"],
)
def test_what_leads_nowhere_is_told(before, after, pointer, words):
    lineage, _ = _trace([before], [after])
    told = {fault.pointer: fault.message for fault in lineage.faults}
    assert words in told[pointer]


def test_two_forms_cannot_have_been_one():
    lineage, _ = _trace(
        [_form("A", no="code")],
        [_form("B", was=["A"], no="code"), _form("C", was=["A"], no="code")],
    )
    [fault] = lineage.faults
    assert (fault.form.code, fault.pointer) == ("C", "/x-form/was")


def test_several_editions_lie_in_between():
    catalogue = catalogue_of(
        editions={
            "2022": [_form("A", no="code", a="text", z="text")],
            "2023": [_form("B", was=["A"], no="code", b=field_of(was=["a"]))],
            "2024": [_form("B", no="code", c=field_of(was=["b"], recode={"1": "2"}))],
        }
    )
    first, _, last = catalogue.editions
    descent = find_descent(catalogue, first, last)
    origin = descent.origin_of(last.get("B"), "c")
    assert (origin.form, origin.field.id) == (first.get("A"), "a")
    assert origin.recode == {"1": "2"}


# Where they are kept.


def _columns(form):
    return {item.id: item.column_name for item in form.fields}


def test_a_rename_moves_nothing():
    before = _read(_form("A", no="code", a="text"))
    after = _read(_form("B", was=["A"], no="code", b=field_of(was=["a"])))
    [form] = allot(before, after)
    assert form.table_name == "test_a"
    assert _columns(form) == {"no": "no", "b": "a"}


@pytest.mark.parametrize(
    "changed",
    [
        "integer",
        field_of("multi_enum"),
        field_of(recode={"旧": "新"}),
        field_of(**{"from": "no"}),
        field_of("ref", ref={"table": "B", "field": "no"}),
    ],
    ids=["type", "list", "recoded", "computed", "reference"],
)
def test_what_is_stored_otherwise_gets_a_column_of_its_own(changed):
    other = _form("B", no="code")
    before = _read(_form("A", no="code", a="text"), other)
    after = _read(_form("A", no="code", a=changed), other)
    form = allot(before, after)[0]
    assert _columns(form) == {"no": "no", "a": "a__2"}


def test_a_reference_stays_where_what_it_leads_to_is_only_renamed():
    pick = {"table": "A", "field": "no"}
    before = _read(
        _form("A", no="code"), _form("B", k="code", a=field_of("ref", ref=pick))
    )
    pick = {"table": "C", "field": "number"}
    after = _read(
        _form("B", k="code", a=field_of("ref", ref=pick)),
        _form("C", was=["A"], number=field_of("code", was=["no"])),
    )
    forms = {form.code: form for form in allot(before, after)}
    assert _columns(forms["B"])["a"] == "a"
    assert _columns(forms["C"]) == {"number": "no"}


def test_a_new_form_does_not_get_the_table_of_one_that_is_renamed():
    before = _read(_form("A", no="code"))
    after = _read(_form("A", no="code"), _form("B", was=["A"], no="code"))
    tables = {form.code: form.table_name for form in allot(before, after)}
    assert tables == {"A": "test_a__2", "B": "test_a"}


def test_a_new_field_does_not_get_the_column_of_one_that_is_gone():
    before = _read(_form("A", no="code"))
    taken = Taken({"test_a": ["no", "a"]}, {})
    [form] = allot(before, _read(_form("A", no="code", a="text")), taken)
    assert _columns(form)["a"] == "a__2"
    kept = Taken({"test_a": ["no", "a"]}, {"test/2024/A": {"a": "a"}})
    [form] = allot(before, _read(_form("A", no="code", a="text")), kept)
    assert _columns(form)["a"] == "a"


def test_editions_that_keep_an_id_in_two_types_have_two_columns():
    catalogue = catalogue_of(
        editions={
            "2023": [_form("A", no="code", size="integer")],
            "2024": [_form("A", no="code", size="text")],
        }
    )
    found = {
        edition.year: _columns(edition.get("A"))["size"]
        for edition in catalogue.editions
    }
    assert found == {"2023": "size", "2024": "size__2"}
