"""Pages of a book: choosing rows, their order, ordering its files."""

import re

import pytest

from tests.support.anthologies import Cases, small_books
from tests.support.travelling import fill_region, get_group_catalogue

LIST = "/anthologies/group/cases/"
CONTENTS = f"{LIST}contents"


@pytest.fixture(scope="module")
def catalogue():
    return small_books()


@pytest.fixture
def database_url(lend):
    with lend("sqlite", fill_region, get_group_catalogue()) as url:
        yield url


@pytest.fixture
def cases(workshop):
    return Cases(workshop)


@pytest.fixture
def nation(sign_in):
    return sign_in("nation")


def _tick(browser, address, *titles):
    """Choose what stands in a list, by the titles."""
    page = browser.get(address).text
    rows = re.findall(r'name="row" value="([\d-]+)" aria-label="勾选 ([^"]+)"', page)
    picks = [value for value, title in rows if title in titles]
    assert len(picks) == len(titles)
    action = re.search(r'action="([^"]+)" data-choosing', page).group(1)
    fields = {"row": picks}
    return browser.post(action.replace("&amp;", "&"), fields, page=address)


def test_cases_are_chosen_until_there_are_enough(cases, nation):
    for title in ("一", "二"):
        cases.recommend(title)
    page = nation.get(LIST).text
    assert "已选 0 件，要 2–3 件" in page
    assert "还差 2 件。现在只能导出样稿" in page
    answer = _tick(nation, LIST, "一", "二")
    assert answer.status_code == 303
    page = nation.get(answer.location).text
    assert "已办“选入汇编”2 条" in page
    assert "件数合适" in page
    answer = _tick(nation, f"{LIST}?chosen=1", "一")
    assert answer.status_code == 303
    assert "已选 1 件" in nation.get(answer.location).text


def test_too_many_are_told(cases, nation):
    cases.choose("一", "二", "三", "四")
    assert "多了 1 件，请取消几件" in nation.get(LIST).text
    assert "导出样稿" in nation.get(CONTENTS).text


def test_whoever_comes_second_is_told_which_case_did_not_move(cases, nation):
    first, _ = (cases.recommend(title) for title in ("一", "二"))
    page = nation.get(LIST)
    assert page.status_code == 200
    stale = f"{first}-{cases.version(first)}"
    cases.move("nation", "G7.1", first, "choose")
    address = f"{LIST}moves"
    answer = nation.post(address, {"row": [stale]}, page=LIST)
    assert answer.status_code == 409
    assert "一：这一条刚刚有人改过或办过" in answer.text
    assert nation.post(address, {}, page=LIST).status_code == 409
    assert nation.post(address, {"row": ["x-1"]}, page=LIST).status_code == 400


def test_cases_are_ordered_by_numbers_and_by_steps(cases, nation):
    first, second = cases.choose("一", "二")
    page = nation.get(CONTENTS).text
    assert page.index("一</a>") < page.index("二</a>")
    version = {"version": "0"}
    address = f"{LIST}order"
    answer = nation.post(address, version | {f"place-{second}": "1"}, page=CONTENTS)
    assert answer.status_code == 303
    page = nation.get(answer.location).text
    assert page.index("二</a>") < page.index("一</a>")
    answer = nation.post(address, version | {"up": str(first)}, page=CONTENTS)
    assert answer.status_code == 409
    assert "次序刚刚有人改过" in answer.text
    answer = nation.post(address, {"version": "1", "up": str(first)}, page=CONTENTS)
    assert answer.location.endswith(f"#place-{first}")
    page = nation.get(answer.location).text
    assert page.index("一</a>") < page.index("二</a>")


def test_numbers_are_read_as_people_type_them_or_come_back(cases, nation):
    first, second, third = cases.choose("一", "二", "三")
    nation.get(CONTENTS)
    address, version = f"{LIST}order", {"version": "0"}
    wrong = {f"place-{first}": "3", f"place-{third}": "第一"}
    answer = nation.post(address, version | wrong, page=CONTENTS)
    assert answer.status_code == 422
    assert "“第一”不是从 1 起的整数" in answer.text
    assert f'name="place-{first}" value="3"' in answer.text
    # What was typed counts beside the button that was pressed.
    typed = {f"place-{third}": "１", "down": str(first)}
    answer = nation.post(address, version | typed, page=CONTENTS)
    assert answer.status_code == 303
    page = nation.get(CONTENTS).text
    places = [page.index(f'name="place-{row}"') for row in (third, second, first)]
    assert places == sorted(places)


def test_a_file_is_ordered_made_and_fetched(cases, nation, work):
    cases.choose("一")
    answer = nation.post(f"{LIST}export", {"format": "docx"}, page=CONTENTS)
    assert answer.location == "/exports/"
    work()
    page = nation.get("/exports/").text
    assert "全国职业教育集团化办学案例汇编（2014 年度）" in page
    assert "处要看“说明”" in page
    fetched = nation.get(re.search(r'href="(/exports/\d+/file)"', page).group(1))
    assert fetched.data.startswith(b"PK")
    wrong = nation.post(f"{LIST}export", {"format": "exe"}, page=CONTENTS)
    assert wrong.status_code == 400


def test_a_book_is_found_from_the_list_of_its_rows(cases, nation):
    assert f'href="{LIST}"' in nation.get("/items/?form=group/G7.1").text
    assert nation.get("/anthologies/").location == LIST


@pytest.mark.parametrize("who", ["east", "city", "group"])
def test_others_neither_see_nor_change_the_book(cases, sign_in, who):
    row = cases.recommend("一")
    browser = sign_in(who)
    for address in (LIST, CONTENTS):
        assert browser.get(address).status_code == 403
    for act in ("moves", "order", "export"):
        fields = {"row": [f"{row}-1"], "format": "zip"}
        assert browser.post(f"{LIST}{act}", fields, page="/").status_code == 403
    assert browser.get("/anthologies/").status_code == 404
    assert LIST not in browser.get("/items/?form=group/G7.1").text


def test_a_book_that_is_not_there_is_not_found(nation):
    assert nation.get("/anthologies/group/other/").status_code == 404
    assert nation.get("/anthologies/none/cases/").status_code == 404
    assert nation.get(f"{LIST}?round=77").status_code == 404
