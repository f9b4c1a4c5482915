"""A desk: one person at one form, with the rows this person may see there.

A desk reads rows with their problems, says what expressions may ask, and shows cells;
`entering` stores what is entered at it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property

from sqlalchemy import Connection, Engine

from app.errors import Forbidden
from app.policy import Action
from app.services.derived_forms import refresh_forms
from app.services.rechecking import check_stored
from app.services.workplaces import Workplace
from app.storage.confirmations import (
    Confirmed,
    Mark,
    find_confirmed,
    keep_unconfirmed,
)
from app.storage.engine import begin_reading
from app.storage.flow_gate import find_locked_rows
from app.storage.freezing import FrozenRow
from app.storage.frozen_rows import find_frozen_rows
from app.storage.records import Page, Query, Scope, StoredRow
from app.storage.rows import RowStore
from app.storage.unit_facts import find_unit_facts
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FILE_KINDS
from form_schemas.spec import FormSpec
from renderers.display import mask, show
from validators.check import Context
from validators.compiling import Env, UnitFacts
from validators.conversion import display
from validators.report import Problem, find_level
from validators.rules import hidden_fields

Row = Mapping[str, object]


@dataclass(frozen=True)
class CheckedRow:
    """A stored row with what is wrong with it."""

    stored: StoredRow
    problems: tuple[Problem, ...]
    #: why some of its warnings are right
    confirmed: Mapping[Mark, Confirmed] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """The worst level of what nobody has explained."""
        return find_level(keep_unconfirmed(self.problems, self.confirmed))

    def joined(self, more: "CheckedRow") -> "CheckedRow":
        """The row with what else was found in it."""
        return replace(
            self,
            problems=(*self.problems, *more.problems),
            confirmed={**self.confirmed, **more.confirmed},
        )


@dataclass(frozen=True)
class CheckedPage:
    rows: tuple[CheckedRow, ...]
    total: int


class Desk:
    """One person at one form: reads, enters and deletes its rows."""

    def __init__(
        self, engine: Engine, catalogue: Catalogue, place: Workplace, form: FormSpec
    ) -> None:
        self.engine = engine
        self.catalogue = catalogue
        self.place = place
        self.form = form

    # Reading.

    def scope(self, action: Action = Action.VIEW_ROWS) -> Scope:
        department = self.place.department_for(self.form, action)
        return Scope(self.place.unit_id, self.place.round_id, department)

    def find_page(self, query: Query) -> CheckedPage:
        """One page of rows with their problems."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            page: Page = store.find_page(self.form, self.scope(), query)
            rows = self.check_stored(connection, page.rows)
        return CheckedPage(rows, page.total)

    def find_values(self, query: Query) -> tuple[StoredRow, ...]:
        """One page of rows as they are stored, not judged."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.find_page(self.form, self.scope(), query).rows

    def count(self, query: Query) -> int:
        """How many rows the person may export."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.count(self.form, self.scope(Action.EXPORT_ROWS), query)

    def count_levels(self) -> dict[str, int]:
        """How many of the rows shown were stored with problems, by level."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.count_levels(self.form, self.scope())

    def count_inherited(self) -> int:
        """How many of the rows shown came from the last round untouched."""
        if not self.form.is_carried:
            return 0
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            return store.count(self.form, self.scope(), Query(inherited=True))

    def get(self, row_id: int) -> CheckedRow:
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            stored = store.get(self.form, self.scope(), row_id)
            return self.check_stored(connection, [stored])[0]

    def find_record(self) -> CheckedRow | None:
        """The only row of a record form, if it was begun."""
        with begin_reading(self.engine) as connection:
            stored = RowStore(connection, self.catalogue).find_record(
                self.form, self.scope()
            )
            return (
                None if stored is None else self.check_stored(connection, [stored])[0]
            )

    def find_frozen(self, rows: Sequence[StoredRow]) -> dict[int, FrozenRow]:
        """Row id -> what closes it: a stored link, or where it stands on its way."""
        if self.form.is_moved:
            with begin_reading(self.engine) as connection:
                return find_locked_rows(
                    connection, self.catalogue, self.form, self.scope(), rows
                )
        if not (self.form.freezes or self.catalogue.freezing(self.form)):
            return {}
        with begin_reading(self.engine) as connection:
            return find_frozen_rows(
                connection, self.catalogue, self.form, self.scope(), rows
            )

    def name_references(self, row: Row) -> dict[str, str]:
        """Field id -> title of the row that a reference picks."""
        names = {}
        with begin_reading(self.engine) as connection:
            lookup = RowStore(connection, self.catalogue).as_lookup(
                self.form, self.scope()
            )
            for item in self.form.fields:
                value = row.get(item.id)
                if item.reference is None or item.is_list or value is None:
                    continue
                target = self.catalogue.target(self.form, item)
                titles = [target.title_field] if target.title_field else []
                found = lookup.find_rows(
                    target.code, item.reference.field, [value], titles
                )
                name = self._title_of(target, next(iter(found.get(value, ())), None))
                if name and name != str(value):
                    names[item.id] = name
        return names

    def _title_of(self, target: FormSpec, row: Row | None) -> str:
        if row is None or target.title_field is None:
            return ""
        title = target.by_id[target.title_field]
        text = show(title, row.get(title.id), self.catalogue.codelists)
        return mask(title, text) if title.sensitive and text else text

    # Writing.

    def require_entry(self) -> None:
        """Raise Forbidden where nobody, or not this person, may enter rows here."""
        # Of rows that came back one by one, each is asked as it is stored.
        at_any_hour = self.form.is_moved
        obstacle = self.place.find_obstacle(self.form, at_any_hour=at_any_hour)
        if obstacle:
            raise Forbidden(obstacle)

    def find_row_obstacle(self, row: StoredRow | None) -> str:
        """Why nobody, or not this person, may change the row; empty if one may."""
        flow = self.form.flow
        is_back = flow is not None and row is not None and flow.has_begun(row.row)
        return self.place.find_obstacle(self.form, at_any_hour=is_back)

    # What checks and pages need.

    def env(self) -> Env:
        """What expressions may ask beside the row."""
        first, last = self.place.period_of(self.form)
        return Env(
            date.today(), first, last, ref=self._ask_reference, unit=self._unit_facts
        )

    @cached_property
    def _unit_facts(self) -> UnitFacts:
        with begin_reading(self.engine) as connection:
            return find_unit_facts(connection, self.place.unit_id)

    def _ask_reference(self, row: Row, field_id: str, column: str) -> object:
        """A column of the row that a reference picks."""
        item = self.form.by_id[field_id]
        value = row.get(field_id)
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            lookup = store.as_lookup(self.form, self.scope())
            for target in self.catalogue.targets(self.form, item):
                found = lookup.find_rows(
                    target.code, item.reference.field, [value], [column]
                )
                if value in found:
                    return found[value][0].get(column)
        return None

    def find_hidden(self, row: Row) -> list[str]:
        """The fields that are not shown in this row, as far as the row itself says."""
        return sorted(hidden_fields(self.form, row, self.env()))

    def show_cells(self, row: Row, without: frozenset[str] = frozenset()) -> dict:
        """The row as the page's cells show it; personal data masked."""
        return {
            item.id: self.show_cell(item, row.get(item.id))
            for item in self.form.fields
            if item.id not in without
        }

    def show_cell(self, item: FieldSpec, value: object) -> object:
        if value is None:
            return ""
        if item.value_kind in FILE_KINDS:
            return list(value) if isinstance(value, tuple) else value
        write = show if item.is_given else display
        text = write(item, value, self.catalogue.codelists)
        return mask(item, text) if item.sensitive and text else text

    def context(self, connection: Connection) -> Context:
        first, last = self.place.period_of(self.form)
        store = RowStore(connection, self.catalogue)
        return Context(
            period_start=first,
            period_end=last,
            today=date.today(),
            lookup=store.as_lookup(self.form, self.scope()),
            codelists=self.catalogue.codelists,
            unit=find_unit_facts(connection, self.place.unit_id),
        )

    def check_stored(
        self, connection: Connection, rows: Sequence[StoredRow]
    ) -> tuple[CheckedRow, ...]:
        """Rows with their problems: a page of them is checked as one block."""
        if not rows:
            return ()
        if self.form.is_derived:
            # Nobody mends here what follows from other forms' rows.
            return tuple(CheckedRow(stored, ()) for stored in rows)
        found = check_stored(self.form, tuple(rows), self.context(connection)).found
        faulty = [rows[index] for index in found]
        confirmed = find_confirmed(connection, self.form, self.scope(), faulty)
        return tuple(
            CheckedRow(stored, found.get(index, ()), confirmed.get(stored.id, {}))
            for index, stored in enumerate(rows)
        )


def find_desk(
    engine: Engine, catalogue: Catalogue, place: Workplace, code: str
) -> Desk:
    """The desk of a form, if the person may see the form at all."""
    form = place.get_form(code)
    scope = Scope(place.unit_id, place.round_id)
    refresh_forms(engine, catalogue, (form,), scope)
    return Desk(engine, catalogue, place, form)
