"""The pages of statistics: of one school, and of all units below an authority."""

import json
import re

import pytest

from app.models import Role, UnitKind
from app.services.demo_people import PROVINCE
from tests.app.web.test_browser import address, log_in, open_page
from tests.app.web.test_continuity import count_statements
from tests.app.web.test_progress import sheets_of, words_of
from tests.app.web.test_rows import add
from tests.support.barriers import find_serious
from tests.support.people import add_person
from tests.support.standings import SchoolRound, add_second_school, add_unit

__all__ = ["address", "open_page"]

MAJORS = "talent/0.1.1"
PAGE, AREA = "/statistics/talent/", "/statistics/talent/area/"
TEACHING = "section=teaching&by=major_category"


@pytest.fixture
def school(workshop):
    return SchoolRound(workshop)


@pytest.fixture
def majors(filler):
    """Two majors of one category, one of another, and one of none."""
    given = ["装备制造大类", "装备制造大类", "土木建筑大类", ""]
    for number, category in enumerate(given):
        cells = {
            "major_code": f"46010{number}",
            "major_name": f"专业{number}",
            "major_category": category,
            "major_status": "在招",
        }
        add(filler, MAJORS, cells)


@pytest.fixture
def office(sign_in, majors):
    return sign_in("office")


def lines_of(answer, measure):
    """Label -> number now, of a figure's table."""
    part = answer.text.split(f'aria-labelledby="figure-{measure}"')[1]
    body = part.split("<tbody>")[1].split("</tbody>")[0]
    row = r'<th scope="row">(?:<a[^>]*>)?([^<]+)(?:</a>)?</th><td class="num">([^<]+)<'
    return dict(re.findall(row, body))


def links_of(answer):
    found = re.findall(r'<th scope="row"><a href="([^"]+)">([^<]+)</a>', answer.text)
    return {label: url.replace("&amp;", "&") for url, label in found}


@pytest.mark.parametrize("username", ["office", "leader", "analyst", "admin"])
def test_whoever_looks_over_the_school_sees_its_statistics(sign_in, username):
    browser = sign_in(username)
    answer = browser.get("/statistics/", follow_redirects=True)
    assert answer.status_code == 200
    assert "演示职业技术学院统计" in answer.text
    assert '<a href="/statistics/"' in browser.get("/").text


@pytest.mark.parametrize("username", ["filler", "reviewer"])
def test_departments_do_not(sign_in, username):
    browser = sign_in(username)
    for page in ("/statistics/", PAGE, AREA):
        assert browser.get(page).status_code == 403
    assert '<a href="/statistics/"' not in browser.get("/").text


def test_a_figure_is_told_as_a_whole_and_in_its_parts(office):
    answer = office.get(f"{PAGE}?{TEACHING}")
    assert "开设专业数" in answer.text
    assert lines_of(answer, "majors") == {
        "装备制造大类": "2",
        "土木建筑大类": "1",
        "未填": "1",
    }
    assert "上期没有数据可比" in answer.text
    assert "style=" not in answer.text


def test_a_part_leads_to_its_rows(office):
    links = links_of(office.get(f"{PAGE}?{TEACHING}"))
    assert set(links) == {"装备制造大类", "土木建筑大类"}
    rows = office.get(links["装备制造大类"]).text
    assert "专业0" in rows
    assert "专业1" in rows
    assert "专业2" not in rows


def test_what_the_chart_draws_is_given_as_data(office):
    text = office.get(f"{PAGE}?{TEACHING}").text
    found = re.search(r'id="chart-majors">(.*?)</script>', text, re.S)
    data = json.loads(found[1])
    assert data["labels"] == ["土木建筑大类", "装备制造大类", "未填"]
    assert data["now"] == [1, 2, 1]
    assert data["last"] is None


@pytest.mark.parametrize(
    "query",
    [
        "section=nonsense&by=nonsense&sort=nonsense",
        "section=teaching&only=nonsense:1",
        "only=:&by=_unit",
        "section=funds&by=gender",
    ],
)
def test_strange_addresses_show_something_usual(office, query):
    assert office.get(f"{PAGE}?{query}").status_code == 200


@pytest.mark.parametrize(
    "page",
    [
        "/statistics/nothing/",
        f"{PAGE}?at=999-1",
        "/statistics/talent/?section=teaching&only=is_coconstruction:perhaps",
    ],
)
def test_what_is_not_there_is_not_found(office, page):
    wanted = 200 if "perhaps" in page else 404
    assert office.get(page).status_code == wanted


def test_a_value_that_nothing_can_have_is_not_found(office):
    page = f"{PAGE}?section=practice&only=is_coconstruction:perhaps"
    assert office.get(page).status_code == 404


def test_the_workbook_holds_what_is_shown(office, school):
    url = f"{PAGE[:-1]}/export?at={school.key}&{TEACHING}"
    sheets = sheets_of(office.post(url, page=PAGE))
    assert list(sheets) == ["指标", "1 开设专业数"]
    assert sheets["指标"][1][:3] == ["开设专业数", "个", 4]
    body = {row[0]: row[1] for row in sheets["1 开设专业数"][1:]}
    assert body == {"土木建筑大类": 1, "装备制造大类": 2, "未填": 1, "合计": 4}


def test_an_authority_sees_its_units_together_and_each(office, sign_in, school):
    add_second_school(school.engine)
    province = sign_in("province")
    answer = province.get(f"{AREA}?section=teaching&by=_unit")
    assert "2 个填报单位" in words_of(answer)
    assert lines_of(answer, "majors") == {"演示职业技术学院": "4"}
    own = province.get(links_of(answer)["演示职业技术学院"])
    assert own.status_code == 200
    assert "演示职业技术学院统计" in own.text


def test_a_part_of_an_area_leads_to_the_units_that_have_it(office, sign_in):
    province = sign_in("province")
    links = links_of(province.get(f"{AREA}?{TEACHING}"))
    cities = province.get(links["装备制造大类"])
    assert "只看专业大类：装备制造大类" in words_of(cities)
    assert lines_of(cities, "majors") == {"演示": "2"}
    units = province.get(links_of(cities)["演示"])
    assert lines_of(units, "majors") == {"演示职业技术学院": "2"}
    assert 'aria-label="位置"' in units.text
    own = province.get(links_of(units)["演示职业技术学院"])
    rows = province.get(links_of(own)["装备制造大类"]).text
    assert "专业0" in rows
    assert "专业2" not in rows


def test_an_authority_sees_no_other_area(office, sign_in, school):
    add_unit(school.engine, PROVINCE, code="far", name="外市教育局", kind=UnitKind.CITY)
    add_person(school.engine, "far", Role.AUTHORITY, unit="far")
    far = sign_in("far")
    answer = far.get(f"{AREA}?{TEACHING}")
    assert "0 个填报单位" in words_of(answer)
    assert "本期和上期都没有数据" in answer.text
    assert far.get(f"{AREA}?below={school.unit_id}").status_code == 404
    assert far.get(f"{PAGE}?at={school.key}").status_code == 404


def test_an_area_is_narrowed_to_an_authority_in_it(office, sign_in, school):
    add_unit(school.engine, PROVINCE, code="bare", name="空市", kind=UnitKind.CITY)
    province = sign_in("province")
    links = links_of(province.get(f"{AREA}?section=teaching&by=_above"))
    answer = province.get(links["演示"])
    assert "演示市教育局统计" in answer.text
    assert lines_of(answer, "majors") == {"演示职业技术学院": "4"}


def test_an_administrator_of_all_units_sees_them_together(office, administrator):
    answer = administrator.get(f"{AREA}?{TEACHING}")
    assert "全部单位统计" in answer.text


def test_the_workbook_of_an_area_is_kept_to_it(office, sign_in):
    answer = sign_in("province").post(f"{AREA}export?{TEACHING}", page=AREA)
    body = {row[0]: row[1] for row in sheets_of(answer)["1 开设专业数"][1:]}
    assert body["合计"] == 4


@pytest.mark.parametrize(("username", "page"), [("office", PAGE), ("province", AREA)])
def test_statistics_ask_seldom(majors, sign_in, engine, username, page):
    browser = sign_in(username)
    for section in ("students", "teachers", "practice"):
        url = f"{page}?section={section}"
        browser.get(url)
        assert count_statements(engine, lambda u=url: browser.get(u)) <= 30


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_charts_are_drawn_and_nothing_is_refused(majors, open_page, width, scheme):
    size = {"width": width, "height": 800}
    page = open_page(viewport=size, color_scheme=scheme)
    told = []
    page.on("console", lambda one: told.append(one.text))
    page.on("pageerror", lambda error: told.append(str(error)))
    log_in(page, "office")
    page.goto(f"{PAGE}?{TEACHING}")
    page.wait_for_selector("[data-chart] canvas")
    wide = "document.documentElement.scrollWidth - innerWidth"
    assert page.evaluate(wide) <= 0
    assert find_serious(page) == []
    assert told == []
