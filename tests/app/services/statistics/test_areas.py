"""Areas of statistics: what stands directly below an authority, and what around it."""

import pytest

from app.services.statistics.areas import Area, AreaTree

NATION, PROVINCE, CITY = (
    Area(1, "国家", "/1/"),
    Area(2, "甲省", "/1/2/"),
    Area(3, "乙市", "/1/2/3/"),
)
AREAS = (NATION, PROVINCE, CITY)
IN_CITY, IN_PROVINCE, BESIDE = "/1/2/3/7/", "/1/2/8/", "/9/"


@pytest.mark.parametrize(
    ("chosen", "path", "part"),
    [
        (NATION, IN_CITY, 2),
        (NATION, IN_PROVINCE, 2),
        (PROVINCE, IN_CITY, 3),
        (PROVINCE, IN_PROVINCE, 8),
        (CITY, IN_CITY, 7),
        (CITY, IN_PROVINCE, None),
        (NATION, BESIDE, None),
        (None, IN_CITY, 1),
        (None, BESIDE, None),
    ],
)
def test_a_unit_belongs_to_what_stands_directly_below(chosen, path, part):
    assert AreaTree(AREAS, chosen).find_part(path) == part


def test_whoever_sees_some_cities_alone_has_them_side_by_side():
    other = Area(4, "丙市", "/1/2/4/")
    tree = AreaTree((CITY, other))
    assert (tree.find_part(IN_CITY), tree.find_part("/1/2/4/6/")) == (3, 4)
    assert tree.above == ()


def test_the_areas_around_one_are_told_from_the_largest_on():
    assert AreaTree(AREAS, CITY).above == (NATION, PROVINCE)
    assert AreaTree((PROVINCE, CITY), CITY).above == (PROVINCE,)


def test_only_what_has_an_authority_in_it_has_areas():
    assert [AreaTree(AREAS, one).has_areas for one in AREAS] == [True, True, False]
