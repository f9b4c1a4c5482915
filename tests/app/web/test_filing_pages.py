"""What a filler does with a form as a whole, and sees of the chain on its page."""

import pytest

from tests.app.web.test_rows import GRANT, GRANTS, add, only

PAGE = f"/forms/{GRANTS}/"


def submit(browser, form=GRANTS, **fields):
    page = f"/forms/{form}/"
    return browser.post(f"{page}submit", {"checked": "1", **fields}, page=page)


def shown(browser, url):
    """What a page says, wherever it leads to."""
    answer = browser.get(url, follow_redirects=True)
    assert answer.status_code == 200, answer.text
    return answer.text


def test_a_form_is_handed_in_after_the_fillers_own_check(filler):
    add(filler, GRANTS, GRANT)
    assert filler.post(f"{PAGE}submit", {}, page=PAGE).status_code == 303
    assert "请先自己核对一遍" in shown(filler, PAGE)
    assert submit(filler).status_code == 303
    text = shown(filler, PAGE)
    assert "已提交，等部门负责人审核" in text
    assert "待部门负责人审核" in text
    assert "撤回提交" in text


def test_what_is_missing_is_listed_by_cell(filler):
    row = add(filler, GRANTS, {**GRANT, "needy_count": "99"})
    answer = submit(filler)
    assert answer.status_code == 409
    assert "还不能提交" in answer.text
    assert f"/forms/{GRANTS}/rows/{row['id']}#f-" in answer.text
    assert "校长奖学金" in answer.text


def test_an_empty_form_says_what_to_do(filler):
    answer = filler.get(f"{PAGE}missing")
    assert "报“本期无数据”" in answer.text
    assert "本表还没有数据" in answer.text


def test_a_submission_is_taken_back(filler):
    add(filler, GRANTS, GRANT)
    submit(filler)
    filler.post(f"{PAGE}recall", page=PAGE)
    text = shown(filler, PAGE)
    assert "提交已撤回" in text
    assert "我已初审" in text


def test_nothing_to_report_is_declared_twice_asked_and_taken_back(filler):
    assert "确实没有这张表的数据" in shown(filler, f"{PAGE}empty")
    filler.post(f"{PAGE}empty", {}, page=f"{PAGE}empty")
    assert "请先确认" in shown(filler, PAGE)
    filler.post(f"{PAGE}empty", {"confirmed": "1"}, page=f"{PAGE}empty")
    text = shown(filler, PAGE)
    assert "已申报“本期无数据”，请提交" in text
    assert "data-read-only" in text
    assert "粘贴到第一格" not in text
    assert "撤销：申报本期无数据" not in text
    filler.post(f"{PAGE}empty/retract", page=PAGE)
    assert "申报已撤回" in shown(filler, PAGE)
    add(filler, GRANTS, GRANT)


def test_a_form_that_may_not_be_closed_offers_no_closing(filler):
    assert "关闭填报" not in shown(filler, PAGE)
    filler.post(f"{PAGE}close", {"confirmed": "1"}, page=f"{PAGE}close")
    assert "本表不能关闭填报" in shown(filler, PAGE)


def test_a_submitted_form_is_read_only(filler):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    assert "data-read-only" in shown(filler, PAGE)
    answer = filler.save(GRANTS, (row["id"], 1, {"amount": "1"}))
    assert answer.status_code == 403
    assert "本表已提交" in answer.json["message"]


def test_a_cell_that_an_address_names_is_opened(filler):
    row = add(filler, GRANTS, GRANT)
    answer = filler.get(f"{PAGE}?cell={row['id']}.amount")
    assert answer.status_code == 302
    assert answer.location == f"{PAGE}rows/{row['id']}#f-amount"
    assert filler.get(f"{PAGE}?cell=nonsense").location == PAGE


@pytest.mark.parametrize("username", ["teaching", "stranger"])
def test_other_departments_and_units_hand_nothing_in(filler, sign_in, username):
    add(filler, GRANTS, GRANT)
    other = sign_in(username)
    answer = submit(other)
    assert answer.status_code in (403, 404, 409), answer.text
    assert "已提交" not in shown(filler, PAGE)


def test_only_what_was_returned_can_be_saved(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    return_cell(reviewer, row["id"], "amount")
    text = shown(filler, PAGE)
    assert "数值有误：按万元填" in text
    assert "data-narrow" in text
    saved = only(filler.save(GRANTS, (row["id"], 1, {"amount": "30"})))
    assert saved["status"] == "saved"
    refused = only(filler.save(GRANTS, (row["id"], 2, {"needy_count": "1"})))
    assert refused["status"] == "refused"
    new = only(filler.save(GRANTS, (None, None, {**GRANT, "project_name": "另一个"})))
    assert new["status"] == "refused"


def test_locked_cells_survive_a_save_without_a_script(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    page = f"{PAGE}rows/{row['id']}"
    assert f"{page}/delete?at=" in shown(filler, page)
    submit(filler)
    return_cell(reviewer, row["id"], "amount")
    text = shown(filler, page)
    assert f"{page}/delete" not in text
    assert 'name="amount"' in text
    assert 'name="needy_count"' not in text
    answer = filler.post(page, {"amount": "30", "_version": "1"}, page=page)
    assert answer.status_code == 303, answer.text
    text = shown(filler, page)
    assert 'value="30.00"' in text
    assert "全体在校生" in text


def test_a_question_is_answered_and_closed(filler, reviewer):
    row = add(filler, GRANTS, GRANT)
    submit(filler)
    return_cell(reviewer, row["id"], "amount")
    text = shown(filler, PAGE)
    thread = text.split('id="thread-')[1].split('"')[0]
    url = f"{PAGE}threads/{thread}"
    filler.post(url, {"act": "answer", "text": "已改为 30 万元。"}, page=PAGE)
    review = f"/reviews/{GRANTS}/"
    assert "已改为 30 万元。" in shown(reviewer, review)
    reviewer.post(url, {"act": "close", "back": review}, page=review)
    assert "已了结" in shown(reviewer, review)


def return_cell(browser, row_id, field_id):
    review = f"/reviews/{GRANTS}/"
    fields = {
        "act": "return",
        "cell": f"{row_id}.{field_id}",
        "reason": "wrong",
        "remark": "按万元填",
    }
    answer = browser.post(f"{review}decide", fields, page=review)
    assert answer.status_code == 303, answer.text
