"""The pages of the audit log: who reads what, search, the workbook."""

from datetime import UTC, datetime
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import select

from app.models import AuditAction, AuditEntry, Role, Unit
from app.services.accounts import NewMembership, create_user
from app.services.audit_chain import verify
from app.services.audit_words import ACTIONS, describe_details
from app.services.demo import DEMO_PASSWORD
from tests.app.web.test_rows import GRANT, GRANTS, add

_ENTRY = AuditEntry.__table__


@pytest.fixture
def written(engine):
    """The entries of an action: `written(AuditAction.ROWS_SAVED)`."""

    def written(action):
        with engine.connect() as connection:
            found = select(_ENTRY).where(_ENTRY.c.action == action)
            return connection.execute(found.order_by(_ENTRY.c.id)).all()

    return written


def test_every_action_has_a_name():
    assert set(ACTIONS) == set(AuditAction)


def test_moments_are_told_as_people_write_them():
    until = datetime(2024, 9, 30, 18, tzinfo=UTC)
    text = describe_details({"until": until.isoformat(), "reason": "出差"})
    assert text == f"理由：出差；延至：{until.astimezone():%Y-%m-%d %H:%M}"
    assert describe_details({"rows": 3}) == "行数：3"


def test_a_saved_row_is_told_with_its_id_and_its_history(filler, engine, written):
    row = add(filler, GRANTS, GRANT)
    (entry,) = written(AuditAction.ROWS_SAVED)
    assert entry.details["row_ids"] == [row["id"]]
    assert entry.details["actions"] == {"insert": 1}
    assert entry.form_name == "talent/2024/2.13.2"
    assert verify(engine, with_changes=True).is_intact


def test_what_saves_nothing_is_not_told(filler, written):
    filler.save(GRANTS, (None, None, {}))
    assert written(AuditAction.ROWS_SAVED) == []


def test_a_deleted_row_is_told(filler, written):
    row = add(filler, GRANTS, GRANT)
    url = f"/forms/{GRANTS}/rows/{row['id']}/delete"
    filler.post(url, {"_version": row["version"]}, page=url)
    (entry,) = written(AuditAction.ROWS_DELETED)
    assert entry.details["row_ids"] == [row["id"]]


def test_the_first_view_of_a_form_on_a_day_is_told(filler, reviewer, written):
    for browser in (filler, filler, reviewer):
        browser.get(f"/forms/{GRANTS}/")
    seen = written(AuditAction.FORM_VIEWED)
    assert len(seen) == len({entry.actor_id for entry in seen}) == 2


def test_login_and_logout_are_told(filler, written):
    filler.post("/logout")
    (login,), (logout,) = written(AuditAction.LOGIN), written(AuditAction.LOGOUT)
    assert login.subject == logout.subject
    assert "（filler）" in login.subject
    assert login.details["address"] == "127.0.0.1"


def test_so_many_failed_logins_that_a_captcha_is_asked_are_told(client, written):
    for _ in range(6):
        client.post("/login", {"username": "filler", "password": "x"}, page="/login")
    (entry,) = written(AuditAction.LOGIN_LOCKOUT)
    assert (entry.subject, entry.actor_id) == ("filler", None)


def test_new_closed_and_reset_accounts_are_told_without_their_passwords(
    engine, administrator, written
):
    made = administrator.post(
        "/admin/users",
        {
            "username": "newcomer",
            "name": "新同事",
            "role": "filler",
            "place": "demo-school|学生工作处",
        },
        page="/admin/users",
    )
    assert made.status_code == 200
    created = written(AuditAction.ACCOUNT_CREATED)[-1]
    assert created.subject == "新同事（newcomer）"
    user_id = created.details["user_id"]
    administrator.post(f"/admin/users/{user_id}/reset", page="/admin/users")
    administrator.post(f"/admin/users/{user_id}/active", page="/admin/users")
    (reset,) = written(AuditAction.PASSWORD_RESET)
    (closed,) = written(AuditAction.ACCOUNT_DEACTIVATED)
    assert reset.details == closed.details == {"user_id": user_id}
    assert created.actor_id == reset.actor_id == closed.actor_id


def test_an_administrator_finds_entries(administrator, filler):
    add(filler, GRANTS, GRANT)
    page = administrator.get("/admin/audit?who=filler&action=rows_saved&form=2.13.2")
    assert page.status_code == 200
    assert '<span class="count">1</span>' in page.text
    assert "行数：1" in page.text


@pytest.mark.parametrize(
    "search",
    [
        "who=nobody",
        "action=round_closed",
        "unit=999",
        "round=999",
        "form=9.9.9",
        "from=2999-01-01",
        "to=2000-01-01",
        "text=找不到的词",
    ],
)
def test_a_search_leaves_out_what_does_not_fit(administrator, search):
    assert "没有找到" in administrator.get(f"/admin/audit?{search}").text


@pytest.mark.parametrize("search", ["action=x&unit=x&from=x", "unit=99999999999999999"])
def test_nonsense_in_a_search_is_left_out(administrator, search):
    page = administrator.get(f"/admin/audit?{search}").text
    assert '<table class="data audit-log">' in page


def test_what_was_found_can_be_taken_out_and_that_is_told(
    administrator, filler, written
):
    add(filler, GRANTS, GRANT)
    answer = administrator.post(
        "/admin/audit/export", {"action": "rows_saved"}, page="/admin/audit"
    )
    sheet = load_workbook(BytesIO(answer.data)).active
    rows = list(sheet.iter_rows(values_only=True))
    assert rows[0][:5] == ("编号", "时间", "姓名", "用户名", "做了什么")
    assert [row[4] for row in rows[1:]] == ["保存数据"]
    (entry,) = written(AuditAction.AUDIT_EXPORTED)
    assert entry.details["rows"] == 1


@pytest.fixture
def officer(engine, sign_in):
    """Somebody of the other school's quality office."""
    return _sign_in_as(engine, sign_in, Role.QUALITY_OFFICE, "other-school")


def _sign_in_as(engine, sign_in, role, unit):
    create_user(
        engine,
        username="reader",
        name="查看的人",
        memberships=[NewMembership(role, unit, None)],
        password=DEMO_PASSWORD,
        must_change_password=False,
    )
    return sign_in("reader")


def test_a_quality_office_sees_its_own_unit_only(officer, filler, sign_in):
    sign_in("stranger")
    add(filler, GRANTS, GRANT)
    page = officer.get("/admin/audit").text
    assert "（stranger）" in page
    assert "（filler）" not in page
    assert "保存数据</th>" not in page


def test_a_workbook_holds_no_more_than_the_page(officer, filler):
    add(filler, GRANTS, GRANT)
    answer = officer.post("/admin/audit/export", page="/admin/audit")
    rows = load_workbook(BytesIO(answer.data)).active.iter_rows(values_only=True)
    assert "保存数据" not in {row[4] for row in rows}


def test_an_authority_sees_what_is_below_it(engine, filler, sign_in):
    with engine.begin() as connection:
        units = Unit.__table__
        school = connection.execute(
            select(units).where(units.c.code == "demo-school")
        ).one()
        city = connection.execute(
            units.insert().values(kind="city", code="city", name="某市", collections=[])
        ).inserted_primary_key[0]
        connection.execute(
            units.update().where(units.c.id == city).values(path=f"/{city}/")
        )
        path = f"/{city}/{school.id}/"
        connection.execute(
            units.update().where(units.c.id == school.id).values(path=path)
        )
    authority = _sign_in_as(engine, sign_in, Role.AUTHORITY, "city")
    sign_in("stranger")
    add(filler, GRANTS, GRANT)
    page = authority.get("/admin/audit").text
    assert "保存数据</th>" in page
    assert "（stranger）" not in page


@pytest.mark.parametrize("username", ["filler", "reviewer", "stranger"])
def test_nobody_else_reads_the_log(sign_in, username):
    browser = sign_in(username)
    assert browser.get("/admin/audit").status_code == 403
    assert browser.get("/admin/personal-exports").status_code == 403
    assert browser.post("/admin/audit/export").status_code == 403


def test_a_subject_is_no_markup(engine, administrator):
    create_user(
        engine,
        username="bold",
        name="<b>某人</b>",
        memberships=[],
        password=DEMO_PASSWORD,
    )
    page = administrator.get("/admin/audit?action=account_created&text=bold").text
    assert "&lt;b&gt;某人" in page
    assert "<b>某人" not in page
