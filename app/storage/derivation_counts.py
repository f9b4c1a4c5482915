"""How many rows a derivation gives, without reading any."""

from dataclasses import replace

from sqlalchemy import Connection, func, select

from app.storage.derivation_queries import DerivationQuery
from app.storage.rule_queries import RulePlace, find_sql_place, planned
from form_schemas.catalogue import Catalogue
from form_schemas.derivations import Derivation
from form_schemas.spec import FormSpec


def count_derived_rows(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    derivation: Derivation,
    place: RulePlace,
) -> int:
    """How many rows it gives, the total row apart.

    Raises:
        NotInSqlError: no SQL says the derivation.
    """
    at = find_sql_place(connection, catalogue, form, place)
    rows = DerivationQuery(at, form, _narrow(form, derivation)).select_rows()
    with planned(connection, None):
        return connection.scalar(select(func.count()).select_from(rows.subquery())) or 0


def _narrow(form: FormSpec, derivation: Derivation) -> Derivation:
    """The columns of the key are enough to be counted; others may ask much."""
    named = {*form.key, *derivation.group_by}
    columns = {n: told for n, told in derivation.columns.items() if n in named}
    return replace(derivation, columns=columns)
