"""Random changes at the sources of a derived form, and a school that they happen in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import count
from random import Random
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Engine, select, update

from app.errors import AppError
from app.models import Base, Round
from app.storage.binding import bind
from app.storage.engine import open_engine
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec, Period
from tests.support.derivation_agreement import insert_rows
from tests.support.derivation_reading import Forms, Reading
from tests.support.derivation_strategies import draw_row, is_new
from tests.support.places import add_round, add_units
from validators.compiling import Row

_ROUND = 1
_UNITS = count(1)
_ACTIONS = ("insert", "update", "update", "update", "delete")


@dataclass(frozen=True)
class Change:
    action: str
    code: str
    #: decides which row it is, and what it holds
    seed: int


def random_changes(form: FormSpec, forms: Forms) -> st.SearchStrategy[list[Change]]:
    """One to three changes, mostly of one form, as people make them."""
    reading = _read(form, forms)
    codes = sorted(code for code in reading.columns if not forms[code].is_derived)
    actions = st.tuples(st.sampled_from(_ACTIONS), st.integers(0, 2**16 - 1))
    others = st.sampled_from([None, None, None, *codes])
    return st.builds(
        lambda code, acts, other: [
            Change(action, other if other and place else code, seed)
            for place, (action, seed) in enumerate(acts)
        ],
        st.sampled_from(codes),
        st.lists(actions, min_size=1, max_size=3),
        others,
    )


def make_engine(url: str, catalogue: Catalogue, period: tuple[date, date]) -> Engine:
    """Fresh tables of a catalogue with one edition, whose round runs."""
    edition = catalogue.editions[0]
    engine = open_engine(url)
    days = [day.isoformat() for day in period]
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        build_metadata(catalogue).create_all(connection)
        add_round(connection, _ROUND, *edition.name.split("/"))
        periods = {str(kind): days for kind in Period}
        connection.execute(update(Round).values(periods=periods))
    return engine


class School:
    """A unit with rows of its own in what a derived form reads."""

    # No dataclass: a test that fails would print the whole catalogue.
    def __init__(
        self,
        engine: Engine,
        catalogue: Catalogue,
        form: FormSpec,
        tables: Mapping[str, Sequence[Row]],
    ) -> None:
        self.engine, self.catalogue, self.form = engine, catalogue, form
        self.forms = catalogue.edition_of(form).by_code
        self.reading = _read(form, self.forms)
        self.scope = Scope(next(_UNITS), _ROUND)
        with engine.begin() as connection:
            add_units(connection, self.scope.unit_id)
            for code, rows in tables.items():
                # What is derived is computed by the engine.
                if not self.forms[code].is_derived:
                    insert_rows(
                        connection, catalogue, self.forms[code], rows, self.scope
                    )

    def read(self, code: str) -> list[StoredRow]:
        """The rows of a form in their order of entry."""
        binding = bind(self.catalogue, self.forms[code])
        statement = select(*binding.selected).where(binding.in_unit(self.scope))
        with self.engine.connect() as connection:
            found = connection.execute(statement.order_by(binding.table.c._id))
            return [binding.read(record) for record in found]

    def read_tables(self) -> dict[str, list[Row]]:
        """The rows of all that the form reads."""
        return {
            code: [stored.row for stored in self.read(code)]
            for code in self.reading.columns
        }

    def apply(self, change: Change) -> None:
        """Change a row; what the database refuses does not happen."""
        form, random = self.forms[change.code], Random(change.seed)
        stored = self.read(change.code)
        drawn = draw_row(random, self.reading, form, self.read_tables())
        with self.engine.begin() as connection:
            store = RowStore(connection, self.catalogue)
            try:
                if change.action == "insert":
                    self._insert(store, form, drawn, stored)
                elif stored:
                    chosen = random.choice(stored)
                    at = (form, self.scope, chosen.id)
                    if change.action == "delete":
                        store.delete(*at, chosen.version, None)
                    else:
                        values = self._choose(random, form, drawn)
                        store.update(*at, values, chosen.version, None)
            except AppError:
                # In use, or its key taken.
                pass

    def _insert(
        self, store: RowStore, form: FormSpec, row: Row, stored: list[StoredRow]
    ) -> None:
        if is_new(form, row, [one.row for one in stored]):
            store.insert(form, self.scope, row, None)

    def _choose(self, random: Random, form: FormSpec, drawn: Row) -> dict[str, Any]:
        """Few of the values that were drawn."""
        names = sorted(self.reading.columns[form.code])
        chosen = random.sample(names, min(len(names), random.randint(1, 3)))
        return {name: drawn[name] for name in chosen}


def _read(form: FormSpec, forms: Forms) -> Reading:
    assert form.derive is not None
    return Reading(form, form.derive, forms)
