"""Pages of accounts: several roles, moving, ending, who may touch whom, first login."""

import io

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Membership, Role, RowChange, User
from app.services.accounts import find_user_id
from tests.app.web.conftest import Browser
from tests.app.web.test_rows import GRANT, GRANTS, add
from tests.support.people import add_person

STUDENTS = "demo-school|学生工作处"


@pytest.fixture
def office(engine, sign_in):
    add_person(engine, "bangong", Role.QUALITY_OFFICE)
    return sign_in("bangong")


@pytest.fixture
def person(engine):
    """A clerk of a department: the account's page."""
    user_id = add_person(engine, "xiaozhang", Role.FILLER, "学生工作处")
    return f"/admin/users/{user_id}"


def roles_of(engine, page):
    """The memberships of the account with this page."""
    user_id = int(page.rsplit("/", 1)[1])
    with Session(engine) as session:
        return session.scalars(
            select(Membership)
            .where(Membership.user_id == user_id)
            .order_by(Membership.id)
        ).all()


def test_a_role_is_added_on_the_page_of_the_account(office, person, engine):
    fields = {"role": "department_head", "place": STUDENTS}
    answer = office.post(f"{person}/roles", fields, page=person)
    assert answer.status_code == 303
    held = [m.role for m in roles_of(engine, person)]
    assert held == [Role.FILLER, Role.DEPARTMENT_HEAD]
    page = office.get(person).text
    assert "部门负责人" in page
    assert "已保存，马上生效" in page


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"role": "filler", "place": STUDENTS}, "已经有这个角色"),
        ({"role": "king", "place": STUDENTS}, "请选角色"),
        ({"role": "filler", "place": "nowhere|"}, "没有单位“nowhere”"),
        ({"role": "filler", "place": "demo-group|"}, "不归您管理"),
        ({"role": "filler", "place": "demo-school|学生处工作"}, "是不是“学生工作处”？"),
        ({"role": "administrator", "place": "demo-school|"}, "只能由系统管理员来设"),
        ({"role": "authority", "place": "demo-school|"}, "只能由系统管理员来设"),
        ({"role": "analyst", "place": STUDENTS}, "部门请留空"),
    ],
)
def test_a_wrong_role_is_refused_with_a_reason(office, person, engine, fields, said):
    answer = office.post(f"{person}/roles", fields, page=person)
    assert answer.status_code >= 400
    assert said in answer.text
    assert len(roles_of(engine, person)) == 1


def test_a_moved_person_loses_access_at_once_and_keeps_the_history(
    office, person, engine, sign_in
):
    clerk = sign_in("xiaozhang")
    add(clerk, GRANTS, GRANT)
    [membership] = roles_of(engine, person)
    fields = {"department": "教学管理处"}
    office.post(f"{person}/roles/{membership.id}", fields, page=person)
    assert clerk.get(f"/forms/{GRANTS}/").status_code == 403
    assert clerk.get("/forms/talent/0.1.1/").status_code == 200
    with engine.connect() as connection:
        author = connection.scalar(
            select(RowChange.actor_id).order_by(RowChange.id.desc())
        )
    assert author == int(person.rsplit("/", 1)[1])


def test_an_ended_role_ends_the_access_at_once(office, person, engine, sign_in):
    clerk = sign_in("xiaozhang")
    assert clerk.get(f"/forms/{GRANTS}/").status_code == 200
    [membership] = roles_of(engine, person)
    answer = office.post(f"{person}/roles/{membership.id}/end", page=person)
    assert answer.location == "/admin/users"
    assert clerk.get(f"/forms/{GRANTS}/").status_code == 403


def test_import_is_given_separately(office, person, engine, sign_in):
    clerk = sign_in("xiaozhang")
    address = f"/forms/{GRANTS}/import"
    refused = clerk.get(address)
    assert (refused.status_code, "没有导入的权限" in refused.text) == (403, True)
    fields = {"file": (io.BytesIO("项目名称\nx\n".encode()), "a.csv")}
    sent = clerk.post(address, fields, content_type="multipart/form-data")
    assert sent.status_code == 403
    [membership] = roles_of(engine, person)
    fields = {"department": "学生工作处", "may_import": "1"}
    office.post(f"{person}/roles/{membership.id}", fields, page=person)
    assert clerk.get(address).status_code == 200


def test_a_deactivated_person_is_out_at_once(office, person, sign_in):
    clerk = sign_in("xiaozhang")
    office.post(f"{person}/active", {"active": "0"}, page=person)
    assert clerk.get("/forms/").status_code in (302, 401)
    office.post(f"{person}/active", {"active": "1"}, page=person)
    assert sign_in("xiaozhang").get("/forms/").status_code == 200


def test_a_person_is_renamed_and_a_wrong_address_refused(office, person, engine):
    fields = {"name": " 张新 ", "email": "zhang@example.org"}
    office.post(person, fields, page=person)
    wrong = office.post(person, {"name": "张", "email": "张@"}, page=person)
    assert "不是邮箱地址" in wrong.text
    with engine.connect() as connection:
        user_id = int(person.rsplit("/", 1)[1])
        found = connection.execute(
            select(User.name, User.email).where(User.id == user_id)
        ).one()
    assert tuple(found) == ("张新", "zhang@example.org")


def test_a_quality_office_sees_its_own_people_only(office, engine):
    stranger = add_person(engine, "other", Role.FILLER, unit="other-school")
    admin = add_person(engine, "second", Role.ADMINISTRATOR)
    assert ">other<" not in office.get("/admin/users?q=other").text
    assert office.get(f"/admin/users/{stranger}").status_code == 404
    for act in ("reset", "active"):
        page = f"/admin/users/{stranger}/{act}"
        assert office.post(page, {"active": "0"}).status_code in (403, 404)
        page = f"/admin/users/{admin}/{act}"
        assert office.post(page, {"active": "0"}).status_code == 403


def test_the_last_administrator_stays(administrator, engine):
    second = add_person(engine, "second", Role.ADMINISTRATOR)
    with engine.connect() as connection:
        first = connection.scalar(select(User.id).where(User.username == "admin"))
    closed = administrator.post(f"/admin/users/{second}/active", {"active": "0"})
    assert closed.status_code == 303
    own = administrator.post(f"/admin/users/{first}/active", {"active": "0"})
    assert own.status_code == 409
    [membership] = roles_of(engine, f"/admin/users/{first}")
    ended = administrator.post(f"/admin/users/{first}/roles/{membership.id}/end")
    assert ended.status_code == 409
    assert "自己的角色不能自己改" in ended.text


def test_the_office_gives_a_code_for_a_forgotten_password(office, person):
    page = office.post(f"{person}/code", page=person)
    code = page.text.split('class="secret">')[1].split("<")[0]
    assert "重置码" in page.text
    assert code not in office.get(person).text
    assert "给密码重置码" in office.get("/admin/audit").text


def test_no_code_is_given_beyond_ones_right(office, engine):
    for username in ("admin", "bangong"):
        user_id = find_user_id(engine, username)
        answer = office.post(f"/admin/users/{user_id}/code", page="/admin/users")
        assert answer.status_code in (403, 409)


def test_no_page_opens_before_the_first_password_is_replaced(
    office, person, app, client
):
    shown = office.post(f"{person}/reset", page=person).text
    password = shown.split('class="secret">')[1].split("<")[0]
    client.post(
        "/login", {"username": "xiaozhang", "password": password}, page="/login"
    )
    open_ones = {"/login", "/logout", "/password"}
    addresses = {
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in rule.methods and not rule.arguments and rule.rule not in open_ones
    }
    reached = {
        address
        for address in addresses
        if (answer := client.get(address)).location != "/password"
        # Other programs are told so in their own way.
        and answer.status_code != 403
        and not address.startswith(("/assets", "/static"))
    }
    visitor = Browser(app)
    closed = {
        address
        for address in reached
        if (visitor.get(address).location or "").startswith("/login")
    }
    assert not closed
    body = {"rows": []}
    assert client.send(f"/forms/{GRANTS}/save", body).status_code == 403


def test_the_roles_are_told_in_words(office):
    page = office.get("/admin/roles").text
    assert "谁录入、导入或修改过的数据，谁就不能核对" in page
    assert "在本部门查看数据、录入数据" in page


def test_a_list_is_searched_by_role_and_unit(administrator):
    page = administrator.get("/admin/users?role=administrator").text
    assert ">admin<" in page
    assert ">filler<" not in page
    assert (
        "没有符合条件的账号" in administrator.get("/admin/users?q=nobody-at-all").text
    )


def test_another_unit_can_be_chosen_for_a_new_account(administrator, engine):
    page = administrator.get("/admin/users?in=另一所学校").text
    assert 'value="other-school|学生工作处"' in page
