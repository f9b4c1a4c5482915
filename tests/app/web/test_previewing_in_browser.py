"""A preview in a browser: it works as the form would, and keeps nothing."""

import pytest

from tests.app.web.test_browser import address, log_in, open_page, page
from tests.support.barriers import find_serious

__all__ = ["address", "open_page", "page"]

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.long,
]

STUDENTS = "/admin/schemas/talent/2024/0.1.5/preview"


@pytest.fixture
def preview(page):
    log_in(page, "admin")
    return page


def test_a_page_judges_what_is_typed_and_keeps_nothing(preview):
    preview.goto(f"{STUDENTS}/page")
    preview.fill('[name="major_code"]', "")
    preview.locator('[name="major_code"]').press("ArrowDown")
    with preview.expect_response("**/check"):
        preview.locator("[role=option]").first.click()
    preview.wait_for_function(
        "document.querySelector('[data-given=major_name]').textContent !== ''"
    )
    assert preview.locator("[data-status]").inner_text() == "预览：填什么都不保存"
    preview.get_by_role("button", name="检查").click()
    preview.wait_for_selector("[data-problem-summary]")
    assert find_serious(preview) == []
    preview.reload()
    assert preview.locator('[name="major_code"]').input_value() == ""


def test_a_grid_takes_rows_and_keeps_none(preview):
    preview.goto(f"{STUDENTS}/grid")
    assert preview.locator("tbody tr").count() == 3
    cell = preview.locator('tbody tr >> [data-field="grade"]').first
    with preview.expect_response("**/check"):
        cell.fill("今年")
        cell.blur()
    preview.wait_for_selector("tbody tr:first-child .is-error")
    preview.locator("[data-add-row]").click()
    assert preview.locator("tbody tr").count() == 4
    preview.reload()
    assert preview.locator("tbody tr").count() == 3
