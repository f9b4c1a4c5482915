"""What the checks ask about stored rows: the rows behind references, keys in use.

It sees the whole unit and round, whatever department asks.
"""

from collections.abc import Collection, Iterable, Iterator
from itertools import islice

from sqlalchemy import Connection, select

from app.storage.binding import bind
from app.storage.keys import join_key
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

#: Values of one statement; SQLite takes up to 32,766.
ROWS_AT_ONCE = 5000


class RowLookup:
    """Look-ups for the checks of one form, within a unit and round."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, form: FormSpec, scope: Scope
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._scope = scope
        self._forms = catalogue.edition_of(form).by_code

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> dict[object, list[dict[str, object]]]:
        """The rows of a form that have these values in a field, by value.

        They hold `columns` and no more: 30,000 students need not be read for their
        numbers.
        """
        binding = bind(self._catalogue, self._forms[table_code])
        column = binding.table.c[field_id]
        names = tuple(name for name in columns if name in binding.form.by_id)
        found: dict[object, list[dict[str, object]]] = {}
        for group in in_groups(values, ROWS_AT_ONCE):
            records = self._connection.execute(
                select(column, *(binding.table.c[name] for name in names))
                .where(binding.in_unit(self._scope), column.in_(group))
                .order_by(binding.table.c._id)
            )
            for value, *row in records:
                same = found.setdefault(value, [])
                same.append(dict(zip(names, row, strict=True)))
        return found

    def existing_keys(
        self, form: FormSpec, keys: Collection[tuple[object, ...]]
    ) -> set[tuple[object, ...]]:
        """Those of the keys that stored rows have."""
        binding = bind(self._catalogue, form)
        by_text = {join_key(key): key for key in keys}
        found = set()
        for texts in in_groups(by_text, ROWS_AT_ONCE):
            statement = select(binding.table.c._key).where(
                binding.in_unit(self._scope), binding.table.c._key.in_(texts)
            )
            found.update(by_text[t] for t in self._connection.scalars(statement))
        return found


def in_groups(items: Iterable[object], size: int) -> Iterator[list[object]]:
    """Cut items into lists that one statement can take."""
    iterator = iter(items)
    while group := list(islice(iterator, size)):
        yield group
