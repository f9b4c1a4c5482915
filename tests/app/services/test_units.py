"""The tree of units: paths, kinds, codes, moving whole branches, closing."""

import pytest
from sqlalchemy import select

from app.errors import AppError, Forbidden, NotFound
from app.models import Department, Role, Unit, UnitKind
from app.permissions import Actor, Grant
from app.services.unit_tree import browse_units, get_unit, list_units
from app.services.units import (
    UnitEntry,
    add_unit,
    change_unit,
    find_unit_id,
    move_unit,
    set_unit_active,
)

ADMIN = Actor(1, "admin", "管理员", (Grant(Role.ADMINISTRATOR, 1),))


@pytest.fixture
def engine(workshop):
    return workshop.engine


@pytest.fixture
def tree(engine):
    """A province with two cities and a school in the first: their ids by code."""
    ids = {}
    for code, kind, parent in (
        ("32", "province", None),
        ("3201", "city", "32"),
        ("3202", "city", "32"),
        ("s1", "school", "3201"),
    ):
        entry = UnitEntry(code, f"单位{code}")
        ids[code] = add_unit(
            engine, entry, kind=UnitKind(kind), parent_id=ids.get(parent)
        )
    return ids


def path_of(engine, unit_id):
    with engine.connect() as connection:
        return connection.scalar(select(Unit.path).where(Unit.id == unit_id))


def tell(act, *arguments, **options):
    with pytest.raises(AppError) as caught:
        act(*arguments, **options)
    return caught.value.message


def test_a_path_names_all_that_is_above(engine, tree):
    expected = f"/{tree['32']}/{tree['3201']}/{tree['s1']}/"
    assert path_of(engine, tree["s1"]) == expected


def test_a_branch_moves_with_all_that_is_below(engine, tree):
    other = add_unit(engine, UnitEntry("33", "另一省"), kind=UnitKind.PROVINCE)
    move_unit(engine, tree["3201"], other, actor=ADMIN)
    assert path_of(engine, tree["s1"]) == f"/{other}/{tree['3201']}/{tree['s1']}/"
    assert path_of(engine, tree["3202"]) == f"/{tree['32']}/{tree['3202']}/"
    move_unit(engine, tree["3201"], None, actor=ADMIN)
    assert path_of(engine, tree["s1"]) == f"/{tree['3201']}/{tree['s1']}/"


@pytest.mark.parametrize(
    ("code", "parent", "said"),
    [
        ("32", "3201", "它自己或它的下级"),
        ("32", "32", "它自己或它的下级"),
        ("3202", "3201", "下面不能有市"),
        ("3201", "s1", "它自己或它的下级"),
        ("3202", "s1", "下面不能有市"),
    ],
)
def test_a_parent_is_of_a_higher_kind(engine, tree, code, parent, said):
    before = path_of(engine, tree[code])
    assert said in tell(move_unit, engine, tree[code], tree[parent])
    assert path_of(engine, tree[code]) == before


def test_a_code_is_given_once(engine, tree):
    assert "已经有了" in tell(
        add_unit, engine, UnitEntry("S1", "同号"), kind=UnitKind.SCHOOL
    )
    assert "已经有了" in tell(
        change_unit, engine, tree["3202"], UnitEntry("32", "某市")
    )


@pytest.mark.parametrize("entry", [UnitEntry("", "名称"), UnitEntry("a b", "名称")])
def test_a_unit_needs_a_sound_code(engine, entry):
    assert "编号" in tell(add_unit, engine, entry, kind=UnitKind.SCHOOL)


def test_a_new_school_has_the_departments_of_a_usual_one(engine, workshop):
    edition = workshop.catalogue.newest["talent"]
    unit_id = add_unit(engine, UnitEntry("s2", "第二学校", [edition]))
    with engine.connect() as connection:
        found = connection.scalars(
            select(Department.name)
            .where(Department.unit_id == unit_id)
            .order_by(Department.position)
        ).all()
    assert tuple(found) == tuple(edition.departments)
    assert len(found) == 15


def test_collections_fit_the_kind(engine, workshop):
    edition = workshop.catalogue.newest["talent"]
    entry = UnitEntry("c1", "某市", [edition])
    assert "不由市填报" in tell(add_unit, engine, entry, kind=UnitKind.CITY)
    both = [edition, workshop.catalogue.newest["group"]]
    assert "不同种类" in tell(add_unit, engine, UnitEntry("c2", "某校", both))


def test_a_unit_closes_after_those_below_it(engine, tree):
    assert "单位s1" in tell(set_unit_active, engine, tree["3201"], False)
    set_unit_active(engine, tree["s1"], False)
    set_unit_active(engine, tree["3201"], False)
    with engine.connect() as connection:
        closed = select(Unit.code).where(Unit.is_active.is_(False))
        assert set(connection.scalars(closed)) == {"s1", "3201"}


def test_nothing_comes_under_a_closed_unit(engine, tree):
    set_unit_active(engine, tree["3202"], False)
    assert "已经停用" in tell(move_unit, engine, tree["s1"], tree["3202"])


def test_the_tree_opens_level_by_level(engine, tree):
    page = browse_units(engine, ADMIN, unit_id=tree["32"])
    assert [line.code for line in page.below] == ["3201", "3202"]
    assert [line.children for line in page.below] == [1, 0]
    found = browse_units(engine, ADMIN, unit_id=tree["32"], search="s1")
    assert [line.code for line in found.below] == ["s1"]


def test_many_schools_come_in_pages(engine, tree):
    for number in range(60):
        entry = UnitEntry(f"t{number:03}", f"学校{number}")
        add_unit(engine, entry, kind=UnitKind.SCHOOL, parent_id=tree["3202"])
    page = browse_units(engine, ADMIN, unit_id=tree["3202"], page=2)
    assert (len(page.below), page.total) == (10, 60)
    assert page.below[0].code == "t050"


def test_a_quality_office_sees_its_own_unit_only(engine, tree):
    grant = Grant(Role.QUALITY_OFFICE, tree["s1"], unit_path="")
    office = Actor(99, "office", "质量办", (grant,))
    assert [u.code for u in browse_units(engine, office).below] == ["s1"]
    with pytest.raises(NotFound):
        get_unit(engine, office, tree["3201"])
    with pytest.raises(Forbidden):
        move_unit(engine, tree["s1"], None, actor=office)
    with pytest.raises(Forbidden):
        add_unit(engine, UnitEntry("x", "新"), kind=UnitKind.SCHOOL, actor=office)
    change_unit(engine, tree["s1"], UnitEntry("s1", "改了名"), actor=office)
    assert get_unit(engine, office, tree["s1"]).unit.name == "改了名"


def test_the_list_shows_the_tree(engine, tree):
    lines = [(line.code, line.depth) for line in list_units(engine)]
    start = lines.index(("32", 0))
    assert lines[start : start + 4] == [("32", 0), ("3201", 1), ("s1", 2), ("3202", 1)]


def test_an_unknown_unit_suggests_the_nearest(engine):
    assert "是不是“demo-school”？" in tell(find_unit_id, engine, "demo-shcool")
