"""Whoever dies while a plan is carried out leaves the old tables or the new ones."""

import os
import random
import signal
import time

import pytest

from app.services.schema_changes import apply, initialise, plan
from app.storage.engine import open_engine
from tests.app.services.test_next_years import _fill, read_all, read_columns
from tests.support.applied import as_applied
from tests.support.catalogues import catalogue_of
from tests.support.lending import get_engine
from tests.support.next_years import a_busy_year, this_year

#: On each database; `make soak` dies 50 times.
KILLS = int(os.environ.get("KILLS", "3"))


def _start(url, made, accept):
    """A process of its own that carries the plan out."""
    child = os.fork()
    if child:
        return child
    try:
        engine = open_engine(url)
        apply(engine, catalogue_of(*a_busy_year().values()), made.hash, accept)
    finally:
        os._exit(0)


def _kill(child, after):
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def _measure(url, made, accept):
    begun = time.monotonic()
    _, status = os.waitpid(_start(url, made, accept), 0)
    assert status == 0
    return time.monotonic() - begun


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_kill_leaves_all_or_nothing(lend, database):
    wanted = catalogue_of(*a_busy_year().values())
    chance, left, seconds, outcomes = random.Random(20261122), KILLS, None, []
    while left:
        with lend(database, _fill) as url:
            engine = get_engine(url)
            first = catalogue_of(*this_year().values())
            made = plan(engine, wanted)
            accept = {one.id: "按通知" for one in made.open}
            rows, columns = read_all(engine, first), read_columns(engine)
            if seconds is None:
                seconds = _measure(url, made, accept)
                whole = read_all(engine, as_applied(engine, wanted))
                continue
            is_old = True
            while left and is_old:
                left -= 1
                _kill(_start(url, made, accept), chance.uniform(0, seconds))
                is_old = not plan(engine, wanted).is_empty
                outcomes.append(is_old)
                if is_old:
                    assert plan(engine, wanted).hash == made.hash
                    assert read_columns(engine) == columns
                    assert read_all(engine, first) == rows
                else:
                    assert read_all(engine, as_applied(engine, wanted)) == whole
            initialise(engine, first if is_old else wanted)
    # Killed too late every time would show nothing.
    assert len(outcomes) == KILLS
    assert KILLS < 10 or any(outcomes)
