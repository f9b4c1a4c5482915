"""A school in a round of a few small forms, on either database."""

import pytest

from tests.support.chain import School, chain_catalogue


@pytest.fixture(scope="session")
def catalogue():
    return chain_catalogue()


@pytest.fixture
def school(workshop):
    return School(workshop)
