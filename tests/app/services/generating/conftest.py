"""A database of each kind for all tests of a module; each test has its own school."""

from contextlib import ExitStack

import pytest

from app.storage.engine import open_engine
from tests.support.catalogues import get_catalogue
from tests.support.generating import GeneratingSchool, prepare_engine
from tests.support.postgres import create_database


@pytest.fixture(scope="package")
def catalogue():
    return get_catalogue()


@pytest.fixture(scope="package")
def engines(catalogue, postgres_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("generating") / "rows.sqlite"
    with ExitStack() as stack:
        urls = {
            "sqlite": f"sqlite:///{path}",
            "postgresql": stack.enter_context(create_database(postgres_server)),
        }
        made = {}
        for kind, url in urls.items():
            made[kind] = engine = open_engine(url)
            stack.callback(engine.dispose)
            prepare_engine(engine, catalogue)
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def school_of(request, engines, catalogue):
    """A new school that has rows of a form generated: `school_of("Z4.4.1")`."""
    engine = engines[request.param]
    return lambda code: GeneratingSchool(engine, catalogue, code)
