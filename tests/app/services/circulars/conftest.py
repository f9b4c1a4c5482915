"""A nation whose authorities write circulars, on either database."""

import pytest

from app.models import Base
from tests.support.areas import find_nation, make_nation
from tests.support.circulars import Office, add_nation_account
from tests.support.lending import get_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def nation(request, lend, catalogue):
    with lend(request.param, _fill, catalogue) as url:
        yield find_nation(get_engine(url), catalogue)


@pytest.fixture
def engine(nation):
    return nation.engine


@pytest.fixture
def office(nation, tmp_path):
    return Office(nation, tmp_path)


def _fill(engine, catalogue):
    Base.metadata.create_all(engine)
    add_nation_account(make_nation(engine, catalogue))
