"""The sample workbooks of school offices come out as `expected.json` says.

They go the way of an upload: start, worker, staged rows; what a file needs is imported
and passed before it.
"""

from decimal import Decimal

import pytest

from app.config import Config
from app.services.workshop import open_workshop
from tests.support.catalogues import get_catalogue
from tests.support.databases import install
from tests.support.imports import SAMPLES, Office, load_expected
from tests.support.lending import get_engine

EXPECTED = {entry["file"]: entry for entry in load_expected()}
#: Rules over several rows or tables may wait until such rules run.
WAITING = ("table", "cross")


@pytest.fixture(scope="module")
def catalogue():
    return get_catalogue()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def engine(request, lend, catalogue):
    with lend(request.param, install, catalogue) as url:
        yield get_engine(url)


@pytest.fixture(scope="module")
def reports(engine, catalogue, tmp_path_factory):
    """Import a sample once, in a unit of its own: `reports(file)`."""
    workshop = open_workshop(
        Config(data_folder=tmp_path_factory.mktemp("data")), engine, catalogue
    )
    done = {}

    def import_sample(file):
        if file not in done:
            office = Office(workshop, code=file[:2])
            for needed in EXPECTED[file]["needs"]:
                report = office.send(EXPECTED[needed]["form"], SAMPLES / needed)
                office.pass_all(report)
            report = office.send(EXPECTED[file]["form"], SAMPLES / file)
            done[file] = report, office.staged(report)
        return done[file]

    return import_sample


@pytest.fixture
def report(reports, file):
    return reports(file)[0]


@pytest.fixture
def staged(reports, file):
    return reports(file)[1]


@pytest.fixture
def expected(file):
    return EXPECTED[file]


each_sample = pytest.mark.parametrize("file", EXPECTED)


@each_sample
def test_the_outcome_is_as_expected(report, expected):
    found = report.to_json()
    assert found["outcome"] in as_list(expected["outcome"])
    assert found["form"] == expected["form"]
    assert (found["refusal"] is None) or found["refusal"] in as_list(
        expected["refusal"]
    )


@each_sample
def test_every_row_is_read_and_judged(report, expected):
    if report.job.outcome == "refused_file":
        assert report.job.rows_read == 0
        return
    either = expected.get("rows_either", 0) + len(waiting_rows(expected))
    assert report.job.rows_read == expected["rows_read"]
    assert (
        expected["rows_clean"]
        <= report.job.rows_clean
        <= expected["rows_clean"] + either
    )
    assert report.job.rows_clean + report.job.rows_faulty == report.job.rows_read
    for word in {"rows_added", "rows_updated", "rows_unchanged"} & set(expected):
        assert report.to_json()[word] == expected[word]


@each_sample
def test_missing_and_unknown_columns_are_named(report, expected):
    found = report.to_json()
    accepted = found["outcome"] != "refused_file"
    for word in ("columns_missing", "columns_unknown"):
        assert sorted(found[word]) == sorted(expected.get(word, ()) if accepted else ())


@each_sample
def test_every_expected_problem_is_reported(report, expected):
    found = report.to_json()["problems"]
    missing = [
        wanted
        for wanted in expected.get("problems", ())
        if not wanted.get("optional") and wanted.get("scope") not in WAITING
        if not any(is_meant(problem, wanted) for problem in found)
    ]
    assert missing == []


@each_sample
def test_nothing_else_is_reported(report, expected):
    wanted = expected.get("problems", ())
    everywhere = {entry["kind"] for entry in expected.get("warnings_everywhere", ())}
    # A listed problem may have consequences in its own row.
    rows = {entry["row"] for entry in wanted}
    stray = [
        problem
        for problem in report.to_json()["problems"]
        if problem["row"] not in rows and problem["kind"] not in everywhere
    ]
    assert stray == []


@each_sample
def test_every_problem_says_where_it_is(report):
    for problem in report.to_json()["problems"]:
        assert f"第 {problem['row']} 行" in problem["message"]


@each_sample
def test_cells_read_as_expected(report, staged, expected):
    if report.job.outcome == "refused_file":
        assert staged == {}
        return
    wrong = [
        (spot, staged[spot["row"]].get(spot["field"]))
        for spot in expected["spot_values"]
        if not is_same(staged[spot["row"]].get(spot["field"]), spot["value"])
    ]
    assert wrong == []


@each_sample
def test_an_optional_problem_is_reported_or_the_cell_is_read(report, staged, expected):
    reported = {(p["row"], p["field"]) for p in report.to_json()["problems"]}
    wrong = [
        (entry, staged[entry["row"]].get(entry["field"]))
        for entry in expected.get("problems", ())
        if "or_value" in entry and (entry["row"], entry["field"]) not in reported
        if not is_same(staged[entry["row"]].get(entry["field"]), entry["or_value"])
    ]
    assert wrong == []


def as_list(value):
    return value if isinstance(value, list) else [value]


def is_meant(problem, wanted):
    return (
        problem["row"] == wanted["row"]
        and wanted["field"] in ("*", problem["field"])
        and problem["kind"] in as_list(wanted["kind"])
        and problem["level"] == wanted.get("level", "error")
    )


def is_same(found, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        return found == value
    return found is not None and Decimal(str(found)) == Decimal(str(value))


def waiting_rows(expected):
    """Rows with nothing worse than what may wait."""
    problems = [
        entry
        for entry in expected.get("problems", ())
        if entry.get("level", "error") == "error"
    ]
    certain = {e["row"] for e in problems if e.get("scope") not in WAITING}
    return {e["row"] for e in problems} - certain
