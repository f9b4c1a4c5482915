"""The public portal: no login, no cookie, no script needed."""

import re
from collections.abc import Callable
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    redirect,
    render_template,
    request,
    url_for,
)

from app.errors import NotFound
from app.models.base import now_utc
from app.services.portal import articles, directory, figures, files
from app.services.portal.directory import DirectoryIndex
from app.services.portal.site import Site, find_site
from app.services.portal.windows import find_window
from app.services.statistics.figures import show_number
from app.services.thumbnails import PICTURE_TYPES
from app.web.addresses import read_number
from app.web.area_names import shorten_area
from app.web.downloads import attach, send_picture
from app.web.portal_frame import Frame
from app.web.portal_kept import LASTING_SECONDS, get_kept, get_secrecy
from app.web.portal_statistics import draw_statistics, send_statistics
from app.web.server import Answer, Server, get_server
from app.web.visit import find_actor
from form_schemas.portal import ColumnKind, PortalColumn

portal = Blueprint("portal", __name__, url_prefix="/portal")

#: What names of provinces end with, where the beginning says enough.
#: What no XML may hold: one such sign in a title, and no reader takes the feed.
_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: Headlines of a column on the home page.
_MOST_HEADLINES = 6
_MOST_RUNNING = 5
_MOST_INDUSTRIES = 5
_PAGE = 50


portal.add_app_template_filter(shorten_area, "short_area")


@portal.app_template_filter()
def short_day(at: date) -> str:
    """A day as lists name it: without the year while that goes without saying."""
    if at.year == now_utc().astimezone().year:
        return at.strftime("%m-%d")
    return at.isoformat()


@portal.get("/")
def home() -> Answer:
    return _page(_draw_home)


@portal.get("/search")
def search() -> Answer:
    return _page(_draw_search)


@portal.get("/feed.xml")
def feed() -> Answer:
    return _page(_draw_feed, "application/atom+xml")


@portal.get("/sitemap.xml")
def sitemap() -> Answer:
    return _page(_draw_sitemap, "application/xml")


@portal.get("/files/<token>")
@portal.get("/files/<token>/<path:name>")
def fetch(token: str, name: str = "") -> Response:
    """A file that a public row shows; pictures are shown, all else is saved."""
    server = get_server()
    found, lasts = _find_file(server, token)
    pieces = server.files.read(token)
    if found.media_type in PICTURE_TYPES:
        response = send_picture(pieces, found.media_type, found.size)
    else:
        response = attach(pieces, found.name, found.media_type, found.size)
    response.headers["Cache-Control"] = lasts
    return response


def _find_file(server: Server, token: str) -> tuple[Any, str]:
    """The file, and how long it may be kept; people at work see theirs before."""
    try:
        return files.get_public_file(_get_site(), token), "public, max-age=600"
    except NotFound:
        actor = find_actor()
        if actor is None:
            raise
    found = files.get_seen_file(server.engine, server.catalogue, actor, token)
    return found, "private, no-store"


@portal.get("/<column_id>/")
def show_column(column_id: str) -> Answer:
    return _page(lambda site: _draw_column(site, _find_column(site, column_id)))


@portal.get("/<column_id>/feed.xml")
def feed_column(column_id: str) -> Answer:
    return _page(
        lambda site: _draw_feed(site, _find_column(site, column_id)),
        "application/atom+xml",
    )


@portal.get("/<column_id>/<key>")
def show_article(column_id: str, key: str) -> Answer:
    return _page(lambda site: _draw_article(site, _find_column(site, column_id), key))


@portal.get("/<column_id>/export.xlsx")
def export_statistics(column_id: str) -> Answer:
    """The numbers of a page of statistics as a workbook."""
    site = _get_site()
    column = _find_column(site, column_id)
    if column.kind is not ColumnKind.STATISTICS:
        raise NotFound("这个栏目没有可导出的数。")
    return send_statistics(site)


# Pages, each drawn once for all who ask within some seconds.


def _page(draw: Callable[[Site], str], media_type: str = "text/html") -> Answer:
    seconds = get_server().config.portal_cache_seconds
    site = _get_site()
    # `request.host` stands in feeds: one host must not be given another's.
    key = (site.catalogue.generation, site.today, request.host_url, request.full_path)
    text = get_kept().get(key, seconds, lambda: draw(site))
    response = Response(text, mimetype=media_type)
    response.headers["Cache-Control"] = f"public, max-age={seconds}"
    response.add_etag()
    return response.make_conditional(request)


def _draw_home(site: Site) -> str:
    listed = [name for line in site.portal.home for name in line]
    columns = [site.portal.by_id[name] for name in dict.fromkeys(listed)]
    newest = articles.list_newest(site, columns, _MOST_HEADLINES)
    index = _get_index(site) if site.portal.directory is not None else None
    return render_template(
        "portal_home.html",
        frame=Frame(site),
        newest=newest,
        running=articles.list_running(site, _MOST_RUNNING),
        figures=_get_figures(site),
        window=find_window(site),
        index=index,
        directory=_find_shown(site, ColumnKind.DIRECTORY),
        statistics=_find_shown(site, ColumnKind.STATISTICS),
        most_industries=_MOST_INDUSTRIES,
        bars=_bars,
        number=show_number,
    )


def _draw_column(site: Site, column: PortalColumn) -> str:
    if column.kind is ColumnKind.DIRECTORY:
        return _draw_directory(site, column)
    if column.kind is ColumnKind.PAGE:
        return render_template(
            "portal_article.html",
            frame=Frame(site, column.id),
            column=column,
            article=articles.get_first(site, column),
        )
    if column.kind is ColumnKind.STATISTICS:
        shown = _find_shown(site, ColumnKind.DIRECTORY)
        index = None if shown is None else _get_index(site)
        return draw_statistics(site, column, "" if shown is None else shown.id, index)
    words = _words()
    listing = articles.list_articles(site, column, _number(), words)
    return render_template(
        "portal_list.html",
        frame=Frame(site, column.id),
        column=column,
        listing=listing,
        words=words,
        size=articles.PAGE_SIZE,
    )


def _draw_article(site: Site, column: PortalColumn, key: str) -> str:
    if column.kind is ColumnKind.DIRECTORY:
        unit_id = read_number(key)
        if unit_id is None:
            raise NotFound("名录里没有这个单位。")
        index, secrecy = _get_index(site), get_secrecy(site)
        unit = directory.load_unit(site, index, unit_id, secrecy)
        return render_template(
            "portal_unit.html", frame=Frame(site, column.id), column=column, unit=unit
        )
    return render_template(
        "portal_article.html",
        frame=Frame(site, column.id),
        column=column,
        article=articles.get_article(site, column, key),
    )


def _draw_directory(site: Site, column: PortalColumn) -> str:
    index, words = _get_index(site), _words()
    area, industry = read_number(request.args.get("area", "")), _text("industry")
    found = index.find(words, area, industry)
    pages = max(1, -(-len(found) // _PAGE))
    page = max(1, min(_number(), pages))
    start = (page - 1) * _PAGE
    return render_template(
        "portal_directory.html",
        frame=Frame(site, column.id),
        column=column,
        index=index,
        found=found[start : start + _PAGE],
        total=len(found),
        page=page,
        pages=pages,
        start=start,
        words=words,
        area=area,
        industry=industry,
        address=_address_with,
    )


def _draw_search(site: Site) -> str:
    words = _words()
    found = articles.search_articles(site, words) if words else ()
    shown = _find_shown(site, ColumnKind.DIRECTORY)
    units = _get_index(site).find(words) if words and shown is not None else ()
    return render_template(
        "portal_search.html",
        frame=Frame(site, search=words, is_elsewhere=True),
        found=found,
        units=units[:_PAGE],
        total_units=len(units),
        directory=shown,
        words=words,
    )


def _draw_feed(site: Site, column: PortalColumn | None = None) -> str:
    if column is None:
        columns = [one for one in site.portal.columns if one.kind is ColumnKind.LIST]
    else:
        columns = [column]
    newest = articles.list_newest(site, columns, articles.PAGE_SIZE)
    found = {
        # What stands in several columns is told once, in the first of them.
        (one.source, headline.key): (one, headline)
        for one in reversed(columns)
        for headline in newest.get(one.id, ())
        if headline.date is not None
    }
    entries = list(found.values())
    entries.sort(key=lambda entry: entry[1].date, reverse=True)
    return _draw_xml(
        "portal_feed.xml",
        frame=Frame(site),
        column=column,
        entries=entries[: articles.PAGE_SIZE],
    )


def _draw_sitemap(site: Site) -> str:
    columns = [one for one in site.portal.columns if one.source is not None]
    newest = articles.list_newest(site, columns, _MOST_IN_SITEMAP)
    shown = _find_shown(site, ColumnKind.DIRECTORY)
    return _draw_xml(
        "portal_sitemap.xml",
        frame=Frame(site),
        newest=newest,
        directory=shown,
        units=_get_index(site).entries if shown is not None else (),
    )


def _draw_xml(template: str, **names: Any) -> str:
    return _NOT_IN_XML.sub("", render_template(template, **names))


_MOST_IN_SITEMAP = 1000


# What pages are made of.


def _get_site() -> Site:
    site = find_site(get_server().workshop)
    if site is None:
        raise NotFound("这里没有公众门户。")
    return site


def _find_column(site: Site, column_id: str) -> PortalColumn:
    found = site.portal.by_id.get(column_id)
    if found is None:
        raise NotFound("没有这个栏目。请从上面的导航里找。")
    return found


def _find_shown(site: Site, kind: ColumnKind) -> PortalColumn | None:
    return next((one for one in site.portal.columns if one.kind is kind), None)


def _get_index(site: Site) -> DirectoryIndex:
    key = ("index", site.catalogue.generation, site.edition.name)
    seconds = get_server().config.portal_cache_seconds
    return get_kept().get(key, seconds, lambda: directory.load_index(site))


def _get_figures(site: Site) -> figures.HomeFigures | None:
    state = figures.find_state(site)
    key = ("figures", site.catalogue.generation, site.edition.name, state)
    return get_kept().get(
        key,
        LASTING_SECONDS,
        lambda: figures.load_figures(site, get_secrecy(site)),
    )


def _bars(found: figures.HomeFigures) -> list[tuple[str, str, float, float, float]]:
    """Label, value, x, y and height of the bars of the trend, in a box of 660 × 132."""
    most = max((value for _, value in found.trend), default=0)
    width = 660 / max(len(found.trend), 1)
    bars = []
    for place, (label, value) in enumerate(found.trend):
        height = float(value / most) * 84 if most else 0.0
        middle = place * width + width / 2
        bars.append((label, show_number(value, None), middle, 108 - height, height))
    return bars


def _words() -> str:
    return _text("q")


def _text(name: str) -> str:
    return request.args.get(name, "").strip()[:60]


def _number() -> int:
    return min(read_number(request.args.get("page", "")) or 1, 10_000)


def _address_with(**changes: object) -> str:
    """The directory's address with something else asked for."""
    asked = {name: _text(name) for name in ("q", "area", "industry")}
    asked |= {name: str(value or "") for name, value in changes.items()}
    told = urlencode({name: value for name, value in asked.items() if value})
    return f"{request.path}?{told}" if told else request.path


@portal.get("/<column_id>")
def lead_to_column(column_id: str) -> Answer:
    return redirect(url_for(".show_column", column_id=column_id), 308)
