"""Units' accounts in a browser: the login by keyboard, and pages for everybody."""

import re

import pytest

from tests.app.web.test_areas import fill, nation
from tests.app.web.test_browser import address, open_page
from tests.support.areas import CITY, PASSWORD, PROVINCE
from tests.support.barriers import find_serious

__all__ = ["address", "fill", "nation", "open_page"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_NUMBER = re.compile(r"\d+")


def log_in_by_keyboard(page):
    """From the first field on, without a mouse and without seeing the picture."""
    page.goto("/login?next=/area")
    assert not page.locator("#captcha").is_visible()
    page.focus("input[name=type]")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    assert page.locator("#captcha").is_visible()
    press_until(page, "username")
    page.keyboard.type(PROVINCE)
    press_until(page, "again", "sum")
    page.keyboard.press("Enter")
    page.wait_for_selector("label[for=captcha]:has-text('算术题')")
    numbers = map(int, _NUMBER.findall(page.locator("label[for=captcha]").inner_text()))
    press_until(page, "password")
    page.keyboard.type(PASSWORD)
    press_until(page, "captcha")
    page.keyboard.type(str(sum(numbers)))
    page.keyboard.press("Enter")
    page.wait_for_url("**/area")


def press_until(page, name, value=""):
    for _ in range(40):
        page.keyboard.press("Tab")
        found = page.evaluate(
            "[document.activeElement.name, document.activeElement.value]"
        )
        if found[0] == name and (not value or found[1] == value):
            return
    raise AssertionError(f"the keyboard does not reach {name}")


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_of_areas_serve_everybody(open_page, nation, width):
    page = open_page(viewport={"width": width, "height": 900})
    log_in_by_keyboard(page)
    for path in (
        "/area",
        "/area/new?kind=group",
        f"/area/{nation.units[CITY]}",
        "/area/list",
        "/account/",
    ):
        page.goto(path)
        assert find_serious(page) == [], path
        wider = "document.documentElement.scrollWidth - window.innerWidth"
        assert page.evaluate(wider) <= 0, path


def test_pages_before_the_login_serve_everybody(open_page):
    page = open_page(viewport={"width": 390, "height": 900})
    for path in ("/login", "/login?type=gov_admin", "/forgotten", "/registered"):
        page.goto(path)
        assert find_serious(page) == [], path
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
