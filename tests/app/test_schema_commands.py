"""Plans, their application and the way back, from the command line."""

import json
import shutil

import pytest
from click.testing import CliRunner

from app.cli import main
from form_schemas.folders import SCHEMAS_FOLDER
from form_schemas.writer import format_schema

NAME = "group/2014/G5.1"


@pytest.fixture
def root(tmp_path):
    """One collection in a folder of its own."""
    shutil.copytree(SCHEMAS_FOLDER / "group", tmp_path / "forms" / "group")
    return tmp_path / "forms"


@pytest.fixture
def tianbao(database_url, tmp_path, root):
    settings = {
        "TIANBAO_DATABASE_URL": database_url,
        "TIANBAO_DATA_FOLDER": str(tmp_path / "data"),
        "TIANBAO_SCHEMA_FOLDER": str(root),
    }

    def call(*words):
        return CliRunner().invoke(main, words, env=settings)

    assert call("schemas", "apply").exit_code == 0
    return call


@pytest.fixture
def file(root):
    return root / f"{NAME}.json"


def rename_first(file):
    """Give the form's last field another id, told by `x-was`; gives both ids."""
    schema = json.loads(file.read_text("utf-8"))
    old = [*schema["properties"]][-1]
    new = f"{old}_new"
    text = format_schema(schema).replace(f'"{old}"', f'"{new}"')
    schema = json.loads(text)
    schema["properties"][new]["x-was"] = [old]
    file.write_text(format_schema(schema), "utf-8")
    return old, new


def test_a_change_is_planned_applied_and_taken_back(tianbao, file):
    before = file.read_bytes()
    _, new = rename_first(file)
    planned = json.loads(tianbao("schemas", "plan", "--json").stdout)
    assert f"rename_field:{NAME}/{new}" in {one["id"] for one in planned["operations"]}
    assert planned["open"] == []
    told = tianbao("schemas", "plan").stdout
    assert f"计划编号：{planned['hash']}" in told
    assert "安全\t改名" in told
    done = tianbao("schemas", "apply", planned["hash"])
    assert done.exit_code == 0, done.output
    assert "没有要做的变更" in tianbao("schemas", "plan").output
    way_back = tianbao("schemas", "revert", "last")
    number = way_back.stdout.rpartition("计划编号：")[2].strip()
    assert "rename_field" in way_back.stdout
    taken = tianbao("schemas", "revert", "last", number)
    assert taken.exit_code == 0, taken.output
    assert file.read_bytes() == before
    assert "没有要做的变更" in tianbao("schemas", "plan").output


def test_a_plan_is_applied_once(tianbao, file):
    rename_first(file)
    number = json.loads(tianbao("schemas", "plan", "--json").stdout)["hash"]
    assert tianbao("schemas", "apply", number).exit_code == 0
    again = tianbao("schemas", "apply", number)
    assert again.exit_code == 3
    assert "schemas plan" in again.output


def test_what_is_accepted_needs_a_reason(tianbao):
    answer = tianbao("schemas", "apply", "0" * 16, "--accept", "narrow:a/b/c")
    assert answer.exit_code == 2
    assert "--reason" in answer.output


def test_what_was_never_applied_cannot_be_taken_back(tianbao):
    answer = tianbao("schemas", "revert", "last")
    assert answer.exit_code == 3
    assert "没有可以撤销的发布" in answer.output
    assert tianbao("schemas", "revert", "0x1").exit_code == 2
