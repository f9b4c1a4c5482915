"""The commands for editions, as an administrator types them."""

import shutil

import pytest
from click.testing import CliRunner

from app.cli import main
from form_schemas.catalogue import SCHEMAS_FOLDER


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "form_schemas"
    shutil.copytree(SCHEMAS_FOLDER / "group", folder / "group")
    return folder


@pytest.fixture
def tianbao(root, tmp_path):
    settings = {
        "TIANBAO_DATA_FOLDER": str(tmp_path / "data"),
        "TIANBAO_SCHEMA_FOLDER": str(root),
    }

    def call(*words):
        return CliRunner(env=settings).invoke(main, words)

    return call


def test_a_next_edition_is_made_and_what_names_a_year_is_listed(tianbao, root):
    answer = tianbao("schemas", "new-edition", "group", "2015")
    assert answer.exit_code == 0
    assert "已照 group/2014 建立 group/2015，24 张表" in answer.stderr
    assert "提醒\tgroup/2015/G1.json#/description" in answer.stdout
    assert (root / "group" / "2015" / "G1.json").is_file()


def test_what_cannot_be_made_says_why(tianbao):
    answer = tianbao("schemas", "new-edition", "group", "2014")
    assert (answer.exit_code, answer.stdout) == (3, "")
    assert "已经有 group/2014" in answer.stderr
