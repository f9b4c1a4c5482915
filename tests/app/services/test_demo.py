"""The demo school: every form that people fill in has rows, derived ones follow."""

import pytest
from sqlalchemy import select

from app.models import Round, Unit
from app.services.demo import fill_demo, find_people, is_about_each
from app.services.demo_people import SCHOOL, unit_code_of
from app.services.derived_forms import list_derived, refresh_forms
from app.services.schema_changes import initialise
from app.storage.engine import open_engine
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.catalogues import get_catalogue

CATALOGUE = get_catalogue()
SCHOOLS = [
    name for name, one in CATALOGUE.newest.items() if unit_code_of(one) == SCHOOL
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The database of a demo, and the rows made, by form."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'demo.sqlite'}")
    initialise(engine, CATALOGUE)
    found = {}

    def note(name, rows):
        found[name] = rows

    fill_demo(engine, CATALOGUE, students=40, tell=note)
    assert fill_demo(engine, CATALOGUE) == 0
    yield engine, found
    engine.dispose()


@pytest.fixture(scope="module")
def engine(demo):
    return demo[0]


@pytest.fixture(scope="module")
def counts(demo):
    return demo[1]


def list_rounds(engine, edition):
    """The demo school's rounds of an edition, the last one first."""
    with engine.connect() as connection:
        unit_id = connection.scalar(select(Unit.id).where(Unit.code == SCHOOL))
        rounds = connection.scalars(
            select(Round.id)
            .where(Round.collection == edition.collection)
            .order_by(Round.id)
        ).all()
    return [Scope(unit_id, round_id) for round_id in rounds]


def count_rows(engine, form, scope):
    with engine.connect() as connection:
        return RowStore(connection, CATALOGUE).count(form, scope)


def test_forms_that_people_fill_in_have_rows_and_computed_ones_none(counts):
    newest = [form for ed in CATALOGUE.newest.values() for form in ed.forms]
    assert {form.full_name for form in newest if counts.get(form.full_name)} == {
        form.full_name for form in newest if not form.is_derived
    }


@pytest.mark.parametrize("collection", SCHOOLS)
def test_every_derived_form_has_rows(engine, collection):
    edition = CATALOGUE.newest[collection]
    scope = list_rounds(engine, edition)[-1]
    derived = list_derived(edition)
    refresh_forms(engine, CATALOGUE, derived, scope)
    assert [one.name for one in derived if not count_rows(engine, one, scope)] == []


@pytest.mark.parametrize("collection", SCHOOLS)
def test_base_forms_about_persons_tell_of_each(engine, collection):
    edition = CATALOGUE.newest[collection]
    last, this = list_rounds(engine, edition)
    people = find_people(CATALOGUE, edition)
    told = [form for form in edition.forms if is_about_each(form, people)]
    assert {count_rows(engine, form, this) for form in (people, *told)} == {40}
    assert {count_rows(engine, form, last) for form in (people, *told)} == {38}


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
