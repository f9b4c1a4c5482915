"""Write the reference for administrators from the meta-schemas themselves.

`docs/dialect.zh.md` holds the result; a test says when it has to be written again with
`tianbao schemas reference`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from form_schemas.dialect import load_dialect, load_meta_schema
from form_schemas.settings import SETTINGS_SCHEMA

Json = Mapping[str, Any]

_INTRODUCTION = """\
# 表单文件参考

本文由 `form_schemas/dialect.json` 和 `settings.json` 生成，请勿手改；重新生成：

    tianbao schemas reference > docs/dialect.zh.md

一张表一个文件：`form_schemas/<系列>/<年度>/<表号>.json`。
文件是标准的 JSON Schema 2020-12，任何校验器都能用；以 `x-` 开头的词是本平台的，
只有下面这些，写错会被 `tianbao schemas lint` 指出来。“必须”一栏打勾的词不能缺。
"""

#: Title, and the path of the part in the meta-schema.
_PARTS = (
    ("文件", ()),
    ("x-form：表", ("$defs", "form")),
    ("properties：字段", ("$defs", "field")),
    ("字段的 items：多个值时的每个值", ("$defs", "field", "properties", "items")),
    ("字段的 x-ref：引用", ("$defs", "field", "properties", "x-ref")),
    ("字段的 x-compare：与上年比较", ("$defs", "field", "properties", "x-compare")),
    ("x-rules：规则", ("$defs", "rule")),
    ("x-tests：例子", ("$defs", "test")),
    ("x-layout：字段组", ("properties", "x-layout", "items")),
    ("x-layout 的 table：组里的表格", ("$defs", "layoutTable")),
    ("table 的 rows：各行", ("$defs", "layoutRow")),
    ("x-derive、x-generate：由别的表得来", ("$defs", "derivation")),
    (
        "x-derive、x-generate 的 join：并上的表",
        ("$defs", "derivation", "properties", "join", "items"),
    ),
    ("x-derive、x-generate 的 where：条件", ("$defs", "derivationCondition")),
    ("x-derive 的 close：在哪里补上", ("$defs", "derivation", "properties", "close")),
    ("x-freeze：锁住两头", ("$defs", "freeze")),
    (
        "x-freeze 的 usedBy：谁在用",
        ("$defs", "freeze", "properties", "usedBy", "items"),
    ),
    ("x-flow：逐行流转", ("$defs", "flow")),
    ("x-flow 的 moves：办理", ("$defs", "move")),
    ("moves 的 creates：另建一行", ("$defs", "move", "properties", "creates")),
)

#: The same of `collection.json`.
_SETTINGS_PARTS = (
    ("collection.json：一版表的总则", ()),
    ("phases：阶段", ("$defs", "phase")),
    ("phases 的 tasks：任务", ("$defs", "task")),
    ("reviewSteps：审核步骤", ("$defs", "step")),
    ("chains：业务链", ("$defs", "chain")),
    ("chains 的 steps：各步", ("$defs", "chainStep")),
    ("accountTypes：账号的类型", ("$defs", "accountType")),
    ("accountTypes 的 units：在各种单位里", ("$defs", "typeInUnit")),
    ("booklets：合订本", ("$defs", "booklet")),
    ("booklets 的 blocks：各块", ("$defs", "block")),
    ("menu：单位的导航", ("$defs", "menuEntry")),
    ("portal：公众门户", ("$defs", "portal")),
    ("portal 的 sources：公众看哪些行", ("$defs", "portalSource")),
    (
        "sources 的 pictures：另一张表里的图",
        ("$defs", "portalSource", "properties", "pictures"),
    ),
    ("portal 的 columns：栏目", ("$defs", "portalColumn")),
    ("portal 的 directory：填报单位的名录", ("$defs", "portalDirectory")),
    (
        "directory 的 facts：单位页上的内容",
        ("$defs", "portalDirectory", "properties", "facts", "items"),
    ),
    ("surveys：在线调查", ("$defs", "surveys")),
    ("surveys 的 survey：问卷", ("$defs", "surveyForm")),
    ("surveys 的 targets：问谁", ("$defs", "surveyTarget")),
    ("surveys 的 question：题目", ("$defs", "surveyQuestion")),
    ("surveys 的 answer：答卷", ("$defs", "surveyAnswer")),
    ("anthologies：汇编", ("$defs", "anthology")),
    ("anthologies 的 attachments：另附的文档", ("$defs", "anthologyFiles")),
    ("x-measures：统计的各节", ("$defs", "measureGroup")),
    ("x-measures 的 measures：指标", ("$defs", "measure")),
    ("x-measures 的 by：另写的分法", ("$defs", "dimension")),
)

_TYPES = {
    "string": "文本",
    "integer": "整数",
    "number": "数",
    "boolean": "true/false",
    "array": "列表",
    "object": "对象",
}


def write_reference() -> str:
    """Give the reference as Markdown."""
    parts = (
        *_write_parts(load_dialect(), _PARTS),
        *_write_parts(load_meta_schema(SETTINGS_SCHEMA), _SETTINGS_PARTS),
    )
    return "\n".join((_INTRODUCTION, *parts))


def _write_parts(
    schema: Json, parts: Iterable[tuple[str, tuple[str, ...]]]
) -> Iterator[str]:
    for title, path in parts:
        part: Any = schema
        for name in path:
            part = part[name]
        yield "\n".join((f"## {title}\n", *_table(schema, part))) + "\n"


def _table(schema: Json, part: Json) -> Iterator[str]:
    required = part.get("required", ())
    yield "| 词 | 必须 | 值 | 说明 |"
    yield "|---|---|---|---|"
    for word, declared in part["properties"].items():
        resolved = _resolve(schema, declared)
        tick = "✓" if word in required else ""
        told = str(resolved.get("description", "")).replace("|", "\\|")
        yield f"| `{word}` | {tick} | {_values(resolved)} | {told} |"


def _resolve(schema: Json, declared: Json) -> Json:
    reference = declared.get("$ref")
    if reference is None:
        return declared
    found: Json = schema["$defs"][reference.rpartition("/")[2]]
    # What is told beside a reference is told of this place.
    return {**found, **declared}


def _values(declared: Json) -> str:
    if "enum" in declared:
        return "、".join(f"`{choice}`" for choice in declared["enum"])
    if "const" in declared:
        return f"`{json.dumps(declared['const'], ensure_ascii=False)}`"
    kinds = declared.get("type", "")
    names = [kinds] if isinstance(kinds, str) else kinds
    text = "或".join(_TYPES.get(name, name) for name in names)
    bounds = [
        f"{label} {declared[word]}"
        for word, label in (
            ("minimum", "最小"),
            ("maximum", "最大"),
            ("maxLength", "最长"),
        )
        if word in declared
    ]
    return "，".join([text, *bounds])
