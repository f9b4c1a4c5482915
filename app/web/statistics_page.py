"""A page of statistics: what was asked of it and all that it places.

One for units, areas and the public: they differ in whose rows are counted (`Ground`)
and in where its lines lead (`StatisticsUrls`).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from flask import request

from app.services.portal.directory import Region
from app.services.statistics.figures import SORTS
from app.services.statistics.grounds import Ground
from app.services.statistics.secrecy import Secrecy
from app.services.statistics.sections import Asked, Section, load_section
from app.services.workshop import Workshop
from app.web.statistics_drawing import Panel, draw_panels
from app.web.statistics_urls import StatisticsUrls
from form_schemas.catalogue import Edition
from form_schemas.measures import MeasureGroup


@dataclass(frozen=True, eq=False)
class StatisticsPage:
    """All the page places."""

    ground: Ground
    groups: tuple[MeasureGroup, ...]
    #: None: nothing is declared
    section: Section | None
    panels: tuple[Panel, ...]
    urls: StatisticsUrls
    sorts: dict[str, str]
    #: to choose an area from; none: it is not chosen here
    regions: Sequence[Region] = ()


def make_page(
    section: Section | None, urls: StatisticsUrls, regions: Sequence[Region] = ()
) -> StatisticsPage:
    """The page of what was loaded."""
    ground = urls.ground
    panels = () if section is None else draw_panels(section, urls)
    groups = _list_groups(ground.round.edition)
    return StatisticsPage(ground, groups, section, panels, urls, dict(SORTS), regions)


def load_asked(
    workshop: Workshop, ground: Ground, secrecy: Secrecy | None = None
) -> Section | None:
    """The section that the address asks for; None: none is declared.

    Args:
        secrecy: knows which numbers are hidden.
    """
    groups = _list_groups(ground.round.edition)
    if not groups:
        return None
    wanted = request.args.get("section", "")
    group = next((one for one in groups if one.id == wanted), groups[0])
    asked = _read_asked(secrecy)
    return load_section(workshop.engine, workshop.catalogue, ground, group, asked)


def _read_asked(secrecy: Secrecy | None) -> Asked:
    sort = request.args.get("sort", "")
    name, _, value = request.args.get("only", "").partition(":")
    return Asked(
        by=request.args.get("by", ""),
        sort=sort if sort in SORTS else "",
        only=(name, value[:200]) if name and value else None,
        secrecy=secrecy,
    )


def _list_groups(edition: Edition) -> tuple[MeasureGroup, ...]:
    return tuple(group for group in edition.measures.groups if group.measures)
