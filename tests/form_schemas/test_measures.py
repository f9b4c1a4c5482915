"""`x-measures` of `collection.json`: how they are read, what is wrong with them."""

import json

import pytest

from form_schemas.booklets import BlockKind
from form_schemas.kinds import ValueType
from form_schemas.lint import lint_edition
from form_schemas.measure_reader import read_measures
from form_schemas.measures import PERSON_UNITS
from form_schemas.settings import list_booklets
from tests.form_schemas.test_lint import SETTINGS
from tests.support.catalogues import get_catalogue
from tests.support.forms import field_of, form_of, schema_of

TARGET = schema_of("T2", code="text", level=field_of("enum"))
SCHEMA = schema_of(
    "T1",
    name="text",
    kind=field_of("enum", title="类别"),
    kinds="multi_enum",
    amount="money",
    born="date",
    card="id_card",
    proof=field_of("file"),
    other=field_of("ref", ref={"table": "T2", "field": "code"}),
)
COUNT = {"id": "all", "title": "全部", "form": "T1", "kind": "count"}
SUM = {**COUNT, "id": "money", "kind": "sum", "value": "amount"}
CODED = {"id": "c", "title": "省", "value": "left(name, 2)", "codes": "gbt-2260"}
RATIO = {
    "id": "share",
    "title": "比",
    "kind": "ratio",
    "numerator": "money",
    "denominator": "all",
}


def group_of(*measures):
    return {"id": "first", "title": "第一节", "measures": [*measures]}


@pytest.fixture(scope="module")
def forms():
    return (form_of(SCHEMA, TARGET), form_of(TARGET))


@pytest.fixture
def read(forms):
    def read(*measures):
        return read_measures({"x-measures": [group_of(*measures)]}, forms)

    return read


@pytest.fixture
def read_one(read):
    def read_one(*measures):
        reading = read(*measures)
        assert reading.faults == ()
        return reading.groups[0].measures[-1]

    return read_one


def test_a_measure_reads_its_rows_and_how_they_may_be_told_apart(read_one):
    age = {"id": "age", "title": "年龄段", "value": "left('a', 1)"}
    by = ["kind", "kinds", "ref(other).level", age]
    measure = read_one({**COUNT, "where": "amount > 1", "by": by, "unit": "人"})
    [quantity] = measure.quantities
    assert (quantity.form, quantity.call.name) == ("T1", "rows")
    assert quantity.fields == {"amount"}
    assert measure.dimensions == ("kind", "kinds", "other.level", "age")
    titles = [measure.find_dimension("T1", name).title for name in measure.dimensions]
    assert titles == ["类别", "kinds", "level", "年龄段"]
    assert measure.of_persons


def test_labels_come_from_the_field_that_holds_the_value(read_one):
    measure = read_one({**COUNT, "by": ["kind", "ref(other).level"]})
    own = measure.find_dimension("T1", "kind")
    referred = measure.find_dimension("T1", "other.level")
    assert own.field.options == referred.field.options == ("甲", "乙")
    assert (own.filtered_by, referred.filtered_by) == ("kind", "")


def test_a_mean_is_a_sum_by_the_number_of_known_values(read_one):
    mean = {**COUNT, "kind": "mean", "value": "amount", "where": "kind == '甲'"}
    total, known = read_one(mean).quantities
    assert (total.call.name, known.call.name) == ("total", "rows")
    assert known.fields == {"amount", "kind"}
    assert known.call.arguments[0].type is ValueType.BOOLEAN


def test_a_ratio_may_be_split_by_what_both_of_its_sides_can(read_one):
    count = {**COUNT, "by": ["kind", "kinds"], "unit": "人"}
    ratio = read_one(count, {**SUM, "by": ["kinds", "born"]}, RATIO)
    assert ratio.dimensions == ("kinds",)
    assert [one.call.name for one in ratio.quantities] == ["total", "rows"]
    assert ratio.of_persons


def test_a_ratio_may_count_rows_of_its_own(read_one):
    ratio = read_one(
        {**COUNT, "by": ["kind"]},
        {
            **RATIO,
            "form": "T1",
            "numerator": "rows(kind == '甲')",
            "denominator": "all",
            "by": ["kind"],
            "unit": "%",
        },
    )
    assert ratio.dimensions == ("kind",)
    assert ratio.factor == 100


@pytest.mark.parametrize(
    ("measure", "pointer", "told"),
    [
        ({**COUNT, "form": "T9"}, "form", "没有表 T9"),
        ({**COUNT, "where": "nothing > 1"}, "where", "nothing"),
        ({**COUNT, "where": "amount"}, "where", "amount"),
        ({**COUNT, "where": "count('T2') > 1"}, "where", "只能看本行"),
        ({**COUNT, "where": "is_unique(name)"}, "where", "只能看本行"),
        ({**COUNT, "where": "prev(amount) > 1"}, "where", "只能看本行"),
        ({**COUNT, "value": "amount"}, "value", "不用 value"),
        ({**COUNT, "digits": 1}, "digits", "不用 digits"),
        ({**COUNT, "kind": "sum"}, "", "要写 value"),
        ({**SUM, "value": "kind"}, "value", "kind"),
        ({**SUM, "value": "amount / 2"}, "value", "请改用 ratio"),
        ({**SUM, "kind": "distinct", "value": "kinds"}, "value", "多选"),
        ({**COUNT, "by": ["level"]}, "by/0", "level"),
        ({**COUNT, "by": ["amount + 1"]}, "by/0", "另写 id 和 title"),
        ({**COUNT, "by": ["kind", "kind"]}, "by/1", "出现了两次"),
        ({**COUNT, "by": [{**CODED, "codes": "gbt-0"}]}, "by/0/codes", "没有代码表"),
        ({**COUNT, "by": [{**CODED, "value": "born"}]}, "by/0/codes", "代码是文本"),
        ({**COUNT, "by": ["card"]}, "by/0", "个人信息"),
        ({**COUNT, "by": ["proof"]}, "by/0", "附件"),
        ({**RATIO, "numerator": "nobody"}, "numerator", "没有指标"),
        ({**RATIO, "numerator": "rows(true)"}, "numerator", "要先写 form"),
        (
            {**RATIO, "form": "T1", "numerator": "rows() + 1"},
            "numerator",
            "rows()、total()、distinct() 之一",
        ),
        ({**RATIO, "numerator": "all", "denominator": "all"}, "denominator", "是 1"),
        ({**RATIO, "numerator": "mean"}, "numerator", "本身是商"),
        ({**RATIO, "form": "T1", "by": ["kind"]}, "by", "请删去 by"),
        ({**RATIO, "where": "true"}, "where", "不用 where"),
    ],
)
def test_a_wrong_measure_is_told_and_left_out(read, measure, pointer, told):
    mean = {**SUM, "id": "mean", "kind": "mean"}
    others = [
        {**SUM, "id": "money"} if measure["id"] != "money" else {**COUNT, "id": "x"},
        {**COUNT, "id": "all"} if measure["id"] != "all" else {**COUNT, "id": "y"},
    ]
    reading = read(measure, *others, mean)
    place = f"/x-measures/0/measures/0/{pointer}".rstrip("/")
    found = dict(reading.faults)
    assert list(found) == [place]
    assert told in found[place]
    ids = [one.id for one in reading.groups[0].measures]
    assert measure["id"] not in ids
    assert len(ids) == 3


def test_two_measures_have_different_ids(read):
    [(place, told)] = read(COUNT, COUNT).faults
    assert place == "/x-measures/0/measures/1/id"
    assert "出现了两次" in told


@pytest.fixture
def lint(tmp_path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)
    for schema in (SCHEMA, TARGET):
        name = f"{schema['x-form']['code']}.json"
        (folder / name).write_text(json.dumps(schema), "utf-8")

    def lint(*measures):
        settings = SETTINGS | {"x-measures": [group_of(*measures)]}
        (folder / "collection.json").write_text(json.dumps(settings), "utf-8")
        return [(fault.pointer, fault.message) for fault in lint_edition(folder)]

    return lint


def test_lint_tells_what_is_wrong_with_measures(lint):
    assert lint({**COUNT, "by": ["kind"]}) == []
    [(place, told)] = lint({**COUNT, "by": ["kinds", "nothing"]})
    assert place == "/x-measures/0/measures/0/by/1"
    assert "nothing" in told


@pytest.mark.parametrize(
    ("words", "pointer"),
    [
        ({"kind": "median"}, "kind"),
        ({"chart": "radar"}, "chart"),
        ({"by": [1]}, "by/0"),
        ({"by": [{"id": "x", "value": "kind"}]}, "by/0"),
        ({"sum": "amount"}, "sum"),
        ({"digits": 9}, "digits"),
    ],
)
def test_the_shape_of_measures_is_that_of_the_settings_schema(lint, words, pointer):
    [(place, told)] = lint(COUNT | words)
    assert place == f"/x-measures/0/measures/0/{pointer}"
    assert told


def test_what_a_group_sums_up_is_counted_for_its_area():
    edition = get_catalogue().newest["group"]
    blocks = [one for book in list_booklets(edition.settings) for one in book.blocks]
    forms = [edition.by_code[b.form] for b in blocks if b.kind is BlockKind.FIGURES]
    measures = [one for group in edition.measures.groups for one in group.measures]
    counted = {
        (quantity.form, name)
        for measure in measures
        for quantity in measure.quantities
        for name in quantity.fields
    }
    # Shares add up to nothing; persons are counted member by member.
    asked = {
        (form.code, field.id)
        for form in forms
        for field in form.typed_fields
        if field.unit != "%" and field.unit not in PERSON_UNITS
    }
    assert len(asked) > 5
    assert asked - counted == set()
