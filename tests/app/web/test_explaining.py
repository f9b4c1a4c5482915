"""Pages that tell how a derived row came about, and why a row is missing."""

import re
from html import unescape

import pytest

from tests.app.web.test_continuity import count_statements
from tests.support.derivation_cases import all_cases, national_forms
from tests.support.derived_school import DerivedSchool

DERIVED = [code for code, form in national_forms().items() if form.is_derived]
#: New pupils (Z1.1.25): one is listed, the others lack something.
PUPILS = {
    "Z1.1.26": [{"major_code": "710201", "major_name": "计算机应用"}],
    "Z1.1.18": [
        {"student_no": f"S00{n}", "student_name": f"学生{n}"} for n in range(1, 6)
    ],
    "Z1.1.20": [
        {
            "student_no": f"S00{n}",
            "student_name": f"学生{n}",
            "grade": 2024,
            "major_code": "710201",
            "student_status": "休学" if n == 2 else "正常",
        }
        for n in range(1, 5)
    ],
    "Z1.1.19": [
        {"student_no": "S001", "student_category": "调整后中职学生"},
        {"student_no": "S002", "student_category": "调整后中职学生"},
        {"student_no": "S003", "student_name": "学生3"},
    ],
}


@pytest.fixture
def school(engine, catalogue):
    return DerivedSchool(engine, catalogue)


def origin_of(code, row_id):
    return f"/forms/national/{code}/rows/{row_id}/origin"


def ask(browser, code, **words):
    return browser.get(f"/forms/national/{code}/absent", query_string=words)


def read(answer):
    """What the page says, in one line."""
    assert answer.status_code == 200, answer.text
    body = answer.text[answer.text.index("<main") :]
    return " ".join(unescape(re.sub("<[^>]*>", " ", body)).split())


def links(answer):
    """Address by its words."""
    found = re.findall(r'<a [^>]*href="([^"]*)"[^>]*>(.*?)</a>', answer.text)
    return {re.sub("<[^>]*>", "", text): unescape(url) for url, text in found}


def addresses(answer):
    return [unescape(url) for url in re.findall(r'href="([^"]*)"', answer.text)]


def largest_case(code):
    """The case of a form that is told with most rows."""
    cases = [case for case in all_cases() if case.code == code]
    return max(cases, key=lambda case: len(case.rows))


# How a row came about.


@pytest.mark.parametrize("code", DERIVED)
def test_each_derived_row_can_be_explained(filler, school, code):
    school.fill(largest_case(code).tables)
    rows = school.derive(code)
    assert rows
    for row in rows[:3]:
        page = read(filler.get(origin_of(code, row.id)))
        assert "怎样算出来的" in page
        assert "没有可以列出的来源行" not in page


def majors():
    return {
        "Z1.1.26": [
            {"major_code": "710201", "major_name": "甲专业", "major_status": "招生"},
            {"major_code": "710202", "major_name": "乙专业", "major_status": "撤销"},
        ],
        "Z1.1.3": [
            {"teacher_no": f"T{n}", "teacher_name": f"教师{n}", "id_number": f"E{n}"}
            for n in range(3)
        ],
        "Z6.1.3": [
            {
                "major_code": "710201" if n else "710202",
                "teacher_no": f"T{n}",
                "teacher_name": f"教师{n}",
                "teacher_source": "校内",
            }
            for n in range(3)
        ],
    }


def test_a_value_is_told_in_words_with_the_rows_it_counts(filler, school):
    ids = school.fill(majors())
    (row,) = school.derive("Z6.1.2")
    answer = filler.get(origin_of("Z6.1.2", row.id))
    page = read(answer)
    assert "“专业设置”的专业代码" in page
    assert (
        "“专业教师列表”里符合（专业代码 = 本行的专业代码，且 （结束日期 没有填" in page
    )
    assert "“专业教师列表”算到的 2 行" in page
    found = links(answer)
    for row_id in ids["Z6.1.3"][1:]:
        assert f"/forms/national/Z6.1.3/rows/{row_id}?at={school.at}" in addresses(
            answer
        )
    narrowed = found["在 Z6.1.3 里按其中能筛的条件看"]
    assert "f-major_code=710201" in narrowed
    assert "教师1" in filler.get(narrowed).text
    assert "教师0" not in filler.get(narrowed).text


def test_source_rows_stand_with_partners_and_the_rows_they_refer_to(filler, school):
    ids = school.fill(PUPILS)
    (row,) = school.derive("Z1.1.25")
    answer = filler.get(origin_of("Z1.1.25", row.id))
    found = addresses(answer)
    for code in ("Z1.1.20", "Z1.1.19", "Z1.1.18"):
        of_first = f"/forms/national/{code}/rows/{ids[code][0]}?at={school.at}"
        assert of_first in found
        of_second = f"/forms/national/{code}/rows/{ids[code][1]}?at={school.at}"
        assert of_second not in found


def test_many_source_rows_come_a_page_at_a_time(filler, school):
    numbers = [f"S{n:03}" for n in range(45)]
    school.fill(
        {
            "Z1.1.26": PUPILS["Z1.1.26"],
            "Z1.1.18": [{"student_no": n, "student_name": n} for n in numbers],
            "Z1.1.20": [
                {**PUPILS["Z1.1.20"][0], "student_no": n, "student_name": n}
                for n in numbers
            ],
            "Z1.1.19": [
                {"student_no": n, "student_category": "调整后中职学生"} for n in numbers
            ],
        }
    )
    (row,) = school.derive("Z8.1.1")
    last = read(filler.get(origin_of("Z8.1.1", row.id) + "?page=3"))
    assert "第 41–45 行，共 45" in last
    assert "S044" in last
    assert "S039" not in last


def test_a_row_whose_source_a_person_may_not_see_tells_how_and_no_rows(sign_in, school):
    school.fill(PUPILS)
    row = school.derive("Z6.3.5")[0]
    teaching = sign_in("teaching")
    answer = teaching.get(origin_of("Z6.3.5", row.id))
    page = read(answer)
    assert "您不能查看来源行" in page
    assert "Z1.1.20 学生学籍信息由学生工作处填" in page
    assert "Z1.1.20/rows" not in answer.text


def test_only_rows_of_derived_forms_of_ones_own_unit_are_explained(
    filler, sign_in, school
):
    ids = school.fill(PUPILS)
    (row,) = school.derive("Z1.1.25")
    assert filler.get(origin_of("Z1.1.20", ids["Z1.1.20"][0])).status_code == 404
    assert filler.get(origin_of("Z1.1.25", row.id + 1)).status_code == 404
    assert filler.get(origin_of("Z1.1.25", "x")).status_code == 404
    stranger = sign_in("stranger")
    assert stranger.get(origin_of("Z1.1.25", row.id)).status_code in (403, 404)


def test_a_page_of_a_derived_row_asks_seldom(filler, engine, school):
    school.fill(largest_case("Z6.1.2").tables)
    page = f"{origin_of('Z6.1.2', school.derive('Z6.1.2')[0].id)}?at={school.at}"
    filler.get(page)
    assert count_statements(engine, lambda: filler.get(page)) <= 41


# Why a row is missing.


def test_what_is_there_is_led_to(filler, school):
    school.fill(PUPILS)
    (row,) = school.derive("Z1.1.25")
    answer = ask(filler, "Z1.1.25", field="student_no", value="S001")
    assert "来源行都列入了" in read(answer)
    assert f"{origin_of('Z1.1.25', row.id)}?at={school.at}" in addresses(answer)


def test_a_condition_that_fails_is_told_with_what_was_read(filler, school):
    ids = school.fill(PUPILS)
    answer = ask(filler, "Z1.1.25", field="student_no", value="S002")
    page = read(answer)
    assert "学籍状态不是“正常”。" in page
    assert "学籍状态：休学" in page
    mending = links(answer)["去改 Z1.1.20 学生学籍信息"]
    of_pupil = f"/forms/national/Z1.1.20/rows/{ids['Z1.1.20'][1]}"
    assert mending == f"{of_pupil}?at={school.at}#f-student_status"


def test_a_condition_on_a_partner_is_mended_there(filler, school):
    ids = school.fill(PUPILS)
    answer = ask(filler, "Z1.1.25", field="student_no", value="S003")
    assert "没有类别的学生不计入" in read(answer)
    mending = links(answer)["去改 Z1.1.19 学生基本属性"]
    assert f"/Z1.1.19/rows/{ids['Z1.1.19'][2]}?" in mending


def test_a_missing_partner_is_named_and_the_new_row_holds_its_key(filler, school):
    school.fill(PUPILS)
    answer = ask(filler, "Z1.1.25", field="student_no", value="S004")
    assert "Z1.1.19 学生基本属性里没有对应的行（学号 = S004）。" in read(answer)
    new = links(answer)["到 Z1.1.19 学生基本属性 加一行"]
    assert "set.student_no=S004" in new
    assert 'value="S004"' in filler.get(new).text


@pytest.mark.parametrize(
    ("number", "forms"),
    [("S005", ["Z1.1.20"]), ("S009", ["Z1.1.18", "Z1.1.20"])],
)
def test_without_a_source_row_it_is_said_which_forms_lack_it(
    filler, school, number, forms
):
    school.fill(PUPILS)
    page = read(ask(filler, "Z1.1.25", field="student_no", value=number))
    found = re.findall(r"(Z[\d.]+) \S+里没有学号为", page)
    assert found == forms


def test_one_may_ask_by_what_only_the_source_knows(filler, school):
    school.fill(PUPILS)
    (row,) = school.derive("Z8.1.1")
    there = ask(filler, "Z8.1.1", field="from.student_no", value="S001")
    assert f"{origin_of('Z8.1.1', row.id)}?at={school.at}" in addresses(there)
    missing = ask(filler, "Z8.1.1", field="from.student_no", value="S002")
    assert "学籍状态不是“正常”" in read(missing)


def test_a_gap_that_was_closed_is_good_news(filler, school):
    case = next(
        case
        for case in all_cases()
        if case.code == "Z7.3.2" and case.change and case.change.form == "Z7.3.1"
    )
    ids = school.fill(case.after_change().tables)
    (closed,) = [row for row in case.rows if row not in case.rows_after]
    answer = ask(filler, "Z7.3.2", field="student_no", value=closed["student_no"])
    page = read(answer)
    assert "没有缺口" in page
    assert "就是这一行：Z7.3.1" in page
    assert f"/Z7.3.1/rows/{ids['Z7.3.1'][0]}?" in answer.text


def test_a_partner_that_nothing_goes_with_is_led_to(filler, school):
    case = largest_case("Z7.2.3")
    ids = school.fill(case.tables | {"Z7.2.1": (), "Z7.2.2": ()})
    number = case.tables["Z1.1.20"][0]["student_no"]
    answer = ask(filler, "Z7.2.3", field="student_no", value=number)
    assert "Z7.2.1 实习项目里没有与它对应的行" in read(answer)
    assert f"/Z1.1.20/rows/{ids['Z1.1.20'][0]}?" in answer.text


def test_what_may_have_been_meant_is_offered(filler, school):
    school.fill(PUPILS)
    answer = ask(filler, "Z1.1.25", field="student_no", value="学生2")
    assert "是不是： 学生2" in read(answer)
    assert "value=S002" in links(answer)["学生2（S002）"]


@pytest.mark.parametrize("code", DERIVED)
def test_by_every_column_that_is_offered_one_can_ask(filler, school, code):
    school.fill(largest_case(code).tables)
    page = ask(filler, code)
    columns = re.findall(r"[?&;]field=([\w.]+)", page.text)
    assert columns
    for column in columns:
        for value in ("710201", "2023-09-04"):
            assert ask(filler, code, field=column, value=value).status_code == 200


def test_a_value_that_is_none_is_told_at_the_field(filler, school):
    page = read(ask(filler, "Z10.1.1", field="activity_date", value="昨天"))
    assert "“昨天”不是日期" in page


@pytest.mark.parametrize("value", ["'; --", "x" * 5000, "<b>"])
def test_strange_values_harm_nobody(filler, school, value):
    school.fill(PUPILS)
    answer = ask(filler, "Z1.1.25", field="student_no", value=value)
    assert answer.status_code == 200
    assert "<b>" not in answer.text[answer.text.index("<h1") :]


@pytest.mark.parametrize("field", ["nothing", "from.nothing", "gender", "_id", "from."])
def test_nobody_asks_by_a_column_that_is_none(filler, field):
    answer = ask(filler, "Z1.1.25", field=field, value="S001")
    assert answer.status_code == 404
    assert "不能按这一栏来查" in answer.text


def test_a_form_that_people_fill_in_lacks_no_derived_row(filler):
    assert ask(filler, "Z1.1.20", field="student_no", value="S1").status_code == 404


def test_who_may_not_see_the_source_hears_whom_to_ask(sign_in, school):
    school.fill(PUPILS)
    teaching = sign_in("teaching")
    answer = ask(teaching, "Z6.3.5", field="student_no", value="S002")
    page = read(answer)
    assert "学生工作处填，为什么没有列入请问他们" in page
    assert "休学" not in page
    assert "from.student_no" not in answer.text


def test_rows_of_another_unit_are_not_told_of(filler, catalogue, engine, school):
    other = DerivedSchool(engine, catalogue)
    other.scope = type(school.scope)(school.scope.unit_id + 1, school.scope.round_id)
    other.fill(PUPILS)
    page = read(ask(filler, "Z1.1.25", field="student_no", value="S002"))
    assert "Z1.1.20 学生学籍信息里没有学号为 S002 的行" in page


def test_an_answer_about_many_rows_asks_seldom(filler, engine, school):
    school.fill(PUPILS)
    asked = f"field=major_code&value=710201&at={school.at}"
    page = f"/forms/national/Z1.1.25/absent?{asked}"
    filler.get(page)
    assert count_statements(engine, lambda: filler.get(page)) <= 40
