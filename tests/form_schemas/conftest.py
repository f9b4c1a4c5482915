"""Schema files written for a test, and what lint finds in them."""

import json
from pathlib import Path

import pytest

from form_schemas.lint import lint_edition

SETTINGS = {
    "collection": "test",
    "edition": "2024",
    "title": "测试",
    "unitKind": "school",
    "periods": {},
    "reviewSteps": [{"id": "first_check", "title": "初审", "role": "filler"}],
}


@pytest.fixture
def lint(tmp_path: Path):
    folder = tmp_path / "test" / "2024"
    folder.mkdir(parents=True)

    def run(*schemas, settings=SETTINGS):
        (folder / "collection.json").write_text(json.dumps(settings), "utf-8")
        for schema in schemas:
            name = f"{schema['x-form']['code']}.json"
            (folder / name).write_text(json.dumps(schema), "utf-8")
        return [(f.pointer, f.message) for f in lint_edition(folder)]

    return run
