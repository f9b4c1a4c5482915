"""A form is filled in and handed in without a script, and by keys alone."""

import pytest

from tests.app.web.test_browser import GRANTS, address, log_in, open_page
from tests.app.web.test_rows import GRANT

__all__ = ["address", "open_page"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

#: More stops than any page has.
_MOST_STOPS = 150


def test_a_form_is_handed_in_without_a_script(open_page):
    page = open_page(java_script_enabled=False)
    log_in(page)
    page.goto(f"{GRANTS}rows/new")
    for name, text in GRANT.items():
        field = page.locator(f'[name="{name}"]')
        if field.evaluate("node => node.tagName") == "SELECT":
            field.select_option(text)
        else:
            field.fill(text)
    page.get_by_role("button", name="保存").click()
    page.goto(GRANTS)
    assert page.locator('[data-field="project_name"]').first.is_disabled()
    page.get_by_label("我已初审").check()
    page.get_by_role("button", name="提交", exact=True).click()
    assert "已提交，待部门负责人审核" in page.locator("main").inner_text()


def test_a_form_is_handed_in_by_keys_alone(open_page):
    page = open_page()
    log_in(page)
    page.goto(f"{GRANTS}rows/new")
    for name, text in GRANT.items():
        walk_to(page, f'[name="{name}"]')
        write(page, text)
    page.keyboard.press("Tab")
    page.wait_for_selector("[data-status][data-state=saved]")
    page.goto(GRANTS)
    walk_to(page, '[name="checked"]')
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=已提交，待部门负责人审核")


def test_nothing_is_typed_into_a_grid_before_its_script_is_there(open_page):
    page = open_page()
    log_in(page)
    page.goto(f"{GRANTS}rows/new")
    page.fill('[name="project_name"]', "校长奖学金")
    for name in ("project_type", "fund_source"):
        page.select_option(f'[name="{name}"]', GRANT[name])
    page.wait_for_selector("[data-status][data-state=saved]")
    held = []
    page.route("**/grid.js", lambda route: held.append(route))
    page.goto(GRANTS, wait_until="commit")
    cell = page.locator('[data-field="project_name"]').first
    cell.wait_for()
    assert cell.is_disabled()
    page.wait_for_timeout(200)
    held[0].continue_()
    page.wait_for_selector("[data-waiting]:not([disabled])", state="attached")
    assert cell.is_enabled()


def write(page, text):
    """Type, or go down a menu until it stands there."""
    chosen = "document.activeElement.matches('select') && document.activeElement.value"
    if page.evaluate(chosen) is False:
        page.keyboard.type(text)
    while page.evaluate(chosen) not in (False, text):
        page.keyboard.press("ArrowDown")


def walk_to(page, selector):
    """Tab on until the focus is there."""
    for _ in range(_MOST_STOPS):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", selector):
            return
    raise AssertionError(f"no key leads to {selector}")
