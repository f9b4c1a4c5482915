"""The catalogue of all forms, and a prepared database of either kind."""

import shutil

import pytest

from tests.support.catalogues import get_catalogue
from tests.support.databases import install


@pytest.fixture(scope="session")
def catalogue():
    return get_catalogue()


@pytest.fixture(params=["sqlite", "postgresql"])
def installed_url(request, lend, catalogue):
    """URL of a prepared database; the test runs once on each kind."""
    with lend(request.param, install, catalogue) as url:
        yield url


@pytest.fixture
def data_folder(tmp_path_factory):
    """An empty folder, the same for all tests: a test process that calls many commands
    on the same folder and database reads the forms in use once.
    """
    folder = tmp_path_factory.getbasetemp() / "data of commands"
    shutil.rmtree(folder, ignore_errors=True)
    return folder
