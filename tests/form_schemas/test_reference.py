from pathlib import Path

from form_schemas.dialect import load_dialect, load_meta_schema
from form_schemas.reference import _SETTINGS_PARTS, write_reference
from form_schemas.settings import SETTINGS_SCHEMA

REFERENCE = Path(__file__).parents[2] / "docs" / "dialect.zh.md"


def test_the_reference_in_docs_is_the_one_the_dialect_gives():
    assert REFERENCE.read_text(encoding="utf-8") == write_reference()


def test_every_word_of_the_dialect_says_what_it_is_for():
    definitions = load_dialect()["$defs"]
    fields = definitions["field"]["properties"]
    silent = [
        word
        for word, declared in fields.items()
        if "$ref" not in declared and not declared.get("description")
    ]
    assert silent == []


def test_every_part_of_the_settings_has_its_table():
    definitions = load_meta_schema(SETTINGS_SCHEMA)["$defs"]
    shown = {path[1] for _, path in _SETTINGS_PARTS if path}
    parts = {name for name, one in definitions.items() if "properties" in one}
    assert parts - shown == {"department", "portalField"}
