"""All pages of the application in a browser: nobody is kept from using any of them.

What every GET route answers is asked for as each role. What is a page is looked at,
once for each element in a place where no page before had it. A route that nothing here
shows fails: where the matrix of authorisation has no sample that is carried out,
`tests/support/page_worlds` has to show it.
"""

from collections import defaultdict

import pytest

from app.config import Config
from app.factory import create_app
from app.services.schema_changes import initialise
from app.services.workshop import open_workshop
from app.storage.engine import open_engine
from tests.app.web.conftest import fill_school
from tests.app.web.test_revisions import LEAD, OTHER, Places, majors, revised
from tests.app.web.test_surveys import SurveyWorld
from tests.support.authorisation import Stage
from tests.support.authorisation_table import list_routes
from tests.support.authorised_schools import make_catalogue
from tests.support.barriers import bring_axe, find_barriers
from tests.support.catalogues import get_catalogue
from tests.support.page_sites import choose_unlike, make_matrix_site
from tests.support.page_worlds import NationPages, make_published_site
from tests.support.portal_world import PortalWorld
from tests.support.publishing import SECRET, install_small, open_small, student
from tests.support.schema_pages import draft_of

pytestmark = pytest.mark.long

#: Answers to programs, and files, that only what was begun has.
_NEVER_PAGES = frozenset(
    {
        "pieces.ask",
        "circular_uploads.ask",
        "circular_uploads.fetch",
        "circulars.show_picture",
    }
)


@pytest.fixture(scope="module")
def matrix(tmp_path_factory):
    folder = tmp_path_factory.mktemp("matrix")
    engine = open_engine(f"sqlite:///{folder}/x.sqlite", SECRET)
    catalogue = make_catalogue()
    initialise(engine, catalogue)
    config = Config(data_folder=folder, secret_key=SECRET)
    workshop = open_workshop(config, engine, catalogue)
    stage = Stage(create_app(config, workshop=workshop), workshop, folder)
    yield make_matrix_site(stage)
    engine.dispose()


def _fill(engine, catalogue):
    fill_school(engine, catalogue)
    PortalWorld.fill(engine, catalogue)


@pytest.fixture(scope="module")
def nation(lend, tmp_path_factory):
    folder = tmp_path_factory.mktemp("nation")
    catalogue = get_catalogue()
    config = Config(data_folder=folder, secret_key=SECRET)
    with lend("sqlite", _fill, catalogue) as url:
        engine = open_engine(url, SECRET)
        workshop = open_workshop(config, engine, catalogue)
        world = SurveyWorld(engine, catalogue, workshop.files)
        pages = NationPages(world, folder, config)
        yield pages.make_site(create_app(config, workshop=workshop))
        engine.dispose()


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    url = f"sqlite:///{folder}/x.sqlite"
    config = install_small(url, folder, majors(size="text"), student())
    workshop = open_small(config)
    places = Places(config, workshop)
    places.store(LEAD, {"code": "1", "size": "12"}, {"code": "2", "size": "约十"})
    places.store(OTHER, {"code": "3", "size": "三间"})
    publication = places.publish(M=revised())
    draft = draft_of(places.workshop, S=student(more="text"))
    yield make_published_site(places, publication, draft.id, config)
    workshop.engine.dispose()


@pytest.fixture(scope="module")
def sites(matrix, nation, published):
    return matrix, nation, published


@pytest.fixture(scope="module")
def shown(sites):
    """What came of all visits, by site."""
    return [(site, list(site.show_all())) for site in sites]


def test_every_page_has_a_place_in_the_crawl(sites, shown):
    routes = {name for name, method in list_routes(sites[0].app) if method == "GET"}
    seen = {
        one.endpoint
        for _, answers in shown
        for one in answers
        if one.is_page or one.needs_no_look
    }
    assert routes - seen - _NEVER_PAGES - {"static"} == set()


def test_nobody_is_kept_from_any_page(shown, browser):
    faults, known = defaultdict(list), set()
    for site, answers in shown:
        pages = [one for one in answers if one.is_page]
        with site.serve() as address:
            for visit, found in _look(
                browser, site, address, choose_unlike(pages, known)
            ):
                for fault in found:
                    faults[fault].append(f"{visit.person} {visit.url}")
    lines = (f"{fault}: {places[:3]}" for fault, places in faults.items())
    assert not faults, "\n".join(lines)


def _look(browser, site, address, visits):
    """What is against each of the pages."""
    pages = {}
    for visit in visits:
        if visit.person not in pages:
            pages[visit.person] = _open(browser, address, site, visit.person)
        page = pages[visit.person]
        page.goto(visit.url)
        yield visit, find_barriers(page)
    for page in pages.values():
        page.context.close()


def _open(browser, address, site, person):
    context = browser.new_context(
        base_url=address,
        locale="zh-CN",
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 800},
    )
    bring_axe(context)
    for cookie in filter(None, site.cookies.get(person, "").split("; ")):
        name, _, value = cookie.partition("=")
        context.add_cookies([{"name": name, "value": value, "url": address}])
    return context.new_page()
