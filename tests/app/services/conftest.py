"""An installation on either database, with an office that imports files."""

import pytest

from app.config import Config
from app.services.workshop import open_workshop
from tests.support.imports import Office
from tests.support.lending import get_engine


@pytest.fixture
def workshop(installed_url, catalogue, tmp_path):
    config = Config(data_folder=tmp_path / "data", database_url=installed_url)
    return open_workshop(config, get_engine(installed_url), catalogue)


@pytest.fixture
def office(workshop):
    return Office(workshop)
