"""Expressions answered by a database: over constants, and over stored rows."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Connection, delete, select

from app.models import Base
from app.storage.binding import bind
from app.storage.engine import open_engine
from app.storage.expression_rows import Moment, RowsOf, SqlPlace, words_for
from app.storage.expressions import compile_sql
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.sql_values import Sql
from app.storage.tables import build_metadata
from form_schemas.catalogue import Catalogue
from form_schemas.expressions import Expression
from form_schemas.nodes import Field, Literal, Node, RefColumn
from form_schemas.spec import FormSpec
from tests.support.expressions import GIVEN, TABLES, make_env, parse, to_plain, to_typed
from tests.support.places import add_round, add_units

NOW = Scope(1, 2)
BEFORE = Scope(1, 1)


@contextmanager
def open_rows(url: str, catalogue: Catalogue) -> Iterator[Connection]:
    """A connection to fresh tables of a catalogue."""
    engine = open_engine(url)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        build_metadata(catalogue).create_all(connection)
        add_units(connection, NOW.unit_id)
        for scope in (BEFORE, NOW):
            add_round(connection, scope.round_id, "test", "2024")
        yield connection
    engine.dispose()


class SqlAnswers:
    """A form's stored rows, asked by expressions."""

    # No dataclass: a test that fails would print the whole catalogue.
    def __init__(
        self, connection: Connection, catalogue: Catalogue, form: FormSpec
    ) -> None:
        self.connection = connection
        self.catalogue = catalogue
        self.form = form

    def store(
        self,
        rows: Sequence[Mapping[str, Any]],
        scope: Scope = NOW,
        form: FormSpec | None = None,
    ) -> None:
        """Have these rows in a form, and no others, in their order."""
        form = form or self.form
        self.clear(form, scope)
        store = RowStore(self.connection, self.catalogue)
        for number, row in enumerate(rows):
            store.insert(form, scope, {form.key[0]: str(number), **row}, None)

    def clear(self, form: FormSpec, scope: Scope) -> None:
        c = bind(self.catalogue, form).table.c
        here = (c._unit_id == scope.unit_id, c._round_id == scope.round_id)
        self.connection.execute(delete(c._id.table).where(*here))

    def answer_rows(
        self,
        expressions: Sequence[Expression | Node],
        only: Sequence[int] | None = None,
    ) -> list[tuple[Any, ...]]:
        """The values of each expression in each row, in the order of entry."""
        return self._select(
            lambda rows: [compile_sql(each, rows) for each in expressions], only
        )

    def find_ids(self) -> list[int]:
        """The ids of the rows, in the order of entry."""
        return [row_id for (row_id,) in self._select(lambda rows: [rows.id], None)]

    def _select(
        self, build: Callable[[RowsOf], Sequence[Sql]], only: Sequence[int] | None
    ) -> list[tuple[Any, ...]]:
        place = self._place()
        ids = None if only is None else tuple(only)
        rows = RowsOf(place, self.form, place.now, only=ids)
        named = [value.label(f"v{index}") for index, value in enumerate(build(rows))]
        statement = select(*named).select_from(rows.joined()).where(rows.in_place())
        # No question comes twice: keeping them would only cost time.
        found = self.connection.execute(
            statement.order_by(rows.id), execution_options={"compiled_cache": None}
        )
        return list(map(tuple, found))

    def _place(self) -> SqlPlace:
        edition = self.catalogue.edition_of(self.form)
        return SqlPlace(
            self.catalogue,
            words_for(self.connection),
            Moment(NOW, edition),
            Moment(BEFORE, edition),
            *(date.fromisoformat(GIVEN[name]) for name in _DAYS),
        )

    def answer_constant(self, text: str, row: Mapping[str, Any]) -> Any:
        """An expression with the values of a row written into it, as plain JSON."""
        place = self._place()
        root = write_values(parse(text).root, to_typed(row, TABLES["F"]))
        value = compile_sql(root, RowsOf(place, self.form, place.now))
        return to_plain(self.connection.scalar(select(value)))


_DAYS = ("today", "period_start", "period_end")


def write_values(node: Any, row: Mapping[str, Any]) -> Any:
    """A tree with the values of a row in place of its fields."""
    if isinstance(node, Field):
        return _write(node, row.get(node.id))
    if isinstance(node, RefColumn):
        is_empty = row.get(node.field_id) is None
        value = None if is_empty else make_env().ref(row, node.field_id, node.column)
        return _write(node, value)
    if isinstance(node, tuple):
        return tuple(write_values(part, row) for part in node)
    if not is_dataclass(node):
        return node
    parts = {f.name: write_values(getattr(node, f.name), row) for f in fields(node)}
    return replace(node, **parts)


def _write(node: Node, value: Any) -> Literal:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return Literal(Decimal(value) if is_number else value, node.type)
