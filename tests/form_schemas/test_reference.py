from pathlib import Path

from form_schemas.dialect import load_dialect
from form_schemas.reference import write_reference

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
