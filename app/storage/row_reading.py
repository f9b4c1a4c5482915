"""Reads the formal rows of any form: page by page, as streams, by keys, as options.

Called through `RowStore` (`rows`), which writes them too.
"""

from collections.abc import Collection, Iterator, Sequence

from sqlalchemy import Connection, func, select

from app.errors import NotFound
from app.storage.binding import Binding, bind
from app.storage.counting import Wanted, count_levels
from app.storage.keys import join_key
from app.storage.lookup import ROWS_AT_ONCE, RowLookup, in_groups
from app.storage.picking import Picking, find_choices
from app.storage.records import Choices, Page, Query, Scope, StoredRow
from app.storage.search import find_page, matching, ordered
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.compiling import Env


class RowReader:
    """The formal rows of all forms, seen through one connection's transaction."""

    def __init__(self, connection: Connection, catalogue: Catalogue) -> None:
        self.connection = connection
        self.catalogue = catalogue

    def find_page(
        self, form: FormSpec, scope: Scope, query: Query | None = None
    ) -> Page:
        """One page of rows, searched, filtered and sorted."""
        return find_page(
            self.connection,
            self._bind(form),
            scope,
            query or Query(),
            self.catalogue.codelists,
        )

    def find_record(self, form: FormSpec, scope: Scope) -> StoredRow | None:
        """The one row of a record form."""
        return next(iter(self.find_page(form, scope, Query(size=1)).rows), None)

    def get(self, form: FormSpec, scope: Scope, row_id: int) -> StoredRow:
        found = self._find(self._bind(form), scope, row_id)
        if found is None:
            raise NotFound
        return found

    def count(self, form: FormSpec, scope: Scope, query: Query | None = None) -> int:
        wanted = self._matching(form, scope, query)
        table = self._bind(form).table
        statement = select(func.count()).select_from(table).where(wanted)
        return self.connection.scalar(statement) or 0

    def find_batch(
        self,
        form: FormSpec,
        scope: Scope,
        query: Query,
        *,
        after: int,
        until: int,
        size: int,
    ) -> tuple[tuple[int, int], ...]:
        """Ids and versions of the next rows of a query in the order of entry."""
        table = self._bind(form).table
        records = self.connection.execute(
            select(table.c._id, table.c._version)
            .where(self._matching(form, scope, query))
            .where(table.c._id > after, table.c._id <= until)
            .order_by(table.c._id)
            .limit(size)
        )
        return tuple(map(tuple, records))

    def find_last_id(self, form: FormSpec, scope: Scope, query: Query) -> int:
        """The id of the row of a query that was entered last; 0 if there is none."""
        statement = select(func.max(self._bind(form).table.c._id))
        matching = statement.where(self._matching(form, scope, query))
        return self.connection.scalar(matching) or 0

    def count_levels(self, form: FormSpec, scope: Scope) -> dict[str, int]:
        """How many rows were stored with problems: by their worst level."""
        wanted = [Wanted(form, scope.department_id)]
        place = (scope.unit_id, scope.round_id)
        return dict(count_levels(self.connection, wanted, *place)[0])

    def iterate(
        self,
        form: FormSpec,
        scope: Scope,
        query: Query | None = None,
        *,
        fields: Sequence[str] | None = None,
        chunk: int = 2000,
    ) -> Iterator[Sequence[tuple[object, ...]]]:
        """All rows of a query as tuples in the order of `fields` (default: the form's).

        Given in chunks; memory does not grow with their number.
        """
        binding = self._bind(form)
        columns = [binding.table.c[name] for name in fields or form.by_id]
        statement = select(*columns).where(self._matching(form, scope, query))
        yield from self._stream(statement, binding, query, chunk)

    def iterate_rows(
        self, form: FormSpec, scope: Scope, query: Query | None = None
    ) -> Iterator[StoredRow]:
        """All rows of a query with their ids and versions."""
        binding = self._bind(form)
        statement = select(*binding.selected).where(self._matching(form, scope, query))
        for records in self._stream(statement, binding, query, 2000):
            yield from map(binding.read, records)

    def find_by_key(
        self, form: FormSpec, scope: Scope, keys: Collection[tuple[object, ...]]
    ) -> dict[tuple[object, ...], StoredRow]:
        """The rows that have these keys (values in the order of `form.key`)."""
        binding = self._bind(form)
        by_text = {join_key(key): key for key in keys}
        found = {}
        for texts in in_groups(by_text, ROWS_AT_ONCE):
            records = self.connection.execute(
                select(binding.table.c._key, *binding.selected).where(
                    binding.in_unit(scope), binding.table.c._key.in_(texts)
                )
            )
            for text, *record in records:
                found[by_text[text]] = binding.read(record)
        return found

    def search_options(
        self,
        form: FormSpec,
        field: FieldSpec,
        scope: Scope,
        text: str,
        page: int = 1,
        env: Env | None = None,
    ) -> Choices:
        """Rows that a reference may pick, a page of them; of all its target forms.

        Args:
            env: the referring row, for the reference's own filter; None passes it over.
        """
        picking = Picking(form, field, env)
        found = [
            find_choices(
                self.connection,
                self.catalogue,
                target,
                scope,
                picking,
                text.strip(),
                page,
            )
            for target in self.catalogue.targets(form, field)
        ]
        options = tuple(option for choices in found for option in choices.options)
        return Choices(options, any(choices.more for choices in found))

    def as_lookup(self, form: FormSpec, scope: Scope) -> RowLookup:
        """What the checks of a form may ask about stored rows of its unit and round."""
        return RowLookup(self.connection, self.catalogue, form, scope)

    def _bind(self, form: FormSpec) -> Binding:
        return bind(self.catalogue, form)

    def _matching(self, form: FormSpec, scope: Scope, query: Query | None):
        return matching(
            self._bind(form), scope, query or Query(), self.catalogue.codelists
        )

    def _stream(self, statement, binding: Binding, query: Query | None, chunk: int):
        statement = ordered(statement, binding, query.sort if query else None)
        found = self.connection.execute(
            statement, execution_options={"yield_per": chunk}
        )
        yield from found.partitions()

    def _find(self, binding: Binding, scope: Scope, row_id: int) -> StoredRow | None:
        statement = select(*binding.selected).where(
            binding.table.c._id == row_id, binding.in_scope(scope)
        )
        record = self.connection.execute(statement).first()
        return None if record is None else binding.read(record)
