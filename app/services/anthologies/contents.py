"""The contents of an anthology: chapters of chosen rows, numbered in their order."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import Connection, Row, select

from app.models import AnthologyOrder
from app.permissions import Actor
from app.services.anthologies.places import NO_AREA, BookPlace, get_place
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.items import ItemRow, Wanted, find_items
from form_schemas.anthologies import Chapters
from form_schemas.catalogue import Catalogue
from renderers.display import show

_ORDER = AnthologyOrder.__table__
#: Rows of a book; the settings allow no more to be declared.
MOST_ROWS = 5000
_REST = "其他"


@dataclass(frozen=True)
class Entry:
    """A row of the book."""

    #: through all chapters
    number: int
    title: str
    #: whose it is, as the row says
    origin: str
    row: ItemRow


@dataclass(frozen=True)
class Chapter:
    #: empty: the book has none
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, eq=False)
class Contents:
    """A book as it stands."""

    place: BookPlace
    chapters: tuple[Chapter, ...]
    #: of the order; 0: nobody ordered it
    version: int

    @property
    def entries(self) -> Iterator[Entry]:
        for chapter in self.chapters:
            yield from chapter.entries

    @property
    def count(self) -> int:
        return sum(len(chapter.entries) for chapter in self.chapters)

    @property
    def is_whole(self) -> bool:
        return self.place.anthology.is_whole(self.count)


def load_contents(
    workshop: Workshop,
    actor: Actor,
    collection: str,
    name: str,
    round_id: int | None,
) -> Contents:
    """The contents of the person's book.

    Raises:
        NotFound, Forbidden: as for `get_place`.
    """
    catalogue = workshop.catalogue
    with begin_reading(workshop.engine) as connection:
        place = get_place(connection, catalogue, actor, collection, name, round_id)
        return read_contents(connection, catalogue, place)


def read_contents(
    connection: Connection, catalogue: Catalogue, place: BookPlace
) -> Contents:
    """The rows that are in the book at this moment."""
    states = frozenset({place.anthology.chosen})
    wanted = Wanted(place.below, states, round_id=place.round.id, size=MOST_ROWS)
    rows, _ = find_items(connection, catalogue, place.form, wanted)
    kept = find_order(connection, place)
    ids = () if kept is None else kept.row_ids
    ordered = _sort(catalogue, place, rows, {one: n for n, one in enumerate(ids)})
    chapters = tuple(_divide(place, ordered))
    return Contents(place, chapters, 0 if kept is None else kept.version)


def find_order(connection: Connection, place: BookPlace) -> Row | None:
    """The order that somebody gave the book; None: nobody did."""
    return connection.execute(
        select(_ORDER).where(
            _ORDER.c.unit_id == place.unit_id,
            _ORDER.c.round_id == place.round.id,
            _ORDER.c.anthology == place.anthology.id,
        )
    ).first()


def _sort(
    catalogue: Catalogue,
    place: BookPlace,
    rows: Iterable[ItemRow],
    places: Mapping[int, int],
) -> list[ItemRow]:
    """By chapters, by hand, and as declared where nobody ordered them."""
    chapters = {title: n for n, title in enumerate(_list_chapters(place))}
    fields = [place.form.by_id[name] for name in place.anthology.order]

    def find_place(row: ItemRow) -> tuple[object, ...]:
        values = row.stored.row
        shown = (show(item, values[item.id], catalogue.codelists) for item in fields)
        return (
            chapters.get(_name_chapter(place, row), len(chapters)),
            places.get(row.stored.id, len(places)),
            *shown,
            row.stored.id,
        )

    return sorted(rows, key=find_place)


def _list_chapters(place: BookPlace) -> Sequence[str]:
    anthology = place.anthology
    if anthology.chapters is Chapters.AREA:
        return [area.name for area in place.areas.values()]
    if anthology.chapters is Chapters.KIND:
        return place.form.by_id[anthology.kind].options
    return ()


def _name_chapter(place: BookPlace, row: ItemRow) -> str:
    anthology = place.anthology
    if anthology.chapters is Chapters.AREA:
        found = place.find_area(row.unit_path)
        return _REST if found == NO_AREA else place.areas[found].name
    if anthology.chapters is Chapters.KIND:
        return str(row.stored.row.get(anthology.kind) or _REST)
    return ""


def _divide(place: BookPlace, rows: Iterable[ItemRow]) -> Iterator[Chapter]:
    number = 0
    for title, group in groupby(rows, lambda row: _name_chapter(place, row)):
        entries = []
        for row in group:
            number += 1
            entries.append(_make_entry(place, row, number))
        yield Chapter(title, tuple(entries))


def _make_entry(place: BookPlace, row: ItemRow, number: int) -> Entry:
    source, values = place.anthology.source, row.stored.row
    title = values.get(source.title) or f"第 {row.stored.id} 号"
    origin = values.get(source.origin) if source.origin else None
    return Entry(number, str(title), str(origin or row.unit_name), row)
