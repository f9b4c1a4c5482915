"""An installation on either database, with an office that imports files."""

import pytest

from app.config import Config
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from form_schemas.catalogue import load_catalogue
from tests.support.databases import copy_sqlite, prepare, prepared_postgresql
from tests.support.imports import Office
from tests.support.postgres import create_database


@pytest.fixture(scope="module")
def catalogue():
    return load_catalogue()


@pytest.fixture(scope="module")
def sqlite_original(catalogue, tmp_path_factory):
    path = tmp_path_factory.mktemp("original") / "tianbao.sqlite"
    prepare(f"sqlite:///{path}", catalogue)
    return path


@pytest.fixture(scope="module")
def postgresql_original(catalogue, postgres_server):
    with prepared_postgresql(postgres_server, catalogue) as name:
        yield name


@pytest.fixture(params=["sqlite", "postgresql"])
def installed_url(request, tmp_path):
    """URL of a prepared database; the test runs once on each kind."""
    original = request.getfixturevalue(f"{request.param}_original")
    if request.param == "sqlite":
        yield copy_sqlite(original, tmp_path)
        return
    server = request.getfixturevalue("postgres_server")
    with create_database(server, template=original) as url:
        yield url


@pytest.fixture
def workshop(installed_url, catalogue, tmp_path):
    config = Config(data_folder=tmp_path / "data", database_url=installed_url)
    engine = open_engine(installed_url)
    yield open_workshop(config, engine, catalogue)
    engine.dispose()


@pytest.fixture
def office(workshop):
    return Office(workshop)
