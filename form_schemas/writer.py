"""The one formatting of schema files: a field a line, a rule a line, stable word order.

Whoever writes a schema file (an administrator's page, a new edition) writes it so, and
`git diff` shows one line for one changed field.
"""

import json
from collections.abc import Mapping

#: Words whose entries stand one a line.
_LINE_A_MEMBER = ("properties",)
#: Words whose members stand one a line, and of these the entries of lists of objects.
_LINE_A_PART = ("x-flow",)
_LINE_AN_ITEM = (
    *("x-layout", "x-rules", "x-freeze", "x-tests"),
    # of collection.json
    *(
        "departments",
        "phases",
        "reviewSteps",
        "chains",
        "accountTypes",
        "booklets",
        "anthologies",
        "warningReasons",
    ),
    "x-measures",
)


def format_schema(schema: Mapping[str, object]) -> str:
    """Give the text of a schema file, in the order of its words as they stand."""
    members = ",\n".join(
        f"  {format_value(k)}: {format_word(k, v)}" for k, v in schema.items()
    )
    return "{\n" + members + "\n}\n"


def format_word(word: str, value: object) -> str:
    """Give the text of the value of one of the file's own words."""
    if word in _LINE_A_MEMBER and isinstance(value, Mapping):
        lines = (f"    {format_value(k)}: {format_value(v)}" for k, v in value.items())
        return "{\n" + ",\n".join(lines) + "\n  }"
    if word in _LINE_A_PART and isinstance(value, Mapping):
        parts = (f"    {format_value(k)}: {_format_part(v)}" for k, v in value.items())
        return "{\n" + ",\n".join(parts) + "\n  }"
    if word in _LINE_AN_ITEM and isinstance(value, list):
        return (
            "[\n" + ",\n".join(f"    {format_value(item)}" for item in value) + "\n  ]"
        )
    return format_value(value)


def _format_part(value: object) -> str:
    """Give the text of a member of a word that has lists of its own."""
    if isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
        return (
            "[\n"
            + ",\n".join(f"      {format_value(item)}" for item in value)
            + "\n    ]"
        )
    return format_value(value)


def format_value(value: object) -> str:
    """Give the text of a value below one of these: always one line."""
    return json.dumps(value, ensure_ascii=False)
