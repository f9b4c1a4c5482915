"""Reads what a unit stored of a booklet in this round and in those before it."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, select

from app.models import Round, RoundState
from app.policy import Action
from app.services.booklets import forms_of
from app.services.workplaces import Workplace
from app.storage.counting import Wanted, count_rows
from app.storage.expression_rows import find_edition, is_asked
from app.storage.previous import list_previous_rows
from app.storage.records import Scope
from form_schemas.booklets import BlockKind, Booklet, list_counted
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

Row = Mapping[str, object]

#: Rows of a list of ticks: one a code.
_MOST_ROWS = 1000


@dataclass(frozen=True)
class BookletRound:
    """A round and what the unit stored in it."""

    id: int
    title: str
    periods: Mapping[str, Sequence[str]]
    #: form code -> its rows
    rows: Mapping[str, Sequence[Row]]
    #: code of a list -> how many rows; None: it was not asked for
    counts: Mapping[str, int | None]

    @property
    def is_empty(self) -> bool:
        return not any(self.rows.values()) and not any(self.counts.values())


@dataclass(frozen=True)
class RoundReader:
    """Reads the booklet of one unit, as one person sees it."""

    catalogue: Catalogue
    place: Workplace
    booklet: Booklet

    @cached_property
    def forms(self) -> Mapping[str, FormSpec]:
        seen = forms_of(self.place, self.booklet)
        return {f.code: f for f in seen if self.place.can(Action.VIEW_ROWS, f)}

    def read(self, connection: Connection) -> Iterator[BookletRound]:
        """This round, and of those before it the ones that hold anything."""
        for at, found in enumerate(self._list_rounds(connection)):
            one = self._read_round(connection, found)
            if not at or not one.is_empty:
                yield one

    def _list_rounds(self, connection: Connection) -> Iterator[Round]:
        """This round, and those before it, each by what the later one names."""
        table = Round.__table__
        known = {
            one.id: one
            for one in connection.execute(
                select(table).where(
                    table.c.collection == self.place.collection,
                    ~table.c.is_standing,
                    table.c.state != RoundState.PREPARING,
                )
            )
        }
        number: int | None = self.place.round_id
        while number is not None and number in known:
            found = known.pop(number)
            yield found
            number = found.previous_id

    def _read_round(self, connection: Connection, found: Round) -> BookletRound:
        scope, catalogue = Scope(self.place.unit_id, found.id), self.catalogue
        rows = {
            block.form: list_previous_rows(
                connection, catalogue, self.forms[block.form], scope, _MOST_ROWS
            )
            for block in self.booklet.blocks
            if block.kind not in (BlockKind.COUNTS, BlockKind.LIST)
        }
        counts = self._count(connection, scope)
        return BookletRound(found.id, found.title, found.periods, rows, counts)

    def _count(self, connection: Connection, scope: Scope) -> dict[str, int | None]:
        catalogue, place = self.catalogue, self.place
        edition = find_edition(connection, catalogue, scope.round_id)
        lists = [self.forms[code] for code in self._list_lists() if code in self.forms]
        wanted = [Wanted(f, place.department_for(f, Action.VIEW_ROWS)) for f in lists]
        found = count_rows(connection, wanted, scope.unit_id, scope.round_id)
        return {
            form.code: count if edition and is_asked(catalogue, form, edition) else None
            for form, count in zip(lists, found, strict=True)
        }

    def _list_lists(self) -> Iterator[str]:
        for block in self.booklet.blocks:
            if block.kind is BlockKind.LIST:
                yield block.form
            elif block.kind is BlockKind.COUNTS:
                for one in list_counted(self.forms[block.form]):
                    yield one.form
