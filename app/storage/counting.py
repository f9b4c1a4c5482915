"""Counts the formal rows of many forms in one question.

A list of a hundred forms asks a hundred tables. The question is written as text, kept
and prepared once: as expressions, putting it together would take longer than to answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, TextClause, text

from app.storage.lookup import in_groups
from app.storage.tables import IS_FAULTY
from form_schemas.spec import FormSpec

#: SQLite takes up to 500 parts of one statement.
_TABLES_AT_ONCE = 200

_SCOPE = "_unit_id = :unit AND _round_id = :round"


@dataclass(frozen=True)
class Wanted:
    """Rows of a form to be counted."""

    form: FormSpec
    #: None: rows of all departments
    department_id: int | None = None


def count_rows(
    connection: Connection, wanted: Sequence[Wanted], unit_id: int, round_id: int
) -> tuple[int, ...]:
    """How many rows there are, in the order of what is wanted."""
    found = _ask(connection, _COUNT, wanted, unit_id, round_id)
    counts = dict(found)
    return tuple(counts.get(place, 0) for place in range(len(wanted)))


def count_levels(
    connection: Connection, wanted: Sequence[Wanted], unit_id: int, round_id: int
) -> tuple[Mapping[str, int], ...]:
    """How many rows were stored with problems, by their worst level."""
    counts: tuple[dict[str, int], ...] = tuple({} for _ in wanted)
    for place, level, count in _ask(connection, _LEVELS, wanted, unit_id, round_id):
        counts[place][level] = count
    return counts


def count_by_department(
    connection: Connection, forms: Sequence[FormSpec], unit_id: int, round_id: int
) -> tuple[Mapping[int | None, int], ...]:
    """How many rows of each form which department supplied."""
    wanted = [Wanted(form) for form in forms]
    counts: tuple[dict[int | None, int], ...] = tuple({} for _ in wanted)
    for place, owner, count in _ask(connection, _OWNERS, wanted, unit_id, round_id):
        counts[place][owner] = count
    return counts


def find_units_with_rows(
    connection: Connection,
    forms: Sequence[FormSpec],
    round_id: int,
    unit_id: int | None = None,
) -> frozenset[int]:
    """The units that have rows of any of these forms in a round; of one, if it has."""
    scope = "_round_id = :round" if unit_id is None else _SCOPE
    values = {"round": round_id} | ({} if unit_id is None else {"unit": unit_id})
    found: set[int] = set()
    for group in in_groups((form.table_name for form in forms), _TABLES_AT_ONCE):
        found.update(connection.scalars(_write_units(tuple(group), scope), values))
    return frozenset(found)


@lru_cache(maxsize=64)
def _write_units(tables: tuple[str, ...], scope: str) -> TextClause:
    return text(
        " UNION ".join(
            f"SELECT DISTINCT _unit_id FROM {table} WHERE {scope}" for table in tables
        )
    )


_COUNT = "SELECT {place}, count(*) FROM {table} WHERE {scope}"
_LEVELS = (
    "SELECT {place}, _level, count(*) FROM {table} "
    f"WHERE {{scope}} AND {IS_FAULTY} GROUP BY _level"
)
_OWNERS = (
    "SELECT {place}, _department_id, count(*) FROM {table} "
    "WHERE {scope} GROUP BY _department_id"
)


def _ask(
    connection: Connection,
    part: str,
    wanted: Sequence[Wanted],
    unit_id: int,
    round_id: int,
):
    places = enumerate((one.form.table_name, one.department_id) for one in wanted)
    for group in in_groups(places, _TABLES_AT_ONCE):
        values = {f"d{owner}": owner for _, (_, owner) in group if owner is not None}
        statement = _write(part, tuple((n, *asked) for n, asked in group))
        yield from connection.execute(
            statement, {"unit": unit_id, "round": round_id, **values}
        )


@lru_cache(maxsize=256)
def _write(part: str, tables: tuple[tuple[int, str, int | None], ...]) -> TextClause:
    """Names of tables come from the catalogue only."""
    return text(
        " UNION ALL ".join(
            part.format(
                place=place,
                table=table,
                scope=_SCOPE
                if owner is None
                else f"{_SCOPE} AND _department_id = :d{owner}",
            )
            for place, table, owner in tables
        )
    )
