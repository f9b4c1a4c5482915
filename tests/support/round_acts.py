"""What people of a round do at their windows: enter, import, explain, hand in, decide.

Every act ends where the page says that it was done.
"""

import html
import re
import time
from dataclasses import dataclass

from playwright.sync_api import Page, expect

from form_schemas.spec import FormSpec, Shape
from tests.support.round_books import Books
from tests.support.stage import Stage, fill, see

_MISSING = re.compile(
    r'<li><span>(?:<a class="link" href="([^"]*)">|<b>)(.*?)</(?:a|b)>：(.*?)</span>'
)
_EXPLAINED = "请写明理由"
_SECONDS = 120


@dataclass(frozen=True)
class Missing:
    """A line of what keeps a form from being handed in."""

    url: str
    place: str
    text: str

    @property
    def is_warning(self) -> bool:
        return _EXPLAINED in self.text

    @property
    def field_id(self) -> str:
        return self.url.partition("#f-")[2]


def page_of(form: FormSpec, stage: Stage, then: str = "") -> str:
    return f"/forms/{form.name}/{then}?at={stage.key}"


def review_of(form: FormSpec, stage: Stage, view: str = "all") -> str:
    return f"/reviews/{form.name}/?at={stage.key}&view={view}"


def list_missing(stage: Stage, form: FormSpec) -> list[Missing]:
    """What the form's filler is told that is missing."""
    answer = stage.fetch(stage.filler(form), page_of(form, stage, "missing"))
    return read_missing(answer.text())


def read_missing(text: str) -> list[Missing]:
    part = text.partition('id="missing"')[2].partition("</section>")[0]
    return [Missing(*map(html.unescape, one)) for one in _MISSING.findall(part)]


# Entering.


def type_row(page: Page, books: Books, form: FormSpec, row) -> None:
    """A new row, cell by cell, in the grid that is open."""
    page.locator("[data-add-row]").first.click()
    line = page.locator("tr.new").first
    for item in form.typed_fields:
        cell = line.locator(f'[data-field="{item.id}"]')
        text = books.text(form, row, item.id)
        if text and cell.count():
            fill(cell, text)
    leave_row(page)


def leave_row(page: Page) -> None:
    page.locator("h1").click()
    expect_saved(page)


def expect_saved(page: Page) -> None:
    status = page.locator("[data-status]").first
    expect(status).to_have_attribute("data-state", "saved", timeout=60_000)


def type_cell(page: Page, row_id: int | str, field_id: str, text: str) -> None:
    """Another value in a row of the grid that is open."""
    # What is typed before the page's script has come would stay unnoticed.
    page.wait_for_load_state("load")
    row = page.locator(f'tr[data-id="{row_id}"]')
    with page.expect_response("**/save*"):
        fill(row.locator(f'[data-field="{field_id}"]'), text)
        leave_row(page)


# Importing.


def upload(stage: Stage, username: str, form: FormSpec, book) -> str:
    """Send a workbook as the page would; gives the address of the import."""
    answer = stage.send(username, page_of(form, stage, "import"), file=book)
    return answer.headers["location"]


def pass_import(stage: Stage, username: str, address: str, reason: str) -> None:
    """Let all rows of an import pass once they are read."""
    end = time.monotonic() + _SECONDS
    while not stage.fetch(username, f"{address}/state").json()["done"]:
        assert time.monotonic() < end, f"{address} takes too long"
        time.sleep(0.2)
    # Where all rows were there already, nothing waits.
    if 'name="which"' in stage.fetch(username, address).text():
        fields = {"which": "all", "level": "all", "reason": reason, "detail": "核对过"}
        stage.send(username, f"{address}/pass", **fields)


# Explaining.


def explain_warnings(stage: Stage, form: FormSpec) -> None:
    """Give a reason for every warning, at its cell."""
    found = list_missing(stage, form)
    page = stage.open(stage.filler(form))
    done = set()
    for one in found:
        if not one.is_warning or one.url in done:
            continue
        done.add(one.url)
        if "/rows/" in one.url or form.shape is Shape.RECORD:
            _explain_cell(page, one)
        else:
            _explain_table(page, page_of(form, stage))


def _explain_cell(page: Page, one: Missing) -> None:
    page.goto(one.url)
    reasons = page.locator(f'[data-line="{one.field_id}"] [data-reasons]')
    while reasons.locator("[data-confirm]").count():
        before = reasons.locator("[data-confirm]").count()
        reasons.locator("[data-reason]").first.select_option("verified")
        reasons.locator("[data-words]").first.fill("已与台账核对")
        reasons.locator("[data-confirm]").first.click()
        expect(reasons.locator("[data-confirm]")).to_have_count(before - 1)


def _explain_table(page: Page, address: str) -> None:
    page.goto(address)
    box = page.get_by_label("整张表的问题")
    while box.get_by_role("button", name="确认").count():
        box.get_by_label("整张表为什么是这样").first.select_option("verified")
        box.get_by_label("整张表的情况说明").first.fill("已与台账核对")
        box.get_by_role("button", name="确认").first.click()


# Handing in and deciding.


def hand_in(stage: Stage, form: FormSpec) -> None:
    """Submit by clicking."""
    page = stage.open(stage.filler(form), page_of(form, stage))
    page.get_by_label("我已初审").check()
    page.get_by_role("button", name="提交", exact=True).click()
    see(page, "已提交，等")


def send_in(stage: Stage, form: FormSpec) -> None:
    """Submit as the page would."""
    url = page_of(form, stage, "submit")
    stage.send(stage.filler(form), url, checked="1")


def approve_all(stage: Stage, username: str) -> int:
    """Approve all that waits, after the summary; gives how many forms that were."""
    page = stage.open(username, f"/reviews/?at={stage.key}")
    chosen = page.locator("td [name=form]")
    count = chosen.count()
    if count:
        page.get_by_label("选本页全部").check()
        page.get_by_role("button", name="看汇总").click()
        page.get_by_role("button", name=f"通过 {count} 张").click()
        see(page, f"{count} 张已通过")
    return count


def return_cell(
    stage: Stage, username: str, form: FormSpec, mark: str, words: str
) -> None:
    page = stage.open(username, review_of(form, stage))
    page.locator(f'[name="cell"][value="{mark}"]').first.check()
    page.get_by_label("共同的退回原因").select_option("数值有误")
    page.get_by_label("审核意见或退回说明").fill(words)
    page.get_by_role("button", name="退回 1 处").click()
    see(page, "已退回，填报部门会收到通知。")


def approve(stage: Stage, username: str, form: FormSpec) -> None:
    page = stage.open(username, review_of(form, stage, "since"))
    page.get_by_role("button", name="通过", exact=True).click()
    undo = page.get_by_role("button", name="撤销我的决定")
    expect(undo).to_be_visible()
