"""What a few changes of one form concern is found by what its rows hold and held."""

import pytest

from app.storage.derivation_tracing import Affected, Changed, find_affected
from app.storage.derived_values import make_query
from app.storage.rows import RowStore
from app.storage.rule_queries import RulePlace
from form_schemas.catalogue import Catalogue
from form_schemas.derivation_order import find_forms_read
from tests.support.catalogues import catalogue_of, get_catalogue
from tests.support.derivation_agreement import PERIOD, open_both
from tests.support.derivation_samples import SOURCES, list_samples
from tests.support.derivation_strategies import TODAY
from tests.support.sql_answers import NOW, open_rows

SAMPLES = dict(list_samples())
PLACE = RulePlace(NOW, None, TODAY, *PERIOD)
#: Derived forms of the national edition that are computed as a whole where a row of
#: another form changes: a total row, or a way that no value of the row tells.
AS_A_WHOLE = {
    ("Z4.3.1", "Z6.2.1"),
    ("Z6.3.5", "Z6.3.1"),
    ("Z6.3.5", "Z7.2.1"),
    ("Z8.1.1", "Z1.1.19"),
    ("Z8.2.1", "Z1.1.20"),
    ("Z8.2.1", "Z1.1.24"),
}


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_of(*SOURCES, *SAMPLES.values())


@pytest.fixture(scope="module")
def connections(catalogue, postgres_server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("affected")
    with open_both(catalogue, postgres_server, folder) as both:
        yield dict(zip(("sqlite", "postgresql"), both, strict=True))


class School:
    def __init__(self, connection, catalogue):
        self.connection, self.catalogue = connection, catalogue
        self.store = RowStore(connection, catalogue)

    def add(self, code, **row):
        """The id of a new row."""
        form = self.catalogue.get(f"test/{code}")
        return self.store.insert(form, NOW, row, None).id

    def find(self, sample, code, *ids, before=()):
        """What changes of these rows concern."""
        form = self.catalogue.get(f"test/{SAMPLES[sample]['x-form']['code']}")
        asked = (self.connection, self.catalogue, form, form.derive, PLACE)
        return find_affected(
            self.connection, make_query(*asked), Changed(code, ids, tuple(before))
        )


@pytest.fixture(params=["sqlite", "postgresql"])
def school(request, connections, catalogue):
    """Empty before each test, and again after it."""
    connection = connections[request.param]
    with connection.begin_nested() as stored:
        yield School(connection, catalogue)
        stored.rollback()


def test_a_changed_source_concerns_itself(school):
    school.add("A", no="1")
    row = school.add("A", no="2")
    assert school.find("plain", "A", row) == Affected((row,))


def test_a_changed_partner_concerns_rows_that_it_has_and_had(school):
    old, new, _ = (school.add("A", no=no) for no in "123")
    row = school.add("B", no="1", a="2")
    before = [{"_id": row, "no": "1", "a": "1"}]
    found = school.find("optional partners", "B", row, before=before)
    assert found == Affected((old, new))


def test_a_row_that_is_gone_concerns_those_that_counted_it(school):
    counting = school.add("A", no="1", number=5)
    school.add("A", no="2", number=6)
    before = [{"_id": 70, "no": "3", "number": 5}]
    found = school.find("partners of the same form", "A", 70, before=before)
    assert found == Affected((counting, 70))


def test_a_changed_row_concerns_those_whose_references_pick_it(school):
    row = school.add("T", no="1")
    picking = school.add("A", no="1", person="1")
    school.add("A", no="2")
    assert school.find("plain", "T", row) == Affected((picking,))


def test_a_changed_source_concerns_the_groups_that_it_is_in_and_was(school):
    school.add("A", no="1", sort="丙")
    row = school.add("A", no="2", sort="甲")
    found = school.find("groups", "A", row, before=[{"_id": row, "sort": None}])
    assert set(found.groups) == {("甲",), (None,)}


def test_groups_stay_concerned_by_partners_that_are_gone(school):
    school.add("A", no="1", sort="甲")
    before = [{"_id": 7, "no": "1", "a": "1"}]
    found = school.find("groups that need partners", "B", 7, before=before)
    assert found.groups == (("甲",),)


def test_what_nothing_refers_to_concerns_nothing(school):
    row = school.add("T", no="1")
    school.add("A", no="1")
    assert school.find("plain", "T", row) == Affected()


@pytest.mark.parametrize(
    ("sample", "code"),
    [
        # The first partner may have been another one.
        ("the first partner by a reference", "T"),
        ("groups told by others", "T"),
        ("groups of runs", "T"),
        ("values of one row", "T"),
        ("totals", "A"),
    ],
)
def test_all_is_computed_where_no_way_leads_back(school, sample, code):
    assert school.find(sample, code, 1, before=[{"_id": 1}]) is None


def test_all_is_computed_where_much_changed(school):
    assert school.find("plain", "A", *range(50)) is not None
    assert school.find("plain", "A", *range(51)) is None


def test_a_row_of_the_national_edition_mostly_concerns_few(tmp_path_factory):
    whole = get_catalogue()
    wanted = [e for e in whole.editions if e.name == "national/2024"]
    catalogue = Catalogue(tuple(wanted), whole.codelists)
    changed = [
        (form, Changed(code, (1,), ({"_id": 1},)))
        for form in wanted[0].forms
        if form.derive
        for code in find_forms_read(form.derive, wanted[0].by_code)
    ]
    # What cannot be traced is the same for all databases.
    path = tmp_path_factory.mktemp("national") / "rows.sqlite"
    with open_rows(f"sqlite:///{path}", catalogue) as connection:
        as_a_whole = {
            (form.code, change.code)
            for form, change in changed
            for asked in [(connection, catalogue, form, form.derive, PLACE)]
            if find_affected(connection, make_query(*asked), change) is None
        }
    assert as_a_whole == AS_A_WHOLE
    assert len(AS_A_WHOLE) < len(changed) / 8
