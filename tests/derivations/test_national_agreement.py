"""The forms of the national system that follow from others, from random rows: both
databases derive and generate what the evaluator does."""

import pytest

from form_schemas.catalogue import Catalogue
from tests.support.catalogues import get_catalogue
from tests.support.derivation_agreement import (
    check_agreement,
    count_examples,
    open_both,
)
from tests.support.derivation_cases import national_forms

pytestmark = pytest.mark.long

EXAMPLES = count_examples(6)
CODES = [
    form.code for form in national_forms().values() if form.derive or form.generate
]


@pytest.fixture(scope="module")
def catalogue():
    """The edition alone: fewer tables to make."""
    whole = get_catalogue()
    wanted = [e for e in whole.editions if e.name == "national/2024"]
    return Catalogue(tuple(wanted), whole.codelists)


@pytest.fixture(scope="module")
def connections(catalogue, postgres_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreement")
    with open_both(catalogue, postgres_server, folder) as both:
        yield both


@pytest.mark.parametrize("code", CODES)
def test_databases_derive_what_the_evaluator_does(catalogue, connections, code):
    form = catalogue.editions[0].by_code[code]
    check_agreement(form, catalogue, connections, EXAMPLES)
