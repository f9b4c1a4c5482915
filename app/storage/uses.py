"""Which of many rows others refer to; `references` says of one row by whom."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection, exists, literal, select

from app.storage.binding import bind
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope
from app.storage.references import equal_fields
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec


def find_used(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    scope: Scope,
    row_ids: Collection[int],
) -> set[int]:
    """Those of the rows of a form that other rows refer to."""
    used = set[int]()
    for user, field in catalogue.referring(form):
        use = _Use(connection, catalogue, form, scope, user, field)
        find = use.find_listed if field.is_list else use.find_picked
        for ids in in_groups(row_ids, ROWS_AT_ONCE):
            used |= find(ids)
    return used


@dataclass(frozen=True)
class _Use:
    """A field of a form whose rows refer to those at hand."""

    connection: Connection
    catalogue: Catalogue
    #: whose rows are at hand
    form: FormSpec
    scope: Scope
    user: FormSpec
    field: FieldSpec

    def find_picked(self, ids: Collection[int]) -> set[int]:
        """The rows that a reference to one row picks."""
        assert self.field.reference is not None
        table = bind(self.catalogue, self.form).table
        there = bind(self.catalogue, self.user).table.alias("there")
        is_other = there.c._id != table.c._id
        itself = is_other if self.user is self.form else literal(value=True)
        filtered = (
            there.c[mine].is_not_distinct_from(table.c[own])
            for own, mine in equal_fields(self.field)
        )
        picked = exists().where(
            there.c._unit_id == self.scope.unit_id,
            there.c._round_id == self.scope.round_id,
            there.c[self.field.id] == table.c[self.field.reference.field],
            itself,
            *filtered,
        )
        wanted = select(table.c._id).where(table.c._id.in_(ids), picked)
        return set(self.connection.scalars(wanted))

    def find_listed(self, ids: Collection[int]) -> set[int]:
        """The rows that a reference to several rows picks."""
        assert self.field.reference is not None
        table = bind(self.catalogue, self.form).table
        users = bind(self.catalogue, self.user)
        column = users.table.c[self.field.id]
        here = users.in_unit(self.scope)
        lists = select(column).where(here, column.is_not(None)).distinct()
        picked = {one for values in self.connection.scalars(lists) for one in values}
        own = table.c[self.field.reference.field]
        wanted = select(table.c._id, own).where(table.c._id.in_(ids))
        rows = self.connection.execute(wanted)
        return {row_id for row_id, value in rows if value in picked}
