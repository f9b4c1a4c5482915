"""How a round begins: opened and carried forward, base forms first, then the others.

The office moves the phases on the round's own page; nothing here touches the database.
"""

import re
from datetime import date, timedelta

from playwright.sync_api import expect

from app.services.preconditions import list_needs
from app.storage.assignments import load_assignments
from app.storage.engine import begin_reading
from tests.support.round_acts import (
    explain_warnings,
    hand_in,
    list_missing,
    page_of,
    read_missing,
    send_in,
)
from tests.support.round_filling import fill_in
from tests.support.round_reviewing import decide_all
from tests.support.stage import OFFICE, fill, see

_DAY = timedelta(days=1)


def open_the_round(stage, engine):
    page = stage.open(OFFICE, f"/rounds/new?edition={stage.edition.name}")
    first_day = str(date.today() - _DAY)
    page.get_by_label("第一天", exact=True).fill(first_day)
    page.get_by_role("button", name="整体移到这一天").click()
    expect(page.locator("#p0-first")).to_have_value(f"{first_day}T00:00")
    page.locator(".foot-bar").get_by_role("button", name="预览").click()
    see(page, "分工都按表格文件")
    see(page, "上期是“")
    page.get_by_role("button", name="打开并通知").click()
    see(page, "并通知了有关的人")
    stage.key = re.search(r"/rounds/(\d+-\d+)/", page.url).group(1)
    with begin_reading(engine) as connection:
        unit_id, round_id = map(int, stage.key.split("-"))
        stage.assignments = load_assignments(connection, unit_id, round_id)


def see_what_waits(stage, books):
    """Fillers are told; forms of later phases are shut, and say what they wait for."""
    _, later = split_forms(stage, books)
    form = next(form for form in later if list_needs(books.catalogue, form))
    needed = list_needs(books.catalogue, form)[0][0]
    page = stage.open(stage.filler(form), "/")
    line = page.get_by_role("row").filter(has_text=form.code).first
    expect(line).to_contain_text(f"等 {needed.code}")
    page.get_by_role("link", name=re.compile(r"通知，\d+ 条未读")).click()
    expect(page.get_by_role("link", name=re.compile("开始填报"))).to_be_visible()
    page.goto(page_of(form, stage))
    expect(page.locator("[data-status]").first).to_have_text("只读")


def carry_forward(stage):
    page = stage.open(OFFICE, f"/rounds/{stage.key}/carry")
    page.get_by_role("button", name="带入所选的表").click()
    see(page, "改过以前都标着“沿用”")
    page.get_by_role("link", name=re.compile("待补齐")).first.click()
    expect(page.get_by_role("link", name=re.compile("^去补")).first).to_be_visible()


def split_forms(stage, books):
    """The forms of the first phase, and the others."""
    tasks = stage.edition.phases[0].tasks
    first = {code for task in tasks for code in task.forms}
    base = [form for form in books.filled_in if form.code in first]
    return base, [form for form in books.filled_in if form.code not in first]


def finish_base_forms(stage, books, forms):
    """Gaps are filled, warnings explained, forms handed in and approved."""
    typed = next(f for f in forms if has_gaps(stage, f))
    type_gaps(stage, books, typed)
    rest = [form for form in forms if form is not typed]
    fill_in(stage, books, rest)
    for form in rest:
        send_in(stage, form)
    explain_warnings(stage, typed)
    hand_in(stage, typed)
    decide_all(stage, forms)


def begin_the_next_phase(stage):
    """The first phase has ended, the second has begun: the office moves them."""
    page = stage.open(OFFICE, f"/rounds/{stage.key}/")
    today = date.today()
    days = {"p0": (-9, -1), "p1": (0, 3), "p2": (4, 5)}
    for name, (first, last) in days.items():
        page.fill(f"#{name}-first", f"{today + first * _DAY}T00:00")
        page.fill(f"#{name}-end", f"{today + last * _DAY}T23:59")
    page.get_by_role("button", name="保存阶段").click()
    see(page, "阶段已改，马上生效")


def has_gaps(stage, form):
    return any("必须填写" in one.text for one in list_missing(stage, form))


def type_gaps(stage, books, form):
    """A refused submission lists the gaps by cell; each link leads there."""
    page = stage.open(stage.filler(form), f"{page_of(form, stage)}&state=inherited")
    carried = str(len(books.rows[form.code]))
    expect(page.locator("[data-total-shown]")).to_have_text(carried)
    with stage.refusal():
        page.get_by_label("我已初审").check()
        page.get_by_role("button", name="提交", exact=True).click()
        see(page, re.compile("还不能提交，有 \\d+ 处"))
    for one in read_missing(page.content()):
        if one.is_warning or not one.field_id:
            continue
        page.goto(one.url)
        known = {name: page.locator(f"#f-{name}").input_value() for name in form.key}
        field = page.locator(f"#f-{one.field_id}")
        fill(field, books.text(form, books.find_row(form, known), one.field_id))
        page.wait_for_selector("[data-status][data-state=saved]")
