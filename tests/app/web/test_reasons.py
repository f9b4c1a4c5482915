"""Warnings explained with a reason: on pages, by scripts, by whom, and until when."""

import pytest
from sqlalchemy import insert, select, update

from app.models import Confirmation, Round, RoundState
from app.models.base import now_utc
from tests.app.web.test_rows import GRANT, GRANTS, add, only

#: 500,000 yuan a head is a warning
DEAR = GRANT | {"amount": "3100"}
KIND = "rule:amount_high"
REASON = {"reason": "verified", "words": "已问过财务处"}


@pytest.fixture
def row(filler):
    """A row with a warning."""
    row = add(filler, GRANTS, DEAR)
    assert [p["kind"] for p in row["problems"]] == [KIND]
    return row


def explain(browser, row, **words):
    body = {"id": row["id"], "version": row["version"], "kind": KIND, "field": "amount"}
    return browser.send(f"/forms/{GRANTS}/explain", body | REASON | words)


def withdraw(browser, row):
    body = {"id": row["id"], "kind": KIND, "field": "amount"}
    return browser.send(f"/forms/{GRANTS}/withdraw", body)


def save(browser, row, **cells):
    return only(browser.save(GRANTS, (row["id"], row["version"], cells)))


def test_a_warning_is_explained_and_counts_no_more(filler, row):
    answer = explain(filler, row)
    [problem] = only(answer)["problems"]
    assert problem["note"].startswith("核实无误：已问过财务处（演示填报员，")
    assert answer.json["counts"].get("warning", 0) == 0


def test_the_reason_stands_on_the_pages_of_fillers_and_reviewers(filler, reviewer, row):
    explain(filler, row)
    for browser in (filler, reviewer):
        page = browser.get(f"/forms/{GRANTS}/rows/{row['id']}").text
        assert "核实无误：已问过财务处" in page
        grid = browser.get(f"/forms/{GRANTS}/").text
        assert "已说明：核实无误：已问过财务处" in grid
        assert "已说明</span>" in grid
    assert 'name="_withdraw"' not in page


def test_a_reason_stays_while_other_fields_change(filler, row):
    explain(filler, row)
    changed = save(filler, row, award_scope="一年级")
    assert changed["problems"][0]["note"]
    assert "没有符合条件的行" in filler.get(f"/forms/{GRANTS}/?state=warning").text


@pytest.mark.parametrize(
    "change", [{"amount": "3200"}, {"awarded_count": "61", "awarded_times": "61"}]
)
def test_a_reason_is_void_once_a_value_of_its_rule_changes(filler, row, change):
    explain(filler, row)
    answer = filler.save(GRANTS, (row["id"], row["version"], change))
    assert "note" not in only(answer)["problems"][0]
    assert answer.json["counts"]["warning"] == 1


def test_a_check_tells_what_saving_would_leave_of_a_reason(filler, row):
    explain(filler, row)
    for cells, kept in (({"award_scope": "一年级"}, True), ({"amount": "3200"}, False)):
        body = {"rows": [{**_entry(row), "cells": cells}]}
        [problem] = only(filler.send(f"/forms/{GRANTS}/check", body))["problems"]
        assert ("note" in problem) is kept


def _entry(row):
    return {"key": "r1", "id": row["id"], "version": row["version"]}


def test_a_withdrawn_reason_is_asked_for_again(filler, row, engine):
    explain(filler, row)
    answer = withdraw(filler, row)
    assert "note" not in only(answer)["problems"][0]
    assert answer.json["counts"]["warning"] == 1
    with engine.connect() as connection:
        [kept] = connection.execute(select(Confirmation.__table__)).all()
    assert kept.reason_text == "已问过财务处"
    assert kept.withdrawn_at is not None


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ({"reason": ""}, "选一条理由"),
        ({"reason": "gone"}, "选一条理由"),
        ({"reason": "other", "words": "好"}, "至少 4 个字"),
        ({"words": "长" * 501}, "最多 500 个字"),
        ({"kind": "rule:needy_count_limit", "field": "needy_count"}, "没有要说明"),
        ({"kind": "rule:nothing"}, "没有要说明"),
        ({"field": "remark"}, "没有要说明"),
    ],
)
def test_what_explains_nothing_is_refused(filler, row, words, part):
    answer = explain(filler, row, **words)
    assert answer.status_code == 409
    assert part in answer.json["message"]


def test_an_error_cannot_be_explained(filler):
    row = add(filler, GRANTS, {**GRANT, "needy_count": "99"})
    [error] = [p for p in row["problems"] if p["level"] == "error"]
    answer = explain(filler, row, kind=error["kind"], field=error["field"])
    assert answer.status_code == 409
    assert "错误" in answer.json["message"]


def test_a_reason_for_values_somebody_changed_meanwhile_is_refused(filler, row):
    save(filler, row, award_scope="一年级")
    assert explain(filler, row).status_code == 409


@pytest.mark.parametrize(
    "body", [{"id": "1"}, {"version": None}, {"id": None}, {"words": 3}, {"kind": None}]
)
def test_a_malformed_request_is_refused(filler, row, body):
    assert explain(filler, row, **body).status_code == 400


def test_only_who_may_enter_the_row_may_explain_it(filler, reviewer, sign_in, row):
    assert explain(reviewer, row).status_code == 403
    assert withdraw(reviewer, row).status_code == 403
    assert explain(filler, row, id=row["id"] + 99).status_code == 404
    assert explain(sign_in("groupfiller"), row).status_code in (403, 404)


def test_nothing_is_explained_in_a_closed_round(filler, row, engine):
    with engine.begin() as connection:
        connection.execute(update(Round.__table__).values(state=RoundState.CLOSED))
    assert explain(filler, row).status_code == 403


def test_without_a_script_a_reason_is_posted_with_the_row(filler, row):
    page = f"/forms/{GRANTS}/rows/{row['id']}"
    mark = f"amount|{KIND}"
    form = DEAR | {
        "_version": "1",
        "_explain": mark,
        f"_reason|{mark}": "other",
        f"_words|{mark}": "上年结转的一并发放",
    }
    assert filler.post(page, form, page=page).status_code == 303
    shown = filler.get(page).text
    assert "其他：上年结转的一并发放" in shown
    assert filler.post(page, DEAR | {"_withdraw": mark}, page=page).status_code == 303
    assert "其他：上年结转的一并发放" not in filler.get(page).text


def test_without_a_script_a_missing_reason_is_told_and_the_row_stored(filler, row):
    page = f"/forms/{GRANTS}/rows/{row['id']}"
    form = DEAR | {
        "_version": "1",
        "_explain": f"amount|{KIND}",
        "award_scope": "一年级",
    }
    filler.post(page, form, page=page)
    shown = filler.get(page).text
    assert "说明没有存：请先选一条理由" in shown
    assert 'value="一年级"' in shown


@pytest.fixture
def last_year(filler, row, engine):
    """The row's reason was written in the round before this one."""
    explain(filler, row)
    with engine.begin() as connection:
        table = Round.__table__
        now = connection.execute(
            select(table).where(table.c.collection == "talent")
        ).one()
        values = dict(now._mapping) | {
            "id": now.id + 1000,
            "previous_id": now.id,
            "created_at": now_utc(),
        }
        connection.execute(insert(table).values(values))
    fresh = add(filler, GRANTS, DEAR)
    assert fresh["id"] != row["id"]
    return fresh


def test_last_periods_reason_stands_beside_and_is_taken_over(filler, last_year):
    [problem] = last_year["problems"]
    assert "note" not in problem
    assert problem["last_note"]["code"] == "verified"
    page = f"/forms/{GRANTS}/rows/{last_year['id']}"
    assert "上期说明：核实无误：已问过财务处" in filler.get(page).text
    form = DEAR | {"_version": "1", "_take": f"amount|{KIND}"}
    filler.post(page, form, page=page)
    assert "<b>已说明：</b>核实无误：已问过财务处" in filler.get(page).text


def test_only_what_was_written_can_be_taken_over(filler, row):
    page = f"/forms/{GRANTS}/rows/{row['id']}"
    form = DEAR | {"_version": "1", "_take": f"amount|{KIND}"}
    filler.post(page, form, page=page)
    assert "上期没有写过" in filler.get(page).text


WIDER = "rule:awarded_count_vs_tables"


@pytest.fixture
def crowd(filler):
    """A row that counts more pupils than another form has."""
    add(filler, "talent/0.1.5", {"student_no": "20230101"})
    return add(filler, GRANTS, GRANT)


def read_wider(browser, row):
    """What the row's own page is told when it is saved."""
    body = {"rows": [{**_entry(row), "cells": {}}], "wider": True}
    problems = only(browser.send(f"/forms/{GRANTS}/save", body))["problems"]
    return [problem for problem in problems if problem["kind"] == WIDER]


def test_rules_beyond_the_row_are_judged_on_its_own_page(filler, crowd):
    assert crowd["problems"] == []
    [problem] = read_wider(filler, crowd)
    assert problem["field"] == "awarded_count"
    page = filler.get(f"/forms/{GRANTS}/rows/{crowd['id']}").text
    assert f'data-kind="{WIDER}"' in page


def test_a_warning_beyond_the_row_is_explained_like_any_other(filler, crowd):
    answer = explain(filler, crowd, kind=WIDER, field="awarded_count")
    [problem] = only(answer)["problems"]
    assert problem["note"].startswith("核实无误")
    assert "note" in read_wider(filler, crowd)[0]
    save(filler, crowd, awarded_count="61", awarded_times="61")
    changed = {**crowd, "version": 2}
    assert "note" not in read_wider(filler, changed)[0]


def test_its_own_page_is_told_that_a_row_was_deleted_meanwhile(filler, crowd):
    gone = {"rows": [{"id": crowd["id"], "version": crowd["version"]}]}
    filler.send(f"/forms/{GRANTS}/delete", gone)
    for act in ("save", "check"):
        body = {"rows": [{**_entry(crowd), "cells": {}}], "wider": True}
        row = only(filler.send(f"/forms/{GRANTS}/{act}", body))
        assert row["status"] == "refused"
        assert row["message"]


def test_a_rule_whose_forms_are_empty_says_nothing_of_a_row(filler):
    assert read_wider(filler, add(filler, GRANTS, GRANT)) == []


@pytest.mark.parametrize(
    ("form", "rule_id", "heading"),
    [
        (
            "talent/0.1.4",
            "enterprise_name_if_employment_status",
            "保存时才判断的规则",
        ),
        (GRANTS, "awarded_count_vs_tables", "保存后或提交前才判断的规则"),
    ],
)
def test_a_page_lists_the_rules_it_does_not_judge_while_one_types(
    filler, catalogue, form, rule_id, heading
):
    [rule] = [rule for rule in catalogue.get(form).rules if rule.id == rule_id]
    about = filler.get(f"/forms/{form}/").text.partition(heading)[2]
    assert rule.message in about.partition("</ul>")[0]


HEADS = "talent/1.1.2"
HEADS_MARK = "duties|rule:one_principal"


@pytest.fixture
def heads(filler):
    """A form of the school's heads, none of whom is the principal."""
    add_head(filler, "001")
    return filler


def add_head(browser, number, **cells):
    add(browser, "talent/0.1.3", {"teacher_no": number})
    add(browser, HEADS, {"teacher_no": number} | cells)


def explain_heads(browser, **words):
    page = f"/forms/{HEADS}/"
    sent = {"mark": HEADS_MARK} | REASON | words
    assert browser.post(f"{page}explain-table", sent, page=page).status_code == 303
    return browser.get(page).text


def test_a_warning_of_a_whole_form_is_explained_until_its_totals_change(heads):
    assert "整张表为什么是这样" in heads.get(f"/forms/{HEADS}/").text
    assert "<b>已说明：</b>核实无误：已问过财务处" in explain_heads(heads)
    add_head(heads, "002")
    assert "<b>已说明：</b>" in heads.get(f"/forms/{HEADS}/").text
    for number in ("003", "004"):
        add_head(heads, number, duties=["校长"])
    assert "<b>已说明：</b>" not in heads.get(f"/forms/{HEADS}/").text


def test_a_reason_for_a_whole_form_is_withdrawn(heads):
    explain_heads(heads)
    assert "<b>已说明：</b>" not in explain_heads(heads, withdraw="1")


def test_a_whole_form_is_explained_only_with_a_reason_and_where_it_warns(heads):
    assert "请先选一条理由" in explain_heads(heads, reason="")
    assert "没有要说明" in explain_heads(heads, mark="duties|rule:nothing")
    assert "<b>已说明：</b>" not in heads.get(f"/forms/{HEADS}/").text


def test_a_check_counts_an_explained_form_apart(heads, reviewer, work):
    def count():
        answer = reviewer.post("/check/", {"form": "1.1.2"}, page="/check/")
        work()
        return reviewer.get(answer.location).text.count("已说明")

    before = count()
    explain_heads(heads)
    assert count() > before
