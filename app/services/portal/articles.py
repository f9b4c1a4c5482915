"""Articles of the portal: rows of a source, as a list and one by one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import Connection

from app.errors import NotFound
from app.services.portal.rich_text import clean
from app.services.portal.site import Site
from app.storage.engine import begin_reading
from app.storage.files import find_file
from app.storage.public_rows import (
    Conditions,
    Order,
    PublicRound,
    PublicRow,
    count_rows,
    find_rows,
    list_rounds,
)
from form_schemas.portal import PortalColumn, Source
from renderers.display import show

PAGE_SIZE = 20
#: Found in one column, where all are searched.
_MOST_FOUND = 10


@dataclass(frozen=True)
class PublicFile:
    """A file that may be fetched by anybody."""

    token: str
    name: str
    size: int


@dataclass(frozen=True)
class Headline:
    """An article in a list."""

    #: names it in addresses
    key: str
    title: str
    date: date | None
    #: who supplied it
    origin: str
    summary: str
    #: token of its picture
    image: str
    is_pinned: bool


@dataclass(frozen=True)
class Picture:
    token: str
    caption: str


@dataclass(frozen=True)
class Article:
    """An article as a whole."""

    headline: Headline
    author: str
    keywords: tuple[str, ...]
    #: HTML that may be shown as it is
    body: str
    #: label and value
    facts: tuple[tuple[str, str], ...]
    files: tuple[PublicFile, ...]
    pictures: tuple[Picture, ...]


@dataclass(frozen=True)
class Listing:
    """One page of a column."""

    headlines: tuple[Headline, ...]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


@dataclass(frozen=True)
class Found:
    """What a search found in one column."""

    column: PortalColumn
    headlines: tuple[Headline, ...]
    total: int


def list_articles(
    site: Site, column: PortalColumn, page: int = 1, search: str = ""
) -> Listing:
    """A page of a column: pinned ones first, then the newest."""
    with begin_reading(site.engine) as connection:
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        return _list(connection, site, column, rounds, page, search)


def list_newest(
    site: Site, columns: Sequence[PortalColumn], most: int
) -> Mapping[str, tuple[Headline, ...]]:
    """The newest articles of several columns, by the ids of these."""
    with begin_reading(site.engine) as connection:
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        return {
            column.id: _find(connection, site, column, rounds, Conditions(), most)
            for column in columns
            if column.source is not None
        }


def list_running(site: Site, most: int) -> tuple[Headline, ...]:
    """The newest articles that run along the top of the home page."""
    column = site.portal.by_id.get(site.portal.ticker)
    if column is None:
        return ()
    wanted = _conditions(column)
    if site.portal.ticker_where is not None:
        wanted = replace(wanted, where=(*wanted.where, site.portal.ticker_where))
    with begin_reading(site.engine) as connection:
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        return _find(connection, site, column, rounds, wanted, most)


def get_article(site: Site, column: PortalColumn, key: str) -> Article:
    """An article of a column.

    Raises:
        NotFound: there is none, or it is not public any more.
    """
    round_id, _, row_id = key.partition("-")
    if column.source is None or not (_is_id(round_id) and _is_id(row_id)):
        raise NotFound(_GONE)
    with begin_reading(site.engine) as connection:
        known = list_rounds(connection, site.catalogue, site.edition.collection)
        rounds = tuple(one for one in known if str(one.id) == round_id)
        wanted = _conditions(column, row_id=int(row_id))
        source = column.source
        rows = find_rows(
            connection,
            site.catalogue,
            site.form(source.form),
            rounds,
            wanted,
            source.fields,
            site.today,
        )
        if not rows:
            raise NotFound(_GONE)
        return _make_article(connection, site, source, rounds, rows[0])


def get_first(site: Site, column: PortalColumn) -> Article | None:
    """The first article of a column as a whole; None: it has none yet."""
    listing = list_articles(site, column)
    if not listing.headlines:
        return None
    return get_article(site, column, listing.headlines[0].key)


def search_articles(site: Site, words: str) -> tuple[Found, ...]:
    """What is found in all columns that list articles."""
    found = []
    with begin_reading(site.engine) as connection:
        rounds = list_rounds(connection, site.catalogue, site.edition.collection)
        for column in site.portal.columns:
            if column.source is None:
                continue
            listing = _list(connection, site, column, rounds, 1, words)
            if listing.total:
                shown = listing.headlines[:_MOST_FOUND]
                found.append(Found(column, shown, listing.total))
    return tuple(found)


_GONE = "没有这篇文章，它可能已经撤下。请从栏目里重新找。"


def _is_id(text: str) -> bool:
    """Whether it is a number that the database can hold."""
    return text.isascii() and text.isdigit() and len(text) < 16


def _list(
    connection: Connection,
    site: Site,
    column: PortalColumn,
    rounds: Sequence[PublicRound],
    page: int,
    search: str,
) -> Listing:
    source = column.source
    if source is None:
        raise NotFound("这个栏目没有文章。")
    form = site.form(source.form)
    fields = (source.title, source.keywords, source.summary, source.origin)
    wanted = _conditions(column, search=search, fields=tuple(filter(None, fields)))
    total = count_rows(connection, site.catalogue, form, rounds, wanted, site.today)
    page = max(1, min(page, -(-total // PAGE_SIZE)))
    start = (page - 1) * PAGE_SIZE
    shown = _find(connection, site, column, rounds, wanted, PAGE_SIZE, start)
    return Listing(shown, total, page)


def _find(
    connection: Connection,
    site: Site,
    column: PortalColumn,
    rounds: Sequence[PublicRound],
    wanted: Conditions,
    limit: int,
    offset: int = 0,
) -> tuple[Headline, ...]:
    source = column.source
    assert source is not None
    named = (
        source.title,
        source.date,
        source.origin,
        source.summary,
        source.image,
        source.pinned,
    )
    rows = find_rows(
        connection,
        site.catalogue,
        site.form(source.form),
        rounds,
        wanted if wanted.where else _conditions(column),
        tuple(dict.fromkeys(filter(None, named))),
        site.today,
        order=Order(source.date, source.pinned),
        limit=limit,
        offset=offset,
    )
    return tuple(_make_headline(source, row) for row in rows)


def _conditions(column: PortalColumn, **more: Any) -> Conditions:
    assert column.source is not None
    where = (column.source.where, column.where)
    return Conditions(tuple(one for one in where if one is not None), **more)


def _make_headline(source: Source, row: PublicRow) -> Headline:
    def text(name: str) -> str:
        return str(row.values.get(name) or "") if name else ""

    return Headline(
        f"{row.round_id}-{row.id}",
        text(source.title),
        row.values.get(source.date),
        text(source.origin) or row.unit_name,
        text(source.summary),
        text(source.image),
        bool(row.values.get(source.pinned)),
    )


def _make_article(
    connection: Connection,
    site: Site,
    source: Source,
    rounds: Sequence[PublicRound],
    row: PublicRow,
) -> Article:
    form, values = site.form(source.form), row.values
    shown = (
        (
            form.by_id[name].label,
            show(form.by_id[name], values.get(name), site.catalogue.codelists),
        )
        for name in source.facts
    )
    keywords = values.get(source.keywords) or ""
    listed = keywords if isinstance(keywords, tuple) else _split(keywords)
    return Article(
        _make_headline(source, row),
        str(values.get(source.author) or ""),
        listed,
        clean(str(values.get(source.body) or "")),
        tuple((label, text) for label, text in shown if text),
        tuple(_list_files(connection, source, values)),
        _find_pictures(connection, site, source, rounds, row),
    )


def _split(keywords: str) -> tuple[str, ...]:
    parts = keywords.replace(";", "；").split("；")
    return tuple(part.strip() for part in parts if part.strip())


def _list_files(
    connection: Connection, source: Source, values: Mapping[str, Any]
) -> Sequence[PublicFile]:
    tokens: list[str] = []
    for name in source.files:
        held = values.get(name) or ()
        tokens += [held] if isinstance(held, str) else held
    found = (find_file(connection, token) for token in tokens)
    return [PublicFile(one.token, one.name, one.size) for one in found if one]


def _find_pictures(
    connection: Connection,
    site: Site,
    source: Source,
    rounds: Sequence[PublicRound],
    row: PublicRow,
) -> tuple[Picture, ...]:
    """The rows of the pictures' form that refer to this one."""
    told = source.pictures
    if told is None:
        return ()
    reference = site.form(told.form).by_id[told.field].reference
    assert reference is not None
    fields = tuple(dict.fromkeys(filter(None, (told.field, told.image, told.caption))))
    held = find_rows(
        connection,
        site.catalogue,
        site.form(told.form),
        [one for one in rounds if one.id == row.round_id],
        Conditions(unit_id=row.unit_id),
        fields,
        site.today,
    )
    wanted = row.values.get(reference.field)
    return tuple(
        Picture(one.values[told.image], str(one.values.get(told.caption) or ""))
        for one in held
        if one.values[told.field] == wanted and one.values[told.image]
    )
