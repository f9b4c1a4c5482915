import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from app.models import Base
from app.storage.engine import open_engine
from app.storage.schema import make_alembic_config, migrate


@pytest.fixture
def engine(database_url):
    engine = open_engine(database_url)
    yield engine
    engine.dispose()


def test_the_migrations_make_what_the_models_declare(engine):
    with engine.begin() as connection:
        migrate(connection)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = [
            difference
            for difference in compare_metadata(context, Base.metadata)
            if getattr(difference[-1], "name", "") != "alembic_version"
        ]
    assert differences == []


def test_a_second_run_changes_nothing(engine):
    with engine.begin() as connection:
        migrate(connection)
    with engine.begin() as connection:
        migrate(connection)
        assert "units" in inspect(connection).get_table_names()


def test_the_way_back_leaves_nothing(engine):
    with engine.begin() as connection:
        migrate(connection)
        command.downgrade(make_alembic_config(connection), "base")
        assert inspect(connection).get_table_names() == ["alembic_version"]


def test_there_is_one_newest_migration():
    assert len(ScriptDirectory.from_config(make_alembic_config()).get_heads()) == 1
