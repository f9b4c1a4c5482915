"""The page of a plan in a browser: what is not decided keeps the button closed."""

import threading

import pytest
from werkzeug.serving import make_server

from app.services.demo import DEMO_PASSWORD
from tests.support.barriers import find_serious
from tests.support.publishing import (
    config_of,
    install_forms,
    major,
    open_small,
    write_edition,
)
from tests.support.schema_pages import draft_of, open_pages, store_rows

pytestmark = pytest.mark.long


@pytest.fixture
def workshop(tmp_path):
    url, folder = f"sqlite:///{tmp_path / 'tianbao.sqlite'}", tmp_path / "schemas"
    write_edition(folder, major())
    install_forms(url, folder)
    workshop = open_small(config_of(url, folder, tmp_path / "data"))
    yield workshop
    workshop.engine.dispose()


@pytest.fixture
def address(workshop, tmp_path):
    url = str(workshop.engine.url)
    app = open_pages(config_of(url, tmp_path / "schemas", tmp_path / "data"), workshop)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(params=[390, 1280])
def page(browser, address, request):
    complaints = []
    size = {"width": request.param, "height": 800}
    context = browser.new_context(base_url=address, locale="zh-CN", viewport=size)
    page = context.new_page()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on(
        "console",
        lambda said: complaints.append(said.text) if said.type == "error" else None,
    )
    page.goto("/login")
    page.fill("#username", "guan")
    page.fill("#password", DEMO_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")
    yield page
    context.close()
    assert complaints == []


def is_too_wide(page):
    return page.evaluate("document.documentElement.scrollWidth > innerWidth")


def test_a_loss_is_agreed_to_before_anything_is_done(page, workshop):
    store_rows(workshop, "M", {"code": "1", "name": "甲"})
    fewer = major()
    del fewer["properties"]["name"]
    draft = draft_of(workshop, M=fewer)
    page.goto(f"/admin/schemas/drafts/{draft.id}/plan/")
    button = page.get_by_role("button", name="执行")
    assert button.is_disabled()
    assert find_serious(page) == []
    assert not is_too_wide(page)
    page.get_by_label("照这样做").check()
    assert button.is_disabled()
    page.locator("[data-agree] input.form-control").fill("通知里没有这一栏")
    page.locator("[name=reason]").fill("部里更正")
    assert button.is_enabled()
    button.click()
    page.wait_for_url("**/history/*/")
    assert page.get_by_text("通知里没有这一栏").is_visible()
    assert find_serious(page) == []
    assert not is_too_wide(page)
    page.goto("/admin/schemas/history/")
    assert find_serious(page) == []
    assert not is_too_wide(page)
