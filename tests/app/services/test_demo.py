"""The demo school: computed forms stay empty, all others have rows."""

import pytest

from app.services.demo import fill_demo
from app.services.schema_changes import initialise
from app.storage.engine import open_engine
from tests.support.catalogues import get_catalogue

CATALOGUE = get_catalogue()


@pytest.fixture(scope="module")
def counts(tmp_path_factory):
    """Rows made, by form."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.sqlite'}")
    initialise(engine, CATALOGUE)
    found = {}

    def note(name, rows):
        found[name] = rows

    fill_demo(engine, CATALOGUE, students=40, tell=note)
    assert fill_demo(engine, CATALOGUE) == 0
    engine.dispose()
    return found


def test_forms_that_people_fill_in_have_rows_and_computed_ones_none(counts):
    newest = [form for ed in CATALOGUE.newest.values() for form in ed.forms]
    assert {form.full_name for form in newest if counts.get(form.full_name)} == {
        form.full_name for form in newest if not form.is_derived
    }


def test_no_form_people_fill_in_needs_computed_rows():
    needed = [
        (form.full_name, spec.id)
        for form in CATALOGUE.all_forms
        if not form.is_derived
        for spec in form.fields
        if spec.reference is not None
        and (spec.required or spec.id in form.key)
        and all(target.is_derived for target in CATALOGUE.targets(form, spec))
    ]
    assert needed == []
