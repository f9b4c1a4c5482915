"""The cases of generated forms through SQL; those of derived ones are stored."""

from contextlib import contextmanager

import pytest
from sqlalchemy import and_, delete, update

from app.storage.binding import bind
from app.storage.derived_values import find_derived_rows
from app.storage.rule_queries import RulePlace
from form_schemas.catalogue import Catalogue
from tests.support.catalogues import get_catalogue
from tests.support.derivation_agreement import insert_rows
from tests.support.derivation_cases import (
    FIRST_DAY,
    LAST_DAY,
    national_forms,
    tally,
    told_cases,
)
from tests.support.postgres import create_database
from tests.support.sql_answers import NOW, open_rows

GENERATED = [
    case for case in told_cases() if national_forms()[case.values[0].code].generate
]


@pytest.fixture(scope="module")
def catalogue():
    """The edition that the cases are written for, alone."""
    whole = get_catalogue()
    wanted = [e for e in whole.editions if e.name == "national/2024"]
    return Catalogue(tuple(wanted), whole.codelists)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def connection(request, catalogue, tmp_path_factory):
    with (
        _new_database(request, tmp_path_factory) as url,
        open_rows(url, catalogue) as c,
    ):
        yield c


@contextmanager
def _new_database(request, tmp_path_factory):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path_factory.mktemp('cases') / 'rows.sqlite'}"
        return
    with create_database(request.getfixturevalue("postgres_server")) as url:
        yield url


class School:
    """The rows of a case in a database, entered in their order."""

    def __init__(self, connection, catalogue):
        self.connection = connection
        self.forms = catalogue.editions[0].by_code
        self.catalogue = catalogue

    def store(self, code, rows):
        insert_rows(self.connection, self.catalogue, self.forms[code], rows)

    def change(self, change):
        if change.match is None:
            self.store(change.form, [change.values])
            return
        table = bind(self.catalogue, self.forms[change.form]).table
        met = and_(*(table.c[name] == value for name, value in change.match.items()))
        act = delete(table) if change.values is None else update(table)
        if change.values is not None:
            act = act.values(change.values)
        assert self.connection.execute(act.where(met)).rowcount == 1

    def derive(self, case):
        form = self.forms[case.code]
        place = RulePlace(NOW, None, case.today, FIRST_DAY, LAST_DAY)
        found = find_derived_rows(
            self.connection,
            self.catalogue,
            form,
            form.generate,
            place,
        )
        return [row.values for row in found]


@pytest.fixture
def school(connection, catalogue):
    """Empty before each case, and again after it."""
    with connection.begin_nested() as stored:
        yield School(connection, catalogue)
        stored.rollback()


@pytest.mark.parametrize("case", GENERATED)
def test_a_case_gives_its_rows(school, case):
    for code, rows in case.tables.items():
        school.store(code, rows)
    assert tally(school.derive(case)) == tally(case.rows)
    if case.change is not None:
        school.change(case.change)
        assert tally(school.derive(case)) == tally(case.rows_after)
