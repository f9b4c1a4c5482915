"""What derivations come to: rows of values, as the fields of the form hold them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

from sqlalchemy import Connection, Select

from app.storage.derivation_queries import DerivationQuery, GroupKey
from app.storage.rule_queries import RulePlace, find_sql_place, planned
from form_schemas.catalogue import Catalogue
from form_schemas.derivations import Derivation
from form_schemas.spec import FormSpec
from validators.rules import settle_all


@dataclass(frozen=True)
class DerivedRow:
    """A row that follows from others."""

    #: the id of the source row it follows from, of a group's first one; None for the
    #: total row
    origin: int | None
    values: dict[str, object]


def find_derived_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    derivation: Derivation,
    place: RulePlace,
    only: Sequence[int] | None = None,
    groups: Sequence[GroupKey] | None = None,
) -> list[DerivedRow]:
    """The rows that a derivation gives in the unit and round, in the order of entry.

    Args:
        only: ids of source rows; what follows from others is left out.
        groups: what some groups are told by; others are left out.

    Raises:
        NotInSqlError: no SQL says the derivation.
    """
    query = make_query(connection, catalogue, form, derivation, place)
    query = replace(
        query,
        only=None if only is None else tuple(only),
        groups=None if groups is None else tuple(groups),
    )
    rows = _read(connection, query, query.select_rows())
    total = query.select_total()
    if total is not None:
        rows += [
            DerivedRow(None, row.values) for row in _read(connection, query, total)
        ]
    return rows


def make_query(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    derivation: Derivation,
    place: RulePlace,
) -> DerivationQuery:
    """A derivation, to be asked at a place."""
    at = find_sql_place(connection, catalogue, form, place)
    return DerivationQuery(at, form, derivation)


def _read(
    connection: Connection, query: DerivationQuery, statement: Select
) -> list[DerivedRow]:
    with planned(connection, query.only):
        # Put in order here: SQLite would read the source in this order instead, and
        # look through all groups for each of its rows.
        records = sorted(connection.execute(statement), key=itemgetter(0))
    if not records:
        return []
    names = query.names
    origins, *columns = zip(*records, strict=True)
    settled = [
        settle_all(query.form.by_id[name], column)
        for name, column in zip(names, columns, strict=True)
    ]
    return [
        DerivedRow(origin, dict(zip(names, values, strict=True)))
        for origin, *values in zip(origins, *settled, strict=True)
    ]
