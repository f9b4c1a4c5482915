"""What an anthology prints of a row: its texts, documents and pictures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from app.services.anthologies.contents import Contents, Entry
from app.services.anthologies.places import BookPlace
from app.services.files import is_of_form
from app.storage.files import find_file
from app.storage.referring_rows import Referring, list_referring
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from renderers.display import bare_words, show

#: Rows of another form that belong to one row.
_MOST_PARTS = 200


@dataclass(frozen=True)
class BookFile:
    """A file of a row."""

    token: str
    #: as it was sent
    name: str
    #: what it is called in the book; empty: as it was sent
    caption: str
    #: of its field
    label: str


@dataclass(frozen=True)
class Piece:
    """A row with all that is printed of it."""

    entry: Entry
    chapter: str
    #: label and value
    facts: tuple[tuple[str, str], ...]
    summary: str
    body: str
    documents: tuple[BookFile, ...]
    pictures: tuple[BookFile, ...]
    #: what is named and not there, as people read it
    lacking: tuple[str, ...]


def gather(
    connection: Connection, catalogue: Catalogue, contents: Contents
) -> tuple[Piece, ...]:
    """All that a book is made of, but the contents of its files."""
    gatherer = _Gatherer(connection, catalogue, contents.place)
    return tuple(
        gatherer.gather(entry, chapter.title)
        for chapter in contents.chapters
        for entry in chapter.entries
    )


class _Gatherer:
    def __init__(
        self, connection: Connection, catalogue: Catalogue, place: BookPlace
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._place = place
        self._source = place.anthology.source
        self._lacking: list[str] = []

    def gather(self, entry: Entry, chapter: str) -> Piece:
        self._lacking = []
        source, form = self._source, self._place.form
        documents = [
            file
            for name in source.files
            for file in self._find_own(entry, form.by_id[name])
        ]
        return Piece(
            entry,
            chapter,
            tuple(self._list_facts(entry)),
            self._read_text(entry, source.summary),
            self._read_text(entry, source.body),
            (*documents, *self._find_attached(entry)),
            tuple(self._find_pictures(entry)),
            tuple(self._lacking),
        )

    def _list_facts(self, entry: Entry) -> Iterator[tuple[str, str]]:
        """The short values, but those that stand in the heading."""
        source, form = self._source, self._place.form
        single = (source.author, source.date, source.keywords)
        for name in dict.fromkeys([*filter(None, single), *source.facts]):
            item = form.by_id[name]
            text = show(item, entry.row.stored.row[name], self._catalogue.codelists)
            if text:
                yield item.label, f"{text} {item.unit}".rstrip() if item.unit else text

    def _read_text(self, entry: Entry, name: str) -> str:
        text = str(entry.row.stored.row.get(name) or "") if name else ""
        is_rich = bool(name) and self._place.form.by_id[name].is_rich
        return bare_words(text) if is_rich else text

    def _find_own(self, entry: Entry, item: FieldSpec) -> Iterator[BookFile]:
        value = entry.row.stored.row[item.id]
        for token in _list_tokens(value):
            yield from self._find(entry, self._place.form, item, token, "")

    def _find_attached(self, entry: Entry) -> Iterator[BookFile]:
        for told in self._place.anthology.attachments:
            form = self._place.edition.by_code[told.form]
            args = (entry, form, told.field, told.file, told.caption)
            yield from self._find_in_rows(*args)

    def _find_pictures(self, entry: Entry) -> Iterator[BookFile]:
        own, told = self._source.image, self._source.pictures
        if own:
            yield from self._find_own(entry, self._place.form.by_id[own])
        if told is not None:
            form = self._place.edition.by_code[told.form]
            args = (entry, form, told.field, told.image, told.caption)
            yield from self._find_in_rows(*args)

    def _find_in_rows(
        self, entry: Entry, form: FormSpec, field: str, file: str, caption: str
    ) -> Iterator[BookFile]:
        """Files of the rows of another form that belong to the row."""
        reference = form.by_id[field].reference
        assert reference is not None
        value = entry.row.stored.row[reference.field]
        rows = Referring(self._catalogue, form, entry.row.scope, field, value)
        named = [file, *filter(None, [caption])]
        for stored in list_referring(self._connection, rows, named)[:_MOST_PARTS]:
            title = str(stored[1] or "") if caption else ""
            for token in _list_tokens(stored[0]):
                yield from self._find(entry, form, form.by_id[file], token, title)

    def _find(
        self, entry: Entry, form: FormSpec, item: FieldSpec, token: str, caption: str
    ) -> Iterator[BookFile]:
        """The file, if it is one of this field's form and this row's unit."""
        found = find_file(self._connection, token)
        if (
            found is not None
            and is_of_form(found.form_name, form)
            and found.unit_id == entry.row.unit_id
        ):
            yield BookFile(token, found.name, caption, item.label)
            return
        shown = f"“{caption}”" if caption else ""
        self._lacking.append(f"{item.label}{shown}没有登记在册，没有收入。")


def _list_tokens(value: object) -> Sequence[str]:
    if value is None:
        return ()
    return tuple(map(str, value)) if isinstance(value, tuple | list) else (str(value),)
