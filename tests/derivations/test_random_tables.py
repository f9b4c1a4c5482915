"""Random tables for derivations can be stored, and rows do follow from them."""

from contextlib import closing

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings

from app.models import Base
from app.storage.engine import open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import get_catalogue
from tests.support.derivation_strategies import TODAY, random_tables
from tests.support.places import add_round, add_units
from validators.compiling import Env
from validators.deriving import derive_rows, generate_rows

CATALOGUE = get_catalogue()
FORMS = [form for form in CATALOGUE.all_forms if form.derive or form.generate]
HERE = Scope(1, 1)
every_form = pytest.mark.parametrize("form", FORMS, ids=lambda form: form.full_name)


def draw_tables(form, count):
    """Always the same tables."""
    drawn = []

    @seed(5)
    @settings(
        max_examples=count,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
        database=None,
        deadline=None,
    )
    @given(tables=random_tables(form, CATALOGUE.edition_of(form).by_code))
    def draw(tables):
        drawn.append(tables)

    draw()
    return drawn


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('rows')}/rows.sqlite")
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        build_metadata(CATALOGUE).create_all(connection)
        add_units(connection, HERE.unit_id)
        add_round(connection, HERE.round_id, "national", "2024")
    yield engine
    engine.dispose()


@every_form
def test_a_database_takes_the_tables_in_their_order(engine, form):
    forms = CATALOGUE.edition_of(form).by_code
    for tables in draw_tables(form, 6):
        with closing(engine.connect()) as connection:
            store = RowStore(connection, CATALOGUE)
            for code, rows in tables.items():
                for row in rows:
                    store.insert(forms[code], HERE, row, None)
            stored = {code: store.count(forms[code], HERE) for code in tables}
        assert stored == {code: len(rows) for code, rows in tables.items()}


@every_form
def test_rows_follow_from_many_of_the_tables(form):
    forms = CATALOGUE.edition_of(form).by_code
    env = Env(TODAY, TODAY.replace(year=2023, day=1), TODAY.replace(month=8, day=31))
    derive = derive_rows if form.derive else generate_rows
    counts = [len(derive(form, forms, each, env)) for each in draw_tables(form, 40)]
    assert sum(count > 0 for count in counts) >= 5
