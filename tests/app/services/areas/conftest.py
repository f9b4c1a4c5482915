"""A nation with its authorities and groups, on either database."""

import pytest

from tests.support.areas import fill_nation, find_nation
from tests.support.lending import get_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def nation(request, lend, catalogue):
    with lend(request.param, fill_nation, catalogue) as url:
        yield find_nation(get_engine(url), catalogue)


@pytest.fixture
def engine(nation):
    return nation.engine
