"""The list of a unit's own rows that travel."""

import re

import pytest

from tests.support.travelling import (
    NEWS,
    Region,
    fill_region,
    get_group_catalogue,
)

LIST = "/forms/group/G9/items"


@pytest.fixture(scope="module")
def catalogue():
    return get_group_catalogue()


@pytest.fixture
def fill():
    return fill_region


@pytest.fixture
def database_url(sqlite_url):
    return sqlite_url


@pytest.fixture
def region(workshop):
    return Region(workshop)


@pytest.fixture
def rows(region):
    """News in hand, news that was sent on."""
    draft = region.add("group", "G9", **NEWS, keywords="草稿")
    sent = region.add("group", "G9", **NEWS | {"title": "已经推荐的新闻"})
    region.move("group", "G9", sent, "recommend")
    return draft, sent


@pytest.fixture
def group(sign_in):
    return sign_in("group")


def titles(page):
    return re.findall(r'<th scope="row"><a[^>]*>([^<]+)<', page)


def test_own_rows_are_listed_with_what_can_be_done(group, rows):
    draft, sent = rows
    page = group.get(LIST).text
    assert titles(page) == ["已经推荐的新闻", NEWS["title"]]
    assert f"/forms/group/G9/rows/{draft}" in page
    assert f"/items/group/G9/{draft}" in page
    assert f"/forms/group/G9/rows/{sent}" not in page
    assert "/forms/group/G9/rows/new" in page


def test_they_are_narrowed_to_a_state_and_searched(group, rows):
    state = re.search(r"state=([^&\"]+)", group.get(LIST).text).group(1)
    assert titles(group.get(f"{LIST}?state={state}").text) == [NEWS["title"]]
    assert titles(group.get(f"{LIST}?q=已经推荐").text) == ["已经推荐的新闻"]
    assert len(titles(group.get(f"{LIST}?state=没有这个&page=x").text)) == 2
    assert "没有找到" in group.get(f"{LIST}?q=查无此事").text
    assert len(titles(group.get(f"{LIST}?page=999").text)) == 2


def test_the_first_one_is_asked_for(group):
    page = group.get(LIST).text
    assert "还没有写过" in page
    assert group.get(re.search(r'href="([^"]+/rows/new[^"]*)"', page).group(1))


def test_a_form_that_is_handed_in_has_no_such_list(group):
    assert group.get("/forms/group/G1/items").status_code == 404


def test_the_navigation_leads_there_and_marks_one_place(group, rows):
    page = group.get(LIST).text
    here = re.findall(r'<a href="([^"]+)" aria-current="page"', page)
    assert here == [LIST]
    row = group.get(f"/forms/group/G9/rows/{rows[0]}").text
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', row) == [LIST]
