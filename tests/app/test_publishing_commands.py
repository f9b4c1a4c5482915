"""The commands that list what was published and take it back."""

import pytest
from click.testing import CliRunner

from app.cli import main
from app.services.keeping import CatalogueKeeper
from app.services.publications import list_publications
from tests.support.publishing import (
    file_of,
    find_administrator,
    install_small,
    major,
    opened,
    publish_change,
    write_form,
)
from tests.support.servers import list_settings


@pytest.fixture
def config(database_url, tmp_path):
    return install_small(database_url, tmp_path)


@pytest.fixture
def folder(config):
    return config.forms_folder


@pytest.fixture
def workshop(config):
    with opened(config) as workshop:
        yield workshop


@pytest.fixture
def schemas(workshop, config):
    """Call `tianbao schemas …`: gives its exit code and output."""
    settings = list_settings(config)
    return lambda *arguments: CliRunner().invoke(
        main, ["schemas", *arguments], env=settings
    )


def test_an_empty_history_says_so(schemas):
    answer = schemas("history")
    assert (answer.exit_code, answer.output) == (0, "还没有发布过。\n")


def test_files_that_are_applied_are_in_the_history(schemas, workshop, folder):
    keeper = CatalogueKeeper(workshop)
    (folder / file_of("M")).write_text(write_form(major(founded="date")), "utf-8")
    plan_hash = schemas("plan").output.split("计划编号：")[1].split()[0]
    assert schemas("apply", plan_hash).exit_code == 0
    answer = schemas("history", "--edition", "test/2024")
    number, _, who, files, *_ = answer.output.split("\t")
    assert (number, who, files) == ("1", "命令行", file_of("M"))
    (done,) = list_publications(workshop.engine)
    assert done.texts_before == {file_of("M"): write_form(major())}
    assert "founded" in keeper.get().catalogue.get("test/M").by_id


def test_a_publication_is_planned_back_and_taken_back(schemas, workshop, folder):
    actor = find_administrator(workshop.engine)
    publish_change(workshop, actor, M=major(founded="date"))
    seen = schemas("revert", "1")
    assert seen.exit_code == 3
    assert "founded" in seen.output
    assert "founded" in (folder / file_of("M")).read_text("utf-8")
    plan_hash = seen.output.split("schemas revert 1 ")[1].split("。")[0]
    done = schemas("revert", "1", plan_hash, "--reason", "弄错了")
    assert (done.exit_code, "第 2 次发布" in done.output) == (0, True)
    assert (folder / file_of("M")).read_text("utf-8") == write_form(major())
    lines = schemas("history").output.splitlines()
    assert [line.split("\t")[0] for line in lines] == ["2", "1"]
    assert "弄错了" in lines[0]
    assert "已由第 2 次撤销" in lines[1]
    assert list_publications(workshop.engine)[0].actor_name == "命令行"


def test_what_was_never_published_is_not_taken_back(schemas):
    answer = schemas("revert", "7")
    assert (answer.exit_code, answer.output) == (3, "没有第 7 次发布。\n")
