"""Tries that are counted in the database."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.models import Base, TryCounter
from app.models.base import now_utc
from app.services.tries import (
    GUESSES,
    Allowance,
    give_back,
    network_of,
    say_wait,
    take_try,
)
from tests.support.lending import get_engine

THREE = Allowance(3, seconds=60)
NOW = now_utc()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _fill(engine):
    Base.metadata.create_all(engine)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def test_so_many_tries_and_no_more(engine):
    assert [take_try(engine, "x", THREE, after(n)).wait for n in range(3)] == [0] * 3
    assert take_try(engine, "x", THREE, after(10)).wait == 50
    assert take_try(engine, "y", THREE, after(10)).wait == 0


def test_the_hour_moves_on(engine):
    """No full hour at whose end as many tries come again."""
    for at in (0, 50, 55):
        take_try(engine, "x", THREE, after(at))
    assert take_try(engine, "x", THREE, after(61)).wait == 0
    assert take_try(engine, "x", THREE, after(62)).wait == 48


def test_a_refused_try_does_not_count(engine):
    for _ in range(10):
        take_try(engine, "x", THREE, after(0))
    assert take_try(engine, "x", THREE, after(61)).wait == 0


def test_one_that_succeeded_is_given_back(engine):
    taken = [take_try(engine, "x", THREE, after(n)) for n in range(3)]
    with engine.begin() as connection:
        give_back(connection, taken[1])
    assert take_try(engine, "x", THREE, after(10)).wait == 0
    assert take_try(engine, "x", THREE, after(10)).wait == 50


def test_guesses_follow_slower_and_slower(engine):
    at, waits = 0, []
    for _ in range(10):
        while wait := take_try(engine, "x", GUESSES, after(at)).wait:
            waits.append(wait)
            at += wait
    assert waits == [5, 10, 20, 40]
    assert take_try(engine, "x", GUESSES, after(at)).wait > 3000


def test_of_many_at_once_no_more_are_let_through(engine):
    with ThreadPoolExecutor(20) as pool:
        found = pool.map(lambda _: take_try(engine, "x", THREE).wait, range(60))
        assert [*found].count(0) == 3


def test_what_is_forgotten_is_deleted(engine):
    for name in ("old", "older"):
        take_try(engine, name, THREE, after(0))
    take_try(engine, "new", THREE, after(120))
    with engine.connect() as connection:
        assert len(connection.scalars(select(TryCounter.key)).all()) == 1


_SCRIPT = """
import sys
from app.services.tries import Allowance, take_try
from app.storage.engine import open_engine
engine = open_engine(sys.argv[1])
waits = [take_try(engine, "x", Allowance(10)).wait for _ in range(8)]
print(waits.count(0))
"""


def test_two_processes_share_the_tries(engine):
    """And those that come after a restart."""
    url = engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", _SCRIPT, url]
    started = [
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)
    ]
    through = sum(int(one.communicate(timeout=60)[0]) for one in started)
    assert through == 10
    assert take_try(engine, "x", Allowance(10)).wait > 0


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(1, "1 秒"), (99, "99 秒"), (100, "2 分钟"), (3600, "60 分钟")],
)
def test_waits_are_said_as_people_do(seconds, words):
    assert say_wait(seconds) == words


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("localhost", "localhost"),
    ],
)
def test_addresses_are_counted_by_whom_they_belong_to(address, counted):
    assert network_of(address) == counted
