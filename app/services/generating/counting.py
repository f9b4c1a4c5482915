"""Counts the rows that generating a form would add, without judging any of them."""

from collections.abc import Iterator
from dataclasses import replace

from sqlalchemy import Connection

from app.services.generating.orders import GenerationOrder
from app.services.round_checks import RoundCheck
from app.storage.columns import iterate_blocks
from app.storage.derived_values import find_derived_rows
from app.storage.expressions import NotInSqlError
from app.storage.keys import join_key
from form_schemas.derivations import Derivation

_ROWS_AT_ONCE = 5000


def count_missing(check: RoundCheck, order: GenerationOrder) -> int:
    """How many keys its source asks for that no row has.

    A plan may find that some of them cannot be added; it is made when somebody asks.

    Args:
        check: of the unit's round.
    """
    connection, place = check.connection, check.place_of(order.form)
    asked = (connection, order.catalogue, order.form, _narrow(order), place)
    try:
        rows = find_derived_rows(*asked)
    except NotInSqlError:
        return 0
    wanted = {join_key([row.values.get(name) for name in order.told]) for row in rows}
    return len(wanted.difference(_read_keys(connection, order))) if wanted else 0


def _narrow(order: GenerationOrder) -> Derivation:
    """The columns that tell rows apart are enough."""
    named = {*order.told, *order.derivation.group_by}
    columns = order.derivation.columns
    kept = {name: columns[name] for name in columns if name in named}
    return replace(order.derivation, columns=kept)


def _read_keys(connection: Connection, order: GenerationOrder) -> Iterator[str]:
    asked = (connection, order.catalogue, order.form, order.unit, order.told)
    for block in iterate_blocks(*asked, _ROWS_AT_ONCE):
        columns = [block.columns[name] for name in order.told]
        yield from (join_key(parts) for parts in zip(*columns, strict=True))
