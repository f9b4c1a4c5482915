"""The demo school: every form that people fill in has rows, derived ones follow."""

import pytest
from sqlalchemy import select

from app.models import Filing, FilingState, Round, Unit
from app.services.demo import fill_demo, find_people, is_about_each
from app.services.demo_people import SCHOOL, find_actor, unit_code_of
from app.services.demo_story import play_demo
from app.services.derived_forms import list_derived, refresh_forms
from app.services.progress.area import list_rounds as list_area_rounds
from app.services.progress.units import load_area
from app.services.schema_changes import initialise
from app.services.workshop import Workshop
from app.storage.engine import open_engine
from app.storage.files import FileStore
from app.storage.records import Scope
from app.storage.rows import RowStore
from exporters.gate import Limits
from form_schemas.spec import FormKind
from tests.support.catalogues import get_catalogue

CATALOGUE = get_catalogue()
pytestmark = pytest.mark.long

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
            .where(Round.collection == edition.collection, ~Round.is_standing)
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


@pytest.fixture(scope="module")
def played(engine, tmp_path_factory):
    """The same database, with this year's rounds under way."""
    files = FileStore(str(tmp_path_factory.mktemp("files")))
    play_demo(Workshop(engine, CATALOGUE, files, Limits()))
    return engine


@pytest.mark.parametrize("collection", SCHOOLS)
def test_one_base_form_is_late_and_keeps_others_waiting(played, collection):
    edition = CATALOGUE.newest[collection]
    scope = list_rounds(played, edition)[-1]
    base = [form.code for form in edition.forms if form.kind is FormKind.BASE]
    with played.connect() as connection:
        late = connection.scalars(
            select(Filing.form_code).where(
                Filing.unit_id == scope.unit_id,
                Filing.round_id == scope.round_id,
                Filing.form_code.in_(base),
                Filing.state != FilingState.APPROVED,
            )
        ).all()
    assert len(late) == 1


def test_the_city_sees_two_schools_of_each_edition(played):
    city = find_actor(played, "city")
    seen = {}
    for one in list_area_rounds(played, CATALOGUE):
        if one.is_open and one.collection in SCHOOLS:
            area = load_area(played, CATALOGUE, city, one)
            lines = {line.name: line for line in area.lines}
            own = lines.pop("演示职业技术学院")
            assert 0 < own.done < own.total
            seen |= {
                name: (line.part.word, line.late > 0) for name, line in lines.items()
            }
    assert seen == {
        "演示第二职业学校": ("待市教育局审核", False),
        "演示第三职业学校": ("填报中", True),
    }
