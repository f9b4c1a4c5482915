"""Who may do what: every route for every kind of person, in every state.

`tests/support/authorised_routes` says for each route what the policy asks for; the
table of what came of it is `tests/golden/authorisation.md`, which people read.
"""

import difflib

import pytest
from sqlalchemy import event

from app.config import Config
from app.factory import create_app
from app.services.schema_changes import initialise
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from tests.support.authorisation import Keeper, Outcome, Stage, run
from tests.support.authorisation_table import GOLDEN, list_routes, write_table
from tests.support.authorised_routes import ENTRIES
from tests.support.authorised_schools import make_catalogue
from tests.support.postgres import create_database

pytestmark = pytest.mark.long

_SECRET = "a secret of tests, long enough!"
_REFUSED = frozenset(
    {Outcome.FORBIDDEN, Outcome.HIDDEN, Outcome.LOGIN, Outcome.PASSWORD}
)


@pytest.fixture(scope="module")
def matrix_catalogue():
    return make_catalogue()


def _open_stage(url, catalogue, folder):
    engine = open_engine(url, _SECRET)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _hurry)
    initialise(engine, catalogue)
    config = Config(data_folder=folder, secret_key=_SECRET)
    workshop = open_workshop(config, engine, catalogue)
    return Stage(create_app(config, workshop=workshop), workshop, folder)


def _hurry(connection, _record):
    # Nothing of this is worth waiting for the disk.
    connection.execute("PRAGMA synchronous = OFF")


@pytest.fixture(scope="module")
def stage(matrix_catalogue, tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    stage = _open_stage(f"sqlite:///{folder}/x.sqlite", matrix_catalogue, folder)
    yield stage
    stage.workshop.engine.dispose()


@pytest.fixture(scope="module")
def keeper(stage):
    keeper = Keeper(stage.workshop.engine.url.database)
    yield keeper
    keeper.close()


@pytest.fixture(scope="module")
def cells(stage, keeper):
    return tuple(run(stage, keeper, ENTRIES))


def test_every_route_has_an_entry_and_every_entry_a_route(stage):
    declared = {(entry.endpoint, entry.method) for entry in ENTRIES}
    assert declared == set(list_routes(stage.app))


def test_no_address_belongs_to_two_routes(stage):
    seen = {}
    for rule in stage.app.url_map.iter_rules():
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            seen.setdefault((rule.rule, method), []).append(rule.endpoint)
    assert not [pair for pair, found in seen.items() if len(found) > 1]


def test_no_request_of_the_matrix_fails_or_is_malformed(cells):
    assert not [str(cell) for cell in cells if cell.outcome is Outcome.WRONG]


def test_the_policy_denies_what_it_does_not_grant(cells):
    """Computed apart: what `can` denies, no route carries out."""
    done = [cell for cell in cells if cell.outcome is Outcome.DONE]
    assert not [str(cell) for cell in done if not cell.granted]


def test_what_the_policy_grants_is_carried_out_or_waits_for_its_time(cells):
    wrong = [
        cell
        for cell in cells
        if cell.granted and not cell.entry.is_finer and cell.outcome in _REFUSED
    ]
    assert not [str(cell) for cell in wrong]


def test_what_is_refused_changes_nothing(cells):
    # A failed login is counted, and a wrong old password.
    refused = [
        cell
        for cell in cells
        if cell.outcome is not Outcome.DONE
        and not cell.entry.need.is_open
        and cell.entry.endpoint != "auth.set_password"
    ]
    assert not [str(cell) for cell in refused if cell.changed]


def test_every_sample_is_carried_out_by_somebody(cells):
    done = {cell.entry.name for cell in cells if cell.outcome is Outcome.DONE}
    wanted = {entry.name for entry in ENTRIES if not entry.is_never_done}
    assert not wanted - done


def test_the_table_is_the_one_that_was_read(cells):
    expected, actual = GOLDEN.read_text("utf-8"), write_table(cells)
    if actual != expected:
        found = GOLDEN.with_suffix(".actual.md")
        found.write_text(actual, "utf-8")
        lines = difflib.unified_diff(
            expected.splitlines(), actual.splitlines(), GOLDEN.name, found.name, n=0
        )
        pytest.fail("\n".join(lines))


def test_no_change_passes_without_the_token(stage, keeper, cells):
    """For everybody who may do it: without the page's token nobody can."""
    acts = {}
    for cell in cells:
        if cell.entry.method == "POST" and cell.outcome is Outcome.DONE:
            acts.setdefault((cell.entry.endpoint, cell.entry.act), cell)
    passed = []
    for cell in acts.values():
        answer = stage.ask(cell.entry, cell.kind, cell.scene, token="")
        if answer.status_code != 400 or keeper.has_changed():
            passed.append(str(cell))
            keeper.put_back()
    assert not passed


def test_an_address_names_no_place_where_one_does_not_work(stage, keeper):
    """Another unit's round, another round's unit, and none: nothing opens instead."""
    own, other = stage.schools["own"], stage.schools["other"]
    far = f"{other.unit_id}-{other.rounds['now']}"
    for key in (far, f"{own.unit_id}-99", f"99-{own.rounds['now']}"):
        for path in ("/", "/forms/", "/forms/test/S1/", "/check/", "/reviews/round"):
            answer = stage.client.get(
                f"{path}?at={key}",
                headers={"Cookie": stage.visitors["filler"].cookies},
            )
            assert answer.status_code == 404, (path, key)


@pytest.mark.parametrize(
    ("person", "shown"),
    [("supplier", {"supplier.csv"}), ("filler", {"lead.csv", "supplier.csv"})],
)
def test_a_department_lists_its_own_imports_of_a_shared_form(stage, person, shown):
    place = stage.schools["own"].key("now")
    cookies = {"Cookie": stage.visitors[person].cookies}
    page = stage.client.get(f"/imports/?at={place}&form=S1", headers=cookies)
    names = {"lead.csv", "supplier.csv"}
    assert {name for name in names if name in page.text} == shown


#: One of each sort of condition in the database.
_SAMPLE = frozenset(
    {
        "forms.show_row",
        "rows.save",
        "imports.show",
        "exports.fetch",
        "filings.undo",
        "filings.talk 答复",
        "reviews.decide 通过",
        "whole.decide 通过",
        "letters.read",
        "notices.open_notice",
        "admin_users.show",
        "admin_departments.add",
        "round_settings.show",
    }
)


def test_postgresql_answers_alike(cells, matrix_catalogue, postgres_server, tmp_path):
    """A sample: pages, and refused acts, so that nothing has to be put back."""
    with create_database(postgres_server) as url:
        stage = _open_stage(url, matrix_catalogue, tmp_path)
        wrong = []
        for cell in cells:
            is_act = cell.entry.method == "POST"
            if cell.entry.name not in _SAMPLE or (is_act and cell.changed):
                continue
            answer = stage.ask(cell.entry, cell.kind, cell.scene)
            found = stage.judge(cell.entry, answer, changed=False)
            if found is not cell.outcome:
                wrong.append(f"{cell}, PostgreSQL: {found}")
        stage.workshop.engine.dispose()
    assert not wrong
