"""The fixtures themselves: both databases, the browser and LibreOffice."""

import openpyxl
import pytest
from sqlalchemy import (
    Column,
    Integer,
    MetaData,
    Table,
    Text,
    create_engine,
    inspect,
    text,
)

from tests.support.lending import get_engine
from tests.support.postgres import create_database

PEOPLE = Table(
    "people",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text),
)


def test_a_database_is_empty_and_can_be_written(database_url):
    engine = create_engine(database_url)
    with engine.begin() as connection:
        assert inspect(connection).get_table_names() == []
        connection.execute(text("CREATE TABLE t (label VARCHAR(20))"))
        connection.execute(text("INSERT INTO t VALUES ('中等职业学校')"))
        assert connection.scalar(text("SELECT label FROM t")) == "中等职业学校"
    engine.dispose()


def test_a_postgresql_database_can_be_copied(postgres_server, postgresql_url):
    engine = create_engine(postgresql_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE t (id INTEGER)"))
    engine.dispose()
    with create_database(postgres_server, engine.url.database) as copy_url:
        copy = create_engine(copy_url)
        assert inspect(copy).get_table_names() == ["t"]
        copy.dispose()


def fill(engine):
    PEOPLE.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(PEOPLE.insert(), [{"name": "甲"}, {"name": "乙"}])


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    "change",
    [
        "SELECT 1",
        "INSERT INTO people (name) VALUES ('丙')",
        "UPDATE people SET name = '丙' WHERE id = 2",
        "DELETE FROM people WHERE id = 2",
        "DELETE FROM people",
        "ALTER TABLE people ADD COLUMN age INTEGER",
        "DROP TABLE people",
        "CREATE TABLE places (id INTEGER)",
    ],
)
def test_a_lent_database_is_as_it_was_filled(lend, kind, change):
    with lend(kind, fill) as url, get_engine(url).begin() as connection:
        connection.execute(text(change))
    with lend(kind, fill) as url, get_engine(url).begin() as connection:
        assert inspect(connection).get_table_names() == ["people"]
        rows = connection.execute(text("SELECT * FROM people ORDER BY id")).all()
        assert rows == [(1, "甲"), (2, "乙")]
        added = connection.execute(PEOPLE.insert().values(name="丙"))
        assert added.inserted_primary_key == (3,)


def test_two_databases_are_lent_at_a_time(lend):
    with lend("postgresql", fill) as one, lend("postgresql", fill) as other:
        assert one != other


def test_the_browser_shows_a_page(browser):
    page = browser.new_page()
    page.set_content("<title>填报</title><h1>填报</h1>")
    assert page.title() == "填报"
    page.close()


def test_office_saves_a_workbook(office, tmp_path):
    workbook = openpyxl.Workbook()
    workbook.active.append(["学校名称", "=1+1"])
    workbook.save(tmp_path / "填报.xlsx")
    saved = openpyxl.load_workbook(
        office(tmp_path / "填报.xlsx", "xlsx"), data_only=True
    )
    assert [cell.value for cell in saved.active[1]] == ["学校名称", 2]
