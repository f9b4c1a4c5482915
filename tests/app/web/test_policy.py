"""Who sees and does what: foreign units, own entries, and the policy itself.

Every route for every kind of person is asked in `test_authorisation`.
"""

import io
import re
from dataclasses import replace

import pytest

from app.models import Role
from app.permissions import Actor, Grant, Place, can
from app.policy import POLICY, ROLE_NAMES, Action
from app.services.policy_text import describe_policy
from tests.app.web.test_rows import GRANT, GRANTS, add, only


def upload(browser, work, text=""):
    """An import of the grants that waits for review."""
    header = (
        "项目名称,项目种类,资金来源,奖助范围,奖助人数,其中家庭经济困难学生数,"
        "其中女生,奖助人次,奖助金额"
    )
    row = "国家助学金,国家助学金,中央财政,在校生,10,5,5,10,很多"
    file = (io.BytesIO(f"{header}\n{text}{row}\n".encode()), "奖助.csv")
    url = f"/forms/{GRANTS}/import"
    answer = browser.post(
        url, {"file": file}, page=url, content_type="multipart/form-data"
    )
    assert answer.status_code == 303, answer.text
    work()
    return answer.location


GOOD_ROW = "春晖助学,国家励志奖学金,中央财政,在校生,10,5,5,10,3.5\n"


def test_rows_of_another_unit_are_not_there(filler, sign_in):
    row = add(filler, GRANTS, GRANT)
    stranger = sign_in("stranger")
    assert stranger.get(f"/forms/{GRANTS}/rows/{row['id']}").status_code == 404
    answer = only(stranger.save(GRANTS, (row["id"], 1, {"amount": "1"})))
    assert answer["status"] == "refused"
    body = {"rows": [{"id": row["id"], "version": 1}]}
    assert stranger.send(f"/forms/{GRANTS}/delete", body).json["deleted"] == []
    assert "校长奖学金" not in stranger.get(f"/forms/{GRANTS}/").text
    found = stranger.get(f"/forms/{GRANTS}/", query_string={"q": "校长"}).text
    assert "没有符合条件的行" in found


def test_another_unit_cannot_be_chosen(filler):
    answer = filler.post("/choice", {"place": "talent:3"})
    assert answer.status_code == 404


def test_another_collection_can_be_chosen(filler):
    places = re.findall(r'name="place" value="(\d+-\d+)"', filler.get("/").text)
    assert len(places) > 1
    shown = []
    for place in places:
        filler.post("/choice", {"place": place})
        shown.append("Z1.1" in filler.get("/").text)
    assert sorted(shown) == [False, True]


def test_a_reviewer_does_not_enter(reviewer):
    answer = reviewer.save(GRANTS, (None, None, GRANT))
    assert answer.status_code == 403


def test_a_department_does_not_enter_for_another(sign_in):
    answer = sign_in("teaching").save(GRANTS, (None, None, GRANT))
    assert answer.status_code == 403
    assert "学生工作处" in answer.json["message"]


def test_an_import_of_another_unit_is_not_there(filler, sign_in, work):
    address = upload(filler, work)
    stranger = sign_in("stranger")
    assert stranger.get(address).status_code == 404
    for act in ("pass", "delete", "take-back", "marked"):
        assert stranger.post(f"{address}/{act}", {"which": "all"}).status_code == 404


def test_nobody_passes_what_he_imported(filler, work, engine):
    address = upload(filler, work, GOOD_ROW)
    assert "通过无错的" not in filler.get(address).text
    answer = filler.post(f"{address}/pass", {"which": "all", "level": "clean"})
    assert answer.status_code == 403


def test_only_administrators_manage_accounts(filler):
    fields = {"username": "x", "name": "y", "role": "filler", "place": "demo-school|"}
    assert filler.post("/admin/users", fields).status_code == 403
    assert filler.post("/admin/users/1/reset", {}).status_code == 403
    assert filler.post("/admin/users/1/active", {"active": "0"}).status_code == 403


def test_an_administrator_makes_an_account(administrator, client):
    fields = {
        "username": "Xin",
        "name": "新",
        "role": "filler",
        "place": "demo-school|",
    }
    answer = administrator.post("/admin/users", fields)
    password = answer.text.split('class="secret">')[1].split("<")[0]
    again = administrator.post("/admin/users", fields)
    assert again.status_code == 422
    assert "已经有人用了" in again.text
    login = {"username": "xin", "password": password}
    assert client.post("/login", login, page="/login").status_code == 302


def test_the_own_account_cannot_be_closed(administrator):
    answer = administrator.post("/admin/users/1/active", {"active": "0"})
    assert answer.status_code == 409


# The policy itself.

FILLER = Grant(Role.FILLER, 1, 5, frozenset({"教务处"}))
VIEWER = Grant(Role.VIEWER, 1, unit_path="/1/")
REVIEWING = replace(VIEWER, granted=frozenset({Action.REVIEW_FORM}))


@pytest.mark.parametrize(
    ("grants", "action", "place", "allowed"),
    [
        ((), Action.VIEW_ROWS, Place(1), False),
        ((FILLER,), Action.ENTER_ROWS, Place(1, ("教务处", "学生处")), True),
        ((FILLER,), Action.ENTER_ROWS, Place(1, ("学生处",)), False),
        ((FILLER,), Action.ENTER_ROWS, Place(2, ("教务处",)), False),
        ((FILLER,), Action.ENTER_ROWS, Place(1, ("教务处",), 6), False),
        ((FILLER,), Action.ENTER_ROWS, Place(1, ("学生处",), 5), True),
        ((FILLER,), Action.REVIEW_ROWS, Place(1, ("教务处",)), False),
        ((Grant(Role.FILLER, 1),), Action.ENTER_ROWS, Place(1, ("学生处",)), True),
        (
            (Grant(Role.DEPARTMENT_HEAD, 1),),
            Action.REVIEW_ROWS,
            Place(1, ("学生处",)),
            True,
        ),
        ((Grant(Role.DEPARTMENT_HEAD, 1),), Action.REVIEW_ROWS, Place(2), False),
        (
            (Grant(Role.DEPARTMENT_HEAD, 1), Grant(Role.FILLER, 1)),
            Action.REVIEW_ROWS,
            Place(1, entered_by=frozenset({7})),
            False,
        ),
        ((Grant(Role.ADMINISTRATOR, 1),), Action.VIEW_ROWS, Place(2), True),
        ((Grant(Role.ADMINISTRATOR, 1),), Action.ENTER_ROWS, Place(1), False),
        # In a unit of two accounts nobody else is there to pass an import.
        (
            (Grant(Role.REPORTER, 1),),
            Action.REVIEW_ROWS,
            Place(1, entered_by=frozenset({7})),
            True,
        ),
        ((Grant(Role.REPORTER, 1),), Action.REVIEW_ROWS, Place(2), False),
        ((Grant(Role.REPORTER, 1),), Action.REVIEW_FORM, Place(1), False),
        ((VIEWER,), Action.VIEW_ROWS, Place(2, unit_path="/1/2/"), True),
        ((VIEWER,), Action.ENTER_ROWS, Place(2, unit_path="/1/2/"), False),
        ((VIEWER,), Action.REVIEW_FORM, Place(2, unit_path="/1/2/"), False),
        ((REVIEWING,), Action.REVIEW_FORM, Place(2, unit_path="/1/2/"), True),
        ((REVIEWING,), Action.REVIEW_FORM, Place(2, unit_path="/3/2/"), False),
        ((REVIEWING,), Action.MANAGE_AREA, Place(2, unit_path="/1/2/"), False),
    ],
)
def test_the_policy(grants, action, place, allowed):
    assert can(Actor(7, "somebody", "某人", grants), action, place) is allowed


def test_every_role_and_action_has_a_name_and_a_line():
    assert set(POLICY) == set(ROLE_NAMES) == set(Role)
    printed = describe_policy()
    for name in ROLE_NAMES.values():
        assert name in printed
