from form_schemas.rule_listing import write_rules
from tests.support.forms import field_of, read_schemas, rule_of, schema_of


def test_each_rule_is_told_with_an_example_that_breaks_it():
    schema = schema_of(
        "T1", name="text", own=field_of("integer", "其中"), is_open="boolean"
    ) | {
        "x-rules": [
            rule_of("own <= 3", "own_limit", when="is_open", fields=["own"]),
            rule_of(
                "exists('T2', name == this.name)",
                "known",
                fields=["name"],
                level="warning",
                message="查不到",
            ),
            {
                "id": "by_hand",
                "message": "看",
                "level": "manual",
                "fields": ["own"],
            },
        ],
        "x-tests": [
            {"name": "都符合", "row": {"own": 3}, "last": {"own": 2}, "breaks": []},
            {
                "name": "大了",
                "row": {"own": 4, "is_open": True},
                "breaks": ["own_limit"],
            },
            {
                "name": "没有",
                "row": {"name": "甲"},
                "tables": {"T2": [{"name": "乙"}, {}]},
                "lastTables": {"T2": []},
                "breaks": ["known"],
            },
        ],
    }
    forms = {
        form.code: form
        for form in read_schemas(schema, schema_of("T2", name="text")).forms
    }
    assert (
        write_rules(forms["T1"], forms)
        == """\
T1 T1 表

都符合
    本行：其中 3
    上一轮：其中 2

不对（错误，own_limit）
    当：is_open
    应当：own <= 3
  违反的例子：
    本行：其中 4，is_open 是

查不到（警告，known）
    应当：exists('T2', name == this.name)
  违反的例子：
    本行：name 甲
    T2：name 乙；空行
    上一轮 T2：没有行

看（须核对，by_hand）
"""
    )
