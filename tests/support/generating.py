"""A school that has rows generated."""

from dataclasses import replace
from itertools import count

from sqlalchemy import insert, select, update

from app.models import Base, Department, Filing, Round, RowChange, User
from app.services.generating.acts import generate, preview
from app.services.generating.orders import GenerationOrder
from app.services.generating.undoing import find_last, undo
from app.storage.filing_gate import lock_filing
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from tests.support.derivation_cases import FIRST_DAY, LAST_DAY
from tests.support.places import add_round, add_units

_ROUNDS = {"national": 1, "test": 2}
_UNITS = count(1)
ACTOR = 1


def prepare_engine(engine, *catalogues):
    """Tables, open rounds, and somebody who acts."""
    period = [FIRST_DAY.isoformat(), LAST_DAY.isoformat()]
    periods = {"academic_year": period, "snapshot": period}
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        for catalogue in catalogues:
            build_metadata(catalogue).create_all(connection)
        for collection, round_id in _ROUNDS.items():
            add_round(connection, round_id, collection, "2024")
        connection.execute(update(Round).values(periods=periods))
        connection.execute(
            insert(User).values(
                id=ACTOR, username="filler", name="填报员甲", password_hash="-"
            )
        )


class GeneratingSchool:
    """Its rows, and what is generated of them into one form."""

    def __init__(self, engine, catalogue, code, collection="national"):
        self.engine, self.catalogue = engine, catalogue
        self.forms = catalogue.edition(collection, "2024").by_code
        self.form = self.forms[code]
        self.scope = Scope(next(_UNITS), _ROUNDS[collection])
        with engine.begin() as connection:
            add_units(connection, self.scope.unit_id)
        self.order = GenerationOrder(engine, catalogue, self.form, self.scope, ACTOR)

    def add_department(self, name):
        """The id of a new department."""
        with self.engine.begin() as connection:
            added = insert(Department).values(unit_id=self.scope.unit_id, name=name)
            return connection.execute(added).inserted_primary_key[0]

    def act_for(self, department_id):
        """Somebody of a department goes on."""
        scope = replace(self.scope, department_id=department_id)
        self.order = replace(self.order, scope=scope)

    # Rows.

    def fill(self, tables):
        for code, rows in tables.items():
            for row in rows:
                self.add(code, row)

    def add(self, code, row, department_id=None):
        scope = replace(self.scope, department_id=department_id)
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            return store.insert(self.forms[code], scope, row, None)

    def change(self, code, row_id, **values):
        stored = next(one for one in self.read(code) if one.id == row_id)
        with self.engine.begin() as connection:
            store, form = RowStore(connection, self.catalogue), self.forms[code]
            store.update(form, self.scope, row_id, values, stored.version, ACTOR)

    def delete(self, code, row_id):
        stored = next(one for one in self.read(code) if one.id == row_id)
        with self.engine.begin() as connection:
            store, form = RowStore(connection, self.catalogue), self.forms[code]
            store.delete(form, self.scope, row_id, stored.version, ACTOR)

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
