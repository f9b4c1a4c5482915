"""A region whose rows travel, on either database."""

import pytest

from app.config import Config
from app.services.workshop import open_workshop
from tests.support.lending import get_engine
from tests.support.travelling import Region, fill_region, get_group_catalogue


@pytest.fixture(params=["sqlite", "postgresql"])
def region(request, lend, tmp_path):
    catalogue = get_group_catalogue()
    with lend(request.param, fill_region, catalogue) as url:
        config = Config(data_folder=tmp_path / "data", database_url=url)
        yield Region(open_workshop(config, get_engine(url), catalogue))
