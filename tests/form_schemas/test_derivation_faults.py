"""What a file may not say of how its rows follow from others."""

import pytest

from tests.support.forms import field_of, schema_of

SOURCE = schema_of(
    "A", no="text", sort="text", hours="decimal", tags=field_of("multi_enum")
) | {"x-form": schema_of("A", no="text")["x-form"] | {"key": ["no"]}}
PARTNER = schema_of(
    "B",
    a="text",
    mark="integer",
    day="date",
    of=field_of("ref", ref={"table": "A", "field": "no"}),
)
PARTNER["x-form"] |= {"key": ["a", "day"]}
DERIVED = {"sort": "text", "hours": "decimal"}
BY_SORT = {
    "from": "A",
    "groupBy": ["sort"],
    "columns": {"sort": "sort", "hours": "total(hours)"},
}


def derived(derive, code="D", key=("sort",), **fields):
    schema = schema_of(code, **(fields or DERIVED))
    schema["x-form"] |= {"kind": "auto", "key": list(key)}
    return schema | {"x-derive": derive}


def joined(**words):
    return {
        "from": "A",
        "join": [{"table": "B", "as": "b", "on": "b.a == no", **words}],
        "columns": {"sort": "sort", "hours": "hours"},
    }


def test_a_sound_derivation_has_no_fault(lint):
    assert lint(SOURCE, PARTNER, derived(BY_SORT)) == []
    assert lint(SOURCE, PARTNER, derived(joined(many=True))) == []
    assert lint(SOURCE, PARTNER, derived(joined(first="b.day"))) == []


@pytest.mark.parametrize(
    ("derive", "pointer", "part"),
    [
        ({**BY_SORT, "from": "C"}, "/x-derive", "没有表“C”"),
        (
            {**BY_SORT, "columns": {"sort": "sort", "hours": "total(hour)"}},
            "/x-derive/columns/hours",
            "没有字段",
        ),
        (
            {**BY_SORT, "columns": {"sort": "sort"}},
            "/x-derive/columns",
            "没有算式的字段：hours",
        ),
        (
            {**BY_SORT, "groupBy": ["sort", "hours"], "columns": {"sort": "sort"}},
            "/x-derive/groupBy",
            "没有算式",
        ),
        (
            {"from": "A", "columns": {"sort": "sort", "hours": "total(hours)"}},
            "/x-derive/columns/hours",
            "没有分组",
        ),
        (
            {**BY_SORT, "columns": {"sort": "sort", "hours": "total(rows())"}},
            "/x-derive/columns/hours",
            "里面不能再用",
        ),
        ({**BY_SORT, "where": "rows() > 1"}, "/x-derive/where", "没有分组"),
        ({**BY_SORT, "where": "is_unique(sort)"}, "/x-derive/where", "改用 count()"),
        (
            joined(on="b.a == no and ref(b.of).sort == sort"),
            "/x-derive/join/0/on",
            "只能用 b 自己的字段",
        ),
        (
            joined(on="b.a == no and exists('A', no == b.a)"),
            "/x-derive/join/0/on",
            "只能用 b 自己的字段",
        ),
        (joined(), "/x-derive/join/0", "没有写全表 B 的关键字段（a、day）"),
        (joined(on="b.a == nothing"), "/x-derive/join/0/on", "没有字段"),
        (
            {**joined(many=True), "groupBy": ["sort"]},
            "/x-derive/join/0",
            "重复计数",
        ),
        (
            {
                **BY_SORT,
                "expand": {"hours": [1, 2]},
                "columns": {"sort": "sort", "hours": "hours"},
            },
            "/x-derive/columns/hours",
            "在一组里有几个值",
        ),
        (
            {**BY_SORT, "totalRow": {"name": "'合计'"}},
            "/x-derive/totalRow",
            "没有字段“name”",
        ),
        ({**BY_SORT, "close": {"form": "Z"}}, "/x-derive/close", "没有表“Z”"),
        (
            {**BY_SORT, "close": {"form": "A", "values": {"of": "sort"}}},
            "/x-derive/close/values",
            "表 A 没有字段“of”",
        ),
    ],
)
def test_a_derivation_that_cannot_be_is_a_fault(lint, derive, pointer, part):
    faults = lint(SOURCE, PARTNER, derived(derive))
    assert any(at == pointer and part in message for at, message in faults), faults


def test_forms_that_follow_from_each_other_are_a_fault(lint):
    columns = {"sort": "sort", "hours": "hours"}
    one = derived({"from": "E", "columns": columns})
    other = derived({"from": "D", "columns": columns}, code="E")
    (fault,) = lint(SOURCE, PARTNER, one, other)
    assert fault[0] == "/x-derive"
    assert "圈" in fault[1]


def test_a_run_without_an_end_is_a_fault(lint):
    expand = {"hours": {"from": 1}}
    derive = {"from": "A", "expand": expand, "columns": {"sort": "sort"}}
    faults = lint(SOURCE, PARTNER, derived(derive))
    assert any("expand" in at for at, _ in faults)


@pytest.mark.parametrize(
    ("field", "values", "pointer", "part"),
    [
        (field_of("date"), ["2024-09-01"], "/x-derive/expand/of", "文字和数"),
        (field_of("year_month"), ["2024-09"], "/x-derive/expand/of", "文字和数"),
        (field_of("boolean"), [True], "/x-derive/expand/of", "文字和数"),
        (field_of("integer"), [1, "甲"], "/x-derive/expand/of/1", "“甲”的类型"),
        (field_of("integer"), [1.5], "/x-derive/expand/of/0", "“1.5”的类型"),
        (field_of("text"), ["甲", 2], "/x-derive/expand/of/1", "“2”的类型"),
        (
            field_of("ref", ref={"table": "A", "field": "sort"}),
            ["甲"],
            "/x-derive/expand/of",
            "引用的列",
        ),
    ],
)
def test_values_that_a_column_cannot_be_expanded_to_are_a_fault(
    lint, field, values, pointer, part
):
    schema = schema_of("D", sort="text", of=field)
    schema["x-form"] |= {"kind": "auto", "key": ["sort"]}
    schema["x-derive"] = {
        "from": "A",
        "expand": {"of": values},
        "columns": {"sort": "sort"},
    }
    faults = lint(SOURCE, PARTNER, schema)
    assert any(at == pointer and part in message for at, message in faults), faults


def test_rows_of_a_group_that_the_key_cannot_tell_apart_are_a_fault(lint):
    (fault,) = lint(SOURCE, PARTNER, derived(BY_SORT, key=("hours",)))
    assert fault[0] == "/x-derive/groupBy"
    assert "分不开" in fault[1]


def test_only_derived_forms_have_a_total_row(lint):
    schema = schema_of("G", **DERIVED)
    schema["x-form"] |= {"key": ["sort"]}
    schema["x-generate"] = {**BY_SORT, "totalRow": {"sort": "'合计'"}}
    assert ("/x-generate/totalRow", "totalRow 只用在 x-derive 里，请删去。") in lint(
        SOURCE, PARTNER, schema
    )
