"""The pages of progress: of one school, and of all units below an authority."""

import io
import re

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import select

from app.models import FilingState, Notice, Role, UnitKind
from app.services.demo_people import PROVINCE
from tests.support.people import add_person
from tests.support.standings import SchoolRound, add_second_school, add_unit

LATE = ("准备", -9, -2, ["0.1.1"])
NOW = ("填报", -2, 3, ["*"])


@pytest.fixture
def school(workshop):
    return SchoolRound(workshop)


@pytest.fixture
def office(sign_in):
    return sign_in("office")


def words_of(answer):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def shown(answer):
    """The codes of the forms in the matrix, in their order."""
    row = r'<th scope="row"><a[^>]*><span class="code">([^<]+)<'
    return re.findall(row, answer.text)


def units_of(answer):
    """The units of the list, in their order."""
    row = r'<th scope="row" class="unit-name"><a[^>]*>([^<]+)<'
    return re.findall(row, answer.text)


def sheets_of(answer):
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def test_late_forms_stand_at_the_top_of_the_matrix(office, school):
    school.set_part(LATE, NOW)
    answer = office.get("/progress/")
    assert shown(answer)[0] == "0.1.1"
    assert 'class="glyph is-none over"' in answer.text
    assert "未填，逾期 3 天" in answer.text
    assert "催办逾期部门（1）" in answer.text


def test_finished_forms_are_folded_until_asked_for(office, school):
    school.file("1.1.1", FilingState.APPROVED)
    assert "1.1.1" not in shown(office.get("/progress/"))
    assert "其余 1 张已完成，已折叠" in office.get("/progress/").text
    assert "1.1.1" in shown(office.get("/progress/?all=1"))


def test_chips_filter_the_matrix(office, school):
    school.file("1.1.1", FilingState.SUBMITTED, step="compliance")
    assert shown(office.get("/progress/?state=wait")) == ["1.1.1"]
    assert len(shown(office.get("/progress/?state=nonsense"))) == 90


def test_the_chart_stands_beside_its_table(office, school):
    school.set_part(("填报", -2, 3, ["*"]))
    filing_id = school.file("1.1.1", FilingState.APPROVED)
    school.decide(filing_id, "approve", "submitted", 1)
    answer = office.get("/progress/")
    assert '<polyline class="line1"' in answer.text
    assert '<polyline class="line2"' in answer.text
    assert "完成 1" in answer.text
    assert "style=" not in answer.text


def test_late_departments_are_reminded(office, school, engine):
    school.set_part(LATE, NOW)
    answer = office.post(
        f"/progress/remind?at={school.key}", page="/progress/", follow_redirects=True
    )
    assert "已催办" in answer.text
    with engine.begin() as connection:
        texts = connection.scalars(select(Notice.text)).all()
    assert any("0.1.1" in text for text in texts)


def test_the_exported_matrix_holds_states_late_forms_and_days(office, school):
    school.set_part(LATE, NOW)
    school.file("1.1.1", FilingState.APPROVED)
    answer = office.post(f"/progress/export?at={school.key}", page="/progress/")
    sheets = sheets_of(answer)
    assert list(sheets) == ["进度", "逾期", "每日"]
    states = {row[0]: row[2] for row in sheets["进度"][1:]}
    assert (len(states), states["1.1.1"]) == (90, "已通过")
    assert [row[0] for row in sheets["逾期"][1:]] == ["0.1.1"]


@pytest.mark.parametrize("role", ["filler", "clerk", "head"])
def test_who_fills_in_does_not_see_the_matrix(sign_in, role):
    browser = sign_in(role)
    assert browser.get("/progress/").status_code == 403
    assert browser.get("/progress/units/").status_code == 403
    assert ">进度<" not in browser.get("/").text


def test_a_school_does_not_see_other_units(office):
    assert office.get("/progress/units/").status_code == 403


@pytest.fixture
def city(sign_in, engine):
    add_second_school(engine)
    return sign_in("city")


def test_an_authority_lists_its_schools(city, school):
    school.set_part(LATE, NOW)
    school.file("1.1.1", FilingState.APPROVED)
    words = words_of(city.get(f"/progress/units/?round={school.round_id}"))
    assert "演示职业技术学院" in words
    assert "第二职业学校" in words
    assert "1 张，最长 3 天" in words
    assert "1 / 90" in words


def test_schools_are_searched_and_sorted(city, school):
    school.file("1.1.1", FilingState.APPROVED)
    address = f"/progress/units/?round={school.round_id}"
    assert units_of(city.get(f"{address}&q=ysz")) == ["演示职业技术学院"]
    assert units_of(city.get(f"{address}&q=没有")) == []
    by_share = units_of(city.get(f"{address}&sort=done"))
    assert by_share == ["第二职业学校", "演示职业技术学院"]


def test_rates_are_listed_by_form(city, school):
    school.file("1.1.1", FilingState.APPROVED)
    words = words_of(city.get(f"/progress/units/?round={school.round_id}&tab=forms"))
    assert "1 / 2" in words


def test_an_authority_opens_a_school_and_its_forms_without_changing_them(city, school):
    page = city.get(f"/progress/?at={school.key}")
    assert "演示职业技术学院进度" in page.text
    assert "催办" not in page.text
    form = city.get(f"/forms/talent/1.1.1/?at={school.key}")
    assert form.status_code == 200
    assert "您可以查看，不能录入" in form.text


def test_a_city_sees_no_school_of_another(sign_in, school, engine):
    city = {"kind": UnitKind.CITY, "code": "city-2", "name": "另一市教育局"}
    add_unit(engine, PROVINCE, **city)
    add_second_school(engine, above="city-2")
    add_person(engine, "neighbour", Role.AUTHORITY, unit="city-2")
    browser = sign_in("neighbour")
    assert units_of(browser.get("/progress/units/")) == ["第二职业学校"]
    page = browser.get(f"/progress/?at={school.key}").text
    assert "演示职业技术学院" not in page


def test_the_list_of_schools_is_exported(city, school):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    answer = city.post(
        f"/progress/units/export?round={school.round_id}", page="/progress/units/"
    )
    sheets = sheets_of(answer)
    states = {row[0]: row[3] for row in sheets["单位"][1:]}
    assert states == {"演示职业技术学院": "待市教育局审核", "第二职业学校": "填报中"}
    assert len(sheets["报表"]) == 91


@pytest.fixture
def two_cities(engine):
    """A second city of the province, with a school of its own."""
    city = {"kind": UnitKind.CITY, "code": "city-2", "name": "另一市教育局"}
    city_id = add_unit(engine, PROVINCE, **city)
    add_second_school(engine, above="city-2")
    return city_id


def test_a_province_sees_its_cities_summed(sign_in, school, two_cities):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    province = sign_in("province")
    address = f"/progress/units/?round={school.round_id}"
    words = words_of(province.get(f"{address}&tab=areas"))
    assert "演示市教育局 100% 1 1 — — — —" in words
    assert "另一市教育局 0% 1 — 1 — — —" in words
    assert "演示市教育局 100%" in words_of(province.get("/"))


def test_units_are_narrowed_to_an_area_and_a_state(sign_in, school, two_cities):
    school.set_part(state=FilingState.SUBMITTED, step="city")
    province = sign_in("province")
    address = f"/progress/units/?round={school.round_id}"
    assert units_of(province.get(f"{address}&area={two_cities}")) == ["第二职业学校"]
    waiting = province.get(f"{address}&state=待市教育局审核")
    assert units_of(waiting) == ["演示职业技术学院"]
    everything = province.get(f"{address}&area=999999&state=没有这个")
    assert len(units_of(everything)) == 2


def test_areas_are_exported(sign_in, school, two_cities):
    answer = sign_in("province").post(
        f"/progress/units/export?round={school.round_id}", page="/progress/units/"
    )
    sums = {row[0]: row[1:4] for row in sheets_of(answer)["地区"][1:]}
    assert sums == {"演示市教育局": [1, 0, 1], "另一市教育局": [1, 0, 1]}


def test_one_area_alone_is_not_summed(city, school):
    assert "按地区" not in city.get("/progress/units/").text
