"""The catalogue of all forms, and a prepared database of either kind."""

import shutil

import pytest
from argon2 import PasswordHasher

from app.services import passwords
from tests.support.catalogues import get_catalogue
from tests.support.databases import install


@pytest.fixture(scope="session", autouse=True)
def quick_passwords():
    """Hash and check passwords as ever, with less work: a test does not guess them."""
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passwords, "_HASHER", hasher)
        patch.setattr(passwords, "_NOBODY", hasher.hash("nobody"))
        faster = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1)
        patch.setattr(passwords, "_ONE_TIME_HASHER", faster)
        patch.setattr(passwords, "_NOBODY_ONE_TIME", faster.hash("nobody"))
        yield


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
