"""A unit's own navigation: what its people find, and others do not."""

from dataclasses import replace

import pytest

from app.models import Role
from tests.app.web.test_portal import fill
from tests.app.web.test_surveys import SurveyWorld, enter
from tests.support.portal_world import ARTICLE

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

__all__ = ["enter", "fill"]

OWN = ("信息填报", "典型案例", "新闻推荐")


@pytest.fixture
def config(config):
    """What is published is seen at once, whatever page another test left."""
    return replace(config, portal_cache_seconds=0)


@pytest.fixture
def world(workshop):
    return SurveyWorld(workshop.engine, workshop.catalogue)


def find_links(page, *titles):
    return {title for title in titles if f">{title}</a>" in page}


def test_a_group_finds_what_it_fills_by_the_usual_names(world, enter):
    group = enter("alpha")
    page = group.get("/").text
    wanted = (
        *OWN,
        "单位信息",
        "建议与意见",
        "案例要求",
        "操作手册与培训",
        "在线调查",
        "导入",
    )
    assert find_links(page, *wanted) == set(wanted)
    for path in (
        "/booklets/group/report/",
        "/forms/group/G7.1/items",
        "/forms/group/G9/items",
        "/forms/group/G10/items",
        "/forms/group/G12/",
    ):
        assert f'href="{path}"' in page
        answer = group.get(path)
        assert answer.status_code == 200, path
    assert group.get("/account/").status_code == 200


def test_what_is_told_of_a_unit_is_right_once_it_is_saved(world, enter):
    group = enter("alpha")
    assert "我已初审" not in group.get("/forms/group/G12/").text
    answer = group.post("/forms/group/G12/submit", {"checked": "1"})
    assert "存了就有效，不用提交" in group.get(answer.location).text


def test_others_find_what_is_theirs(world, enter):
    province = enter("370000").get("/forms/").text
    assert find_links(province, *OWN, "单位信息") == {"典型案例", "单位信息"}
    viewer = enter("510000", role=Role.VIEWER).get("/forms/").text
    assert find_links(viewer, *OWN, "单位信息") == set()
    assert find_links(viewer, "操作手册与培训") != set()


def test_manuals_are_articles_by_their_keyword(world, client):
    world.store("G14", "nation", "standing", {**ARTICLE, "title": "一则通知"})
    told = {"title": "填报操作", "keywords": "填报；操作手册"}
    world.store("G14", "nation", "standing", ARTICLE | told)
    # What a group did is news, whatever keywords it has.
    news = {"title": "职工培训", "keywords": "培训", "portal_column": "集团动态"}
    world.store("G14", "nation", "standing", ARTICLE | news)
    page = client.get("/portal/manual/").text
    assert "填报操作" in page
    assert "职工培训" not in page
    assert "一则通知" not in page
