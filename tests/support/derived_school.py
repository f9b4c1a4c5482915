"""The demo school's round of the national collection, filled with rows of a test."""

from sqlalchemy import select

from app.models import Round, Unit
from app.services.derived_forms import refresh_forms
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.derivation_cases import sort_by_dependency


class DerivedSchool:
    """Stores rows by form, and has derived forms computed."""

    def __init__(self, engine, catalogue):
        self.engine, self.catalogue = engine, catalogue
        with engine.connect() as connection:
            unit = connection.scalar(select(Unit.id).where(Unit.code == "demo-school"))
            number = connection.scalar(
                select(Round.id).where(Round.collection == "national")
            )
        self.scope = Scope(unit, number)
        self.at = f"{unit}-{number}"

    def get_form(self, code):
        return self.catalogue.get(f"national/{code}")

    def fill(self, tables):
        """The ids of the stored rows by form."""
        return {
            code: [self.add(code, row).id for row in tables[code]]
            for code in sort_by_dependency(tables)
        }

    def add(self, code, row):
        """The row as it is stored."""
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return store.insert(self.get_form(code), self.scope, row, None)

    def read(self, code):
        """The rows of a form as they are stored."""
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return list(store.iterate_rows(self.get_form(code), self.scope))

    def derive(self, code):
        """The rows that a derived form has now."""
        forms = [self.get_form(code)]
        refresh_forms(self.engine, self.catalogue, forms, self.scope)
        return self.read(code)
