"""Derived rows follow random changes at their sources: they stay what the evaluator
derives from the rows that are there, whether all of them are computed again or few."""

from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.derived_forms import refresh_forms
from form_schemas.catalogue import Catalogue
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.derivation_agreement import (
    ENV,
    PERIOD,
    count_examples,
    list_plain,
    name_both,
    tried,
)
from tests.support.derivation_cases import national_forms
from tests.support.derivation_changes import School, make_engine, random_changes
from tests.support.derivation_samples import SOURCES, list_samples
from tests.support.derivation_strategies import TODAY, random_tables
from validators.deriving import derive_rows

pytestmark = pytest.mark.long

EXAMPLES = count_examples(4)
SAMPLES = dict(list_samples())
CODES = {name: schema["x-form"]["code"] for name, schema in SAMPLES.items()}
DERIVED = [form.code for form in national_forms().values() if form.is_derived]


def _open(catalogue, server, folder):
    """The databases of a catalogue, to be closed by the stack that is given."""
    stack = ExitStack()
    urls = stack.enter_context(name_both(server, folder))
    engines = [make_engine(url, catalogue, PERIOD) for url in urls]
    for engine in engines:
        stack.callback(engine.dispose)
    return stack, engines


@pytest.fixture(scope="module")
def samples(postgres_server, tmp_path_factory):
    catalogue = catalogue_of(*SOURCES, *SAMPLES.values())
    stack, engines = _open(
        catalogue, postgres_server, tmp_path_factory.mktemp("samples")
    )
    with stack:
        yield catalogue, engines


@pytest.fixture(scope="module")
def national(postgres_server, tmp_path_factory):
    whole = get_catalogue()
    wanted = [e for e in whole.editions if e.name == "national/2024"]
    catalogue = Catalogue(tuple(wanted), whole.codelists)
    stack, engines = _open(
        catalogue, postgres_server, tmp_path_factory.mktemp("national")
    )
    with stack:
        yield catalogue, engines


def _check(catalogue, engines, form):
    forms = catalogue.edition_of(form).by_code
    several = st.lists(random_changes(form, forms), min_size=2, max_size=3)

    @tried(EXAMPLES)
    @given(tables=random_tables(form, forms), changes=several)
    def follow(tables, changes):
        for engine in engines:
            school = School(engine, catalogue, form, tables)
            for at_once in ([], *changes):
                for change in at_once:
                    school.apply(change)
                refresh_forms(engine, catalogue, [form], school.scope, TODAY)
                found = [stored.row for stored in school.read(form.code)]
                expected = derive_rows(form, forms, school.read_tables(), ENV)
                assert list_plain(form, found) == list_plain(form, expected)

    follow()


@pytest.mark.parametrize("name", SAMPLES)
def test_samples_follow_changes_at_their_sources(samples, name):
    catalogue, engines = samples
    _check(catalogue, engines, catalogue.get(f"test/{CODES[name]}"))


@pytest.mark.parametrize("code", DERIVED)
def test_national_forms_follow_changes_at_their_sources(national, code):
    catalogue, engines = national
    _check(catalogue, engines, catalogue.editions[0].by_code[code])
