"""Anthologies: rows that travel, chosen for a book, with their documents and pictures.

`collection.json` (`anthologies`) says which of the portal's sources is chosen from, by
which move, and how the book is divided. Whoever may make the move makes the book.
"""

from dataclasses import dataclass
from enum import StrEnum

from form_schemas.flows import Move
from form_schemas.portal import Source


class Chapters(StrEnum):
    """What the chapters of a book are."""

    #: the areas that the rows come from
    AREA = "area"
    #: the values of a field
    KIND = "kind"
    NONE = "none"


@dataclass(frozen=True)
class Attachments:
    """Rows of another form that hold documents of a source's rows."""

    form: str
    #: its reference to the source's form
    field: str
    file: str
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Anthology:
    """A book of chosen rows; what their fields are to a reader says the source."""

    id: str
    title: str
    source: Source
    #: the move that chooses a row; who may make it makes the book
    choose: Move
    #: the move that takes a choice back; None: nothing does
    take_back: Move | None
    #: how many rows the book is to have
    least: int
    most: int
    #: kind of the units above by which rows are told apart; empty: they are not
    area: str = ""
    #: code list that names areas by the codes of their units; empty: units' names do
    area_codes: str = ""
    #: an enumeration of the form by which rows are told apart; empty: they are not
    kind: str = ""
    chapters: Chapters = Chapters.NONE
    #: fields that order a chapter until somebody orders it otherwise
    order: tuple[str, ...] = ()
    attachments: tuple[Attachments, ...] = ()

    @property
    def level(self) -> str:
        """The kind of units that make the book, each of its area."""
        return self.choose.by[0]

    @property
    def chosen(self) -> str:
        """The state of a row that stands in the book."""
        return self.choose.target

    def is_whole(self, count: int) -> bool:
        """Whether a book of so many rows is as it is to be."""
        return self.least <= count <= self.most
