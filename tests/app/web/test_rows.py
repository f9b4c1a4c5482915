"""Rows as the pages' scripts save them, and the pages without a script."""

import re

import pytest
from sqlalchemy import func, select

from app.models import Round, RoundState, RowChange

MAJORS = "talent/0.1.1"
GRANTS = "talent/2.13.2"
LAND = "talent/1.1.4"

GRANT = {
    "project_name": "校长奖学金",
    "project_type": "国家奖学金",
    "fund_source": "中央财政",
    "award_scope": "全体在校生",
    "awarded_count": "62",
    "needy_count": "20",
    "female_count": "30",
    "awarded_times": "62",
    "amount": "31",
}
MAJOR = {"major_code": "460104", "major_name": "机械制造及自动化"}


def only(answer):
    assert answer.status_code == 200, answer.text
    (row,) = answer.json["rows"]
    return row


def add(browser, form, cells):
    row = only(browser.save(form, (None, None, cells)))
    assert row["version"] == 1, row
    return row


def codes_of(row, field):
    return [p["code"] for p in row["problems"] if p["field"] == field]


def test_a_new_row_is_stored_and_shown(filler):
    row = add(filler, GRANTS, GRANT)
    assert row["status"] == "saved"
    assert row["cells"]["amount"] == "31.00"
    assert "校长奖学金" in filler.get(f"/forms/{GRANTS}/").text


def test_only_the_cells_that_were_sent_change(filler):
    row = add(filler, GRANTS, GRANT)
    changed = only(filler.save(GRANTS, (row["id"], 1, {"awarded_count": "７０"})))
    assert changed["version"] == 2
    assert changed["cells"]["awarded_count"] == "70"
    assert changed["cells"]["project_name"] == "校长奖学金"


def test_every_change_is_written_down(filler, engine):
    row = add(filler, GRANTS, GRANT)
    filler.save(GRANTS, (row["id"], 1, {"awarded_count": "70"}))
    with engine.connect() as connection:
        changes = connection.execute(
            select(RowChange.action, RowChange.before, RowChange.after).order_by(
                RowChange.id
            )
        ).all()
    assert [change.action for change in changes] == ["insert", "update"]
    assert changes[1].before == {"awarded_count": 62}
    assert changes[1].after == {"awarded_count": 70}


def test_a_draft_may_be_incomplete(filler):
    cells = {
        name: GRANT[name] for name in ("project_name", "project_type", "fund_source")
    }
    row = add(filler, GRANTS, cells)
    assert row["status"] == "saved"
    assert codes_of(row, "amount") == ["required"]


def test_a_text_that_is_no_value_stays_with_the_person(filler):
    row = add(filler, GRANTS, GRANT)
    cells = {"amount": "很多", "awarded_count": "70"}
    changed = only(filler.save(GRANTS, (row["id"], 1, cells)))
    assert changed["status"] == "faulty"
    assert codes_of(changed, "amount") == ["type"]
    assert "amount" not in changed["cells"]
    assert changed["cells"]["awarded_count"] == "70"
    assert changed["version"] == 2


def test_a_row_without_its_key_is_not_begun(filler):
    row = only(filler.save(GRANTS, (None, None, {"amount": "3"})))
    assert row["status"] == "faulty"
    assert row["version"] is None
    assert codes_of(row, "project_name") == ["required"]


def test_a_key_that_is_taken_is_a_problem_at_the_key(filler):
    add(filler, GRANTS, GRANT)
    row = only(filler.save(GRANTS, (None, None, GRANT)))
    assert row["status"] == "faulty"
    assert any(p["code"] == "duplicate" for p in row["problems"])


def test_two_new_rows_of_one_paste_may_not_share_a_key(filler):
    answer = filler.save(GRANTS, (None, None, GRANT), (None, None, GRANT))
    assert [row["status"] for row in answer.json["rows"]] == ["saved", "faulty"]


def test_a_text_longer_than_the_field_is_not_stored(filler):
    row = add(filler, GRANTS, GRANT)
    changed = only(filler.save(GRANTS, (row["id"], 1, {"basis_document": "长" * 151})))
    assert codes_of(changed, "basis_document") == ["length"]
    assert changed["version"] == 1


def test_a_rule_that_breaks_does_not_keep_a_draft_from_being_stored(filler):
    row = add(filler, GRANTS, {**GRANT, "needy_count": "99"})
    assert row["status"] == "saved"
    assert any(p["kind"].startswith("rule:") for p in row["problems"])


def test_checking_stores_nothing(filler, engine):
    body = {"rows": [{"key": "a", "id": None, "version": None, "cells": GRANT}]}
    answer = filler.send(f"/forms/{GRANTS}/check", body)
    assert answer.json["rows"][0]["status"] == "saved"
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(RowChange)) == 0


def test_what_only_one_of_two_changed_is_merged(filler, sign_in):
    row = add(filler, GRANTS, GRANT)
    other = sign_in("colleague")
    other.save(GRANTS, (row["id"], 1, {"awarded_count": "58"}))
    mine = only(filler.save(GRANTS, (row["id"], 1, {"remark": "含补发"})))
    assert mine["status"] == "saved"
    assert mine["version"] == 3
    assert mine["cells"]["awarded_count"] == "58"


def test_what_both_changed_comes_back_with_both_values(filler, sign_in):
    row = add(filler, GRANTS, GRANT)
    sign_in("colleague").save(GRANTS, (row["id"], 1, {"awarded_count": "58"}))
    mine = only(filler.save(GRANTS, (row["id"], 1, {"awarded_count": "60"})))
    assert mine["status"] == "conflict"
    assert mine["version"] == 2
    assert mine["current"]["awarded_count"] == "58"
    assert "colleague 的姓名" in mine["message"]
    chosen = only(filler.save(GRANTS, (row["id"], 2, {"awarded_count": "60"})))
    assert chosen["cells"]["awarded_count"] == "60"


def test_the_same_change_by_two_is_no_conflict(filler, sign_in):
    row = add(filler, GRANTS, GRANT)
    sign_in("colleague").save(GRANTS, (row["id"], 1, {"awarded_count": "58"}))
    mine = only(filler.save(GRANTS, (row["id"], 1, {"awarded_count": "58"})))
    assert mine["status"] == "saved"


def test_two_who_begin_one_record_meet(filler, sign_in):
    sign_in("colleague").save(LAND, (None, None, {"green_area": "5"}))
    mine = only(filler.save(LAND, (None, None, {"green_area": "6"})))
    assert mine["status"] == "conflict"
    merged = only(filler.save(LAND, (None, None, {"sports_ground_area": "6"})))
    assert merged["status"] == "saved"
    assert merged["cells"]["green_area"] == "5.00"


def test_a_deleted_row_is_gone(filler):
    row = add(filler, GRANTS, GRANT)
    body = {"rows": [{"id": row["id"], "version": 1}]}
    answer = filler.send(f"/forms/{GRANTS}/delete", body)
    assert answer.json == {"deleted": [row["id"]], "refused": [], "counts": {}}
    again = only(filler.save(GRANTS, (row["id"], 1, {"amount": "1"})))
    assert again["status"] == "refused"


def test_a_row_in_use_is_kept_and_its_users_are_named(filler):
    major = add(filler, MAJORS, MAJOR)
    add(filler, "talent/0.1.5", {"student_no": "2022150031", "major_code": "460104"})
    body = {"rows": [{"id": major["id"], "version": 1}]}
    answer = filler.send(f"/forms/{MAJORS}/delete", body)
    assert answer.json["deleted"] == []
    assert "0.1.5 在校生基础信息表" in answer.json["refused"][0]["message"]


def test_a_stale_version_deletes_nothing(filler):
    row = add(filler, GRANTS, GRANT)
    filler.save(GRANTS, (row["id"], 1, {"amount": "5"}))
    body = {"rows": [{"id": row["id"], "version": 1}]}
    answer = filler.send(f"/forms/{GRANTS}/delete", body)
    assert answer.json["deleted"] == []
    assert filler.get(f"/forms/{GRANTS}/rows/{row['id']}").status_code == 200


def test_an_unknown_reference_is_a_problem(filler):
    cells = {"student_no": "2022150031", "major_code": "999999"}
    row = only(filler.save("talent/0.1.5", (None, None, cells)))
    assert "reference" in codes_of(row, "major_code")
    assert row["status"] == "faulty"


def test_personal_data_comes_masked_and_goes_back_untouched(filler):
    add(filler, MAJORS, MAJOR)
    card = "11010519491231002X"
    cells = {
        "student_no": "1",
        "major_code": "460104",
        "id_type": "居民身份证",
        "id_no": card,
    }
    form = "talent/0.1.5"
    names = filler.get(f"/forms/{form}/").text
    field = "id_number" if 'data-head="id_number"' in names else "id_no"
    cells[field] = cells.pop("id_no")
    row = add(filler, form, cells)
    shown = row["cells"][field]
    assert "*" in shown
    assert card not in filler.get(f"/forms/{form}/").text
    kept = only(filler.save(form, (row["id"], 1, {field: shown, "student_name": "沈"})))
    assert kept["cells"][field] == shown
    assert not codes_of(kept, field)


def test_an_unknown_field_is_left_out(filler):
    row = add(filler, GRANTS, {**GRANT, "no_such_field": "x", "_unit_id": "7"})
    assert "no_such_field" not in row["cells"]


def test_a_computed_value_is_never_typed(filler):
    row = only(filler.save(LAND, (None, None, {"campus_area": "9", "green_area": "1"})))
    assert row["cells"]["campus_area"] != "9.00"


def test_a_derived_form_takes_no_rows(filler):
    answer = filler.save("national/Z1.1.13", (None, None, {"a": "b"}))
    assert answer.status_code == 403
    assert "汇总" in answer.json["message"]


def test_a_closed_round_takes_no_rows(filler, engine):
    with engine.begin() as connection:
        connection.execute(Round.__table__.update().values(state=RoundState.CLOSED))
    answer = filler.save(GRANTS, (None, None, GRANT))
    assert answer.status_code == 403
    assert "没有开放" in answer.json["message"]


def test_what_was_typed_without_a_script_is_told_where_time_is_over(filler, engine):
    page = f"/forms/{MAJORS}/rows/new"
    filler.get(page)
    with engine.begin() as connection:
        connection.execute(Round.__table__.update().values(state=RoundState.CLOSED))
    typed = {"major_code": "460104", "major_name": "<b>机械制造"}
    answer = filler.post(page, typed, page="")
    assert answer.status_code == 403
    assert "没有办成" in answer.text
    assert "没有开放" in answer.text
    assert "460104" in answer.text
    assert "&lt;b&gt;机械制造" in answer.text
    assert "抄下来" not in filler.post(page, {}, page="").text


def test_options_are_found_by_code_name_and_initials(filler):
    add(filler, MAJORS, MAJOR)
    address = "/forms/talent/0.1.5/options?field=major_code&q="
    for text in ("4601", "机械", "jxzz"):
        (found,) = filler.get(address + text).json["options"]
        assert found["value"] == "460104"
        assert found["label"] == "机械制造及自动化"


def test_long_code_lists_come_in_pages(filler):
    address = f"/forms/{MAJORS}/options?field=major_name"
    first = filler.get(address).json
    assert first["more"]
    assert len(first["options"]) == 20
    second = filler.get(f"{address}&page=2").json
    assert first["options"] != second["options"]


# Without a script.


def post_row(browser, url, cells, **fields):
    return browser.post(url, {**cells, **fields}, page=url)


def test_a_record_is_saved_by_a_button(filler):
    url = f"/forms/{LAND}/"
    answer = post_row(filler, url, {"green_area": "5", "_action": "save"})
    assert answer.status_code == 303
    page = filler.get(url).text
    assert 'value="5.00"' in page
    assert "已保存" in page


def test_what_was_typed_comes_back_with_the_problem(filler):
    url = f"/forms/{LAND}/"
    answer = post_row(filler, url, {"green_area": "很大"})
    assert answer.status_code == 422
    assert 'value="很大"' in answer.text
    assert "还有" in answer.text


def test_a_row_is_added_changed_and_deleted_by_buttons(filler):
    answer = post_row(filler, f"/forms/{GRANTS}/rows/new", GRANT)
    url = answer.location
    assert re.fullmatch(rf"/forms/{GRANTS}/rows/\d+", url)
    assert (
        post_row(filler, url, {**GRANT, "amount": "32"}, _version="1").status_code
        == 303
    )
    assert 'value="32.00"' in filler.get(url).text
    question = filler.get(f"{url}/delete").text
    assert "校长奖学金" in question
    assert filler.post(f"{url}/delete", {"_version": "2"}).status_code == 303
    assert filler.get(url).status_code == 404


def test_the_page_after_a_conflict_offers_both_values(filler, sign_in):
    row = add(filler, GRANTS, GRANT)
    url = f"/forms/{GRANTS}/rows/{row['id']}"
    sign_in("colleague").save(
        GRANTS, (row["id"], 1, {"awarded_count": "58", "remark": "更正"})
    )
    mine = {**GRANT, "awarded_count": "60", "basis_document": "36 号"}
    answer = post_row(filler, url, mine, _version="1")
    assert answer.status_code == 409
    assert "colleague 的姓名" in answer.text
    for text in ("58", "60", "更正", "36 号"):
        assert text in answer.text
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    )
    hidden.pop("csrf_token")
    chosen = filler.post(url, {**hidden, "choose-awarded_count": "mine"})
    assert chosen.status_code == 303
    page = filler.get(url).text
    for text in ('value="60"', "更正", "36 号"):
        assert text in page


def test_the_other_value_may_be_chosen(filler, sign_in):
    row = add(filler, GRANTS, GRANT)
    url = f"/forms/{GRANTS}/rows/{row['id']}"
    sign_in("colleague").save(GRANTS, (row["id"], 1, {"awarded_count": "58"}))
    answer = post_row(filler, url, {**GRANT, "awarded_count": "60"}, _version="1")
    hidden = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', answer.text)
    )
    hidden.pop("csrf_token")
    filler.post(url, {**hidden, "choose-awarded_count": "theirs"})
    assert 'value="58"' in filler.get(url).text


@pytest.mark.parametrize("search", ["校长", "xzjxj", "校 奖学"])
def test_rows_are_searched(filler, search):
    add(filler, GRANTS, GRANT)
    page = filler.get(f"/forms/{GRANTS}/", query_string={"q": search}).text
    assert "校长奖学金" in page
    other = filler.get(f"/forms/{GRANTS}/", query_string={"q": "没有这样的"}).text
    assert "没有符合条件的行" in other


def test_a_filter_that_no_value_can_meet_finds_nothing(filler):
    add(filler, GRANTS, GRANT)
    address = f"/forms/{GRANTS}/?f-amount=many"
    assert "没有符合条件的行" in filler.get(address).text
