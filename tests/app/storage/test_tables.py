"""All 234 forms in a database of either kind."""

import pytest
from sqlalchemy import ForeignKeyConstraint, create_engine, inspect, text

from app.models import Base
from app.storage.engine import open_engine
from app.storage.flow_gate import begin_row
from app.storage.keys import key_text
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.schema import (
    Differences,
    create_all_tables,
    find_differences,
    grow,
)
from app.storage.tables import build_metadata, is_foreign_key
from app.storage.types import COLUMN_TYPES, column_type
from form_schemas.kinds import FieldKind
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.forms import field_of, schema_of
from tests.support.places import add_round, add_units
from tests.support.postgres import create_database

pytestmark = pytest.mark.long


@pytest.fixture(scope="module")
def catalogue():
    return get_catalogue()


@pytest.fixture
def filled(database_url, catalogue):
    engine = open_engine(database_url)
    with engine.begin() as connection:
        create_all_tables(connection, catalogue)
    yield engine
    engine.dispose()


def test_every_kind_has_a_column_type():
    assert set(COLUMN_TYPES) == set(FieldKind)


def test_all_forms_have_tables_that_compare_equal(filled, catalogue):
    with filled.connect() as connection:
        names = inspect(connection).get_table_names()
        differences = find_differences(connection, catalogue)
    assert set(names) == {form.table_name for form in catalogue.all_forms}
    assert differences == type(differences)()


def test_tables_are_made_in_the_order_of_their_references(catalogue):
    order = [table.name for table in build_metadata(catalogue).sorted_tables]
    places = {name: place for place, name in enumerate(order)}
    for table in build_metadata(catalogue).tables.values():
        for key in table.foreign_key_constraints:
            target = key.referred_table.name
            assert target == table.name or places[target] < places[table.name]


def test_every_plain_reference_is_a_foreign_key(catalogue):
    for form in catalogue.all_forms:
        table = build_metadata(catalogue).tables[form.table_name]
        keys = table.foreign_key_constraints
        kept = {list(key.columns)[-1].name for key in keys}
        plain = {field.id for field in form.fields if is_foreign_key(field)}
        # Derived rows follow whatever becomes of those they name.
        assert kept == (set() if form.is_derived else plain)


def test_names_are_short_enough_for_both_databases(catalogue):
    for table in build_metadata(catalogue).tables.values():
        named = [*table.indexes, *table.constraints]
        assert all(len(thing.name) <= 60 for thing in named)


def test_no_field_can_collide_with_the_engines_columns(catalogue):
    for form in catalogue.all_forms:
        assert not any(field_id.startswith("_") for field_id in form.by_id)


def test_every_form_that_people_fill_takes_an_empty_row(filled, catalogue):
    scope = Scope(unit_id=1, round_id=1)
    with filled.begin() as connection:
        Base.metadata.create_all(connection)
        add_units(connection, 1)
        add_round(connection, 1, "any", "2024")
        store = RowStore(connection, catalogue)
        for form in catalogue.all_forms:
            if form.is_derived:
                continue
            stored = store.insert(form, scope, {}, actor_id=None)
            assert stored.row == dict.fromkeys(form.by_id) | begin_row(form)
            assert store.upsert_many(form, scope, [{}], actor_id=None).unchanged == 1
            store.delete(form, scope, stored.id, 1, actor_id=None)


def test_a_table_holds_the_fields_of_all_editions():
    catalogue = catalogue_of(
        editions={
            "2024": [schema_of("A", code="code", old="text", sum="decimal")],
            "2025": [schema_of("A", code="code", new="date", sum="money")],
        }
    )
    table = build_metadata(catalogue).tables["test_a"]
    fields = {c.name for c in table.c if not c.name.startswith("_")}
    assert fields == {"code", "old", "new", "sum", "sum__2"}
    # A column counts in one last place for ever.
    assert (table.c.sum.type.places, table.c.sum__2.type.places) == (1, 2)


def test_a_foreign_key_has_a_unique_index_to_point_at():
    target = schema_of("B", code="code", card="text")
    target["x-unique"] = [["card"]]
    referring = schema_of(
        "A", code="code", card=field_of("ref", ref={"table": "B", "field": "card"})
    )
    tables = build_metadata(catalogue_of(referring, target)).tables
    unique = [
        [column.name for column in index.columns]
        for index in tables["test_b"].indexes
        if index.unique
    ]
    assert ["_unit_id", "_round_id", "card"] in unique
    keys = [
        key
        for key in tables["test_a"].constraints
        if isinstance(key, ForeignKeyConstraint)
    ]
    assert [key.referred_table.name for key in keys] == ["test_b"]


def test_a_long_key_is_shortened_and_still_tells_rows_apart(school):
    form = school.get("test/M")
    one = key_text(form, {"code": "长" * 5000 + "甲"})
    other = key_text(form, {"code": "长" * 5000 + "乙"})
    assert one != other
    assert len(one.encode()) < 1000


def test_a_list_field_is_one_column_of_text(school):
    field = school.get("test/C").by_id["members"]
    kind = column_type(field)
    stored = kind.process_bind_param(("甲", "乙"), None)
    assert stored == '["甲","乙"]'
    assert kind.process_result_value(stored, None) == ("甲", "乙")


def test_a_database_of_before_gets_the_column_of_levels(database_url):
    catalogue = catalogue_of(schema_of("A", code="code"))
    engine = open_engine(database_url)
    scope = Scope(unit_id=1, round_id=1)
    form = catalogue.get("test/A")
    with engine.begin() as connection:
        create_all_tables(connection, catalogue)
        Base.metadata.create_all(connection)
        add_units(connection, 1)
        add_round(connection, 1, "test", "2024")
        store = RowStore(connection, catalogue)
        store.insert(form, scope, {"code": "1"}, actor_id=None)
        connection.execute(text("DROP INDEX ix_test_a__level"))
        connection.execute(text("ALTER TABLE test_a DROP COLUMN _level"))
    with engine.begin() as connection:
        grow(connection, catalogue, find_differences(connection, catalogue))
        assert find_differences(connection, catalogue) == Differences()
        store = RowStore(connection, catalogue)
        assert store.count_levels(form, scope) == {}
        assert store.find_record(form, scope).level == ""
    engine.dispose()


def test_tables_made_on_one_database_are_whole_on_the_next(
    catalogue, postgres_server, tmp_path
):
    with create_database(postgres_server) as url:
        for each in (url, f"sqlite:///{tmp_path / 'forms.sqlite'}"):
            engine = open_engine(each)
            build_metadata(catalogue).create_all(engine)
            with engine.begin() as connection:
                assert find_differences(connection, catalogue) == Differences()
            engine.dispose()


def test_indexes_come_in_the_order_of_their_columns():
    """Of two that serve alike SQLite takes the later one: it must not be chance."""
    target = schema_of("B", no="code")
    picks = {
        name: field_of("ref", ref={"table": "B", "field": "no"})
        for name in ("first", "second", "third")
    }
    catalogue = catalogue_of(target, schema_of("A", no="code", **picks))
    for _ in range(3):
        engine = create_engine("sqlite://")
        build_metadata(catalogue).create_all(engine)
        with engine.connect() as connection:
            found = connection.exec_driver_sql(
                "SELECT name FROM sqlite_master WHERE type = 'index'"
                " AND tbl_name = 'test_a' AND sql IS NOT NULL ORDER BY rowid"
            )
            names = list(found.scalars())
        engine.dispose()
        assert names[-3:] == [f"ix_test_a_{name}" for name in picks]
