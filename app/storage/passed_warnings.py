"""Explanations of all warnings of imported rows that pass, as statements over tables.

A file may bring 100,000 rows with warnings; none of them is read into memory.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Connection,
    Text,
    and_,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    type_coerce,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB

from app.models import Confirmation, ImportProblem, StagedRow
from app.models.base import now_utc
from app.storage.binding import Binding
from app.storage.confirmations import Mark, fields_judged
from app.storage.engine import is_sqlite
from app.storage.records import Scope
from app.storage.types import ExactDecimal, TextList
from form_schemas.rule_spec import Level

_TABLE = Confirmation.__table__
_ROW = StagedRow.__table__
_PROBLEM = ImportProblem.__table__

#: Members of one call: PostgreSQL's functions take 100 arguments.
_MEMBERS = 40


@dataclass(frozen=True)
class Explanation:
    """What stands at every warning that passes."""

    reason_code: str
    reason_text: str
    actor_id: int


def explain_passed(
    connection: Connection,
    binding: Binding,
    scope: Scope,
    passed: ColumnElement[bool],
    explanation: Explanation,
) -> None:
    """Explain the warnings of staged rows that are in the form's table by now.

    What was explained before is left as it is. The rows count as clean then.

    Args:
        passed: which rows of `staged_rows`; they have no errors.
    """
    warned = and_(passed, _ROW.c.level == Level.WARNING)
    for mark in _find_marks(connection, warned):
        _explain(connection, binding, scope, warned, mark, explanation)
    table = binding.table
    connection.execute(
        update(table)
        .where(
            binding.in_unit(scope),
            table.c._level == Level.WARNING,
            table.c._key.in_(select(_ROW.c.key).where(warned)),
        )
        .values(_level="")
    )


def _find_marks(connection: Connection, warned: ColumnElement[bool]) -> list[Mark]:
    field_id = func.coalesce(_PROBLEM.c.field_id, "")
    records = connection.execute(
        select(_PROBLEM.c.kind, field_id)
        .join(_ROW, _of_row())
        .where(warned, _PROBLEM.c.level == Level.WARNING)
        .distinct()
    )
    return [(kind, field_id) for kind, field_id in records]


def _explain(
    connection: Connection,
    binding: Binding,
    scope: Scope,
    warned: ColumnElement[bool],
    mark: Mark,
    explanation: Explanation,
) -> None:
    kind, field_id = mark
    form, table = binding.form, binding.table
    names = fields_judged(form, mark)
    values = {
        "unit_id": literal(scope.unit_id),
        "round_id": literal(scope.round_id),
        "form_name": literal(form.name),
        "row_id": table.c._id,
        "row_key": table.c._key,
        "field_id": literal(field_id),
        "kind": literal(kind),
        "reason_code": literal(explanation.reason_code),
        "reason_text": literal(explanation.reason_text),
        "value_text": _value_text(binding, field_id),
        "values": write_values(connection, [table.c[name] for name in names]),
        "actor_id": literal(explanation.actor_id),
        "at": literal(now_utc(), _TABLE.c.at.type),
    }
    found = (
        select(*values.values())
        .select_from(_ROW)
        .join(table, table.c._key == _ROW.c.key)
        .join(_PROBLEM, _of_row())
        .where(
            warned,
            binding.in_unit(scope),
            _PROBLEM.c.kind == kind,
            func.coalesce(_PROBLEM.c.field_id, "") == field_id,
            ~_is_explained(binding, scope, mark),
        )
    )
    connection.execute(insert(_TABLE).from_select(list(values), found))


def _of_row() -> ColumnElement[bool]:
    return and_(
        _PROBLEM.c.import_id == _ROW.c.import_id,
        _PROBLEM.c.row_number == _ROW.c.row_number,
    )


def _is_explained(binding: Binding, scope: Scope, mark: Mark) -> ColumnElement[bool]:
    """Whether an explanation of this warning, as the row is by now, is in force."""
    kind, field_id = mark
    return exists().where(
        _TABLE.c.unit_id == scope.unit_id,
        _TABLE.c.round_id == scope.round_id,
        _TABLE.c.form_name == binding.form.name,
        _TABLE.c.row_id == binding.table.c._id,
        _TABLE.c.kind == kind,
        _TABLE.c.field_id == field_id,
        _TABLE.c.at >= binding.table.c._updated_at,
        # Whoever lets the row pass again has a reason of their own.
        _TABLE.c.withdrawn_at.is_(None),
    )


def _value_text(binding: Binding, field_id: str) -> ColumnElement[str]:
    """The value as the problem tells it; personal data are not copied."""
    field = binding.form.by_id.get(field_id)
    if field is None or field.sensitive:
        return literal("")
    told = _PROBLEM.c.details["values"][field_id].as_string()
    return func.coalesce(told, _PROBLEM.c.details["value"].as_string(), "")


def write_values(connection: Connection, columns: Sequence[Column]) -> ColumnElement:
    """The values in JSON form, as `validators.conversion.from_json` reads them."""
    make = _make_sqlite if is_sqlite(connection) else _make_postgresql
    return make(columns)


def _make_sqlite(columns: Sequence[Column]) -> ColumnElement:
    rest = iter(columns)
    made: ColumnElement = literal("{}", Text)
    while group := list(islice(rest, _MEMBERS)):
        members = [
            part for c in group for part in (literal(f"$.{c.key}"), _write_sqlite(c))
        ]
        made = func.json_set(made, *members)
    return type_coerce(made, Text)


def _write_sqlite(column: Column) -> ColumnElement:
    if isinstance(column.type, TextList):
        return func.json(type_coerce(column, Text))
    if isinstance(column.type, ExactDecimal):
        # Decimals are stored in whole numbers of their last place.
        whole = cast(type_coerce(column, BigInteger), Text)
        return whole + literal(f"e-{column.type.places}")
    # A boolean is 0 or 1 here, which equals False or True where it is read.
    return type_coerce(column, Text)


def _make_postgresql(columns: Sequence[Column]) -> ColumnElement:
    rest = iter(columns)
    made: ColumnElement = cast(literal("{}", Text), JSONB)
    while group := list(islice(rest, _MEMBERS)):
        members = [
            part for c in group for part in (literal(c.key, Text), _write_postgresql(c))
        ]
        made = made.concat(func.jsonb_build_object(*members, type_=JSONB))
    return cast(made, JSON)


def _write_postgresql(column: Column) -> ColumnElement:
    if isinstance(column.type, TextList):
        return cast(type_coerce(column, Text), JSONB)
    if isinstance(column.type, ExactDecimal):
        return cast(column, Text)
    return column
