"""Fixtures of all tests: a database of either kind, a browser, LibreOffice."""

import gc

import pytest
from hypothesis import settings
from playwright.sync_api import sync_playwright

from tests.support.lending import PostgresLender, SqliteLender
from tests.support.machine import CHROMIUM_ARGUMENTS, convert_with_office, get_chromium
from tests.support.postgres import create_database, run_server

# A shared machine is slow at times; that is no fault of the code under test.
settings.register_profile("tianbao", deadline=None)
settings.load_profile("tianbao")


def pytest_collection_modifyitems(items):
    """Mark what uses a browser or LibreOffice, so that `-m "not browser"` works.

    Long files come first: the last one keeps a single worker busy while others wait.
    """
    for item in items:
        for name in {"browser", "office"}.intersection(item.fixturenames):
            item.add_marker(name)
    items.sort(key=lambda item: item.get_closest_marker("long") is None)


def pytest_collection_finish():
    """Look for circles less often: a seventh of all time went into that.

    What modules and catalogues hold stays to the end; nobody need look through it.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="session")
def postgres_server():
    """URL of a PostgreSQL server; starts with the first test that asks for it."""
    with run_server() as url:
        yield url


@pytest.fixture
def sqlite_url(tmp_path):
    """URL of a SQLite file that does not exist yet."""
    return f"sqlite:///{tmp_path / 'tianbao.sqlite'}"


@pytest.fixture
def postgresql_url(postgres_server):
    """URL of an empty PostgreSQL database, dropped after the test."""
    with create_database(postgres_server) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request):
    """URL of an empty database; the test runs once on SQLite, once on PostgreSQL."""
    return request.getfixturevalue(f"{request.param}_url")


@pytest.fixture(scope="session")
def sqlite_lender(tmp_path_factory):
    return SqliteLender(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql_lender(postgres_server):
    lender = PostgresLender(postgres_server)
    yield lender
    lender.close()


@pytest.fixture(scope="session")
def lend(request):
    """A filled database for a while: `lend("sqlite", install, catalogue)`."""

    def lend(kind, fill, *given):
        return request.getfixturevalue(f"{kind}_lender").lend(fill, *given)

    return lend


@pytest.fixture(scope="session")
def browser():
    """Headless Chromium driven by Playwright; a test opens its own context."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=get_chromium(), args=list(CHROMIUM_ARGUMENTS)
        )
        yield chromium
        chromium.close()


@pytest.fixture
def office(tmp_path):
    """Have LibreOffice open a file and save it: `office(path, "xlsx")`."""

    def convert(source, file_type):
        folder = tmp_path / "office"
        folder.mkdir(exist_ok=True)
        return convert_with_office(source, file_type, folder)

    return convert
