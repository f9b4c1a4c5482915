"""What is derived from forms goes with them, and not before."""

import gc
import weakref

import pytest

from app.services.form_caches import forget_derived
from app.storage.binding import bind
from app.storage.engine import open_engine
from app.storage.tables import build_metadata, list_unique, table_for
from exporters.layout import sheet_layout
from form_schemas.codelists import load_codelists
from tests.support.catalogues import catalogue_of
from tests.support.forms import schema_of


@pytest.fixture
def engine(tmp_path):
    engine = open_engine(f"sqlite:///{tmp_path / 'some.sqlite'}")
    yield engine
    engine.dispose()


def small_catalogue():
    return catalogue_of(schema_of("T", number="code", name="text"))


def test_who_works_with_a_form_keeps_its_table(engine):
    catalogue = small_catalogue()
    form = catalogue.get("test/T")
    table, binding = table_for(catalogue, form), bind(catalogue, form)
    forget_derived(engine)
    assert table_for(catalogue, form) is table
    assert bind(catalogue, form) is binding


def test_what_was_derived_goes_with_its_forms(engine):
    catalogue = small_catalogue()
    form = catalogue.get("test/T")
    bind(catalogue, form)
    sheet_layout(form, catalogue)
    gone = weakref.ref(catalogue)
    forget_derived(engine)
    del catalogue, form
    gc.collect()
    assert gone() is None


def test_catalogues_that_were_only_looked_at_are_let_go():
    seen = []
    for _ in range(3):
        catalogue = small_catalogue()
        form = catalogue.get("test/T")
        bind(catalogue, form)
        list_unique(catalogue, form)
        assert build_metadata(catalogue) is build_metadata(catalogue)
        seen.append(weakref.ref(catalogue))
    del catalogue, form
    gc.collect()
    assert [one() for one in seen] == [None] * 3


def test_code_lists_stay_as_they_were_read(engine):
    before = load_codelists()
    forget_derived(engine)
    assert load_codelists() is before
