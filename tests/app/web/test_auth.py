"""Login, captcha, sessions, first password."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.models import LoginFailure, Role, User, UserSession
from app.models.base import now_utc
from app.services import accounts, captchas, logins, passwords, sessions
from app.services.accounts import NewMembership
from app.services.captchas import CaptchaKind
from tests.app.web.conftest import PASSWORD

_SEAL = re.compile(r'name="seal" value="([^"]+)"')


def try_login(browser, username, password, **fields):
    return browser.post(
        "/login", {"username": username, "password": password, **fields}, page="/login"
    )


def fail_often(browser, username="filler"):
    for _ in range(5):
        answer = try_login(browser, username, "wrong password 1")
    return answer


def test_a_login_leads_to_the_workbench(client):
    answer = try_login(client, "filler", PASSWORD)
    assert answer.location == "/"
    assert "我的工作台" in client.get("/").text


def test_a_login_leads_back_to_where_one_was(client):
    answer = try_login(client, "filler", PASSWORD, next="/forms/?q=abc")
    assert answer.location == "/forms/?q=abc"


def test_capitals_and_blanks_around_the_name_do_not_matter(client):
    assert try_login(client, " Filler ", PASSWORD).status_code == 302


def test_the_cookie_is_out_of_reach_of_scripts(client):
    cookie = try_login(client, "filler", PASSWORD).headers.getlist("Set-Cookie")
    (token,) = [line for line in cookie if line.startswith("tianbao=")]
    assert "HttpOnly" in token
    assert "SameSite=Lax" in token


def test_only_the_hash_of_the_token_is_stored(client, engine):
    try_login(client, "filler", PASSWORD)
    token = client.client.get_cookie("tianbao").value
    with engine.connect() as connection:
        stored = connection.scalars(select(UserSession.token_hash)).all()
    assert token not in stored
    assert len(stored) == 1


def test_unknown_names_and_wrong_passwords_get_the_same_answer(client):
    unknown = try_login(client, "nobody", "wrong password 1")
    wrong = try_login(client, "filler", "wrong password 1")
    assert unknown.status_code == wrong.status_code == 422
    for answer in (unknown, wrong):
        assert logins.WRONG_LOGIN in answer.text


def test_a_deactivated_account_gets_the_same_answer(client, engine):
    user_id = accounts.find_user_id(engine, "filler")
    accounts.set_active(engine, user_id, False)
    assert logins.WRONG_LOGIN in try_login(client, "filler", PASSWORD).text


def test_deactivating_ends_the_sessions_at_once(filler, engine):
    accounts.set_active(engine, accounts.find_user_id(engine, "filler"), False)
    assert filler.get("/forms/").location.startswith("/login")


def test_logout_ends_the_session_on_the_server(filler):
    token = filler.client.get_cookie("tianbao").value
    filler.post("/logout")
    filler.client.set_cookie("tianbao", token)
    assert filler.get("/").status_code == 302


def test_a_captcha_is_asked_after_failures(client):
    assert 'name="captcha"' not in try_login(client, "filler", "wrong pass 1").text
    assert 'name="captcha"' in fail_often(client).text
    answer = try_login(client, "filler", PASSWORD)
    assert captchas.WRONG_CAPTCHA in answer.text


def test_a_sum_serves_in_place_of_the_picture(client):
    fail_often(client)
    page = try_login(client, "filler", "", again="sum")
    left, right = map(int, re.search(r"(\d+) 加 (\d+) 等于几", page.text).groups())
    seal = _SEAL.search(page.text).group(1)
    solved = {"seal": seal, "captcha": str(left + right), "kind": "sum"}
    assert try_login(client, "filler", PASSWORD, **solved).status_code == 302


def test_a_solved_captcha_serves_one_try_only(engine, config):
    seal, answer = solve_sum()
    for _ in range(5):
        with pytest.raises(logins.LoginRefused):
            log_in(engine, config, "filler", "wrong password 1")
    seal, answer = solve_sum()
    for field in ("username", "captcha"):
        with pytest.raises(logins.LoginRefused) as refused:
            log_in(engine, config, "filler", "wrong pass 2", captcha=(seal, answer))
        assert refused.value.field == field


def test_a_wrong_answer_uses_a_captcha_up(engine):
    """Else a program tries all sums that there are."""
    seal, answer = solve_sum()
    assert not captchas.use_captcha(engine, "secret", "a", (seal, ""))
    assert not captchas.use_captcha(engine, "secret", "a", (seal, "0"))
    assert not captchas.use_captcha(engine, "secret", "a", (seal, answer))


def test_a_captcha_is_good_for_ten_minutes():
    seal, answer = solve_sum()
    later = now_utc() + timedelta(minutes=11)
    assert captchas.check_captcha("secret", "a", seal, answer)
    assert not captchas.check_captcha("secret", "a", seal, answer, now=later)
    assert not captchas.check_captcha("secret", "b", seal, answer)


@pytest.mark.parametrize("seal", ["", ".", "x.y", "9" * 40, "1.é", "\0"])
def test_a_forged_seal_is_no_captcha(seal):
    assert not captchas.check_captcha("secret", "a", seal, "1")


def test_an_address_that_fails_on_and_on_has_to_wait(client, engine, config):
    with engine.begin() as connection:
        connection.execute(
            LoginFailure.__table__.insert(),
            [
                {"username": f"u{n}", "address": "127.0.0.1", "at": now_utc()}
                for n in range(60)
            ],
        )
    answer = try_login(client, "filler", PASSWORD)
    assert answer.status_code == 429
    assert "请 15 分钟后再试" in answer.text


def test_old_failures_are_forgotten(client, engine):
    fail_often(client)
    with engine.begin() as connection:
        old = now_utc() - timedelta(minutes=16)
        connection.execute(update(LoginFailure).values(at=old))
    assert try_login(client, "filler", PASSWORD).status_code == 302


# Sessions.


def test_a_session_ends_after_idling(engine, config):
    now = now_utc()
    token = open_session(engine, config)
    nearly = now + timedelta(minutes=config.session_idle_minutes - 1)
    assert sessions.find_session(engine, config, token, nearly)
    later = nearly + timedelta(minutes=config.session_idle_minutes + 1)
    assert sessions.find_session(engine, config, token, later) is None


def test_a_session_ends_after_a_day_of_work_in_any_case(engine, config):
    now, token = now_utc(), open_session(engine, config)
    for minutes in range(0, config.session_hours * 60 - 30, 30):
        then = now + timedelta(minutes=minutes)
        assert sessions.find_session(engine, config, token, then)
    end = now + timedelta(hours=config.session_hours, minutes=1)
    assert sessions.find_session(engine, config, token, end) is None


def test_last_seen_is_not_written_with_every_request(engine, config):
    now, token = now_utc(), open_session(engine, config)

    def last_seen():
        with engine.connect() as connection:
            return connection.scalar(select(UserSession.last_seen_at))

    first = last_seen()
    sessions.find_session(engine, config, token, now + timedelta(seconds=20))
    assert last_seen() == first
    sessions.find_session(engine, config, token, now + timedelta(seconds=90))
    assert last_seen() > first


@pytest.mark.parametrize("token", ["", "x", "é", "a" * 5000])
def test_an_unknown_token_is_nobody(engine, config, token):
    assert sessions.find_session(engine, config, token) is None


# Passwords.


@pytest.fixture
def newcomer(engine, sign_in):
    """Somebody who logs in with a one-time password."""
    password = accounts.create_user(
        engine,
        username="newcomer",
        name="新来的",
        memberships=[NewMembership(Role.FILLER, "demo-school", may_import=True)],
    )
    browser = sign_in("newcomer", password)
    browser.password = password
    return browser


def test_the_first_login_leads_to_the_new_password_only(newcomer):
    for url in ("/", "/forms/", "/forms/talent/0.1.1/"):
        assert newcomer.get(url).location == "/password"
    refused = newcomer.send("/forms/talent/0.1.1/save", {"rows": []}, page="/password")
    assert refused.status_code == 403


def test_after_the_new_password_one_logs_in_with_it(newcomer, client):
    fields = {
        "old": newcomer.password,
        "new": "qiu-tian-77-shu",
        "again": "qiu-tian-77-shu",
    }
    answer = newcomer.post("/password", fields, page="/password")
    assert answer.location == "/login"
    assert newcomer.get("/forms/").location.startswith("/login")
    assert try_login(client, "newcomer", "qiu-tian-77-shu").location == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("new", "fault"),
    [
        ("short-7", "至少 10 位"),
        ("abcdefghijkl", "要有数字或符号"),
        ("112233445566", "要有字母"),
        ("newcomer-2024", "不要包含用户名"),
        ("abcdef-2938-x", "连续"),
        ("a1a1a1a1a1a1", "重复"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(newcomer, new, fault):
    fields = {"old": newcomer.password, "new": new, "again": new}
    answer = newcomer.post("/password", fields, page="/password")
    assert answer.status_code == 422
    assert fault in answer.text


def test_the_old_password_has_to_be_right(newcomer):
    fields = {
        "old": "something else 1",
        "new": "qiu-tian-77-shu",
        "again": "qiu-tian-77-shu",
    }
    answer = newcomer.post("/password", fields, page="/password")
    assert "现在的密码不对" in answer.text


def test_passwords_are_stored_as_argon2(engine):
    with engine.connect() as connection:
        for digest in connection.scalars(select(User.password_hash)):
            assert digest.startswith("$argon2id$")


def test_one_time_passwords_keep_the_rules():
    for _ in range(50):
        password = passwords.make_one_time_password()
        assert not passwords.find_password_faults(password, "somebody")


def open_session(engine, config):
    user_id = accounts.find_user_id(engine, "filler")
    return sessions.open_session(engine, config, user_id)


def log_in(engine, config, username, password, **options):
    return logins.log_in(
        engine, config, username, password, "a", secret="secret", **options
    )


def solve_sum():
    captcha = captchas.make_captcha("secret", "a", CaptchaKind.SUM)
    left, right = map(int, re.findall(r"\d+", captcha.question))
    return captcha.seal, str(left + right)
