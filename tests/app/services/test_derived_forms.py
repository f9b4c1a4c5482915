"""Derived forms in their tables: what each case says, before and after a change."""

from contextlib import ExitStack
from datetime import timedelta
from itertools import count

import pytest
from sqlalchemy import update

from app.errors import LockedForm
from app.models import Base, Round, RoundState
from app.services.derived_forms import refresh_forms
from app.storage.binding import bind
from app.storage.engine import open_engine
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.catalogues import get_catalogue
from tests.support.derivation_cases import (
    FIRST_DAY,
    LAST_DAY,
    national_forms,
    tally,
    told_cases,
)
from tests.support.places import add_round, add_units
from tests.support.postgres import create_database

TOLD = [one for one in told_cases() if national_forms()[one.values[0].code].is_derived]
_ROUND = 1
_UNITS = count(1)


@pytest.fixture(scope="module")
def catalogue():
    return get_catalogue()


@pytest.fixture(scope="module")
def engines(catalogue, postgres_server, tmp_path_factory):
    path = tmp_path_factory.mktemp("derived") / "rows.sqlite"
    period = [FIRST_DAY.isoformat(), LAST_DAY.isoformat()]
    with ExitStack() as stack:
        urls = {
            "sqlite": f"sqlite:///{path}",
            "postgresql": stack.enter_context(create_database(postgres_server)),
        }
        made = {}
        for kind, url in urls.items():
            made[kind] = engine = open_engine(url)
            stack.callback(engine.dispose)
            with engine.begin() as connection:
                Base.metadata.create_all(connection)
                build_metadata(catalogue).create_all(connection)
                add_round(connection, _ROUND, "national", "2024")
                periods = {"academic_year": period, "snapshot": period}
                connection.execute(update(Round).values(periods=periods))
        yield made


class School:
    """A school with rows of its own, that has derived forms computed."""

    def __init__(self, engine, catalogue, case):
        self.engine, self.catalogue = engine, catalogue
        self.case, self.forms = case, catalogue.edition("national", "2024").by_code
        self.form = self.forms[case.code]
        self.scope = Scope(next(_UNITS), _ROUND)
        with engine.begin() as connection:
            add_units(connection, self.scope.unit_id)
            for code, rows in case.tables.items():
                for row in rows:
                    self.store(connection).insert(
                        self.forms[code], self.scope, row, None
                    )

    def store(self, connection):
        return RowStore(connection, self.catalogue)

    def change(self, change):
        form = self.forms[change.form]
        with self.engine.begin() as connection:
            store = self.store(connection)
            if change.match is None:
                store.insert(form, self.scope, change.values, None)
                return
            rows = store.find_page(form, self.scope, Query(size=100)).rows
            for one in [one for one in rows if change.fits(one.row)]:
                place = (form, self.scope, one.id)
                if change.values is None:
                    store.delete(*place, one.version, None)
                else:
                    store.update(*place, change.values, one.version, None)

    def refresh(self):
        refresh_forms(
            self.engine, self.catalogue, [self.form], self.scope, self.case.today
        )

    def read(self):
        with self.engine.begin() as connection:
            return list(self.store(connection).iterate_rows(self.form, self.scope))

    def derive(self):
        self.refresh()
        return [one.row for one in self.read()]


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
@pytest.mark.parametrize("case", TOLD)
def test_a_case_gives_its_rows_and_follows_a_change(engines, catalogue, kind, case):
    school = School(engines[kind], catalogue, case)
    assert tally(school.derive()) == tally(case.rows)
    if case.change is not None:
        school.change(case.change)
        assert tally(school.derive()) == tally(case.rows_after)


CHANGED = next(one.values[0] for one in TOLD if one.values[0].change is not None)


@pytest.fixture(params=["sqlite", "postgresql"])
def school(request, engines, catalogue):
    return School(engines[request.param], catalogue, CHANGED)


def test_rows_that_stay_as_they_are_keep_their_ids(school):
    school.refresh()
    before = {tuple(one.row.items()): one.id for one in school.read()}
    school.change(CHANGED.change)
    school.refresh()
    after = {tuple(one.row.items()): one.id for one in school.read()}
    assert before.keys() != after.keys()
    assert all(before[row] == after[row] for row in before.keys() & after.keys())


def test_what_is_up_to_date_is_left_alone(school):
    school.refresh()
    with school.engine.begin() as connection:
        table = bind(school.catalogue, school.form).table
        mine = table.c._unit_id == school.scope.unit_id
        # A mark that computing again would wipe out.
        connection.execute(update(table).where(mine).values(_version=7))
    school.refresh()
    assert {one.version for one in school.read()} == {7}


def test_a_closed_round_keeps_what_another_day_would_change(engines, catalogue):
    """A closed round of its own: other tests need theirs open."""
    named = next(one.values[0] for one in TOLD if one.values[0].code == "Z7.2.3")
    school = School(engines["sqlite"], catalogue, named)
    school.refresh()
    before = [one.row for one in school.read()]
    with school.engine.begin() as connection:
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    try:
        later = named.today + timedelta(days=4000)
        refresh_forms(
            school.engine, school.catalogue, [school.form], school.scope, later
        )
        assert [one.row for one in school.read()] == before
    finally:
        with school.engine.begin() as connection:
            connection.execute(update(Round).values(state=RoundState.OPEN))


def test_nobody_writes_into_a_derived_form(school):
    school.refresh()
    with school.engine.begin() as connection:
        for by_engine in (False, True):
            store = RowStore(connection, school.catalogue, by_engine=by_engine)
            with pytest.raises(LockedForm, match="由系统汇总"):
                store.insert(school.form, school.scope, {}, None)
