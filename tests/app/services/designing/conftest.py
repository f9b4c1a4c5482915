"""A new database whose forms lie in a folder of their own, and two administrators."""

import pytest
from sqlalchemy import insert

from app.config import Config
from app.models import Role, User
from app.permissions import Actor, Grant
from app.services.designing.draft_acts import start_draft
from app.services.schema_changes import initialise, load_in_use
from app.services.workshop import open_workshop
from tests.support.catalogues import catalogue_of
from tests.support.design_folder import EDITION, list_schemas, write_edition
from tests.support.lending import get_engine


@pytest.fixture
def folder(tmp_path):
    return write_edition(tmp_path / "schemas")


@pytest.fixture(params=["sqlite", "postgresql"])
def workshop(request, lend, folder, tmp_path):
    with lend(request.param, _fill) as url:
        config = Config(
            data_folder=tmp_path / "data",
            database_url=url,
            schema_folder=str(folder.parents[1]),
        )
        engine = get_engine(url)
        catalogue = load_in_use(engine, config.forms_folder)
        yield open_workshop(config, engine, catalogue)


@pytest.fixture
def administrator(workshop):
    return add_actor(workshop, "guan", Role.ADMINISTRATOR)


@pytest.fixture
def colleague(workshop):
    return add_actor(workshop, "tong", Role.ADMINISTRATOR)


@pytest.fixture
def filler(workshop):
    return add_actor(workshop, "tian", Role.FILLER)


@pytest.fixture
def draft(workshop, administrator):
    return start_draft(workshop, administrator, EDITION)


def add_actor(workshop, username, role):
    with workshop.engine.begin() as connection:
        user_id = connection.execute(
            insert(User.__table__).values(
                username=username, name=f"{username} 的姓名", password_hash="-"
            )
        ).inserted_primary_key[0]
    return Actor(user_id, username, f"{username} 的姓名", (Grant(role, 1),))


def _fill(engine):
    initialise(engine, catalogue_of(*list_schemas()))
