"""Small forms for tests, made the way real ones are: from the text of schema files."""

import json

from form_schemas.codelists import load_codelists
from form_schemas.drafts import Source
from form_schemas.reader import EditionReading, read_edition

_TYPES = {
    "integer": {"type": "integer", "x-unit": "人"},
    "year": {"type": "integer"},
    "decimal": {"type": "number", "x-unit": "年", "x-digits": 1},
    "money": {"type": "number", "x-unit": "万元", "x-digits": 2},
    "percent": {"type": "number", "x-unit": "%", "x-digits": 2},
    "date": {"type": "string", "format": "date"},
    "year_month": {"type": "string", "pattern": "^[0-9]{4}-(0[1-9]|1[0-2])$"},
    "boolean": {"type": "boolean"},
    "enum": {"type": "string", "enum": ["甲", "乙"]},
    "multi_enum": {
        "type": "array",
        "items": {"type": "string", "enum": ["甲", "乙"]},
        "uniqueItems": True,
    },
    "id_card": {"type": "string", "x-sensitive": True},
    "phone": {"type": "string", "x-sensitive": True},
}


def field_of(kind: str = "text", title: str = "", **words: object) -> dict:
    """The declaration of a field; underscores of `words` are the dialect's dashes."""
    declared = {"title": title, **_TYPES.get(kind, {"type": "string"}), "x-kind": kind}
    return declared | {_dialect_word(word): value for word, value in words.items()}


def schema_of(code: str = "T1", /, **fields: object) -> dict:
    """A schema file of `rows` keyed by its first field.

    A field is a kind or a declaration of `field_of`; labels default to the ids.
    """
    properties = {}
    for field_id, declared in fields.items():
        if isinstance(declared, str):
            declared = field_of(declared)
        properties[field_id] = {**declared, "title": declared["title"] or field_id}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tianbao:test:2024:{code}",
        "title": f"{code} 表",
        "x-form": {
            "code": code,
            "section": ["一"],
            "departments": ["教务处"],
            "shape": "rows",
            "period": "academic_year",
            "kind": "business",
            "key": [next(iter(properties))],
        },
        "type": "object",
        "properties": properties,
    }


def rule_of(check: str, rule_id: str = "a_rule", **words: object) -> dict:
    """A rule of level error."""
    rule = {"id": rule_id, "check": check, "message": "不对", "level": "error"}
    return rule | words


def read_schemas(*schemas: dict) -> EditionReading:
    """Read schemas as one edition of a collection `test`."""
    sources = [
        Source(
            f"test/2024/{schema['x-form']['code']}.json",
            json.dumps(schema, ensure_ascii=False),
        )
        for schema in schemas
    ]
    return read_edition("test", "2024", sources, load_codelists())


def form_of(*schemas: dict):
    """The FormSpec of the first schema; the others are there to be referred to."""
    reading = read_schemas(*schemas)
    assert not reading.faults, [str(fault) for fault in reading.faults]
    code = schemas[0]["x-form"]["code"]
    return next(form for form in reading.forms if form.code == code)


def _dialect_word(word: str) -> str:
    standard = {"maxLength", "minimum", "maximum", "pattern", "enum", "default"}
    return word if word in standard else "x-" + word.replace("_", "-")
