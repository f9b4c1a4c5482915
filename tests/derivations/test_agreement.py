"""Both databases derive from random rows what the evaluator derives."""

import pytest

from tests.support.catalogues import catalogue_of
from tests.support.derivation_agreement import (
    check_agreement,
    count_examples,
    open_both,
)
from tests.support.derivation_samples import SOURCES, list_samples

EXAMPLES = count_examples(15)
SAMPLES = dict(list_samples())
CODES = {name: schema["x-form"]["code"] for name, schema in SAMPLES.items()}


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*SOURCES, *SAMPLES.values())


@pytest.fixture(scope="module")
def connections(catalogue, postgres_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("agreement")
    with open_both(catalogue, postgres_server, folder) as both:
        yield both


@pytest.mark.parametrize("name", SAMPLES)
def test_databases_derive_what_the_evaluator_does(catalogue, connections, name):
    form = catalogue.get(f"test/{CODES[name]}")
    check_agreement(form, catalogue, connections, EXAMPLES)
