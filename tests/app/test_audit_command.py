"""The command `tianbao audit`: search, proof, anchor."""

import pytest
from click.testing import CliRunner
from sqlalchemy import delete, text

from app.cli import main
from app.config import load_config
from app.models import AuditEntry, AuditHead
from app.services.installation import open_database


@pytest.fixture(params=["sqlite", "postgresql"])
def settings(request, lend, data_folder):
    """Of an installation where a unit was added."""
    with lend(request.param, _install, data_folder) as url:
        yield _settings(url, data_folder)


def _install(engine, data_folder):
    settings = _settings(engine.url.render_as_string(hide_password=False), data_folder)
    unit = ("school", "--name", "某学校", "--collection", "talent")
    added = CliRunner().invoke(main, ["unit", "add", *unit], env=settings)
    assert added.exit_code == 0, added.output


def _settings(url, data_folder):
    return {
        "TIANBAO_DATABASE_URL": url,
        "TIANBAO_DATA_FOLDER": str(data_folder),
        # The folder, which else holds it, is empty at each test.
        "TIANBAO_SECRET_KEY": "the secret of this installation, long enough",
    }


@pytest.fixture
def tianbao(settings):
    return lambda *words: CliRunner().invoke(main, words, env=settings)


@pytest.fixture
def engine(settings):
    engine = open_database(load_config(settings))
    yield engine
    engine.dispose()


def test_the_log_begins_with_the_database(tianbao):
    found = tianbao("audit", "search")
    lines = found.stdout.splitlines()
    assert lines[-1].startswith("1\t")
    assert "开始记录" in lines[-1]
    assert "单位变动\t某学校" in lines[0]


def test_a_search_takes_all_conditions_together(tianbao):
    fitting = (
        *("--action", "unit_changed", "--text", "某学校", "--unit", "1"),
        *("--from", "2000-01-01", "--to", "2999-01-01", "--limit", "1"),
    )
    assert "某学校" in tianbao("audit", "search", *fitting).stdout
    for more in (("--who", "nobody"), ("--round", "1"), ("--form", "1.1.4")):
        found = tianbao("audit", "search", *fitting, *more)
        assert (found.exit_code, found.stdout) == (0, "")


def test_an_intact_log_is_told_with_its_anchor(tianbao):
    proved = tianbao("audit", "verify", "--changes")
    assert proved.exit_code == 0
    assert "操作记录完整：共 2 条" in proved.stderr
    anchor = proved.stdout.strip()
    assert anchor == tianbao("audit", "head").stdout.strip()
    tianbao("unit", "add", "other", "--name", "另一所", "--collection", "talent")
    assert tianbao("audit", "verify", "--anchor", anchor).exit_code == 0


def test_a_broken_log_is_told_with_its_first_place(tianbao, engine):
    with engine.begin() as connection:
        connection.execute(text("UPDATE audit_entries SET subject = '' WHERE id = 2"))
    proved = tianbao("audit", "verify")
    assert proved.exit_code == 1
    assert proved.stdout == "第 2 条被改过，或者不是系统写的。\n"
    assert "第一处在第 2 条" in proved.stderr


def test_an_emptied_log_is_told_and_not_begun_anew(tianbao, engine):
    anchor = tianbao("audit", "head").stdout.strip()
    with engine.begin() as connection:
        connection.execute(delete(AuditEntry))
        connection.execute(delete(AuditHead))
    assert tianbao("audit", "verify").exit_code == 1
    assert tianbao("audit", "verify").exit_code == 1
    assert tianbao("audit", "head").exit_code == 3
    tianbao("unit", "list")
    assert tianbao("audit", "verify", "--anchor", anchor).exit_code == 1


def test_a_log_read_with_another_secret_is_not_intact(tianbao, settings):
    settings["TIANBAO_SECRET_KEY"] = "another secret of the installation, long"
    assert tianbao("audit", "verify").exit_code == 1


def test_what_is_no_anchor_is_refused(tianbao):
    refused = tianbao("audit", "verify", "--anchor", "5")
    assert refused.exit_code == 3
    assert "锚点写作" in refused.stderr
