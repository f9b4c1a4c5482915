"""A circular in a browser: written in the editor, sent, read, confirmed, seen again."""

import pytest

from tests.app.web.test_browser import address, open_page
from tests.app.web.test_circulars import enter, nation, sqlite_url
from tests.support.areas import GROUP, PROVINCE
from tests.support.barriers import find_serious, is_too_wide

__all__ = ["address", "enter", "nation", "open_page", "sqlite_url"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def open_as(open_page, enter, address):
    """A page of somebody's who is signed in: `open_as(GROUP, "group_admin")`."""

    def open_as(unit, kind="gov_admin", width=1280):
        cookie = enter(unit, kind).client.get_cookie("tianbao")
        page = open_page(viewport={"width": width, "height": 900})
        known = {"name": "tianbao", "value": cookie.value, "url": address}
        page.context.add_cookies([known])
        return page

    return open_as


def find_barriers(page):
    return [*find_serious(page), *([("wide",)] if is_too_wide(page) else [])]


def test_a_circular_is_written_sent_read_and_confirmed(open_as, nation):
    province = open_as(PROVINCE)
    province.goto("/circulars/sent/")
    assert find_barriers(province) == []
    province.click("text=写工作通知 >> nth=0")
    # A click does not wait for the page that it opens.
    province.wait_for_selector("#title")
    assert not is_too_wide(province)
    assert province.locator(".rich-bar [aria-label=图片]").count() == 0
    province.fill("#title", "关于核对数据的通知")
    province.click(".rich-page")
    province.keyboard.type("请各集团核对。")
    province.check("[name=receipt]")
    province.fill("#question", "谁负责")
    province.check("[name=kinds][value=group]")
    limit = province.locator("[data-limit]")
    limit.evaluate("(field) => { field.dataset.limit = '0.001'; }")
    large = {"name": "大.pdf", "mimeType": "application/pdf", "buffer": b"x" * 2048}
    limit.set_input_files(large)
    province.click("text=保存并发出")
    assert "写的内容都在" in province.locator("[data-too-large]").inner_text()
    limit.set_input_files([])
    province.click("text=保存并发出")
    province.wait_for_selector("text=已发出。发给 1 个单位")
    assert find_barriers(province) == []

    group = open_as(GROUP, "group_leader", width=390)
    group.goto("/circulars/")
    assert find_barriers(group) == []
    group.click("text=关于核对数据的通知")
    group.wait_for_selector("[name=reply]")
    assert find_barriers(group) == []
    group.fill("[name=reply]", "秘书处")
    group.press("[name=reply]", "Tab")
    group.keyboard.press("Enter")
    group.wait_for_selector("text=已签收。")

    province.reload()
    row = province.locator("tbody tr", has_text=GROUP).first
    assert "已签收" in row.inner_text()
    assert "集团负责人 签收" in row.inner_text()
    assert "秘书处" in row.inner_text()
