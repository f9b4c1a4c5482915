"""Pages of reviewers: one form, many at once, key figures, the unit's round."""

import re

from tests.app.web.test_filing_pages import return_cell, shown, submit
from tests.app.web.test_rows import GRANT, GRANTS, add

REVIEW = f"/reviews/{GRANTS}/"
OTHER = {**GRANT, "project_name": "春晖助学金"}


def seen_in(page):
    """The hash of the content that a page shows."""
    return re.search(r'name="seen" value="([0-9a-f]{64})"', page).group(1)


def approve(browser, page=REVIEW, **fields):
    found = seen_in(shown(browser, page))
    fields = {"act": "approve", "seen": found, **fields}
    return browser.post(f"{page}decide", fields, page=page)


def test_what_waits_is_listed_for_whoever_decides(filler, reviewer, sign_in):
    assert "2.13.2" not in shown(reviewer, "/reviews/")
    add(filler, GRANTS, GRANT)
    submit(filler)
    assert f'href="/reviews/{GRANTS}/' in shown(reviewer, "/reviews/")
    office = shown(sign_in("office"), "/reviews/")
    assert f'href="/reviews/{GRANTS}/' not in office
    assert "等别人审 1" in office


def test_a_form_passes_step_by_step(filler, reviewer, sign_in):
    add(filler, GRANTS, GRANT)
    submit(filler)
    assert approve(reviewer, remark="属实").status_code == 303
    text = shown(reviewer, REVIEW)
    assert "待质量监督处合规审核" in text
    assert "属实" in text
    office = sign_in("office")
    approve(office)
    assert "已通过" in shown(office, REVIEW)


def test_the_log_tells_steps_by_their_names(filler, reviewer, sign_in):
    add(filler, GRANTS, GRANT)
    submit(filler)
    approve(reviewer)
    text = shown(sign_in("office"), "/admin/audit")
    assert "种类：审核通过；环节：部门负责人审核" in text
    assert "first_check" not in text


def test_heads_see_their_own_forms_in_the_round_as_a_whole(sign_in):
    head = sign_in("head")
    assert 'href="/reviews/round' in shown(head, "/reviews/")
    text = shown(head, "/reviews/round")
    assert "开设专业表" in text
    assert "学校经费总支出表" not in text


def test_nobody_approves_what_he_entered(filler, engine, sign_in):
    add(filler, GRANTS, GRANT)
    submit(filler)
    text = shown(filler, REVIEW)
    assert 'value="approve" data-approve disabled' in text
    answer = approve(filler)
    assert answer.status_code == 403


def test_an_approval_is_of_what_was_seen(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    old = seen_in(shown(reviewer, REVIEW))
    filler.post(f"/forms/{GRANTS}/recall", page="/")
    filler.save(GRANTS, (row["id"], 1, {"amount": "40"}))
    submit(filler)
    fields = {"act": "approve", "seen": old}
    reviewer.post(f"{REVIEW}decide", fields, page=REVIEW)
    assert "内容在您打开后有改动" in shown(reviewer, REVIEW)


def test_ticked_cells_bar_the_approval(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    approve(reviewer, cell=f"{row['id']}.amount")
    text = shown(reviewer, REVIEW)
    assert "勾选了要退回的格，不能通过" in text
    assert "待部门负责人审核" in text


def test_a_refused_return_keeps_what_was_ticked(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    fields = {"act": "return", "cell": f"{row['id']}.amount"}
    answer = reviewer.post(f"{REVIEW}decide", fields, page=REVIEW)
    text = shown(reviewer, answer.location)
    assert "都要选一条原因" in text
    assert f'value="{row["id"]}.amount" aria-label' in text
    assert "将退回 1 处" in text


def test_changes_since_the_last_look_stand_old_beside_new(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    assert "您还没有看过" in shown(reviewer, REVIEW)
    return_cell(reviewer, row["id"], "amount")
    filler.save(GRANTS, (row["id"], 1, {"amount": "40"}))
    submit(filler)
    text = shown(reviewer, REVIEW)
    assert '<del class="old">31.00</del>' in text
    assert '<ins class="new">40.00</ins>' in text
    assert "按退回意见改的" in text
    reviewer.post(f"{REVIEW}looked", page=REVIEW)
    assert "自上次查看以来没有变化" in shown(reviewer, f"{REVIEW}?view=since")


def test_all_rows_stand_on_pages(filler, reviewer):
    rows = [(None, None, {**GRANT, "project_name": f"项目{n:03}"}) for n in range(60)]
    filler.save(GRANTS, *rows)
    submit(filler)
    first = shown(reviewer, REVIEW)
    assert "项目000" in first
    assert "项目055" not in first
    second = shown(reviewer, f"{REVIEW}?view=all&page=2&cell=1.amount")
    assert "项目055" in second
    assert 'name="cell" value="1.amount" data-elsewhere' in second


def test_ones_own_decision_is_taken_back(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    return_cell(reviewer, row["id"], "amount")
    text = shown(reviewer, REVIEW)
    url = re.search(r'action="(/reviews/undo/[^"]+)"', text).group(1)
    reviewer.post(url, page=REVIEW)
    text = shown(reviewer, REVIEW)
    assert "决定已撤销" in text
    assert "待部门负责人审核" in text


def test_a_remark_asks_without_returning(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    fields = {
        "act": "ask",
        "cell": f"{row['id']}.amount",
        f"words|{row['id']}.amount": "与学校文件一致吗？",
    }
    reviewer.post(f"{REVIEW}decide", fields, page=REVIEW)
    text = shown(filler, f"/forms/{GRANTS}/")
    assert "与学校文件一致吗？" in text
    assert "待部门负责人审核" in text


def test_what_is_too_long_is_refused_and_not_cut(filler, reviewer, sign_in):
    row = add(filler, GRANTS, GRANT)
    long = "长" * 501
    fields = {"act": "submit", "checked": "1", "remark": long}
    filler.post(f"/forms/{GRANTS}/submit", fields, page=f"/forms/{GRANTS}/")
    assert "写了 501 个字，最多 500 个字" in shown(filler, f"/forms/{GRANTS}/")
    submit(filler)
    mark = f"{row['id']}.amount"
    fields = {"act": "return", "cell": mark, f"reason|{mark}": "wrong"}
    reviewer.post(f"{REVIEW}decide", {**fields, f"words|{mark}": long}, page=REVIEW)
    text = shown(reviewer, REVIEW)
    assert "最多 500 个字" in text
    assert "待部门负责人审核" in text
    office = sign_in("admin")
    fields = {"act": "hand_in", "remark": long}
    answer = office.post("/reviews/round", fields, page="/reviews/round")
    assert "最多 500 个字" in answer.text


def test_many_forms_pass_after_their_summary(filler, reviewer):
    add(filler, GRANTS, GRANT)
    submit(filler)
    summary = reviewer.post("/reviews/summary", {"form": "2.13.2"}, page="/reviews/")
    assert summary.status_code == 200, summary.text
    assert "将通过 1 张" in summary.text
    found = re.search(r'name="seen-2.13.2" value="([0-9a-f]{64})"', summary.text)
    fields = {"form": "2.13.2", "seen-2.13.2": found.group(1)}
    done = reviewer.post("/reviews/approve", fields, page="/reviews/")
    assert "1 张已通过" in done.text
    assert "质量监督处合规审核" in done.text


def test_a_summary_says_what_cannot_pass(filler, reviewer):
    add(filler, GRANTS, GRANT)
    answer = reviewer.post("/reviews/summary", {"form": "2.13.2"}, page="/reviews/")
    assert "本表还没有提交" in answer.text
    assert "将通过 0 张" in answer.text


def test_leaders_approve_key_figures(filler, sign_in):
    land = "talent/1.1.4"
    filler.save(land, (None, None, {"green_area": "120.5"}))
    assert "<dd>还没有审批</dd>" in shown(filler, f"/forms/{land}/")
    leader = sign_in("leader")
    text = shown(leader, "/reviews/figures")
    part = text.split('id="f-1.1.4"')[1].split("</section>")[0]
    found = re.search(r'name="seen" value="([0-9a-f]{64})"', part).group(1)
    url = f"/reviews/{land}/figures"
    leader.post(url, {"seen": found, "remark": "同意"}, page="/reviews/figures")
    text = shown(leader, "/reviews/figures")
    assert "关键数据已审批" in text
    assert "已审批" in text.split('id="f-1.1.4"')[1].split("</section>")[0]
    assert "<dd>演示校领导已审批</dd>" in shown(filler, f"/forms/{land}/")


def test_the_office_sees_what_keeps_the_round(filler, sign_in):
    office = sign_in("office")
    text = shown(office, "/reviews/round")
    assert "整体上报" in text
    missing = office.get("/reviews/round/missing").text
    assert "还没有审核通过" in missing
    answer = office.post("/reviews/round", {"act": "hand_in"}, page="/reviews/round")
    assert answer.status_code == 409
    assert "还不能整体上报" in answer.text


def test_a_filler_does_not_hand_the_round_in(filler):
    answer = filler.post("/reviews/round", {"act": "hand_in"}, page="/reviews/round")
    assert answer.status_code == 403


def test_the_sealed_package_is_ordered_on_the_page_of_the_round(sign_in):
    office, whole = sign_in("office"), "/reviews/round"
    assert "生成上报包" in shown(office, whole)
    assert "生成上报包" not in shown(sign_in("leader"), whole)
    answer = office.post("/exports/sealed", {"reason": "上报"}, page=whole)
    assert answer.status_code == 303
    assert "上报包" in shown(office, answer.location)
