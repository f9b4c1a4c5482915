"""The pages in a browser: from the login to a saved form, by keyboard, without faults.

A server runs beside the test; whatever the browser complains about fails the test.
"""

import threading

import pytest
from openpyxl import load_workbook
from werkzeug.serving import make_server

from app.jobs import start_thread
from tests.app.web.conftest import PASSWORD
from tests.app.web.test_policy import GOOD_ROW, upload
from tests.app.web.test_rows import GRANT, add
from tests.support.barriers import find_serious

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]

GRANTS = "/forms/talent/2.13.2/"
LAND = "/forms/talent/1.1.4/"


@pytest.fixture
def address(app):
    """Where the application is served."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def open_page(browser, address):
    """A page of a fresh browser; complaints of the browser are collected."""
    contexts, complaints = [], []

    def open_page(**options):
        context = browser.new_context(base_url=address, locale="zh-CN", **options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: (
                complaints.append(message.text) if message.type == "error" else None
            ),
        )
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(open_page):
    return open_page()


def log_in(page, username="filler"):
    page.goto("/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/")


def save(page, text):
    with page.expect_response("**/save?*"):
        page.fill('[name="green_area"]', text)


def test_a_record_is_saved_as_one_goes_and_is_there_after_reloading(page):
    log_in(page)
    page.goto(LAND)
    field = page.locator('[name="green_area"]')
    field.fill("12.5")
    field.blur()
    page.wait_for_selector("[data-status][data-state=saved]")
    page.reload()
    assert page.locator('[name="green_area"]').input_value() == "12.50"


def test_a_row_is_entered_in_the_grid_by_keyboard_alone(page):
    log_in(page)
    page.goto(GRANTS)
    page.locator("[data-add-row]").focus()
    page.keyboard.press("Enter")
    row = page.locator("tr.new").first
    for field, text in (("project_name", "校长奖学金"), ("award_scope", "全校")):
        row.locator(f'[data-field="{field}"]').focus()
        page.keyboard.type(text)
    for field, text in (("project_type", "国家奖学金"), ("fund_source", "企业")):
        row.locator(f'[data-field="{field}"]').select_option(text)
    page.locator("[data-add-row]").focus()
    page.wait_for_selector("[data-status][data-state=saved]", timeout=15000)
    page.reload()
    assert (
        page.locator('[data-field="project_name"]').first.input_value() == "校长奖学金"
    )


def test_the_search_is_one_key_away(page):
    log_in(page)
    page.keyboard.press("/")
    page.keyboard.type("0.1.5")
    page.keyboard.press("Enter")
    page.wait_for_url("**/forms/talent/0.1.5/")
    assert "0.1.5" in page.locator(".title").inner_text()


def test_menus_work_by_keyboard(page):
    log_in(page)
    page.locator(".menu-end summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("text=退出登录").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("text=退出登录").is_visible()


def test_a_conflict_shows_both_values_on_the_page(open_page):
    mine, theirs = open_page(), open_page()
    log_in(mine)
    log_in(theirs, "colleague")
    mine.goto(LAND)
    save(mine, "1")
    theirs.goto(LAND)
    save(mine, "2")
    theirs.fill('[name="green_area"]', "3")
    theirs.wait_for_selector("[data-conflict]:not([hidden])")
    text = theirs.locator("[data-conflict]").inner_text()
    assert "2.00" in text
    assert "3" in text


def test_an_import_under_review_has_no_serious_barrier(page, filler, work):
    address = upload(filler, work, GOOD_ROW)
    log_in(page)
    page.goto(address)
    assert page.get_by_role("link", name="检查报告", exact=True).is_visible()
    assert find_serious(page) == []


def test_a_letter_reaches_a_filler_behind_the_bell(page, open_page, tmp_path):
    plan = tmp_path / "任务分工表.pdf"
    plan.write_bytes(b"%PDF-1.7 ")
    log_in(page, "admin")
    page.goto("/notices/new")
    page.fill("#title", "任务分工")
    page.fill("#text", "各部门：\n\n见附件。")
    page.get_by_label("填报员").check()
    page.set_input_files("#files", str(plan))
    page.get_by_role("button", name="发出").click()
    page.wait_for_url("**/notices/letters/*")
    assert find_serious(page) == []
    reader = open_page(viewport={"width": 390, "height": 800})
    log_in(reader)
    reader.get_by_role("link", name="通知，1 条未读").click()
    assert find_serious(reader) == []
    reader.get_by_role("link", name="任务分工").click()
    with reader.expect_download() as download:
        reader.get_by_role("link", name="任务分工表.pdf").click()
    assert download.value.suggested_filename == "任务分工表.pdf"
    assert reader.get_by_role("link", name="通知", exact=True).first.is_visible()


def test_the_bar_of_a_phone_takes_two_lines(open_page):
    page = open_page(viewport={"width": 390, "height": 800})
    log_in(page, "helper")
    height = "document.querySelector('.topbar').offsetHeight"
    assert page.evaluate(height) < 120
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_without_a_script_one_fills_and_saves(open_page):
    page = open_page(java_script_enabled=False)
    log_in(page)
    page.goto(LAND)
    page.fill('[name="green_area"]', "7")
    page.get_by_role("button", name="保存", exact=True).click()
    assert page.locator('[name="green_area"]').input_value() == "7.00"
    assert "已保存" in page.content()


@pytest.fixture
def grid(page, filler):
    """A grid with three rows, one of them with an error."""
    for name, count in (("甲项", "30"), ("乙项", "30"), ("丙项", "99")):
        add(
            filler,
            "talent/2.13.2",
            {**GRANT, "project_name": name, "female_count": count},
        )
    log_in(page)
    page.goto(GRANTS)
    return page


def read_cells(page, field="project_name"):
    cells = page.locator(f'[data-rows] [data-field="{field}"]')
    return cells.evaluate_all("all => all.map((cell) => cell.value)")


def press(page, selector):
    page.locator(selector).focus()
    page.keyboard.press("Enter")


def wait_until_told(page, text):
    page.wait_for_selector(f"[data-notices] :text('{text}')")


def test_the_chip_counts_faulty_rows_as_they_are_mended(grid):
    chip = grid.locator("[data-chip=error]")
    assert chip.inner_text().split() == ["有错", "1"]
    with grid.expect_response("**/save?*"):
        grid.locator('[data-field="female_count"]').nth(0).fill("99")
        grid.locator("[data-add-row]").focus()
    grid.wait_for_selector("[data-chip=error] :text('2')")
    press(grid, "[data-chip=error]")
    grid.wait_for_url("**state=error")
    assert read_cells(grid) == ["甲项", "丙项"]


def test_all_rows_of_a_filter_are_deleted_by_keyboard(grid, monkeypatch):
    monkeypatch.setattr("app.services.selecting._AT_ONCE", 1)
    grid.goto(f"{GRANTS}?size=20")
    # More rows than the page shows: as if two of them were on the next one.
    grid.evaluate("document.querySelector('[data-grid]').dataset.total = 5")
    grid.locator("[data-select]").first.focus()
    grid.keyboard.press("Space")
    press(grid, "[data-select-whole]")
    assert "已选全部 5 行" in grid.locator("[data-selected]").inner_text()
    assert find_serious(grid) == []
    press(grid, "[data-delete-selected]")
    press(grid, "[data-delete-selected]")
    wait_until_told(grid, "已删除 3 行")
    assert [name for name in read_cells(grid) if name] == []


def test_a_column_is_set_in_the_rows_ticked(grid):
    grid.locator("[data-select]").nth(0).check()
    grid.locator("[data-select]").nth(2).check()
    press(grid, "[data-fill-column]")
    grid.locator("[data-fill-field]").select_option("fund_source")
    assert find_serious(grid) == []
    grid.locator("[data-fill-value] select").select_option("企业")
    with grid.expect_response("**/save?*"):
        press(grid, "[data-fill]")
    grid.wait_for_selector("[data-status][data-state=saved]")
    grid.reload()
    assert read_cells(grid, "fund_source") == ["企业", "中央财政", "企业"]


def test_a_column_is_set_in_all_rows(grid):
    grid.evaluate("document.querySelector('[data-grid]').dataset.total = 5")
    grid.locator("[data-select-all]").check()
    press(grid, "[data-select-whole]")
    press(grid, "[data-fill-column]")
    grid.locator("[data-fill-field]").select_option("female_count")
    grid.locator("[data-fill-value] input").fill("31")
    grid.keyboard.press("Enter")
    wait_until_told(grid, "已改 3 行")
    assert read_cells(grid, "female_count") == ["31", "31", "31"]
    assert not grid.locator("[data-chip=error]").is_visible()


def test_the_rows_ticked_are_exported(grid, tmp_path):
    grid.locator("[data-select]").nth(1).check()
    with grid.expect_download() as download:
        press(grid, "[data-export-selected] button")
    download.value.save_as(tmp_path / "ticked.xlsx")
    sheet = load_workbook(tmp_path / "ticked.xlsx").active
    texts = [str(cell) for row in sheet.iter_rows(values_only=True) for cell in row]
    assert "乙项" in texts
    assert "甲项" not in texts


@pytest.fixture
def row_page(filler, page):
    """The page of a stored row, and which requests it sends to save."""
    row = add(filler, "talent/2.13.2", GRANT)
    page.sent = []
    page.on("request", lambda request: page.sent.append(request.url))
    log_in(page)
    page.goto(f"{GRANTS}rows/{row['id']}")
    return page


def test_a_wrong_pair_of_numbers_is_told_before_it_is_saved(row_page):
    row_page.fill('[name="needy_count"]', "63")
    row_page.locator("#f-needy_count-e .problem").wait_for(timeout=1000)
    assert not [url for url in row_page.sent if "/save" in url]
    assert "62" in row_page.input_value('[name="awarded_count"]')
    row_page.wait_for_selector("[data-status][data-state=saved]")
    assert row_page.locator("#f-needy_count-e .problem").is_visible()


def test_what_a_hidden_field_held_is_kept_while_editing_and_gone_once_saved(row_page):
    sponsor = row_page.locator('[name="sponsor_name"]')
    assert not sponsor.is_visible()
    row_page.select_option('[name="fund_source"]', "企业")
    sponsor.fill("某某基金会")
    row_page.select_option('[name="fund_source"]', "中央财政")
    assert not sponsor.is_visible()
    row_page.select_option('[name="fund_source"]', "企业")
    assert sponsor.input_value() == "某某基金会"
    row_page.select_option('[name="fund_source"]', "中央财政")
    row_page.wait_for_selector("[data-status][data-state=saved]")
    row_page.reload()
    row_page.select_option('[name="fund_source"]', "企业")
    assert sponsor.input_value() == ""


def test_a_warning_is_confirmed_with_a_reason_by_keyboard(row_page):
    reasons = row_page.locator('[data-line="amount"] [data-reasons]')
    assert reasons.inner_text() == ""
    row_page.fill('[name="amount"]', "3100")
    select = reasons.locator("[data-reason]")
    select.focus()
    for _ in range(4):
        row_page.keyboard.press("ArrowDown")
    row_page.keyboard.press("Tab")
    row_page.keyboard.type("已问过财务处")
    row_page.keyboard.press("Enter")
    reasons.locator("text=核实无误：已问过财务处").wait_for()
    assert row_page.evaluate("document.activeElement.matches('[data-withdraw]')")
    assert not row_page.locator("[data-count=warn]").is_visible()
    assert find_serious(row_page) == []
    row_page.reload()
    assert "核实无误：已问过财务处（演示填报员" in reasons.inner_text()
    row_page.keyboard.press("Tab")
    reasons.locator("[data-withdraw]").press("Enter")
    select.wait_for()
    assert find_serious(row_page) == []


def test_a_confirmed_warning_asks_again_once_its_numbers_change(row_page):
    reasons = row_page.locator('[data-line="amount"] [data-reasons]')
    row_page.fill('[name="amount"]', "3100")
    reasons.locator("[data-reason]").select_option("verified")
    reasons.locator("[data-confirm]").click()
    reasons.locator("[data-withdraw]").wait_for()
    row_page.fill('[name="award_scope"]', "一年级")
    assert reasons.locator("[data-withdraw]").is_visible()
    row_page.fill('[name="amount"]', "3200")
    reasons.locator("[data-reason]").wait_for()
    row_page.fill('[name="amount"]', "3,100.00")
    reasons.locator("[data-withdraw]").wait_for()


def test_half_a_reason_survives_typing_elsewhere_and_saving(row_page):
    reasons = row_page.locator('[data-line="amount"] [data-reasons]')
    row_page.fill('[name="amount"]', "3100")
    reasons.locator("[data-words]").fill("上年结转")
    row_page.fill('[name="award_scope"]', "一年级")
    row_page.wait_for_selector("[data-status][data-state=saved]")
    assert reasons.locator("[data-words]").input_value() == "上年结转"


def test_the_grid_tells_which_warnings_are_explained_and_leads_to_the_others(row_page):
    row_page.fill('[name="amount"]', "3100")
    row_page.wait_for_selector("[data-status][data-state=saved]")
    row_page.goto(GRANTS)
    row_page.locator("[data-state] a", has_text="警告").click()
    reasons = row_page.locator('[data-line="amount"] [data-reasons]')
    reasons.locator("[data-reason]").select_option("policy")
    reasons.locator("[data-confirm]").click()
    reasons.locator("[data-withdraw]").wait_for()
    row_page.goto(GRANTS)
    assert row_page.locator("[data-state]").first.inner_text() == "已说明"
    row_page.locator('[data-field="award_scope"]').first.fill("二年级")
    row_page.wait_for_selector("[data-status][data-state=saved]")
    assert row_page.locator("[data-state]").first.inner_text() == "已说明"
    row_page.locator('[data-field="amount"]').first.focus()
    assert "已说明：政策调整" in row_page.locator(".cell-note").inner_text()
    assert find_serious(row_page) == []


@pytest.fixture
def worker(workshop):
    """A worker that carries out what pages order."""
    thread, stop = start_thread(workshop)
    yield
    stop.set()
    thread.join()


def test_a_check_is_run_read_and_followed_to_the_cell(page, filler, worker):
    row = add(filler, "talent/2.13.2", {**GRANT, "amount": ""})
    log_in(page)
    page.goto("/check/?form=2.13.2")
    page.click("button:has-text('检查本表')")
    page.wait_for_selector("button:has-text('重新检查本表'):not([disabled])")
    assert find_serious(page) == []
    page.click("a:has-text('只看这些')")
    page.click("#cells a:has-text('去看')")
    page.wait_for_url(f"**/rows/{row['id']}#f-amount")
    amount = page.locator("#f-amount")
    assert amount.evaluate("field => field.matches(':target')")
    assert amount.is_visible()
    page.goto("/check/")
    assert page.locator(".facts dd").nth(1).inner_text() != "0"
    assert find_serious(page) == []
