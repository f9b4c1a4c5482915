"""Pages that explain derived forms, over the rows of hand-written cases."""

import pytest
from sqlalchemy import select

from app.models import Round, Unit
from app.services.derived_forms import refresh_forms
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.derivation_cases import all_cases, national_forms

DERIVED = [code for code, form in national_forms().items() if form.is_derived]


@pytest.fixture
def school(engine, catalogue):
    return School(engine, catalogue)


class School:
    """The demo school's round of the national collection."""

    def __init__(self, engine, catalogue):
        self.engine, self.catalogue = engine, catalogue
        with engine.connect() as connection:
            unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-school"))
            number = connection.scalar(
                select(Round.id).where(Round.collection == "national")
            )
        self.scope = Scope(unit, number)

    def get_form(self, code):
        return self.catalogue.get(f"national/{code}")

    def fill(self, tables):
        """Store rows by form; gives their ids by form."""
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return {
                code: [
                    store.insert(self.get_form(code), self.scope, row, None).id
                    for row in rows
                ]
                for code, rows in tables.items()
            }

    def derive(self, code):
        """Ids of the rows that a derived form has now."""
        form = self.get_form(code)
        refresh_forms(self.engine, self.catalogue, [form], self.scope)
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return [row.id for row in store.iterate_rows(form, self.scope)]


def origin_of(code, row_id):
    return f"/forms/national/{code}/rows/{row_id}/origin"


def largest_case(code):
    """The case of a form that is told with most rows."""
    cases = [case for case in all_cases() if case.code == code]
    return max(cases, key=lambda case: len(case.rows))


@pytest.mark.parametrize("code", DERIVED)
def test_each_derived_row_can_be_explained(filler, school, code):
    school.fill(largest_case(code).tables)
    ids = school.derive(code)
    assert ids
    for row_id in ids[:3]:
        answer = filler.get(origin_of(code, row_id))
        assert answer.status_code == 200
        assert "来源行" in answer.text
        assert "没有可以列出的来源行" not in answer.text
