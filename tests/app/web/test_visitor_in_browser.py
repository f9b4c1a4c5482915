"""A visitor's tour of the portal: at a desk and on a phone, with scripts and without.

Every page on the way fits the window, and every link on it leads somewhere.
"""

import re
from xml.etree import ElementTree

import pytest
from playwright.sync_api import expect

from app.config import Config
from app.factory import create_app
from app.services import captchas
from app.services.workshop import open_workshop
from tests.app.web.test_surveys import TITLE, SurveyWorld
from tests.support.barriers import is_too_wide
from tests.support.catalogues import get_catalogue
from tests.support.lending import get_engine
from tests.support.page_sites import Site
from tests.support.portal_content import PortalContent
from tests.support.portal_world import fill_portal

pytestmark = pytest.mark.long

ALPHA, GAMMA = "砚溪装备制造职业教育集团", "澄湖生态农业职业教育集团"
DEVICES = {"desk": (1280, True), "phone": (390, True), "no script": (390, False)}


@pytest.fixture(scope="module")
def site(lend, tmp_path_factory):
    """A portal with something in each column, and a survey of the public."""
    folder = tmp_path_factory.mktemp("portal")
    config = Config(data_folder=folder, secret_key="a secret of tests, long enough!")
    catalogue = get_catalogue()
    with lend("sqlite", fill_portal, catalogue) as url:
        engine = get_engine(url)
        workshop = open_workshop(config, engine, catalogue)
        world = SurveyWorld(engine, catalogue, workshop.files)
        PortalContent(world, folder)
        world.ask("公众", is_result_public=True)
        yield Site(create_app(config, workshop=workshop), {}, ())


@pytest.fixture(scope="module")
def address(site):
    with site.serve() as address:
        yield address


@pytest.fixture(scope="module")
def answers(site):
    """How links were answered, each once."""
    return LinkAnswers(site.app.test_client())


class LinkAnswers:
    def __init__(self, client):
        self._client = client
        self._known = {}

    def find_broken(self, links):
        return [link for link in links if self._ask(link) >= 400]

    def _ask(self, link):
        if link not in self._known:
            with self._client.get(link, buffered=True) as answer:
                self._known[link] = answer.status_code
        return self._known[link]


class Visitor:
    """Goes by what can be clicked, and looks at each page on the way."""

    def __init__(self, page, address, answers, *, has_scripts):
        self.page, self._address, self._answers = page, address, answers
        self.has_scripts = has_scripts

    def open(self, path):
        self.page.goto(path)
        self.look()

    def follow(self, name, within="main"):
        """Click a link of that name."""
        links = self.page.locator(within).get_by_role("link", name=name)
        with self.page.expect_navigation():
            links.first.click()
        self.look()

    def search(self, name, **choices):
        """Fill in the form of that name and send it off."""
        form = self.page.get_by_role("search", name=name)
        for field, value in choices.items():
            control = form.locator(f"[name={field}]")
            if control.evaluate("control => control.tagName") == "SELECT":
                _choose(control, value)
            else:
                control.fill(value)
        with self.page.expect_navigation():
            form.locator("[name=q]").press("Enter")
        self.look()

    def look(self):
        assert not is_too_wide(self.page), self.page.url
        found = self.page.locator("a[href]").evaluate_all(
            "links => links.map((link) => link.href.split('#')[0])"
        )
        own = {link for link in found if link.startswith(self._address)}
        assert self._answers.find_broken(own) == [], self.page.url

    @property
    def main(self):
        return self.page.locator("main")


def _choose(control, words):
    """Choose what is called so; how many there are may stand behind it."""
    option = control.locator("option", has_text=words)
    control.select_option(value=option.get_attribute("value"))


@pytest.fixture(params=DEVICES, ids=DEVICES)
def visitor(request, browser, address, answers, monkeypatch):
    # So that a test knows the answer; only the choice of digits is another one.
    monkeypatch.setattr(captchas, "_DIGITS", "4")
    width, has_scripts = DEVICES[request.param]
    complaints = []
    context = browser.new_context(
        base_url=address,
        locale="zh-CN",
        viewport={"width": width, "height": 800},
        java_script_enabled=has_scripts,
        reduced_motion="reduce",
    )
    page = context.new_page()
    page.set_default_timeout(15_000)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    yield Visitor(page, address, answers, has_scripts=has_scripts)
    context.close()
    assert complaints == []


def test_a_visitor_goes_through_the_whole_portal(visitor):
    visitor.open("/portal/")
    expect(
        visitor.main.locator("section.ticker").get_by_role("link").first
    ).to_be_visible()
    _read_news(visitor)
    _find_a_group(visitor)
    _read_a_case(visitor)
    _fetch_a_policy(visitor)
    _look_at_numbers(visitor)
    _answer_a_survey(visitor)
    _end_at_the_login(visitor)


def _read_news(visitor):
    visitor.follow("通知公告", ".portal-nav")
    visitor.follow("下一页")
    visitor.follow(re.compile(r"第 \d+ 号通知"))
    visitor.follow("综合资讯", ".portal-nav")
    visitor.follow(re.compile("综合资讯的一篇"))
    article = visitor.page.get_by_role("article")
    expect(article.get_by_role("heading", level=2)).to_have_text("一、背景")
    expect(article.get_by_role("table")).to_be_visible()


def _find_a_group(visitor):
    visitor.follow("集团导航", ".portal-nav")
    visitor.search("检索单位", q="", area="溪东", industry="制造业")
    expect(visitor.main).not_to_contain_text(GAMMA)
    visitor.search("检索单位", q="砚溪")
    visitor.follow(ALPHA)
    expect(visitor.main).to_contain_text("46,210")
    expect(visitor.main).to_contain_text("砚溪第 1 企业")


def _read_a_case(visitor):
    visitor.follow("典型案例", ".portal-nav")
    visitor.follow("共建产业学院")
    expect(visitor.main.get_by_role("figure")).to_contain_text("实训楼")
    picture = visitor.main.get_by_role("img", name="实训楼")
    assert picture.evaluate("picture => picture.complete && picture.naturalWidth")


def _fetch_a_policy(visitor):
    visitor.follow("政策文件", "footer")
    visitor.follow("关于推进集团化办学的意见")
    with visitor.page.expect_download() as download:
        visitor.main.get_by_role("link", name=re.compile("意见.pdf")).click()
    assert download.value.suggested_filename == "意见.pdf"


def _look_at_numbers(visitor):
    visitor.follow("统计平台", ".portal-nav")
    visitor.follow(re.compile("企业"), "nav[aria-label=统计的各节]")
    asking = visitor.main.get_by_role("form", name="怎样看")
    _choose(asking.get_by_label("年度或轮次"), "2023 年度")
    _choose(asking.get_by_label("按什么分"), "按地区分")
    with visitor.page.expect_navigation():
        asking.get_by_role("button", name="查看").click()
    visitor.look()
    tables = visitor.main.locator(".statistics-table")
    charts = visitor.main.locator("[data-chart] canvas")
    assert charts.count() == (tables.count() if visitor.has_scripts else 0)
    # A line of a table leads where the bar beside it does.
    visitor.follow("溪东", ".statistics-table")
    visitor.follow(ALPHA, ".statistics-table")
    expect(visitor.main.get_by_role("heading", level=1)).to_have_text(ALPHA)


def _answer_a_survey(visitor):
    visitor.follow("在线调查", "footer")
    visitor.follow(f"作答：{TITLE}")
    for name in ("好", "填报", "4 分"):
        visitor.page.get_by_label(name, exact=True).check()
    visitor.page.get_by_label("验证码").fill("4444")
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name="交卷").click()
    expect(visitor.main).to_contain_text("已经答过")
    visitor.look()


def _end_at_the_login(visitor):
    visitor.open("/portal/")
    visitor.follow("关于我们", ".portal-nav")
    visitor.search("站内检索", q="意见")
    expect(visitor.main).to_contain_text("关于推进集团化办学的意见")
    visitor.follow("注册单位查询", "footer")
    visitor.page.get_by_label("单位名称").fill(ALPHA)
    visitor.page.get_by_role("button", name="查询").click()
    expect(visitor.page.get_by_role("status")).to_contain_text(
        re.compile("注册|没有查到")
    )
    visitor.look()
    visitor.follow("回到登录")
    expect(visitor.page.get_by_label("密码", exact=True)).to_be_visible()


@pytest.fixture
def page(browser, address):
    context = browser.new_context(base_url=address, locale="zh-CN")
    yield context.new_page()
    context.close()


def test_the_line_of_notices_stops_when_asked(page):
    page.goto("/portal/")
    lines = page.locator(".ticker-lines")
    state = "lines => getComputedStyle(lines).animationPlayState"
    assert lines.evaluate(state) == "running"
    page.get_by_label("暂停").press("Space")
    assert lines.evaluate(state) == "paused"
    page.emulate_media(reduced_motion="reduce")
    assert lines.evaluate("lines => getComputedStyle(lines).animationName") == "none"


def test_a_page_on_paper_holds_its_text_and_nothing_to_click(page):
    page.goto("/portal/")
    page.emulate_media(media="print")
    for part in (".portal-nav", ".ticker", ".masthead .search", ".foot-links"):
        assert not page.locator(part).first.is_visible(), part
    headings = page.locator("main h2").all()
    assert len(headings) > 5
    assert all(heading.is_visible() for heading in headings)


def test_what_programs_read_of_the_portal_is_well_formed(site, answers):
    client = site.app.test_client()
    for path, root in (
        ("/portal/feed.xml", "feed"),
        ("/portal/notices/feed.xml", "feed"),
        ("/portal/sitemap.xml", "urlset"),
    ):
        read = ElementTree.fromstring(client.get(path).text)
        assert read.tag.endswith(root)
        own = [one.get("href") or one.text for one in read.iter() if _is_link(one)]
        assert own
        assert answers.find_broken(own) == []


def _is_link(element):
    return element.tag.rpartition("}")[2] in ("link", "loc")
