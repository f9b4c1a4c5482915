"""A region whose cases are chosen for a book, on either database."""

from contextlib import ExitStack

import pytest

from app.config import Config
from app.services.workshop import open_workshop
from tests.support.anthologies import Cases, small_books
from tests.support.lending import get_engine
from tests.support.travelling import fill_region, get_group_catalogue


@pytest.fixture(params=["sqlite", "postgresql"])
def cases(request, make_cases):
    return make_cases(request.param)


@pytest.fixture
def sqlite_cases(make_cases):
    return make_cases("sqlite")


@pytest.fixture
def make_cases(lend, tmp_path):
    with ExitStack() as stack:

        def make(database):
            lent = lend(database, fill_region, get_group_catalogue())
            url = stack.enter_context(lent)
            config = Config(data_folder=tmp_path / "data", database_url=url)
            return Cases(open_workshop(config, get_engine(url), small_books()))

        yield make
