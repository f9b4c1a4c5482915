"""Finds out what a generation would do, within one transaction and without writing.

The rows that the step before asks for are compared with those that are there by the
parts of the key that a generation gives. New rows are judged as if they were typed.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.errors import Refused
from app.services.contexts import make_context
from app.services.generating.gone import Origins
from app.services.generating.orders import GenerationOrder
from app.services.generating.plans import Addition, Blocked, Gone, Plan
from app.storage.columns import iterate_blocks
from app.storage.derived_values import DerivedRow, find_derived_rows
from app.storage.expressions import NotInSqlError
from app.storage.keys import join_key
from app.storage.lookup import in_groups
from app.storage.records import Query
from app.storage.rows import Row, RowStore
from app.storage.rule_queries import RulePlace, find_previous_scope
from form_schemas.derivations import Derivation
from form_schemas.field_spec import FieldSpec
from form_schemas.nodes import Literal
from form_schemas.scopes import Reach
from validators.check import Context, SeenKeys, Stage, check_columns
from validators.conversion import ConvertedColumns
from validators.messages import describe
from validators.report import Code, Problem, find_level

#: Rows whose source has gone that are listed, and may be deleted with one act.
MOST_GONE = 200
_ROWS_AT_ONCE = 2000

#: What a column cannot take, or must not.
_UNSTORABLE = frozenset({Code.LENGTH, Code.ENUM, Code.REFERENCE, Code.DUPLICATE})


@dataclass(frozen=True)
class _Here:
    """A row that is there, by the parts of its key that a generation gives."""

    id: int
    department_id: int | None
    key: str
    #: whether a generation could give such a key
    is_like: bool


def make_plan(connection: Connection, order: GenerationOrder) -> Plan:
    """What generating would do now."""
    store = RowStore(connection, order.catalogue)
    context = make_context(connection, store, order.form, order.unit)
    place = _find_place(connection, order, context)

    def find(derivation: Derivation) -> list[DerivedRow]:
        asked = (connection, order.catalogue, order.form, derivation, place)
        try:
            return find_derived_rows(*asked)
        except NotInSqlError as error:
            raise Refused("本表的生成办法系统做不到，请告诉系统管理员。") from error

    wanted = find(order.derivation)
    here = list(_read_here(connection, order))
    there = {one.key for one in here}
    keys = [_key_of(order, row.values) for row in wanted]
    missing = [row for key, row in zip(keys, wanted, strict=True) if key not in there]
    additions, blocked = _judge(order, missing, context)
    asked_for = set(keys)
    gone = [one for one in here if one.is_like and one.key not in asked_for]
    own = [one for one in gone if _is_own(order, one)]
    return Plan(
        order.form,
        additions,
        blocked,
        sum(one.key in asked_for for one in here),
        _explain_gone(store, order, own[:MOST_GONE], Origins(order, find)),
        len(gone),
        len(gone) - len(own),
    )


def _find_place(
    connection: Connection, order: GenerationOrder, context: Context
) -> RulePlace:
    """Whose rows the derivation reads, and when; the last round's only if it asks."""
    previous = None
    if any(one.reach is Reach.PREVIOUS for one in order.derivation.expressions):
        previous = find_previous_scope(connection, order.catalogue, order.unit)
    return RulePlace(
        order.unit, previous, context.today, context.period_start, context.period_end
    )


# Rows that are there.


def _read_here(connection: Connection, order: GenerationOrder) -> Iterator[_Here]:
    told, constants = order.told, _find_constants(order)
    blocks = iterate_blocks(
        connection, order.catalogue, order.form, order.unit, told, _ROWS_AT_ONCE
    )
    for block in blocks:
        columns = [block.columns[name] for name in told]
        parts = zip(*columns, strict=True) if columns else [()] * len(block.ids)
        for row_id, department, values in zip(
            block.ids, block.department_ids, parts, strict=True
        ):
            named = dict(zip(told, values, strict=True))
            is_like = all(named[name] in may for name, may in constants.items())
            yield _Here(row_id, department, join_key(values), is_like)


def _find_constants(order: GenerationOrder) -> Mapping[str, Sequence[object]]:
    """Part of the key -> the values a generation gives it, where they are written."""
    written = {
        one.column: one.values for one in order.derivation.expansions if one.values
    }
    literals = {
        name: (expression.root.value,)
        for name, expression in order.derivation.columns.items()
        if isinstance(expression.root, Literal)
    }
    both = {**written, **literals}
    return {name: both[name] for name in order.told if name in both}


def _key_of(order: GenerationOrder, row: Row) -> str:
    return join_key([row.get(name) for name in order.told])


def _is_own(order: GenerationOrder, here: _Here) -> bool:
    own = order.scope.department_id
    return own is None or own == here.department_id


# Rows to be added.


def _judge(
    order: GenerationOrder, missing: Sequence[DerivedRow], context: Context
) -> tuple[tuple[Addition, ...], tuple[Blocked, ...]]:
    additions, blocked = [], []
    checked = _check(order, [one.values for one in missing], context)
    for one, (row, problems) in zip(missing, checked, strict=True):
        reasons = tuple(_find_reasons(order, row, problems))
        if reasons:
            blocked.append(Blocked(row, reasons, one.origin))
        else:
            additions.append(Addition(row, find_level(problems)))
    return tuple(additions), tuple(blocked)


def _check(
    order: GenerationOrder, rows: Sequence[Row], context: Context
) -> Iterator[tuple[Row, tuple[Problem, ...]]]:
    """Rows with what follows from them, and what is wrong with them."""
    form, seen = order.form, SeenKeys(order.form)
    for some in in_groups(rows, _ROWS_AT_ONCE):
        typed = {
            item.id: [row.get(item.id, item.default) for row in some]
            for item in form.typed_fields
        }
        converted = ConvertedColumns([None] * len(some), typed)
        block = check_columns(
            form, converted, context, Stage.DRAFT, seen=seen, upsert=False
        )
        for checked in block.checked():
            row = {name: checked.row.get(name) for name in form.by_id}
            yield row, checked.problems


def _find_reasons(
    order: GenerationOrder, row: Row, problems: Sequence[Problem]
) -> Iterator[str]:
    """Why a row cannot be stored as its source has it."""
    lacking = [order.form.by_id[name] for name in order.told if row.get(name) is None]
    lacking = [item for item in lacking if item.required and not item.is_given]
    where = f"{order.source.code} {order.source.title}"
    yield from (f"“{item.label}”在 {where} 里没有填，请先补上。" for item in lacking)
    # What else is wrong follows from that.
    for problem in () if lacking else problems:
        if problem.is_error and problem.code in _UNSTORABLE:
            yield describe(order.form, problem)


# Rows whose source has gone.


def _explain_gone(
    store: RowStore,
    order: GenerationOrder,
    gone: Sequence[_Here],
    origins: Origins,
) -> tuple[Gone, ...]:
    if not gone:
        return ()
    ids = tuple(one.id for one in gone)
    query = Query(ids=ids, size=len(ids))
    stored = {
        row.id: row for row in store.find_page(order.form, order.scope, query).rows
    }
    return tuple(
        Gone(
            stored[one.id],
            origins.find_reason(one.key),
            origins.find_origin(one.key),
            tuple(_find_maintained(order, stored[one.id].row)),
        )
        for one in gone
    )


def _find_maintained(order: GenerationOrder, row: Row) -> Iterator[FieldSpec]:
    generated = order.find_generated()
    for item in order.form.typed_fields:
        value = row.get(item.id)
        if item.id not in generated and value is not None and value != item.default:
            yield item
