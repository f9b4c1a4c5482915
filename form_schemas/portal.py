"""The public portal of a collection: which rows the public reads, in which columns.

`collection.json` (`portal`) says it; rows are those of forms like all others. What a
source shows is named field by field, so that nothing becomes public by accident.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from form_schemas.expressions import Expression


class ColumnKind(StrEnum):
    """What a column of the portal shows."""

    #: rows of a source, the newest first
    LIST = "list"
    #: the newest row of a source as a whole
    PAGE = "page"
    DIRECTORY = "directory"
    STATISTICS = "statistics"


@dataclass(frozen=True)
class Pictures:
    """Rows of another form that hold the pictures of a source's rows."""

    form: str
    #: its reference to the source's form
    field: str
    image: str
    caption: str = ""


@dataclass(frozen=True, eq=False)
class Source:
    """Rows of a form that the public reads, and what its fields are to a reader."""

    id: str
    #: code of the form
    form: str
    #: which rows are public
    where: Expression
    title: str
    date: str = ""
    author: str = ""
    origin: str = ""
    keywords: str = ""
    summary: str = ""
    body: str = ""
    image: str = ""
    files: tuple[str, ...] = ()
    #: fields shown with their labels
    facts: tuple[str, ...] = ()
    pinned: str = ""
    pictures: Pictures | None = None

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """All fields that the public may see."""
        single = (
            self.title,
            self.date,
            self.author,
            self.origin,
            self.keywords,
            self.summary,
            self.body,
            self.image,
            self.pinned,
        )
        named = [*filter(None, single), *self.files, *self.facts]
        return tuple(dict.fromkeys(named))


@dataclass(frozen=True, eq=False)
class PortalColumn:
    """An entry of the portal's navigation, or a page that others link to."""

    id: str
    title: str
    kind: ColumnKind
    source: Source | None = None
    #: which of the source's rows stand here; None: all
    where: Expression | None = None
    #: whether the navigation names it
    is_listed: bool = True


@dataclass(frozen=True)
class Facts:
    """Fields of a form on the page of a unit."""

    title: str
    form: str
    fields: tuple[str, ...]


@dataclass(frozen=True)
class Region:
    """Provinces that stand on one line of the directory, by how their codes begin."""

    title: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class Directory:
    """The units that report, by area and industry, each with a page."""

    title: str
    #: form and field: the industries of a unit
    industry: tuple[str, str] | None = None
    #: form and field: who leads it
    lead: tuple[str, str] | None = None
    facts: tuple[Facts, ...] = ()
    #: codes of the lists whose rows are its members
    members: tuple[str, ...] = ()
    regions: tuple[Region, ...] = ()


@dataclass(frozen=True, eq=False)
class Portal:
    """What the public sees of a collection."""

    title: str
    columns: tuple[PortalColumn, ...]
    directory: Directory | None = None
    #: id of the column that runs along the top of the home page
    ticker: str = ""
    #: which of its rows run there; None: all
    ticker_where: Expression | None = None
    #: ids of columns in lines, as the home page lists them
    home: tuple[tuple[str, ...], ...] = ()
    #: ids of the measures whose numbers the home page tells
    figures: tuple[str, ...] = ()
    #: id of the measure shown through the years
    trend: str = ""
    #: numbers of fewer persons are hidden
    smallest: int = 5
    #: a line of the foot
    support: str = ""
    #: the way in for those who report: its title
    entry: Mapping[str, str] | None = None

    @cached_property
    def by_id(self) -> Mapping[str, PortalColumn]:
        return {column.id: column for column in self.columns}

    @cached_property
    def sources(self) -> tuple[Source, ...]:
        found = (column.source for column in self.columns)
        return tuple(dict.fromkeys(one for one in found if one is not None))
