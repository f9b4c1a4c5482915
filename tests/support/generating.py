"""A school of the national collection that has rows generated."""

from itertools import count

from sqlalchemy import insert, select, update

from app.models import Base, Filing, Round, RowChange, User
from app.services.generating.acts import generate, preview
from app.services.generating.orders import GenerationOrder
from app.services.generating.undoing import find_last, undo
from app.storage.filing_gate import lock_filing
from app.storage.records import Query, Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.derivation_cases import FIRST_DAY, LAST_DAY
from tests.support.places import add_round, add_units

ROUND = 1
_UNITS = count(1)
_ACTOR = 1


def prepare_engine(engine, catalogue):
    """Tables, an open round, and somebody who acts."""
    period = [FIRST_DAY.isoformat(), LAST_DAY.isoformat()]
    periods = {"academic_year": period, "snapshot": period}
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        build_metadata(catalogue).create_all(connection)
        add_round(connection, ROUND, "national", "2024")
        connection.execute(update(Round).values(periods=periods))
        connection.execute(
            insert(User).values(
                id=_ACTOR, username="filler", name="填报员甲", password_hash="-"
            )
        )


class GeneratingSchool:
    """Its rows, and what is generated of them into one form."""

    def __init__(self, engine, catalogue, code, department_id=None):
        self.engine, self.catalogue = engine, catalogue
        self.forms = catalogue.edition("national", "2024").by_code
        self.form = self.forms[code]
        self.scope = Scope(next(_UNITS), ROUND)
        with engine.begin() as connection:
            add_units(connection, self.scope.unit_id)
        self.order = GenerationOrder(engine, catalogue, self.form, self.scope, _ACTOR)

    # Rows.

    def fill(self, tables):
        for code, rows in tables.items():
            for row in rows:
                self.add(code, row)

    def add(self, code, row, department_id=None):
        scope = Scope(self.scope.unit_id, ROUND, department_id)
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return store.insert(self.forms[code], scope, row, None)

    def change(self, code, row_id, **values):
        stored = next(one for one in self.read(code) if one.id == row_id)
        with self.engine.begin() as connection:
            store, form = RowStore(connection, self.catalogue), self.forms[code]
            store.update(form, self.scope, row_id, values, stored.version, _ACTOR)

    def delete(self, code, row_id):
        stored = next(one for one in self.read(code) if one.id == row_id)
        with self.engine.begin() as connection:
            store, form = RowStore(connection, self.catalogue), self.forms[code]
            store.delete(form, self.scope, row_id, stored.version, _ACTOR)

    def read(self, code=None):
        form = self.forms[code] if code else self.form
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return list(store.iterate_rows(form, self.scope))

    def history(self):
        """Actions written about the form's rows, with their reasons."""
        table = RowChange.__table__
        with self.engine.begin() as connection:
            return [
                tuple(one)
                for one in connection.execute(
                    select(table.c.action, table.c.actor_id, table.c.reason)
                    .where(
                        table.c.table_name == self.form.table_name,
                        table.c.unit_id == self.scope.unit_id,
                    )
                    .order_by(table.c.id)
                )
            ]

    def set_filing(self, **values):
        with self.engine.begin() as connection:
            filing = lock_filing(connection, self.form, self.scope)
            connection.execute(
                update(Filing).where(Filing.id == filing.id).values(**values)
            )

    # Acts.

    def preview(self):
        return preview(self.order)

    def generate(self, unwanted=(), seen=None):
        return generate(self.order, seen or self.preview().digest, unwanted)

    def undo(self):
        return undo(self.order, find_last(self.order).id)

    def find_rows(self, query):
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return store.find_page(self.form, self.scope, Query(search=query)).rows
