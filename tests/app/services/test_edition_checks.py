"""What stored rows say to changed files: where, how many, and which for example."""

import pytest

from app.services.edition_checks import check_stored_values
from app.services.schema_changes import initialise
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, schema_of
from tests.support.lending import get_engine
from tests.support.places import add_round, add_units

#: Both schools of the first round; the unit of each row.
ROUND = 1


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request, lend):
    with lend(request.param, _fill) as url:
        yield get_engine(url)


def _fill(engine):
    initialise(engine, catalogue_of())
    with engine.begin() as connection:
        add_units(connection, 1, 2)
        add_round(connection, ROUND, "test", "2024")


def form(**fields):
    return schema_of("A", number="text", **fields)


@pytest.fixture
def check(engine):
    """Store rows by the form before; give what they say to the one after."""

    def check(before, after, *rows, year="2024"):
        catalogue = catalogue_of(before)
        initialise(engine, catalogue)
        with engine.begin() as connection:
            store = RowStore(connection, catalogue)
            for unit_id, row in rows:
                scope = Scope(unit_id, ROUND)
                store.upsert_many(catalogue.get("test/A"), scope, [row], actor_id=1)
        editions = {"2024": [before], year: [after]}
        found = check_stored_values(engine, catalogue_of(editions=editions))
        assert all(fault.is_hint for fault in found)
        return [(fault.file, fault.pointer, fault.message) for fault in found]

    return check


ROWS = tuple(
    (unit, {"number": f"{unit}-{n}", "x": value})
    for unit, values in ((1, ("丙", "丙", "甲")), (2, ("丙", "丙", None)))
    for n, value in enumerate(values)
)
CHOICE = field_of("enum", enum=["甲", "乙", "丙"])


@pytest.mark.parametrize("year", ["2024", "2025"])
def test_an_option_that_rows_use(check, year):
    after = form(x=field_of("enum", enum=["甲", "乙"]))
    [(file, pointer, message)] = check(form(x=CHOICE), after, *ROWS, year=year)
    assert (file, pointer) == (f"test/{year}/A.json", "/properties/x")
    assert "涉及 4 行（2 个单位，1 个轮次）" in message
    assert message.count("“丙”") == 3
    assert '"x-recode": {"丙"' in message


def test_an_option_that_no_row_uses(check):
    after = form(x=field_of("enum", enum=["甲", "丙"]))
    assert check(form(x=CHOICE), after, *ROWS) == []


def test_a_length_that_values_exceed(check):
    rows = [(1, {"number": "1", "x": "六个字的名称"}), (1, {"number": "2", "x": "短"})]
    before = form(x=field_of("text", maxLength=10))
    [told] = check(before, form(x=field_of("text", maxLength=3)), *rows)
    assert "涉及 1 行" in told[2]
    assert "六个字的名称" in told[2]


def test_a_bound_that_values_exceed(check):
    rows = [(1, {"number": str(n), "x": n * 10}) for n in range(8)]
    after = form(x=field_of("integer", maximum=30))
    [told] = check(form(x="integer"), after, *rows)
    assert "涉及 4 行" in told[2]


def test_a_key_that_tells_rows_no_more_apart(check):
    after = form(x="text")
    after["x-form"]["key"] = ["x"]
    [(_, pointer, message)] = check(form(x="text"), after, *ROWS)
    assert pointer == "/x-form/key"
    assert "重复" in message
    assert "丙" in message


def test_values_that_must_be_told_apart(check):
    after = form(x="text") | {"x-unique": [["x"]]}
    [(_, pointer, message)] = check(form(x="text"), after, *ROWS)
    assert (pointer, "重复的值" in message) == ("/x-unique", True)


def test_personal_data_are_masked(check):
    number = "11010519491231002X"
    before = form(x=field_of("id_card"))
    after = form(x=field_of("id_card", pattern="^[0-9]{3}$"))
    found = check(before, after, (1, {"number": "1", "x": number}))
    assert found
    assert number not in str(found)


def test_files_without_changes_say_nothing(check):
    assert check(form(x=CHOICE), form(x=CHOICE), *ROWS) == []
