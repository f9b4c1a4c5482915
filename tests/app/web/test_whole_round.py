"""A school's whole round in a browser, by all who have a part in it.

The 90 forms of the talent edition in the phases of its example: opened, carried
forward, filled in, imported, handed over, returned, mended, approved, reported, sealed.
No form is named here; examples are chosen by what they are.
"""

from collections import Counter

import pytest
from sqlalchemy import select

from app.jobs import start_thread
from app.models import Filing, FilingState, UnitRound
from app.services.audit_chain import verify
from app.services.demo_people import DEMO_PASSWORD
from app.services.recording import begin_log
from app.services.round_checks import RoundCheck
from app.services.schema_changes import initialise
from app.storage.engine import begin_reading, open_engine
from form_schemas.rule_spec import Level
from form_schemas.scopes import Reach
from tests.app.web.test_browser import address
from tests.support import round_filling as filling
from tests.support import round_opening as opening
from tests.support import round_reviewing as reviewing
from tests.support.last_round import complete_last_round, invent_rows
from tests.support.round_acts import send_in
from tests.support.round_books import Books, make_plan
from tests.support.stage import Stage

pytestmark = pytest.mark.long

__all__ = ["address"]

_NEAR = {Reach.ROW, Reach.REFERENCE}


@pytest.fixture
def edition(catalogue):
    return catalogue.newest["talent"]


@pytest.fixture
def books(catalogue, edition, tmp_path):
    """The desks of the school, in a database whose last round is complete."""
    engine = open_engine(f"sqlite:///{tmp_path / 'tianbao.sqlite'}")
    initialise(engine, catalogue)
    begin_log(engine)
    rows = invent_rows(catalogue, edition, people=12, others=2)
    scope = complete_last_round(engine, catalogue, edition, rows)
    with begin_reading(engine) as connection:
        check = RoundCheck(connection, catalogue, scope)
        found = {form: check.check_form(form).kept for form in edition.forms}
    engine.dispose()
    contradicted = frozenset(
        form.code for form, cells in found.items() if is_contradicted(form, cells)
    )
    return Books(catalogue, edition, rows, contradicted)


def is_contradicted(form, findings):
    """Whether a rule over other rows or forms is broken."""
    wider = {f"rule:{rule.id}" for rule in form.rules if rule.check.reach not in _NEAR}
    errors = {one["kind"] for one in findings if one["level"] == Level.ERROR}
    return bool(wider & errors)


@pytest.fixture
def database_url(books, tmp_path):
    return f"sqlite:///{tmp_path / 'tianbao.sqlite'}"


@pytest.fixture
def worker(workshop):
    thread, stop = start_thread(workshop)
    yield
    stop.set()
    thread.join()


@pytest.fixture
def stage(browser, address, edition, worker):
    stage = Stage(browser, address, edition, DEMO_PASSWORD)
    yield stage
    stage.close()
    assert stage.complaints == []


def test_a_whole_round_is_played(stage, books, engine, tmp_path):
    opening.open_the_round(stage, engine)
    opening.see_what_waits(stage, books)
    opening.carry_forward(stage)
    base, others = opening.split_forms(stage, books)
    opening.finish_base_forms(stage, books, base)
    opening.begin_the_next_phase(stage)
    plan = make_plan(books, others)
    fill_in_all(stage, books, plan, tmp_path)
    filling.approve_key_figures(stage, others)
    for form in others:
        if form is not plan.returned:
            send_in(stage, form)
    reviewing.return_and_mend(stage, books, plan.returned)
    reviewing.decide_all(stage, others)
    reviewing.report(stage)
    reviewing.return_from_the_city(stage, books, plan.returned)
    reviewing.approve_above(stage)
    package = tmp_path / "package.zip"
    assert reviewing.take_the_package(stage, engine, package).is_intact
    # This round and the last one: no form is left, and both were reported.
    approved = {FilingState.APPROVED: 2 * len(books.filled_in)}
    assert count_states(engine, Filing) == approved
    assert count_states(engine, UnitRound) == {FilingState.APPROVED: 2}
    assert verify(engine, with_changes=True).faults == ()


def fill_in_all(stage, books, plan, folder):
    filling.declare_empty(stage, plan.empty)
    filling.hand_over_and_back(stage, books, plan.shared)
    filling.type_record(stage, books, plan.typed)
    filling.attach_files(stage, books, plan.with_files, folder)
    filling.import_by_clicking(stage, books, plan.returned, folder)
    filling.fill_in(stage, books, plan.imported)


def count_states(engine, model):
    with begin_reading(engine) as connection:
        return Counter(connection.scalars(select(model.state)))
