"""The check report: ordered on its page, made by a worker, seen by whom it is for."""

from io import BytesIO

import pytest
from openpyxl import load_workbook

from tests.app.web.test_rows import GRANT, GRANTS, MAJOR, MAJORS, add, only

GRANTS_CODE = GRANTS.split("/")[1]
MAJORS_CODE = MAJORS.split("/")[1]
CHECK = "/check/"


@pytest.fixture
def check(reviewer, work):
    """Have a form checked, or with "" the whole round; gives the report's page."""

    def check(browser=reviewer, form=GRANTS_CODE):
        answer = browser.post(CHECK, {"form": form}, page=CHECK)
        assert answer.status_code == 303, answer.text
        work()
        return browser.get(answer.location).text

    return check


def test_a_round_that_was_not_checked_says_so(reviewer):
    page = reviewer.get(CHECK).text
    assert "还没有检查过" in page
    assert reviewer.get("/check/report.xlsx").status_code == 404


def test_what_is_wrong_is_counted_and_named_with_its_cell(filler, check):
    row = add(filler, GRANTS, {**GRANT, "amount": ""})
    page = check()
    assert "必须填写，不能为空" in page
    assert f'/forms/{GRANTS}/rows/{row["id"]}#f-amount"' in page


def test_a_rule_that_waits_says_for_what(filler, check):
    add(filler, MAJORS, MAJOR)
    page = check(form=MAJORS_CODE)
    assert "等待" in page
    assert "1.1.3" in page


def test_rules_that_wait_are_counted_at_their_form(filler, reviewer, check):
    add(filler, MAJORS, MAJOR)
    check(form=MAJORS_CODE)
    page = reviewer.get(CHECK).text
    line = page.partition(f'href="/forms/{MAJORS}/"')[2].partition("</tr>")[0]
    assert 'i-wait">1</span>' in line


def test_a_page_under_way_says_so_and_is_told_when_it_is_done(reviewer, work):
    reviewer.post(CHECK, page=CHECK)
    assert 'data-refresh="/check/state"' in reviewer.get(CHECK).text
    assert reviewer.get("/check/state").json["done"] is False
    work()
    assert reviewer.get("/check/state").json["done"] is True


def test_changes_after_the_check_are_told(filler, reviewer, check):
    row = add(filler, GRANTS, GRANT)
    assert "检查后数据又改过" not in check()
    only(filler.save(GRANTS, (row["id"], 1, {"awarded_count": "63"})))
    assert "检查后数据又改过" in reviewer.get(CHECK).text


def test_findings_are_filtered_by_rule_and_level(filler, reviewer, check):
    add(filler, GRANTS, {**GRANT, "amount": ""})
    check()
    found = f"{CHECK}?form={GRANTS_CODE}&kind=required&field=amount"
    assert "#f-amount" in reviewer.get(f"{found}&level=error").text
    assert "#f-amount" not in reviewer.get(f"{found}&level=warning").text


def test_the_page_of_a_form_tells_how_its_rules_came_out(filler, check):
    add(filler, MAJORS, MAJOR)
    address = f"/forms/{MAJORS}/"
    assert "还没有检查" in filler.get(address).text
    check(form=MAJORS_CODE)
    page = filler.get(address).text
    assert "还没有检查" not in page
    assert "等待" in page


def test_the_page_of_a_row_tells_what_the_check_found_in_it(filler, check):
    form = "talent/1.1.7"
    cells = {"award_name": "示范校", "awarding_org": "教育局", "award_date": "2024-05"}
    row = add(filler, form, cells)
    check(form="1.1.7")
    page = filler.get(f"/forms/{form}/rows/{row['id']}").text
    assert "检查时，这一行有问题" in page
    assert 'href="#f-evidence_file"' in page


def test_a_report_opens_in_excel_and_keeps_texts_as_texts(filler, reviewer, check):
    formula = '=HYPERLINK("http://example.com")'
    add(filler, GRANTS, {**GRANT, "project_name": formula, "amount": ""})
    check()
    answer = reviewer.get("/check/report.xlsx")
    book = load_workbook(BytesIO(answer.data))
    assert book.sheetnames == ["汇总", "问题", "说明"]
    rows = [cell for cell in book["问题"]["C"] if formula in str(cell.value)]
    assert {cell.data_type for cell in rows} == {"s"}


def test_a_filler_of_another_unit_sees_nothing_of_it(filler, sign_in, check):
    add(filler, GRANTS, {**GRANT, "amount": ""})
    check()
    page = sign_in("stranger").get(CHECK).text
    assert "还没有检查过" in page
    assert GRANT["project_name"] not in page


def test_a_department_sees_and_checks_its_own_forms(filler, sign_in, check):
    add(filler, GRANTS, {**GRANT, "amount": ""})
    teaching = sign_in("teaching")
    assert GRANT["project_name"] not in check(teaching, form="")
    assert teaching.get(f"{CHECK}?form={GRANTS_CODE}").status_code == 403
    refused = teaching.post(CHECK, {"form": GRANTS_CODE}, page=CHECK)
    assert refused.status_code == 403


@pytest.mark.parametrize("query", ["form=9.9.9", "form=../x"])
def test_an_unknown_form_is_not_found(reviewer, query):
    assert reviewer.get(f"{CHECK}?{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["level=x", "page=-1", "page=99999999999999999999", "kind=x", "show=y"]
)
def test_a_nonsensical_filter_shows_the_report(filler, reviewer, check, query):
    add(filler, GRANTS, GRANT)
    check()
    assert reviewer.get(f"{CHECK}?form={GRANTS_CODE}&{query}").status_code == 200


def test_checking_needs_the_token_of_the_page(reviewer):
    assert reviewer.client.post(CHECK, data={"form": ""}).status_code == 400
