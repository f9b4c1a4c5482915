"""A nation with its authorities and groups, on either database."""

import pytest

from app.models import Base
from tests.support.areas import find_nation, make_nation
from tests.support.lending import get_engine


@pytest.fixture(params=["sqlite", "postgresql"])
def nation(request, lend, catalogue):
    with lend(request.param, _fill, catalogue) as url:
        yield find_nation(get_engine(url), catalogue)


@pytest.fixture
def engine(nation):
    return nation.engine


def _fill(engine, catalogue):
    # Nobody fills in anything here: the forms' own tables would take their time.
    Base.metadata.create_all(engine)
    make_nation(engine, catalogue)
