"""Statistics that everybody may see, within the portal."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import Response, render_template, request, url_for

from app.errors import NotFound
from app.services.portal.directory import DirectoryIndex
from app.services.portal.site import Site
from app.services.statistics.exports import make_statistics_file
from app.services.statistics.figures import show_number
from app.services.statistics.grounds import Ground, find_public_ground
from app.services.statistics.sections import Section
from app.web.addresses import read_number
from app.web.downloads import send_made
from app.web.portal_frame import Frame
from app.web.portal_kept import get_secrecy
from app.web.server import get_server
from app.web.statistics_page import load_asked, make_page
from app.web.statistics_urls import AreaUrls
from form_schemas.portal import PortalColumn


@dataclass(frozen=True, eq=False)
class PublicUrls(AreaUrls):
    """Addresses around the portal's statistics."""

    column: PortalColumn
    #: id of the column of units; empty: there is none
    directory: str

    def _make_page(self, **words: object) -> str:
        return url_for("portal.show_column", column_id=self.column.id, **words)

    def _make_export(self, **words: object) -> str:
        return url_for("portal.export_statistics", column_id=self.column.id, **words)

    def _of_unit(self, unit_id: int, section: Section) -> str:
        if not self.directory:
            return ""
        return url_for("portal.show_article", column_id=self.directory, key=unit_id)


def draw_statistics(
    site: Site, column: PortalColumn, directory: str, index: DirectoryIndex | None
) -> str:
    """The page of a column of statistics."""
    ground, page = _find_ground(site), None
    if ground is not None:
        urls = PublicUrls(ground, column, directory)
        regions = () if index is None else index.regions
        page = make_page(_load_section(site, ground), urls, regions)
    return render_template(
        "portal_statistics.html",
        frame=Frame(site, column.id),
        column=column,
        page=page,
        number=show_number,
    )


def send_statistics(site: Site) -> Response:
    """What the page shows as a workbook."""
    ground = _find_ground(site)
    section = None if ground is None else _load_section(site, ground)
    if section is None:
        raise NotFound("还没有审核通过的数据，没有可导出的。")
    folder = tempfile.TemporaryDirectory(prefix="tianbao-statistics-")
    path = Path(folder.name) / "file"
    return send_made(folder, path, make_statistics_file(section, path))


def _find_ground(site: Site) -> Ground | None:
    """None: nothing was approved yet."""
    below = read_number(request.args.get("below", ""))
    chosen = read_number(request.args.get("round", ""))
    collection = site.edition.collection
    try:
        return find_public_ground(
            site.engine, site.catalogue, collection, chosen, below
        )
    except NotFound:
        if chosen is not None or below is not None:
            raise
        return None


def _load_section(site: Site, ground: Ground) -> Section | None:
    return load_asked(get_server().workshop, ground, get_secrecy(site))
