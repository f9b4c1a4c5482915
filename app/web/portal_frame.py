"""What stands around every page of the portal, its error pages as well."""

from dataclasses import dataclass

from flask import render_template

from app.services.portal.site import Site, find_site
from app.web.server import get_server
from form_schemas.portal import PortalColumn


@dataclass(frozen=True, eq=False)
class Frame:
    """What all pages show."""

    site: Site
    #: id of the column that one is in
    here: str = ""
    search: str = ""
    #: whether none of the navigation's entries is where one is
    is_elsewhere: bool = False

    @property
    def title(self) -> str:
        return self.site.portal.title

    @property
    def is_home(self) -> bool:
        return not (self.here or self.search or self.is_elsewhere)

    @property
    def columns(self) -> tuple[PortalColumn, ...]:
        return tuple(one for one in self.site.portal.columns if one.is_listed)


def draw_error(title: str, advice: str) -> str:
    """The page of an error, within the portal where there is one."""
    site = find_site(get_server().workshop)
    if site is None:
        return render_template("portal_none.html", title=title, advice=advice)
    frame = Frame(site, is_elsewhere=True)
    return render_template("portal_error.html", frame=frame, title=title, advice=advice)
