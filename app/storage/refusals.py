"""Why the database refused to write a row, in the domain's words.

Only the database knows for sure whether a key is free or a row unused: two people may
write at once. What it refuses is looked up afterwards and named. Bulk loads explain
themselves in `load_refusals`.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy import Connection, select
from sqlalchemy.exc import DataError, IntegrityError

from app.errors import DuplicateKey, RowInUse, UnknownReference, ValueTooLarge
from app.storage.binding import Binding
from app.storage.keys import key_text
from app.storage.records import Scope, StoredRow
from app.storage.references import find_missing, find_users
from form_schemas.catalogue import Catalogue
from validators.conversion import display

Row = Mapping[str, object]


class RowRefusals:
    """Says why a write of one form's row was refused; the transaction goes on."""

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        binding: Binding,
        scope: Scope,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._binding = binding
        self._form = binding.form
        self._scope = scope

    @contextmanager
    def explaining(self, row: Row, current: StoredRow | None = None) -> Iterator[None]:
        """Write within; `row` is what it is to be, `current` what it is so far."""
        try:
            # A savepoint: PostgreSQL would give up the whole transaction.
            with self._connection.begin_nested():
                yield
        except (DataError, OverflowError) as error:
            raise ValueTooLarge from error
        except IntegrityError as error:
            self._refuse_taken(row, current, error)
            self._refuse_missing(row, current, error)
            if current is not None:
                self.refuse_used(current, None)
            raise

    def refuse_used(
        self, current: StoredRow, changed: frozenset[str] | None = None
    ) -> None:
        """Refuse if others refer to what is to change; None: the row is to go."""
        users = find_users(
            self._connection,
            self._catalogue,
            self._form,
            self._scope,
            current.row,
            changed=changed,
        )
        if users:
            raise RowInUse(users)

    def _refuse_taken(
        self, row: Row, current: StoredRow | None, error: IntegrityError
    ) -> None:
        own = None if current is None else current.id
        for fields in (self._form.key, *self._form.unique):
            if any(found != own for found in self._find_holders(fields, row)):
                raise DuplicateKey(self._form, self._show(fields, row)) from error

    def _refuse_missing(
        self, row: Row, current: StoredRow | None, error: IntegrityError
    ) -> None:
        missing = find_missing(
            self._connection, self._catalogue, self._form, self._scope, row
        )
        if current is not None:
            missing = {**self._find_former(row, current.row), **missing}
        if missing:
            raise UnknownReference(self._form, missing) from error

    def _find_former(self, row: Row, current: Row) -> dict[str, tuple[str, ...]]:
        """Label -> what the row itself was called that now refers to it so."""
        return {
            field.label: (str(row[field.id]),)
            for field in self._form.fields
            if field.reference is not None
            and self._form.code in field.reference.tables
            and row[field.id] is not None
            and row[field.id] == current[field.reference.field]
            and row[field.id] != row[field.reference.field]
        }

    def _find_holders(self, fields: tuple[str, ...], row: Row) -> list[int]:
        """Ids of the rows that have the same values in fields that are unique."""
        c = self._binding.table.c
        if fields == self._form.key:
            same = [c._key == key_text(self._form, row)]
        else:
            same = [c[field_id] == row.get(field_id) for field_id in fields]
        statement = select(c._id).where(self._binding.in_unit(self._scope), *same)
        return list(self._connection.scalars(statement))

    def _show(self, fields: tuple[str, ...], row: Row) -> dict[str, str]:
        codelists = self._catalogue.codelists
        return {
            spec.label: display(spec, row.get(spec.id), codelists)
            for spec in map(self._form.get_field, fields)
        }
