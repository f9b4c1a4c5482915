"""Statistics that everybody may see, within the portal."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from flask import Response, render_template, request, url_for

from app.errors import NotFound
from app.services.portal.directory import DirectoryIndex, Region
from app.services.portal.site import Site
from app.services.statistics.exports import make_statistics_file
from app.services.statistics.figures import SORTS, Figure, Line, show_number
from app.services.statistics.grounds import Ground, StatisticsRound, find_public_ground
from app.services.statistics.labels import NOTHING
from app.services.statistics.sections import (
    BY_ABOVE,
    BY_ROUND,
    BY_UNIT,
    Asked,
    Section,
    load_section,
)
from app.web.addresses import read_number
from app.web.downloads import send_made
from app.web.portal_frame import Frame
from app.web.statistics_drawing import Panel, draw_panels
from form_schemas.measures import MeasureGroup
from form_schemas.portal import PortalColumn

#: What of the address stays when something else is chosen.
_KEPT = ("section", "by", "sort", "only", "round", "below")


@dataclass(frozen=True, eq=False)
class PublicUrls:
    """Addresses around the portal's statistics."""

    ground: Ground
    column: PortalColumn
    #: id of the column of units; empty: there is none
    directory: str
    #: the authority that they are narrowed to
    below: int | None

    def page(self, **changes: object) -> str:
        """The same page with something changed."""
        kept = {name: request.args.get(name) or None for name in _KEPT}
        return url_for("portal.show_column", column_id=self.column.id, **kept | changes)

    def export(self) -> str:
        kept = {name: request.args.get(name) or None for name in _KEPT}
        return url_for("portal.export_statistics", column_id=self.column.id, **kept)

    @property
    def given(self) -> dict[str, object]:
        """What a form of the page has to send along."""
        kept = {name: request.args.get(name) for name in ("section", "only")}
        return {name: value for name, value in kept.items() if value}

    def of_round(self, one: StatisticsRound) -> str:
        return self.page(round=one.id)

    def of_line(self, section: Section, _figure: Figure, line: Line) -> str:
        """What a figure is made of; empty where nothing more is public."""
        by = section.by.id if section.by is not None else ""
        if line.label == NOTHING or not line.key.strip("-"):
            return ""
        if by == BY_ROUND:
            return self.page(round=line.key, by=None)
        if by == BY_UNIT:
            return self._of_unit(line.key)
        if by == BY_ABOVE:
            return self.page(below=line.key, by=BY_UNIT)
        return self.page(by=BY_UNIT, only=f"{by}:{line.key}")

    def _of_unit(self, unit_id: str) -> str:
        if not self.directory:
            return ""
        return url_for("portal.show_article", column_id=self.directory, key=unit_id)


@dataclass(frozen=True, eq=False)
class PublicStatistics:
    """All the page places."""

    #: None: nothing was approved yet
    ground: Ground | None
    groups: tuple[MeasureGroup, ...]
    section: Section | None
    panels: tuple[Panel, ...]
    urls: PublicUrls | None
    sorts: dict[str, str]
    regions: tuple[Region, ...]


def draw_statistics(
    site: Site, column: PortalColumn, directory: str, index: DirectoryIndex | None
) -> str:
    """The page of a column of statistics."""
    return render_template(
        "portal_statistics.html",
        frame=Frame(site, column.id),
        column=column,
        page=_load(site, column, directory, index),
        number=show_number,
    )


def send_statistics(site: Site, column: PortalColumn) -> Response:
    """What the page shows as a workbook."""
    section = _load(site, column, "", None).section
    if section is None:
        raise NotFound("还没有审核通过的数据，没有可导出的。")
    folder = tempfile.TemporaryDirectory(prefix="tianbao-statistics-")
    path = Path(folder.name) / "file"
    return send_made(folder, path, make_statistics_file(section, path))


def _load(
    site: Site, column: PortalColumn, directory: str, index: DirectoryIndex | None
) -> PublicStatistics:
    regions = () if index is None else index.regions
    below = read_number(request.args.get("below", ""))
    chosen = read_number(request.args.get("round", ""))
    try:
        ground = find_public_ground(
            site.engine, site.catalogue, site.edition.collection, chosen, below
        )
    except NotFound:
        if chosen is not None or below is not None:
            raise
        return PublicStatistics(None, (), None, (), None, {}, regions)
    groups = tuple(one for one in ground.round.edition.measures.groups if one.measures)
    wanted = request.args.get("section", "")
    group = next((one for one in groups if one.id == wanted), None) or next(
        iter(groups), None
    )
    if group is None:
        return PublicStatistics(ground, (), None, (), None, {}, regions)
    section = load_section(
        site.engine, site.catalogue, ground, group, _read_asked(site.portal.smallest)
    )
    urls = PublicUrls(ground, column, directory, below)
    return PublicStatistics(
        ground, groups, section, draw_panels(section, urls), urls, dict(SORTS), regions
    )


def _read_asked(smallest: int) -> Asked:
    sort = request.args.get("sort", "")
    name, _, value = request.args.get("only", "").partition(":")
    return Asked(
        by=request.args.get("by", ""),
        sort=sort if sort in SORTS else "",
        only=(name, value[:200]) if name and value else None,
        smallest=smallest,
    )
