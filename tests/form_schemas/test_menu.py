"""What a menu may lead to."""

import pytest

from form_schemas.menu import find_faulty_menu, read_menu

SETTINGS = {
    "booklets": [{"id": "report"}],
    "portal": {"columns": [{"id": "manual"}]},
}


def find(*entries):
    return list(find_faulty_menu(SETTINGS | {"menu": entries}, {"G1", "G9"}))


def test_a_menu_without_faults_is_read():
    told = (
        {"title": "填报", "booklet": "report"},
        {"title": "新闻", "form": "G9"},
        {"title": "手册", "column": "manual", "aside": True},
    )
    assert find(*told) == []
    assert [one.is_aside for one in read_menu(told)] == [False, False, True]


@pytest.mark.parametrize(
    ("entry", "place", "said"),
    [
        ({"title": "x"}, "/menu/0", "写一个"),
        ({"title": "x", "form": "G9", "column": "manual"}, "/menu/0", "只写一个"),
        ({"title": "x", "form": "G99"}, "/menu/0/form", "没有表“G99”"),
        ({"title": "x", "booklet": "repot"}, "/menu/0/booklet", "report"),
        ({"title": "x", "column": "home"}, "/menu/0/column", "没有门户的栏目"),
    ],
)
def test_what_leads_nowhere_is_told(entry, place, said):
    (fault,) = find(entry)
    assert fault[0] == place
    assert said in fault[1]
