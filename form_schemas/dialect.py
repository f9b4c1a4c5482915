"""Judge a parsed schema file by the dialect, and say its faults in Chinese.

The meta-schema `dialect.json` is the whole of the dialect's grammar. jsonschema-rs says
in microseconds that a file is clean; jsonschema finds the faults of one that is not.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs

from form_schemas.faults import Fault, ask_nearest, point

_FOLDER = Path(__file__).parent
_DIALECT = "dialect.json"

_TYPE_NAMES = {
    "string": "文本",
    "integer": "整数",
    "number": "数",
    "boolean": "true 或 false",
    "array": "列表",
    "object": "对象",
}


def load_dialect() -> Mapping[str, Any]:
    """Load the meta-schema of the schema files."""
    return load_meta_schema(_DIALECT)


@cache
def load_meta_schema(name: str) -> Mapping[str, Any]:
    """Load one of the meta-schemas of this folder."""
    schema: Mapping[str, Any] = json.loads((_FOLDER / name).read_text("utf-8"))
    return schema


@cache
def _fast_judge(name: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(dict(load_meta_schema(name)))


@cache
def _slow_judge(name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator(dict(load_meta_schema(name)))


def find_dialect_faults(file: str, schema: object) -> Iterator[Fault]:
    """Yield every breach of the dialect, in the order of the file."""
    for pointer, message in find_breaches(_DIALECT, schema):
        yield Fault(file, pointer, message)


def find_breaches(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Yield what breaks a meta-schema of this folder: pointer and sentence."""
    if _fast_judge(name).is_valid(value):
        return
    errors = _slow_judge(name).iter_errors(value)
    seen = set()
    for error in sorted(errors, key=lambda e: [str(part) for part in e.absolute_path]):
        for told in _explain(error):
            if told not in seen:
                seen.add(told)
                yield told


def _explain(error: Any) -> Iterator[tuple[str, str]]:
    path = list(error.absolute_path)
    if error.validator == "additionalProperties":
        for word in _unknown_words(error):
            known = error.schema.get("properties", {})
            advice = ask_nearest(word, known)
            yield point(*path, word), f"不认识“{word}”这个词。{advice}请改正或删去。"
        return
    explain = _SENTENCES.get(error.validator, _other)
    yield point(*path), explain(error)


def _unknown_words(error: Any) -> Iterator[str]:
    known = error.schema.get("properties", {})
    return (word for word in error.instance if word not in known)


def _missing(error: Any) -> str:
    missing = [w for w in error.validator_value if w not in error.instance]
    return f"缺少 {'、'.join(missing)}，请补上。"


def _wrong_type(error: Any) -> str:
    wanted = error.validator_value
    names = [wanted] if isinstance(wanted, str) else wanted
    return f"这里应当是{'或'.join(_TYPE_NAMES.get(n, n) for n in names)}，请改正。"


def _not_listed(error: Any) -> str:
    choices = [str(choice) for choice in error.validator_value]
    advice = ask_nearest(str(error.instance), choices)
    return f"不能写“{error.instance}”。{advice}可用的有 {'、'.join(choices)}。"


def _not_constant(error: Any) -> str:
    return f"这里只能写 {json.dumps(error.validator_value, ensure_ascii=False)}。"


def _not_matching(error: Any) -> str:
    return f"“{error.instance}”的写法不对。请改成符合 {error.validator_value} 的样子。"


def _twice(error: Any) -> str:
    repeated = [x for i, x in enumerate(error.instance) if x in error.instance[:i]]
    return f"“{repeated[0]}”写了两次，请删去一个。"


def _empty(error: Any) -> str:
    return "不能是空的。请填上内容，或删去这个词。"


def _not_here(error: Any) -> str:
    return "这种字段不能有这个词，请删去。"


def _other(error: Any) -> str:
    if error.schema is False:
        return _not_here(error)
    wanted = json.dumps(error.validator_value, ensure_ascii=False)
    limit = _LIMITS.get(error.validator)
    if limit is not None:
        return f"{limit.format(error.validator_value)}，请改正。"
    return f"不合规定：{error.validator} 应为 {wanted}。请改正。"


_LIMITS = {
    "minimum": "不能小于 {}",
    "maximum": "不能大于 {}",
    "exclusiveMinimum": "应当大于 {}",
    "maxLength": "最多 {} 个字",
    "maxItems": "最多 {} 项",
    "maxProperties": "最多 {} 项",
}

_SENTENCES = {
    "required": _missing,
    "type": _wrong_type,
    "enum": _not_listed,
    "const": _not_constant,
    "pattern": _not_matching,
    "uniqueItems": _twice,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
}
