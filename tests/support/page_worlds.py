"""Installations for what the schools of the matrix of authorisation do not have.

A nation of groups has a portal, surveys and accounts of units; its school has rows that
were computed; a small edition was published anew.
"""

from collections.abc import Iterable, Iterator

from sqlalchemy import select, update

from app.models import Membership, Role, User
from app.policy import Action
from app.services.sessions import open_session
from tests.support.derivation_cases import all_cases
from tests.support.derived_school import DerivedSchool
from tests.support.page_sites import Site, Visit
from tests.support.portal_content import PortalContent
from tests.support.portal_world import NOW

#: A form whose rows are computed, and has a case of its own.
_DERIVED = "Z1.1.25"


def open_browsers(engine, config, people: Iterable[str]) -> dict[str, str]:
    """Cookies of people who are signed in, by user name."""
    table = User.__table__
    asked = select(table.c.username, table.c.id).where(table.c.username.in_(people))
    with engine.begin() as connection:
        found = connection.execute(asked).all()
    return {
        one.username: f"tianbao={open_session(engine, config, one.id)}" for one in found
    }


class NationPages:
    """A portal with something in each column, and who works behind it."""

    def __init__(self, world, folder, config):
        self._world, self._config = world, config
        self._content = PortalContent(world, folder)
        world.person("beta", account_type="group_admin")
        world.person("nation", Role.AUTHORITY, "gov_admin")
        world.person("nation")
        rights = {"may_import": True, "granted": [Action.MANAGE_AREA]}
        with world.engine.begin() as connection:
            connection.execute(update(Membership.__table__).values(rights))

    def make_site(self, app) -> Site:
        visits = (
            *self._list(None, self._list_public()),
            *self._list("beta-group-admin", self._list_of_a_group()),
            *self._list("nation-gov-admin", self._list_of_the_nation()),
            *self._list("nation-reporter", self._list_of_who_asks()),
            *self._list("filler", self._list_of_a_school()),
        )
        people = {visit.person for visit in visits if visit.person}
        cookies = open_browsers(self._world.engine, self._config, people)
        return Site(app, cookies, visits)

    def _list(self, person, urls) -> Iterator[Visit]:
        return (Visit(person or "guest", url) for url in urls)

    def _list_public(self):
        world, content = self._world, self._content
        survey = world.ask("公众", is_result_public=True)
        yield "/portal/"
        for column in world.edition.portal.columns:
            yield f"/portal/{column.id}/"
        for column_id, key in content.keys.items():
            yield f"/portal/{column_id}/{key}"
        yield from (
            "/portal/notices/?page=2",
            f"/portal/groups/{world.units['alpha']}",
            f"/portal/groups/{world.units['gamma']}",
            "/portal/groups/?industry=D&q=砚溪",
            "/portal/groups/?q=没有的",
            "/portal/statistics/?section=companies&by=_unit",
            "/portal/statistics/?section=groups&by=_round",
            "/portal/statistics/export.xlsx",
            "/portal/search",
            "/portal/search?q=通知",
            "/portal/search?q=没有的",
            "/portal/feed.xml",
            "/portal/notices/feed.xml",
            "/portal/sitemap.xml",
            f"/portal/files/{content.document}",
            "/surveys",
            survey,
            f"{survey}/results",
            "/login",
            "/login?type=gov_admin",
            "/forgotten",
            "/registered",
        )

    def _list_of_a_group(self):
        world = self._world
        now = f"{world.units['beta']}-{world.rounds[NOW]}"
        standing = f"{world.units['beta']}-{world.rounds['standing']}"
        yield f"/?at={now}"
        for page in ("", "missing", "import", "years"):
            yield f"/booklets/group/report/{page}?at={now}"
        for code in ("G1", "G2", "G3", "G4", "G5.6", "G7.1", "G12"):
            yield f"/forms/group/{code}/?at={now}"
        for code in ("G5.6", "G7.1"):
            yield f"/forms/group/{code}/rows/new?at={now}"
        yield f"/forms/group/G5.6/last/?at={now}"
        for code in ("G9", "G10"):
            yield f"/forms/group/{code}/?at={standing}"
            yield f"/forms/group/{code}/rows/new?at={standing}"
        yield from ("/account/", "/places/", "/surveys")

    def _list_of_the_nation(self):
        world, content = self._world, self._content
        yield from ("/", "/items/", "/area", "/area/list", "/progress/units/")
        for kind in ("province", "group"):
            yield f"/area/new?kind={kind}"
        yield f"/area/{world.units['370000']}"
        yield f"/items/group/G7.1/{content.keys['cases'].partition('-')[2]}"
        yield "/statistics/group/area/"

    def _list_of_who_asks(self):
        survey = self._world.ask("公众", title="另一份调查")
        yield from ("/surveys", f"{survey}/results", f"{survey}/export")

    def _list_of_a_school(self):
        school = DerivedSchool(self._world.engine, self._world.catalogue)
        [case, *_] = (case for case in all_cases() if case.code == _DERIVED)
        school.fill(case.tables)
        form = f"/forms/national/{_DERIVED}"
        for row in school.derive(_DERIVED)[:1]:
            yield f"{form}/rows/{row.id}/origin?at={school.at}"
        yield f"{form}/?at={school.at}"
        yield f"{form}/absent?at={school.at}"
        yield f"{form}/absent?at={school.at}&field=student_no&value=S099"
        for code in ("1.1.1", "1.1.4", "0.1.5", "2.13.2"):
            yield f"/forms/talent/{code}/"
        for page in ("rows/new", "import"):
            yield f"/forms/talent/2.13.2/{page}"
        yield "/forms/?q=没有的"


def make_published_site(places, publication: str, draft_id: int, config) -> Site:
    """An edition that was published anew, and is about to be once more.

    Args:
        publication: the address of what was published.
    """
    number = publication.rstrip("/").rpartition("/")[2]
    note = f"/changes/revisions/{number}/test/2024/"
    planned = "/admin/schemas/plan/changes/test/2024/"
    pages = {
        "guan": (
            publication,
            f"{publication}cells.xlsx",
            f"{publication}revert/",
            "/admin/schemas/history/",
            f"/admin/schemas/drafts/{draft_id}/",
            f"/admin/schemas/drafts/{draft_id}/plan/",
            f"{planned}?draft={draft_id}",
            f"{planned}workbook.xlsx?draft={draft_id}",
        ),
        "xue": (
            *places.links("xue"),
            f"/revisions/{number}/?at=1-1",
            f"/revisions/{number}/cells.xlsx?at=1-1",
            note,
            f"{note}workbook.xlsx",
        ),
    }
    visits = tuple(Visit(one, url) for one, urls in pages.items() for url in urls)
    cookies = open_browsers(places.workshop.engine, config, pages)
    return Site(places.app, cookies, visits)
