"""Rounds on the command line: opening for a unit, more time, last year's rows."""

import pytest
from click.testing import CliRunner
from sqlalchemy import select, update

from app.cli import main
from app.models import Extension, Round, RoundState, UnitRound
from app.permissions import Role
from app.storage.engine import begin_reading
from tests.support.databases import install
from tests.support.lending import get_engine
from tests.support.people import SCHOOL, add_person


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, lend, catalogue):
    with lend(request.param, _fill, catalogue) as url:
        yield url


def _fill(engine, catalogue):
    """The demo school with everybody a round needs; its last round is closed."""
    install(engine, catalogue)
    add_person(engine, "quality", Role.QUALITY_OFFICE)
    add_person(engine, "principal", Role.LEADERSHIP)
    with engine.begin() as connection:
        connection.execute(update(Round.__table__).values(state=RoundState.CLOSED))


@pytest.fixture
def engine(database_url):
    return get_engine(database_url)


@pytest.fixture
def tianbao(database_url, data_folder):
    settings = {
        "TIANBAO_DATABASE_URL": database_url,
        "TIANBAO_DATA_FOLDER": str(data_folder),
    }
    return lambda *words: CliRunner().invoke(main, words, env=settings)


@pytest.fixture
def opened(tianbao):
    """The number of a round that was opened for the school, with phases."""
    answer = tianbao(
        "round", "open", "talent", "--unit", SCHOOL, "--phases-from", "2030-08-26"
    )
    assert answer.exit_code == 0, answer.output
    return answer.stdout.strip()


def test_a_round_is_opened_for_a_unit(opened, engine):
    with begin_reading(engine) as connection:
        [(phases,)] = connection.execute(select(UnitRound.phases)).all()
    assert [phase["title"] for phase in phases] == ["准备", "填报", "审核提交"]


def test_more_time_and_last_years_rows(opened, engine, tianbao):
    extended = tianbao(
        "round", "extend", opened, "--unit", SCHOOL, "--department", "财务处",
        "--until", "2031-01-01 18:00", "--reason", "停电",
    )  # fmt: skip
    assert "已延到 2031-01-01 18:00" in extended.output
    with begin_reading(engine) as connection:
        assert connection.scalars(select(Extension.reason)).all() == ["停电"]
    carried = tianbao("round", "carry", opened, "--unit", SCHOOL, "--form", "0.1.1")
    assert carried.output == "0.1.1\t0\t\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("--phases-from", "2030-08-26"), "--phases-from 要和 --unit 一起用"),
        (("--unit", "demo-shool"), "demo-shool"),
    ],
)
def test_what_cannot_be_opened_is_told(tianbao, words, expected):
    answer = tianbao("round", "open", "talent", *words)
    assert (answer.exit_code != 0, expected in answer.output) == (True, True)


def test_an_unknown_department_is_told_with_the_nearest(opened, tianbao):
    answer = tianbao(
        "round", "extend", opened, "--unit", SCHOOL, "--department", "财物处",
        "--until", "2031-01-01 18:00", "--reason", "停电",
    )  # fmt: skip
    assert "没有部门“财物处”。是不是“财务处”？" in answer.output
