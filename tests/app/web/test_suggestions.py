"""A suggestion from its writing to its answer, as its people see it on their pages."""

import re

import pytest

from tests.support.travelling import Region, fill_region, get_group_catalogue

FORM = "/forms/group/G10/"
WORDS = {"title": "多发通知", "feedback_kind": "功能建议", "content": "请多发通知。"}


@pytest.fixture(scope="module")
def catalogue():
    return get_group_catalogue()


@pytest.fixture
def fill():
    return fill_region


def press(browser, row, move, **fields):
    page = f"/items/group/G10/{row}"
    shown = browser.get(page).text
    version = re.search(r'name="version" value="(\d+)"', shown).group(1)
    fields = {"version": version} | fields
    return browser.post(f"{page}/moves/{move}", fields, page=page)


def test_a_group_writes_and_its_province_answers(workshop, sign_in):
    region = Region(workshop)
    group, province = sign_in("group"), sign_in("east")
    place = region.scope("group", "G10")
    at = f"?at={place.unit_id}-{place.round_id}"
    assert group.get(FORM).status_code == 200
    saved = group.save("group/G10", (None, None, WORDS), page=FORM + at)
    [entry] = saved.json["rows"]
    assert entry["status"] == "saved", entry
    row = entry["id"]
    # A draft is nobody else's.
    assert WORDS["title"] not in province.get("/items/?form=group/G10").text
    assert press(group, row, "submit").status_code == 303
    locked = group.get(f"{FORM}rows/{row}").text
    assert "待处理" in locked
    assert WORDS["title"] in province.get("/items/?form=group/G10").text
    assert press(province, row, "answer", reply="这个月起每周发。").status_code == 303
    page = group.get(f"/items/group/G10/{row}").text
    assert "这个月起每周发。" in page
    assert "已回复" in page
    assert "多发通知" in group.get("/notices/").text
    assert press(group, row, "close").status_code == 303
