"""A circular in a browser: written in the editor, sent, read, confirmed, seen again."""

import io

import pytest
from PIL import Image

from tests.app.web.test_browser import address
from tests.app.web.test_circulars import enter, fill, nation
from tests.support.areas import GROUP, PROVINCE
from tests.support.barriers import find_serious, is_too_wide

__all__ = ["address", "enter", "fill", "nation"]

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def open_as(browser, enter, address):
    """A page of somebody's who is signed in: `open_as(GROUP, "group_admin")`."""
    contexts, complaints = [], []

    def note(told):
        # What the server refuses, and what the test breaks, a browser says aloud.
        is_refused = told.text.startswith("Failed to load resource")
        if told.type == "error" and not is_refused:
            complaints.append(told.text)

    def open_as(unit, kind="gov_admin", width=1280):
        cookie = enter(unit, kind).client.get_cookie("tianbao")
        view = {"width": width, "height": 900}
        context = browser.new_context(base_url=address, locale="zh-CN", viewport=view)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", note)
        known = {"name": "tianbao", "value": cookie.value, "url": address}
        context.add_cookies([known])
        return page

    yield open_as
    for context in contexts:
        context.close()
    assert complaints == []


PAPER = b"%PDF-1.7\n" + bytes(range(256)) * 6000
WIDTH = 60


def make_picture():
    stream = io.BytesIO()
    Image.new("RGB", (WIDTH, 40), "red").save(stream, "PNG")
    return stream.getvalue()


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
    province.fill("#title", "关于核对数据的通知")
    province.click(".rich-page")
    province.keyboard.type("请各集团核对。")
    province.check("[name=receipt]")
    province.fill("#question", "谁负责")
    province.check("[name=kinds][value=group]")
    refused = province.locator("[data-refused]")
    program = {"name": "安排.exe", "mimeType": "application/pdf", "buffer": b"MZ"}
    province.set_input_files("#files", program)
    refused.get_by_text("只收").wait_for()
    # The connection breaks; once it is back, the file is sent by itself.
    broken = [True]
    province.route("**/pieces", lambda it: it.abort() if broken else it.continue_())
    paper = {"name": "安排.pdf", "mimeType": "application/pdf", "buffer": PAPER}
    province.set_input_files("#files", paper)
    province.wait_for_selector("text=网络断了")
    province.click("text=保存并发出")
    refused.get_by_text("还有附件正在传").wait_for()
    assert find_barriers(province) == []
    broken.clear()
    province.wait_for_selector("[name=papers]:checked")
    assert not refused.is_visible()
    with province.expect_file_chooser() as choosing:
        province.click(".rich-bar [aria-label=图片]")
    picture = {"name": "校门.png", "mimeType": "image/png", "buffer": make_picture()}
    choosing.value.set_files(picture)
    province.wait_for_selector(".rich-page img")
    assert find_barriers(province) == []
    province.click("text=保存并发出")
    province.wait_for_selector("text=已发出。发给 1 个单位")
    assert find_barriers(province) == []

    group = open_as(GROUP, "group_leader", width=390)
    group.goto("/circulars/")
    assert find_barriers(group) == []
    group.click("text=关于核对数据的通知")
    group.wait_for_selector("[name=reply]")
    group.wait_for_selector(".circular-papers >> text=安排.pdf")
    seen = group.wait_for_function(
        "() => document.querySelector('.article-body img')?.naturalWidth"
    )
    assert seen.json_value() == WIDTH
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
