from dataclasses import replace
from decimal import Decimal

import pytest
from sqlalchemy import event

from app.models import Base
from app.storage.engine import open_engine
from app.storage.previous import find_previous_rows
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.places import add_round, add_units

LAST = Scope(unit_id=1, round_id=1)


@pytest.fixture(scope="module")
def catalogue():
    before = schema_of("A", code="code", fee="money", size="integer", left="text")
    after = schema_of(
        "A",
        code="code",
        cost=field_of("money", was=["fee"]),
        length=field_of("text", was=["size"]),
        colour="text",
    )
    return catalogue_of(editions={"2023": [before], "2024": [after]})


@pytest.fixture
def connection(database_url, catalogue):
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    with engine.connect() as connection:
        add_units(connection, 1)
        add_round(connection, 1, "test", "2023")
        yield connection
    engine.dispose()


@pytest.fixture
def find(connection, catalogue):
    """What the last round held, as the form of this year names it."""
    before, after = catalogue.get("test/2023/A"), catalogue.get("test/2024/A")
    rows = [
        {"code": "1", "fee": Decimal("2.50"), "size": 7, "left": "旧"},
        {"code": "2", "fee": None, "size": 8},
    ]
    RowStore(connection, catalogue).upsert_many(before, LAST, rows, actor_id=1)

    def find(*keys, scope=LAST):
        return find_previous_rows(connection, catalogue, after, scope, keys)

    return find


def test_a_renamed_field_shows_what_it_held_by_its_earlier_name(find):
    assert find("1")["1"]["cost"] == Decimal("2.50")


def test_a_field_that_is_of_another_type_now_has_no_earlier_value(find):
    assert find("1")["1"]["length"] is None


def test_a_field_that_is_new_has_no_earlier_value(find):
    assert find("1") == {
        "1": {"code": "1", "cost": Decimal("2.50"), "length": None, "colour": None}
    }


def test_a_row_that_was_not_there_is_absent(find):
    assert set(find("2", "3")) == {"2"}


def test_rows_of_another_unit_are_not_found(find):
    assert find("1", scope=replace(LAST, unit_id=2)) == {}


def test_one_question_answers_for_a_page(find, connection):
    asked = []
    event.listen(
        connection, "before_cursor_execute", lambda *given: asked.append(given[2])
    )
    find(*map(str, range(50)))
    # Beside the one that tells the edition.
    assert len(asked) == 2


# What was kept otherwise: in other words, in another form, in parts.


@pytest.fixture(scope="module")
def changed():
    level = field_of(
        "enum", enum=["市级", "其他"], recode={"地市级": "市级", "无": None}
    )
    return catalogue_of(
        editions={
            "2023": [
                schema_of(
                    "A", code="code", level=field_of("enum", enum=["地市级", "无"])
                ),
                schema_of("B", code="code", a="money", b="money"),
            ],
            "2024": [
                schema_of("A", code="code", level=level),
                schema_of(
                    "C",
                    code="code",
                    whole=field_of("money", **{"from": "a + b"}),
                    level=field_of("enum", enum=["地市级", "无"], was=["A.level"]),
                )
                | {"x-form": _renamed("C", "B")},
            ],
        }
    )


def _renamed(code, was):
    return {**schema_of(code, code="code")["x-form"], "was": [was]}


@pytest.fixture
def look(database_url, changed):
    engine = open_engine(database_url)
    Base.metadata.create_all(engine)
    build_metadata(changed).create_all(engine)
    with engine.connect() as connection:
        add_units(connection, 1)
        add_round(connection, 1, "test", "2023")
        rows = {
            "A": [{"code": "1", "level": "地市级"}, {"code": "2", "level": "无"}],
            "B": [{"code": "1", "a": Decimal("1.50"), "b": Decimal(2)}, {"code": "3"}],
        }
        store = RowStore(connection, changed)
        for code, told in rows.items():
            store.upsert_many(changed.get(f"test/2023/{code}"), LAST, told, actor_id=1)

        def look(code, key):
            form = changed.get(f"test/2024/{code}")
            return find_previous_rows(connection, changed, form, LAST, [key])[key]

        yield look
    engine.dispose()


def test_a_value_has_the_words_of_this_year(look):
    assert look("A", "1")["level"] == "市级"
    assert look("A", "2")["level"] is None


def test_a_value_is_computed_from_the_row_as_it_was(look):
    assert look("C", "1")["whole"] == Decimal("3.50")
    assert look("C", "3")["whole"] is None


def test_a_value_comes_from_the_form_where_it_stood(look):
    assert look("C", "1")["level"] == "地市级"
    assert look("C", "3")["level"] is None
