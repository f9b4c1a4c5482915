"""Pages of units and their departments, with wrong entries."""

import pytest
from sqlalchemy import select

from app.models import Department, Role, Unit
from tests.support.people import add_person

UNITS = "/admin/units"


@pytest.fixture
def office(engine, sign_in):
    add_person(engine, "bangong", Role.QUALITY_OFFICE)
    return sign_in("bangong")


@pytest.fixture
def school(engine):
    """The page of the demo school."""
    return f"{UNITS}/{find(engine, 'demo-school').id}"


def find(engine, code):
    with engine.connect() as connection:
        return connection.execute(
            select(Unit.__table__).where(Unit.code == code)
        ).first()


def find_department(engine, school, name):
    unit_id = int(school.rsplit("/", 1)[1])
    with engine.connect() as connection:
        return connection.execute(
            select(Department.__table__).where(
                Department.unit_id == unit_id, Department.name == name
            )
        ).first()


def test_an_administrator_builds_a_tree(administrator, engine):
    fields = {"code": "99", "name": "某省教育厅", "kind": "province", "parent": ""}
    answer = administrator.post(UNITS, fields, page=UNITS)
    province = find(engine, "99")
    assert answer.location == f"{UNITS}/{province.id}"
    fields = {"code": "9901", "name": "某市", "kind": "city", "parent": province.id}
    administrator.post(UNITS, fields, page=UNITS)
    city = find(engine, "9901")
    assert city.path == f"/{province.id}/{city.id}/"
    page = administrator.get(f"{UNITS}?under={province.id}").text
    assert ">某市</a>" in page
    assert ">另一所学校</a>" not in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "", "name": "校"}, "都要填"),
        ({"code": "demo-school", "name": "校"}, "已经有了"),
        ({"code": "x", "name": "校", "kind": "moon"}, "没有这个级别"),
        ({"code": "x", "name": "校", "parent": "abc"}, "没有这个上级"),
        ({"code": "x", "name": "校", "parent": "999999"}, "没有这个单位"),
        ({"code": "x", "name": "校", "collections": "nothing"}, "没有这个系列"),
        (
            {"code": "x", "name": "市", "kind": "city", "collections": "talent"},
            "不由市",
        ),
    ],
)
def test_a_wrong_unit_is_refused_and_the_entry_kept(
    administrator, engine, fields, said
):
    fields = {"kind": "school", "parent": "", **fields}
    answer = administrator.post(UNITS, fields, page=UNITS)
    assert answer.status_code == 422
    assert said in answer.text
    assert f'value="{fields["name"]}"' in answer.text
    assert find(engine, "x") is None


def test_a_school_is_moved_and_closed(administrator, engine, workshop):
    for code, kind in (("98", "city"), ("s1", "school")):
        fields = {"code": code, "name": f"单位{code}", "kind": kind, "parent": ""}
        administrator.post(UNITS, fields, page=UNITS)
    city, moved = find(engine, "98"), find(engine, "s1")
    page = f"{UNITS}/{moved.id}"
    administrator.post(f"{page}/move", {"parent": city.id}, page=page)
    assert find(engine, "s1").path == f"/{city.id}/{moved.id}/"
    closing = administrator.post(f"{UNITS}/{city.id}/active", {"active": "0"})
    assert closing.status_code == 409
    assert "单位s1" in closing.text
    under_itself = administrator.post(f"{UNITS}/{city.id}/move", {"parent": city.id})
    assert under_itself.status_code == 409
    administrator.post(f"{page}/active", {"active": "0"}, page=page)
    assert not find(engine, "s1").is_active


def test_a_quality_office_keeps_to_its_own_unit(office, engine, school):
    assert office.get(UNITS).text.count("<tr>") == 2
    other = f"{UNITS}/{find(engine, 'other-school').id}"
    assert office.get(other).status_code == 404
    assert office.get(f"{other}/departments").status_code == 404
    fields = {"code": "x", "name": "新"}
    assert office.post(UNITS, {**fields, "kind": "school"}).status_code == 403
    assert office.post(f"{school}/move", {"parent": ""}).status_code == 403
    assert office.post(f"{school}/active", {"active": "0"}).status_code == 403


def test_fillers_manage_no_units(filler, school):
    assert filler.get(UNITS).status_code == 403
    assert filler.get(f"{school}/departments").status_code == 403
    assert filler.post(f"{school}/departments", {"name": "新"}).status_code == 403


def test_departments_are_added_renamed_and_ordered(office, engine, school):
    page = f"{school}/departments"
    office.post(page, {"name": "图书馆", "aliases": "图书中心，书库"}, page=page)
    library = find_department(engine, school, "图书馆")
    assert library.aliases == ["图书中心", "书库"]
    fields = {"name": "图文中心", "aliases": ""}
    office.post(f"{page}/{library.id}", fields, page=page)
    renamed = find_department(engine, school, "图文中心")
    assert (renamed.id, renamed.aliases) == (library.id, [])
    office.post(f"{page}/{library.id}/move", {"step": "up"}, page=page)
    moved = find_department(engine, school, "图文中心")
    assert moved.position == renamed.position - 1


def test_a_wrong_department_is_refused_at_its_place(office, engine, school):
    page = f"{school}/departments"
    taken = office.post(page, {"name": "学生工作处", "aliases": ""}, page=page)
    assert taken.status_code == 409
    assert "已经是“学生工作处”的名称" in taken.text
    assert office.post(page, {"name": " "}, page=page).status_code == 400
    students = find_department(engine, school, "学生工作处")
    address = f"{page}/{students.id}"
    closed = office.post(f"{address}/active", {"active": "0"}, page=page)
    assert closed.status_code == 409
    assert "请先在轮次的分工里" in closed.text
    fields = {"name": "教学管理处", "aliases": ""}
    assert office.post(address, fields, page=page).status_code == 409
    assert find_department(engine, school, "学生工作处").is_active
    assert office.post(f"{page}/999999", fields, page=page).status_code == 404
