"""Rows move towards what other forms derive from theirs."""

from itertools import islice

from app.services.inventing.leaning import find_leanings
from app.services.inventing.making import demo_rows
from app.services.inventing.world import World
from form_schemas.expressions import Reach
from tests.support.catalogues import get_catalogue

CATALOGUE = get_catalogue()
EDITION = CATALOGUE.newest["national"]


def test_runs_of_days_that_are_expanded_stay_short():
    spans = [
        (row[run.end.text] - row[run.start.text]).days
        for form, run in find_runs()
        for row in demo_rows(CATALOGUE, form, 12, 7, World(CATALOGUE, EDITION))
    ]
    assert spans
    assert 0 <= min(spans) <= max(spans) <= 4


def find_runs():
    """Forms without references whose rows are expanded from one day to another."""
    return [
        (EDITION.by_code[form.derive.source], run)
        for form in EDITION.forms
        if form.derive is not None
        for run in form.derive.expansions
        if run.start is not None
    ]


def test_only_what_the_row_decides_is_wished_for():
    form = next(islice((one for one in EDITION.forms if has_wider(one)), 1))
    source = EDITION.by_code[form.derive.source]
    wishes = find_leanings(source, [form]).wishes
    assert sum(map(len, wishes)) < len(form.derive.conditions)


def has_wider(form):
    """Whether a condition of its derivation looks into other forms."""
    near = (Reach.ROW, Reach.REFERENCE)
    return form.derive is not None and any(
        one.check.reach not in near for one in form.derive.conditions
    )


def test_nothing_is_asked_of_a_form_that_nothing_is_derived_from():
    sources = {form.derive.source for form in EDITION.forms if form.derive is not None}
    sources |= {
        one.generate.source for one in EDITION.forms if one.generate is not None
    }
    other = next(form for form in EDITION.forms if form.code not in sources)
    found = find_leanings(other, EDITION.forms)
    assert (found.wishes, found.bounds) == ((), ())
