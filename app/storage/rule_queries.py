"""Rules that look beyond a row, as questions to the database over whole forms.

A rule is broken where its condition is true (or absent) and its check false; null is
neither. Only rows of the unit and round that the place names are ever read, and rows of
the same unit's last round where a rule compares with it.
"""

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, Select, and_, not_, select, text, true

from app.storage.columns import has_rows
from app.storage.engine import is_sqlite
from app.storage.expression_rows import (
    Moment,
    RowsOf,
    SqlPlace,
    find_edition,
    find_previous_round,
    words_for,
)
from app.storage.expressions import compile_sql
from app.storage.records import Scope
from app.storage.sql_values import Sql
from form_schemas.catalogue import Catalogue
from form_schemas.nodes import (
    Aggregate,
    Call,
    Field,
    Node,
    Previous,
    RefColumn,
    ThisField,
    parts_of,
)
from form_schemas.rule_spec import RuleSpec
from form_schemas.spec import FormSpec

__all__ = [
    "RulePlace",
    "compares_totals",
    "find_broken_rows",
    "find_previous_round",
    "find_previous_scope",
    "is_broken_once",
    "is_table_rule",
    "planned",
    "read_totals",
    "rows_of",
    "tables_read",
]

#: What makes a plan for few rows bad for many: PostgreSQL knows little of a table that
#: was just filled, and takes a unit's 60,000 rows for two.
_FOR_MANY_ROWS = {"enable_nestloop": "off", "jit": "off"}


@dataclass(frozen=True)
class RulePlace:
    """Whose rows a rule judges, and when."""

    #: with a department: its rows only; what they are compared with is the unit's
    scope: Scope
    #: the same unit in its last round; None where it filed nothing then
    previous: Scope | None
    today: date
    period_start: date
    period_end: date


def find_previous_scope(
    connection: Connection, catalogue: Catalogue, scope: Scope
) -> Scope | None:
    """The same unit in the round before; None where it filed nothing then.

    Its counts would all be 0, as if the unit had been there and had nothing.
    """
    round_id = find_previous_round(connection, scope.round_id)
    edition = (
        None if round_id is None else find_edition(connection, catalogue, round_id)
    )
    if round_id is None or edition is None:
        return None
    previous = Scope(scope.unit_id, round_id)
    forms = edition.forms
    was_there = any(has_rows(connection, catalogue, form, previous) for form in forms)
    return previous if was_there else None


def find_broken_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rule: RuleSpec,
    place: RulePlace,
    row_ids: Sequence[int] | None = None,
) -> list[int]:
    """The ids of the formal rows that break a rule, in the order of entry.

    Args:
        row_ids: judge these rows alone, fast where they are few.

    Raises:
        NotInSqlError: no SQL says the rule.
    """
    rows = rows_of(connection, catalogue, form, place, row_ids)
    statement = _select_broken(rows, rule, place, rows.id).order_by(rows.id)
    with planned(connection, rows.only):
        return list(connection.scalars(statement))


def is_broken_once(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rule: RuleSpec,
    place: RulePlace,
) -> bool:
    """Whether a rule that names no field of the row is broken."""
    rows = rows_of(connection, catalogue, form, place)
    condition = _is_broken(rule, rows)
    with planned(connection, rows.only):
        return bool(connection.scalar(select(true()).where(condition)))


def is_table_rule(form: FormSpec, rule: RuleSpec) -> bool:
    """Whether a rule names no field of the row: it is judged once a form."""
    return not any(_reads_row(root) for root in _roots(rule))


def read_totals(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    rule: RuleSpec,
    place: RulePlace,
) -> tuple[str, ...]:
    """What the aggregates come to that a rule over a whole form compares.

    Texts, to be compared with those of another day on the same database.
    """
    rows = rows_of(connection, catalogue, form, place)
    totals = [node for root in _roots(rule) for node in _find_totals(root)]
    asked = [compile_sql(node, rows) for node in totals]
    with planned(connection, rows.only):
        return tuple(map(str, connection.execute(select(*asked)).one()))


def tables_read(form: FormSpec, rule: RuleSpec) -> frozenset[str]:
    """Codes of the forms whose rows of this round a rule looks into.

    Without them it would judge what is not known yet. What it reads of the last round
    is there, or never comes.
    """
    return frozenset(code for root in _roots(rule) for code in _find_tables(root, form))


def compares_totals(rule: RuleSpec) -> bool:
    """Whether a rule reads what aggregates came to in the last round."""
    return any(map(_reads_last_totals, _roots(rule)))


def _reads_last_totals(node: Node) -> bool:
    if isinstance(node, Previous):
        return isinstance(node.of, Aggregate)
    return any(map(_reads_last_totals, parts_of(node)))


def _roots(rule: RuleSpec) -> list[Node]:
    return [part.root for part in (rule.when, rule.check) if part is not None]


def _reads_row(node: Node) -> bool:
    if isinstance(node, Aggregate):
        return node.condition is not None and _reads_this(node.condition)
    if isinstance(node, Field | RefColumn):
        return True
    return any(map(_reads_row, parts_of(node)))


def _reads_this(node: Node) -> bool:
    if isinstance(node, ThisField) or (isinstance(node, RefColumn) and node.of_this):
        return True
    return not isinstance(node, Aggregate) and any(map(_reads_this, parts_of(node)))


def _find_tables(node: Node, form: FormSpec) -> Iterator[str]:
    if isinstance(node, Previous):
        return
    if isinstance(node, Aggregate):
        yield node.table
    if isinstance(node, Call) and node.name == "is_unique":
        yield form.code
    for part in parts_of(node):
        yield from _find_tables(part, form)


def _find_totals(node: Node) -> Iterator[Node]:
    if isinstance(node, Aggregate | Previous):
        yield node
        return
    for part in parts_of(node):
        yield from _find_totals(part)


def rows_of(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    place: RulePlace,
    row_ids: Sequence[int] | None = None,
) -> RowsOf:
    """The rows of a form at a place, to be asked by its expressions."""
    at = find_sql_place(connection, catalogue, form, place)
    only = None if row_ids is None else tuple(row_ids)
    return RowsOf(at, form, at.now, only=only)


def find_sql_place(
    connection: Connection, catalogue: Catalogue, form: FormSpec, place: RulePlace
) -> SqlPlace:
    """The place as expressions of a form are evaluated there."""
    return SqlPlace(
        catalogue,
        words_for(connection),
        Moment(place.scope, catalogue.edition_of(form)),
        _find_previous(connection, catalogue, place.previous),
        place.today,
        place.period_start,
        place.period_end,
    )


def _find_previous(
    connection: Connection, catalogue: Catalogue, scope: Scope | None
) -> Moment | None:
    if scope is None:
        return None
    edition = find_edition(connection, catalogue, scope.round_id)
    return None if edition is None else Moment(scope, edition)


def _select_broken(
    rows: RowsOf, rule: RuleSpec, place: RulePlace, wanted: Sql
) -> Select:
    condition = _is_broken(rule, rows)
    statement = select(wanted).select_from(rows.joined()).where(rows.in_place())
    if place.scope.department_id is not None:
        own = rows.table.c._department_id == place.scope.department_id
        statement = statement.where(own)
    return statement.where(condition)


def _is_broken(rule: RuleSpec, rows: RowsOf) -> Sql:
    assert rule.check is not None
    is_false = not_(compile_sql(rule.check, rows))
    if rule.when is None:
        return is_false
    return and_(compile_sql(rule.when, rows), is_false)


@contextmanager
def planned(
    connection: Connection, only: Collection[int] | None = None
) -> Iterator[None]:
    """Have whole forms joined as whole forms, but where only some rows are asked."""
    if only is not None or is_sqlite(connection):
        yield
        return
    for name, value in _FOR_MANY_ROWS.items():
        connection.execute(text(f"SET LOCAL {name} = {value}"))
    yield
    for name in _FOR_MANY_ROWS:
        connection.execute(text(f"SET LOCAL {name} TO DEFAULT"))
