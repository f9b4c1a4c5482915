"""Everything is reached, seen and left by keys alone.

What single widgets do with keys stands in their own files: grids and pickers in
`tests/renderers`, menus in `test_browser`, the report of a group in
`test_booklet_in_browser`, the order of fields in `test_designing_in_browser`.
"""

import re

import pytest
from PIL import Image
from playwright.sync_api import expect

from app.models import Role
from tests.app.web.test_browser import address, log_in, open_page, page
from tests.support.people import add_person

__all__ = ["address", "open_page", "page"]

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]

NEWS = "/forms/group/G9/rows/new"
#: More of a long page says nothing new.
MOST = 60
#: Where the focus was, whether one sees it there, and the element itself.
_LISTEN = """() => {
  window.focused = [];
  const marks = (element) => {
    const style = getComputedStyle(element);
    const hasOutline = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth);
    return hasOutline || style.boxShadow !== 'none';
  };
  document.addEventListener('focusin', ({target}) => {
    const box = target.getBoundingClientRect();
    // A box that is drawn by what stands beside it shows the focus there.
    const shown = [target, target.nextElementSibling, target.parentElement];
    window.focused.push({
      element: target,
      html: target.outerHTML.slice(0, 160),
      isSeen: box.width > 0 && shown.some((one) => one && marks(one)),
    });
  });
}"""
_WALKED = "focused.map(({html, isSeen}) => [html, isSeen])"
#: A trap holds the focus on a few of many elements.
_IS_TRAPPED = """() => {
  const count = (stops) => new Set(stops.map(({element}) => element)).size;
  return count(focused.slice(-12)) < Math.min(12, count(focused)) - 3;
}"""


def walk(page, url):
    """Press Tab through a page; what is wrong on the way."""
    page.goto(url)
    page.keyboard.press("Tab")
    if "skip" not in (page.evaluate("document.activeElement.className") or ""):
        return [f"{url}: the first stop does not lead to the text"]
    page.keyboard.press("Enter")
    page.evaluate(_LISTEN)
    page.keyboard.press("Tab")
    faults = []
    if page.evaluate("!document.activeElement.closest('main')"):
        faults.append(f"{url}: the text is not where it leads")
    for _ in range(MOST):
        page.keyboard.press("Tab")
    hidden = {html for html, is_seen in page.evaluate(_WALKED) if not is_seen}
    faults += [f"{url}: the focus is not seen on {html}" for html in sorted(hidden)]
    if page.evaluate(_IS_TRAPPED):
        faults.append(f"{url}: a trap: {page.evaluate(_WALKED)[-1]}")
    return faults


@pytest.mark.parametrize(
    ("username", "urls"),
    [
        ("", ("/portal/", "/portal/groups/", "/registered")),
        ("filler", ("/", "/forms/talent/1.1.4/", "/forms/talent/2.13.2/")),
        ("groupfiller", (NEWS, "/forms/group/G7.1/rows/new", "/items/")),
        ("reporter", ("/booklets/group/report/",)),
        ("admin", ("/admin/units", "/admin/schemas/", "/notices/new")),
    ],
)
def test_the_tab_key_goes_through_and_is_followed(engine, open_page, username, urls):
    page = open_page(reduced_motion="reduce")
    if username == "reporter":
        add_person(engine, username, Role.REPORTER, unit="demo-group")
    if username:
        log_in(page, username)
    faults = [fault for url in urls for fault in walk(page, url)]
    assert not faults, "\n".join(faults)


@pytest.fixture
def article(page):
    log_in(page, "groupfiller")
    page.goto(NEWS)
    return page


def test_an_article_is_written_and_left_by_keys(article):
    bar = article.get_by_role("toolbar", name="格式")
    text = article.get_by_role("textbox", name="内容", exact=True)
    article.get_by_label("来源").focus()
    while not bar.locator(":focus").count():
        article.keyboard.press("Tab")
    expect(bar.get_by_role("button", name="小标题")).to_be_focused()
    article.keyboard.press("ArrowLeft")
    expect(bar.get_by_role("button", name="重做")).to_be_focused()
    article.keyboard.press("Home")
    article.keyboard.press("ArrowRight")
    article.keyboard.press("ArrowRight")
    expect(bar.get_by_role("button", name="加粗")).to_be_focused()
    article.keyboard.press("Enter")
    expect(text).to_be_focused()
    article.keyboard.type("重点")
    assert text.locator("b, strong").inner_text() == "重点"
    article.keyboard.press("Shift+Tab")
    expect(bar.get_by_role("button", name="加粗")).to_be_focused()
    article.keyboard.press("Tab")
    article.keyboard.press("Tab")
    assert article.evaluate("!document.activeElement.closest('.rich-page, .rich-bar')")
    assert "\t" not in text.inner_text()


def test_the_box_of_a_link_is_left_by_escape(article):
    text = article.get_by_role("textbox", name="内容", exact=True)
    text.focus()
    article.keyboard.type("见网页")
    article.keyboard.press("Control+a")
    article.get_by_role("button", name="链接", exact=True).press("Enter")
    target = article.get_by_label("链接的地址")
    expect(target).to_be_focused()
    article.keyboard.press("Tab")
    article.keyboard.press("Escape")
    expect(target).to_be_hidden()
    expect(text).to_be_focused()
    article.get_by_role("button", name="链接", exact=True).press("Enter")
    article.keyboard.type("https://example.org/")
    article.keyboard.press("Enter")
    expect(text).to_be_focused()
    assert text.locator("a").get_attribute("href") == "https://example.org/"


def test_a_file_is_chosen_and_its_choice_left_by_keys(article, tmp_path):
    path = tmp_path / "校门.png"
    Image.new("RGB", (640, 480), "#336").save(path)
    upload = article.locator("input[type=file][data-upload]").first
    upload.focus()
    expect(upload).to_be_focused()
    with article.expect_file_chooser() as chooser:
        article.keyboard.press("Enter")
    with article.expect_response(re.compile("/finish|/files")):
        chooser.value.set_files(path)
    expect(upload).to_be_focused()


def test_a_dialog_is_left_by_escape_to_where_it_came_from(engine, open_page):
    add_person(engine, "reporter", Role.REPORTER, unit="demo-group")
    page = open_page()
    log_in(page, "reporter")
    page.goto("/booklets/group/report/")
    box = page.locator("[data-tick] [data-box]").first
    box.focus()
    page.keyboard.press("Space")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    for _ in range(60):
        page.keyboard.press("Tab")
        assert not page.evaluate(
            "document.activeElement.matches('main :not(dialog *)')"
        )
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(box).to_be_focused()
    assert not box.is_checked()
