"""Pages that anybody can use: axe-core, the CSP, keyboard alone, narrow windows."""

from pathlib import Path

import pytest
from playwright.sync_api import expect

from form_schemas.spec import Shape
from tests.support.catalogues import get_catalogue
from tests.support.pages import PageServer, serve

pytestmark = [pytest.mark.browser, pytest.mark.long]

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
# Between them: every kind of control, conditions, problems, frozen keys, files.
FORMS = ["talent/1.1.1", "talent/1.1.4", "talent/0.1.5", "group/G5.1", "talent/2.15.1"]


def find_faults(page):
    """What axe-core calls serious or worse, with the elements."""
    result = page.evaluate(
        "axe.run(document, {resultTypes: ['violations'], runOnly: "
        "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'best-practice']})"
    )
    return [
        (violation["id"], [node["html"][:160] for node in violation["nodes"][:3]])
        for violation in result["violations"]
        if violation["impact"] in ("serious", "critical")
    ]


@pytest.fixture(params=["light", "dark"])
def page(browser, request):
    # The CSP would keep the test's own axe-core out; what it forbids to the page is
    # tested below, without this.
    context = browser.new_context(
        bypass_csp=True, color_scheme=request.param, locale="zh-CN"
    )
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("name", FORMS)
def test_axe_finds_nothing_serious(page, name):
    catalogue = get_catalogue()
    form = catalogue.get(name)
    pages = PageServer(
        form, catalogue, options=(("320000", "江苏省"),), previous_rows={1: {}}
    )
    pages.add()
    pages.add()
    with serve(pages):
        for address in _addresses(form):
            page.goto(pages.url + address)
            expect(page.locator("[data-form-data]")).to_have_count(1)
            page.add_script_tag(path=AXE)
            _provoke(page)
            assert find_faults(page) == []


def _addresses(form):
    return ["/record"] if form.shape is Shape.RECORD else ["/grid", "/rows/1"]


def _provoke(page):
    """Open what is closed at first: a note, a list, a fault, choices, reasons."""
    for selector in ("[data-columns-open]", "details.reveal summary"):
        first = page.locator(selector).first
        if first.count():
            first.click()
    for box in page.locator("[data-column-last][type=checkbox]").all()[:2]:
        box.check()
    for selector in (".cell[aria-invalid]", "[data-picker]:not([readonly])"):
        first = page.locator(selector).first
        if first.count() and first.is_visible():
            first.focus()
    if page.locator("[data-picker]:focus").count():
        page.keyboard.type("江")
        expect(page.locator("[role=listbox]")).to_be_visible()


@pytest.mark.parametrize("name", FORMS)
def test_nothing_breaks_the_content_security_policy(browser, name):
    catalogue = get_catalogue()
    form = catalogue.get(name)
    pages = PageServer(form, catalogue)
    pages.add()
    context = browser.new_context()
    page = context.new_page()
    lines = []
    page.on("console", lambda line: lines.append(line.text))
    page.on("pageerror", lambda error: lines.append(str(error)))
    with serve(pages):
        for address in _addresses(form):
            page.goto(pages.url + address)
            _provoke(page)
            page.keyboard.press("Tab")
            page.wait_for_load_state("networkidle")
    context.close()
    assert lines == []


@pytest.mark.parametrize("name", FORMS)
def test_a_phone_scrolls_only_downwards(browser, name):
    catalogue = get_catalogue()
    form = catalogue.get(name)
    pages = PageServer(form, catalogue)
    pages.add()
    context = browser.new_context(viewport={"width": 390, "height": 800})
    page = context.new_page()
    with serve(pages):
        for address in _addresses(form):
            page.goto(pages.url + address)
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= 390, address
    context.close()
