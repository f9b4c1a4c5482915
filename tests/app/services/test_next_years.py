"""Three made-up next years over five rounds of demo data: what they do, and undo.

Whoever dies while one is carried out leaves the old tables or the new ones, and the
server starts over either.
"""

import os
import random
import signal
import time
from contextlib import contextmanager

import pytest

from app.errors import Refused
from app.services.schema_changes import OperationKind, Risk, apply, plan
from app.storage.engine import open_engine
from form_schemas.loading import load_catalogue
from tests.app.test_publishing_processes import Person
from tests.support.five_rounds import (
    ROUNDS,
    fill_five_rounds,
    get_edition,
    get_first,
    write_files,
)
from tests.support.hostile_year import make_hostile_year, spoil_files
from tests.support.next_years import Rows
from tests.support.publishing import config_of
from tests.support.servers import serve
from tests.support.year_acts import BUSY_FORMS, make_busy_year, make_quiet_year
from tests.support.year_school import TOLD, YearSchool, read_held

pytestmark = pytest.mark.long

#: On each database; `make soak` dies 50 times.
KILLS = int(os.environ.get("KILLS", "2"))
#: Carrying a plan out takes about as long as making so many.
AS_LONG_AS_PLANS = 5
#: Acts after which rows that wait tell no more what they held: they have no columns.
UNTOLD = {
    "change_the_unit",
    "merge_numbers",
    "move_to_the_base",
    "recode",
    "retire_a_field",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("years")


@pytest.fixture(scope="module")
def first(folder):
    """The files as they are."""
    return write_files(folder / "first")


@pytest.fixture(scope="module")
def quiet():
    return make_quiet_year(get_edition(), get_first().codelists)


@pytest.fixture(scope="module")
def busy():
    return make_busy_year(get_edition(), get_first().codelists)


@pytest.fixture(scope="module")
def busy_files(busy, folder):
    return write_files(folder / "busy", busy.schemas)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def borrow(request, lend, first):
    """A database as it was at first, with what it held: read once."""
    held = []

    @contextmanager
    def borrow():
        with lend(request.param, fill_five_rounds) as url:
            if not held:
                held.append(read_held(url))
            yield YearSchool(url, first, held[0])

    return borrow


@pytest.fixture
def school(borrow):
    with borrow() as school:
        yield school


def list_form_tables(changed):
    return {place for place in changed if place[0] not in TOLD}


def test_a_quiet_year_is_safe_and_leads_back(school, quiet, tmp_path):
    made = school.change(write_files(tmp_path / "quiet", quiet.schemas))
    assert len(quiet.done) == 10
    assert {one.risk for one in made.operations} == {Risk.SAFE}
    assert school.read() == school.expect(quiet)
    assert list_form_tables(school.find_changed()) == set()
    school.change(school.first, back=True)
    assert repr(school.read()) == repr(school.rows)
    assert school.read_staged() == school.staged


def test_a_busy_year_does_what_its_plan_says_and_leads_back(school, busy, busy_files):
    assert len({code for codes in busy.done.values() for code in codes}) >= BUSY_FORMS
    assert {number for number, _ in school.rows} == set(range(1, ROUNDS + 1))
    made = school.change(busy_files)
    # Rounds that are over read what they filed, by the forms that they filed it with.
    assert school.read() == school.expect(busy)
    assert without_moved(school.read_staged()) == without_moved(
        busy.carry(school.staged)
    )
    # No former cell was written, but for keys that read otherwise.
    keyed = [o for o in made.operations if o.kind is OperationKind.CHANGE_KEY]
    changed = list_form_tables(school.find_changed())
    assert {name for _, name in changed} == {"_key"}
    assert len(changed) == len(keyed)
    lineage = school.lineage
    counted = {one.id: school.count_touched(lineage, one) for one in made.operations}
    said = {one.id: one.touched.rows for one in made.operations}
    assert {k: n for k, n in counted.items() if n is not None and said[k] != n} == {}
    assert {o.touched.rounds for o in made.operations if o.touched.rows} == {1}

    school.change(school.first, back=True)
    assert repr(school.read()) == repr(school.rows)
    assert list_form_tables(school.find_changed()) == set()
    untold = {code for act in UNTOLD for code in busy.done[act]}
    again = school.read_staged()
    assert {c: r for c, r in again.items() if c not in untold} == {
        c: r for c, r in school.staged.items() if c not in untold
    }


def without_moved(rows: Rows) -> Rows:
    """Rows that wait have no row of another form beside them."""
    return {
        code: {
            number: {k: v for k, v in row.items() if not k.endswith("_moved")}
            for number, row in own.items()
        }
        for code, own in rows.items()
    }


def test_a_hostile_year_is_refused_fault_by_fault(school, tmp_path):
    open_rows = [r for place, r in school.rows.items() if place[0] == school.open_id]
    year, faults = make_hostile_year(
        get_edition(), get_first().codelists, max(open_rows, key=lambda r: len(repr(r)))
    )
    files = write_files(tmp_path / "hostile", year.schemas)
    faults += spoil_files(files, get_edition())
    wanted = load_catalogue(files)
    made = plan(school.engine, wanted)
    refused = [f"{one.form_name} {one.why}" for one in made.refused]
    risky = [f"{one.form_name} {one.id}" for one in made.open]
    for fault in faults:
        told = risky if fault.can_be_accepted else refused
        own = [one for one in told if one.split()[0].endswith(f"/{fault.code}")]
        assert any(fault.says in one for one in own), fault.name
    with pytest.raises(Refused, match="没有做任何改动"):
        apply(school.engine, wanted, made.hash, {one.id: "试" for one in made.open})
    assert school.find_changed() == set()
    assert plan(school.engine, wanted) == made


# Whoever dies.


def start(url, wanted, made):
    """A process of its own that carries the plan out."""
    child = os.fork()
    if child:
        return child
    try:
        accept = {one.id: "按通知" for one in made.open}
        apply(open_engine(url), wanted, made.hash, accept)
    finally:
        os._exit(0)


def kill(child, after):
    time.sleep(after)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def test_a_kill_leaves_all_or_nothing(borrow, busy, busy_files, tmp_path):
    wanted = load_catalogue(busy_files)
    chance, left, outcomes = random.Random(20261122), KILLS, []
    while left:
        with borrow() as school:
            begun = time.monotonic()
            made = plan(school.engine, wanted)
            seconds = time.monotonic() - begun
            is_old = True
            while left and is_old:
                left -= 1
                child = start(school.url, wanted, made)
                kill(child, chance.uniform(0, AS_LONG_AS_PLANS * seconds))
                since = plan(school.engine, wanted)
                is_old = since == made
                outcomes.append(is_old)
                if is_old:
                    assert school.find_changed() == set()
                else:
                    assert since.is_empty
                    school.take_over(busy_files)
                    assert school.read() == school.expect(busy)
            if not left:
                open_a_page(school.url, busy_files, tmp_path)
    # Killed too late every time, or too early, would show nothing.
    assert KILLS < 10 or 0 < sum(outcomes) < KILLS


def open_a_page(url, files, folder):
    """A server over the database that was just killed, and the files as edited."""
    form = get_edition().forms[0]
    with serve(config_of(url, files, folder / "data"), folder / "log") as address:
        page = Person(address, "office").get(f"/forms/{form.name}/")
        assert form.title in page
