"""Tables of single fields within a group."""

import pytest

from form_schemas.table_spec import TableCell
from tests.support.forms import read_schemas, schema_of


def with_table(*rows, fields=("number", "a", "b", "c")):
    """A form whose rows are given by their cells."""
    table = {
        "columns": ["方式", "情况", "备注"],
        "rows": [{"title": "行", "cells": list(cells)} for cells in rows],
    }
    layout = [{"title": "组", "fields": list(fields), "table": table}]
    kinds = dict.fromkeys(("number", "a", "b", "c"), "text")
    return schema_of(**kinds) | {"x-layout": layout}


def test_cells_are_read_with_their_short_names():
    schema = with_table([["a"]], [[], ["b", {"field": "c", "label": "丙"}]])
    [form] = read_schemas(schema).forms
    [group] = form.groups
    assert group.table.columns == ("方式", "情况", "备注")
    assert group.table.rows[1].cells == ((), (TableCell("b"), TableCell("c", "丙")))
    assert group.table.ids == ("a", "b", "c")
    assert [place.id for place in group.fields] == ["number", "a", "b", "c"]


@pytest.mark.parametrize(
    ("schema", "pointer", "part"),
    [
        (
            with_table([["aa"]]),
            "/x-layout/0/table/rows/0/cells",
            "没有字段“aa”。是不是",
        ),
        (with_table([["a"], ["a"]]), "/x-layout/0/table", "a 在表格里写了两次"),
        (with_table([["a"], ["c"]]), "/x-layout/0/table", "b 排在表格的字段中间"),
        (
            with_table([["a"], ["b"], ["c"]]),
            "/x-layout/0/table/rows/0/cells",
            "有 3 格，表头除了第一列只有 2 列",
        ),
        (
            with_table([["a", {"field": "b"}]]),
            "/x-layout/0/table/rows/0/cells/0/1",
            "",
        ),
    ],
)
def test_a_wrong_table_is_told_with_its_place(schema, pointer, part):
    faults = read_schemas(schema).faults
    assert [fault.pointer for fault in faults] == [pointer]
    assert part in faults[0].message


def test_a_field_of_another_group_is_refused():
    schema = with_table([["a"], ["c"]], fields=("number", "a"))
    schema["x-layout"].append({"title": "另一组", "fields": ["b", "c"]})
    [fault] = read_schemas(schema).faults
    assert "“c”不在本组的 fields 里" in fault.message
