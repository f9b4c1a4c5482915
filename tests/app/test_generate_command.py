"""`tianbao generate`: what it adds, says and refuses."""

import json

import pytest
from click.testing import CliRunner

from app.cli import main
from app.services.installation import find_scope
from app.storage.engine import open_engine
from app.storage.rows import RowStore
from form_schemas.loading import load_catalogue

HEADS, CLASSES = "national/Z4.4.1", "national/Z1.1.28"
SCHOOL = ("--unit", "demo-school")


@pytest.fixture
def tianbao(installed_url, data_folder):
    """Call a command: `tianbao("generate", …)` gives its exit code and output."""
    settings = {
        "TIANBAO_DATABASE_URL": installed_url,
        "TIANBAO_DATA_FOLDER": str(data_folder),
    }
    return lambda *arguments: CliRunner().invoke(main, arguments, env=settings)


@pytest.fixture(autouse=True)
def classes(installed_url):
    """One class that studies, and one whose teachers' row nothing asks for."""
    catalogue, engine = load_catalogue(), open_engine(installed_url)
    source, target = catalogue.get(CLASSES), catalogue.get(HEADS)
    scope = find_scope(engine, source, "demo-school", None)
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        for code, state in (("C1", "在读"), ("C2", "已毕业")):
            row = {"class_code": code, "class_name": code, "class_status": state}
            store.insert(source, scope, row, None)
        store.insert(target, scope, {"class_code": "C2"}, None)
    engine.dispose()


def test_a_dry_run_only_tells(tianbao):
    for _ in range(2):
        answer = tianbao("generate", HEADS, *SCHOOL, "--dry-run")
        assert "会添加 1 行，已有 0 行没有动" in answer.output
        assert "来源已没有\tC2\t班级状态不是“在读”" in answer.output
        assert answer.exit_code == 0


def test_missing_rows_are_added_once_and_taken_back(tianbao):
    assert "已添加 1 行" in tianbao("generate", HEADS, *SCHOOL).output
    again = json.loads(tianbao("generate", HEADS, *SCHOOL, "--json").stdout)
    assert (again["added"], again["present"], again["gone_total"]) == (0, 1, 1)
    undone = tianbao("generate", HEADS, *SCHOOL, "--undo")
    assert "收回 1 行" in undone.output
    refused = tianbao("generate", HEADS, *SCHOOL, "--undo")
    assert (refused.exit_code, "没有可以撤销的生成" in refused.output) == (3, True)


def test_a_form_that_nothing_generates_is_refused(tianbao):
    answer = tianbao("generate", CLASSES, *SCHOOL)
    assert answer.exit_code == 3
    assert "不由别的表生成" in answer.output
