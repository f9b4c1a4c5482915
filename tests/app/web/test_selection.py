"""Faulty rows counted and filtered; acts on all rows that a grid's filter finds."""

import pytest

from tests.app.web.test_rows import GRANT, GRANTS, MAJOR, MAJORS, add, only

FAULTY = {**GRANT, "female_count": "99"}


@pytest.fixture
def grants(filler):
    """Two rows without faults and one with an error."""
    rows = [
        add(filler, GRANTS, {**GRANT, "project_name": name})
        for name in ("甲项", "乙项")
    ]
    return [*rows, add(filler, GRANTS, {**FAULTY, "project_name": "丙项"})]


def act(browser, what, query="", form=GRANTS, **body):
    """Ask for all batches; gives the last answer, with all that was done."""
    done, cursor = 0, {}
    while True:
        answer = browser.send(
            f"/forms/{form}/selection/{what}", {"query": query, **cursor, **body}
        )
        if answer.status_code != 200:
            return answer
        done += answer.json["done"]
        cursor = {name: answer.json[name] for name in ("after", "until")}
        if cursor["after"] is None:
            return {**answer.json, "done": done}


def names(browser, query=""):
    text = browser.get(f"/forms/{GRANTS}/?{query}").text
    return [name for name in ("甲项", "乙项", "丙项") if name in text]


def test_saving_tells_how_many_rows_have_errors(filler, grants):
    answer = filler.save(GRANTS, (grants[0]["id"], 1, {"awarded_count": ""}))
    assert answer.json["counts"] == {"error": 2}
    row = only(filler.save(GRANTS, (grants[2]["id"], 1, {"female_count": "1"})))
    assert row["problems"] == []
    mended = filler.save(GRANTS, (grants[0]["id"], 2, {"awarded_count": "62"}))
    assert mended.json["counts"] == {}


def test_faulty_rows_are_counted_and_filtered(filler, grants):
    page = filler.get(f"/forms/{GRANTS}/").text
    assert "有错 <span data-chip-count>1</span>" in page
    assert names(filler, "state=error") == ["丙项"]
    assert names(filler, "state=warning") == []


def test_exports_take_the_filter_and_the_rows_ticked(filler, grants):
    def export(**fields):
        fields = {"format": "csv", **fields}
        return filler.post(f"/forms/{GRANTS}/export", fields).get_data(as_text=True)

    assert "丙项" in export(query="state=error")
    assert "甲项" not in export(query="state=error")
    ticked = export(ids=f"{grants[0]['id']},{grants[2]['id']}")
    assert "甲项" in ticked
    assert "丙项" in ticked
    assert "乙项" not in ticked


@pytest.mark.parametrize("ids", ["x", "1,,2", "-1", "1" * 20])
def test_strange_ids_are_refused(filler, ids):
    answer = filler.post(f"/forms/{GRANTS}/export", {"ids": ids})
    assert answer.status_code == 400


def test_all_rows_of_a_filter_are_deleted(filler, grants):
    answer = act(filler, "delete", "state=error")
    assert (answer["done"], answer["refused"], answer["counts"]) == (1, 0, {})
    assert names(filler) == ["甲项", "乙项"]


def test_many_rows_are_deleted_batch_by_batch(filler, monkeypatch, grants):
    monkeypatch.setattr("app.services.selecting._AT_ONCE", 2)
    assert act(filler, "delete")["done"] == 3
    assert names(filler) == []


def test_rows_in_use_stay_and_are_named(filler):
    add(filler, MAJORS, MAJOR)
    add(filler, MAJORS, {**MAJOR, "major_code": "510201"})
    student = {"student_no": "2024001", "major_code": "460104"}
    form = "talent/0.1.5"
    row = only(filler.save(form, (None, None, student)))
    assert row["id"], row
    answer = act(filler, "delete", form=MAJORS)
    assert (answer["done"], answer["refused"]) == (1, 1)
    (told,) = answer["told"]
    assert "460104" in told["name"]
    assert "0.1.5" in told["message"]


def test_a_column_is_set_in_all_rows_of_a_filter(filler, grants):
    answer = act(filler, "fill", "state=error", field="female_count", text="３０")
    assert (answer["done"], answer["counts"]) == (1, {})
    answer = act(filler, "fill", field="female_count", text="99")
    assert (answer["done"], answer["counts"]) == (3, {"error": 3})


def test_setting_a_column_is_written_down(filler, grants):
    act(filler, "fill", field="remark", text="统一填写")
    rows = only(filler.save(GRANTS, (grants[0]["id"], 2, {})))
    assert rows["cells"]["remark"] == "统一填写"


def test_a_text_that_is_no_value_changes_nothing(filler, grants):
    answer = act(filler, "fill", field="female_count", text="许多")
    assert answer.status_code >= 400
    assert "许多" in answer.json["message"]


@pytest.mark.parametrize("field", ["no_such", "major_code", "_level"])
def test_only_columns_that_may_repeat_are_set(filler, field):
    add(filler, MAJORS, MAJOR)
    answer = act(filler, "fill", form=MAJORS, field=field, text="1")
    assert answer.status_code == 400


@pytest.mark.parametrize("what", ["delete", "fill"])
def test_reviewers_change_no_rows_this_way(filler, grants, reviewer, what):
    answer = act(reviewer, what, field="remark", text="改")
    assert answer.status_code == 403
    assert names(filler) == ["甲项", "乙项", "丙项"]


@pytest.mark.parametrize(
    "body", [{"query": 1}, {"query": "", "after": "1"}, {"query": "x" * 5000}, {}]
)
def test_strange_requests_are_refused(filler, body):
    answer = filler.send(f"/forms/{GRANTS}/selection/delete", body)
    assert answer.status_code == 400


def test_the_workbench_counts_faulty_rows_of_each_form(filler, grants):
    page = filler.get("/").text
    assert 'aria-label="2.13.2 1 行有错"' in page
