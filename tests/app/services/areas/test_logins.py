"""Guessing passwords of units' accounts: ten an hour, and no owner locked out."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.config import Config
from app.errors import AppError, TooManyRequests
from app.models import Role, User
from app.models.base import now_utc
from app.services import passwords
from app.services.accounts import (
    change_password,
    create_user,
    replace_password,
    reset_password,
)
from app.services.areas import changing
from app.services.captchas import CaptchaKind, make_captcha
from app.services.devices import (
    DAYS,
    Login,
    find_device,
    find_login,
    get_login,
    remember_device,
)
from app.services.installation import get_console_actor
from app.services.logins import (
    WRONG_LOGIN,
    WRONG_TYPED_LOGIN,
    LoginRefused,
    log_in,
    needs_captcha,
)
from app.services.memberships import NewMembership, get_user
from app.services.recovery import set_recovered_password
from app.services.recovery_tickets import make_ticket
from tests.support.areas import GROUP, PASSWORD, PROVINCE

SECRET = "a secret of tests"
NEW = "xin-mima-2086"
NOW = now_utc()


@pytest.fixture
def config(tmp_path):
    # Other limits than the guesses of an account have tests of their own.
    return Config(data_folder=tmp_path, login_failures=1000)


class Door:
    """Somebody at the login page of one installation."""

    def __init__(self, nation, config):
        self.nation, self.config = nation, config

    def log_in(self, username, password, account_type="", **options):
        known = self.nation.known(account_type) if account_type else None
        options.setdefault("captcha", solve(options.get("now")))
        return log_in(
            self.nation.engine,
            self.config,
            username,
            password,
            "a",
            secret=SECRET,
            known=known,
            **options,
        )

    def refuse(self, *given, **options):
        with pytest.raises((LoginRefused, TooManyRequests)) as refused:
            self.log_in(*given, **options)
        return refused.value


@pytest.fixture
def door(nation, config):
    return Door(nation, config)


@pytest.fixture
def personal(nation):
    unit = "nation-of-tests"
    create_user(
        nation.engine,
        username="somebody",
        name="某人",
        memberships=[NewMembership(Role.ANALYST, unit)],
        password=PASSWORD,
        must_change_password=False,
    )


@pytest.fixture
def judged(monkeypatch):
    """The passwords that were hashed to compare them."""
    seen = []

    class Hasher(PasswordHasher):
        def verify(self, digest, password):
            seen.append(password)
            return super().verify(digest, password)

    for name in ("_HASHER", "_ONE_TIME_HASHER"):
        old = getattr(passwords, name)
        costs = old.time_cost, old.memory_cost, old.parallelism
        monkeypatch.setattr(passwords, name, Hasher(*costs))
    return seen


def solve(now=None):
    captcha = make_captcha(SECRET, "a", CaptchaKind.SUM, now)
    left, right = (int(part) for part in captcha.question.split(" ")[:3:2])
    return captcha.seal, str(left + right)


def after(seconds):
    return NOW + timedelta(seconds=seconds)


def remember(door, kind="group_admin"):
    """The cookie of a browser in which an account of the group just came in."""
    login = find_login(door.nation.engine, GROUP, kind)
    return remember_device(SECRET, login, "", NOW)


def use_up(door, username=GROUP, account_type="group_admin"):
    """Guess until no guess is left; returns the moment."""
    at = 0
    for number in range(10):
        at += 100
        door.refuse(username, f"wrong pass {number}", account_type, now=after(at))
    return at + 100


@pytest.mark.parametrize("kind", ["group_admin", "group_leader"])
def test_the_kind_tells_two_accounts_of_one_name_apart(door, kind):
    user_id = door.log_in(GROUP, PASSWORD, kind)
    assert user_id == door.nation.user_id(GROUP, kind)


@pytest.mark.parametrize("name", [" 青屿港航 职教集团", "青屿港航　职教集团"])
def test_blanks_in_a_units_name_do_not_count(door, name):
    assert door.log_in(name, PASSWORD, "group_admin")


def test_accounts_of_units_answer_a_captcha_each_time(door, personal):
    captcha = solve()
    assert door.log_in(GROUP, PASSWORD, "group_admin", captcha=captcha)
    for used in (captcha, ("", ""), (solve()[0], "1")):
        refused = door.refuse(GROUP, PASSWORD, "group_admin", captcha=used)
        assert refused.field == "captcha"
    assert door.log_in("somebody", PASSWORD, captcha=("", ""))
    given = door.nation.engine, door.config, "", "a"
    assert needs_captcha(*given, known=door.nation.known("gov_admin"))
    assert not needs_captcha(*given)


def test_whatever_is_wrong_gets_one_answer_for_one_work(door, judged, personal):
    set_closed(door.nation, GROUP, "group_leader")
    told, work = set(), set()
    for given in (
        (GROUP, "wrong password", "group_admin"),
        (GROUP, PASSWORD, "gov_admin"),
        ("没有这个集团", PASSWORD, "group_admin"),
        (GROUP, PASSWORD, "group_leader"),
    ):
        del judged[:]
        refused = door.refuse(*given)
        told.add((refused.message, refused.status, refused.field))
        work.add(len(judged))
    assert told == {(WRONG_TYPED_LOGIN, 422, "username")}
    assert work == {2}
    for username in ("somebody", "nobody", GROUP):
        del judged[:]
        assert door.refuse(username, "wrong password").message == WRONG_LOGIN
        assert len(judged) == 2


def test_a_first_password_takes_as_long_as_any(door, judged):
    """Its own hash is made for speed; what else is computed hides that."""
    made = door.nation.add(
        door.nation.actor(PROVINCE), "新办职教集团", "group", PROVINCE
    )
    del judged[:]
    assert door.log_in("新办职教集团", made[0].password, "group_admin")
    assert len(judged) == 2


def test_ten_guesses_an_hour_and_no_more(door, judged):
    at = use_up(door)
    del judged[:]
    refused = door.refuse(GROUP, PASSWORD, "group_admin", now=after(at))
    assert (refused.status, judged) == (429, [])
    assert "忘记密码" in refused.message
    assert door.log_in(GROUP, PASSWORD, "group_admin", now=after(3701))


def test_a_name_that_nobody_has_is_counted_alike(door, judged):
    at = use_up(door, "没有这个集团")
    del judged[:]
    refused = door.refuse("没有这个集团", PASSWORD, "group_admin", now=after(at))
    assert (refused.status, judged) == (429, [])


def test_the_other_account_of_the_unit_is_not_touched(door):
    at = use_up(door)
    assert door.log_in(GROUP, PASSWORD, "group_leader", now=after(at))


def test_right_passwords_are_no_guesses(door):
    for number in range(15):
        assert door.log_in(GROUP, PASSWORD, "group_admin", now=after(number))


def test_the_owner_comes_in_where_he_did_before(door):
    cookie = remember(door)
    at = use_up(door)
    given = GROUP, PASSWORD, "group_admin"
    assert door.refuse(*given, now=after(at)).status == 429
    assert door.log_in(*given, device=cookie, now=after(at))


def test_a_known_browser_has_ten_guesses_as_well(door, judged):
    cookie = remember(door)
    for number in range(14):
        given = GROUP, "wrong password", "group_admin"
        door.refuse(*given, device=cookie, now=after(100 * number))
    assert len(judged) == 2 * 10


@pytest.mark.parametrize("kind", ["group_leader", "gov_admin"])
def test_a_browser_is_known_to_one_account(door, kind):
    at = use_up(door)
    cookie = remember(door, kind)
    given = GROUP, PASSWORD, "group_admin"
    assert door.refuse(*given, device=cookie, now=after(at)).status == 429


@pytest.mark.parametrize(
    "cookie", ["", "x", "1.2.3", "_", "é.ü.ö", "9" * 5000, ".", "1..", "\0"]
)
def test_a_forged_cookie_knows_nobody(cookie):
    login = Login("x", "its hash")
    assert find_device(SECRET, login, cookie) == ""
    assert find_device(SECRET, login, remember_device(SECRET, login, cookie))


def test_a_browser_remembers_some_accounts_for_a_year():
    cookie, logins = "", [Login(f"login {n}", "its hash") for n in range(7)]
    for login in logins:
        cookie = remember_device(SECRET, login, cookie, NOW)
    known = [find_device(SECRET, login, cookie, NOW) for login in logins]
    assert [*map(bool, known)] == [False] * 2 + [True] * 5
    later = NOW + timedelta(days=DAYS, seconds=1)
    assert not find_device(SECRET, logins[6], cookie, later)


@pytest.mark.parametrize(
    "change",
    [
        lambda engine, user_id: change_password(engine, user_id, PASSWORD, NEW),
        reset_password,
        lambda engine, user_id: set_recovered_password(
            engine, SECRET, recover(engine, user_id), NEW
        ),
    ],
    ids=["own", "by a superior", "recovered"],
)
def test_a_browser_is_known_as_long_as_the_password_stays(door, change):
    engine, cookie = door.nation.engine, remember(door)
    user_id = door.nation.user_id(GROUP, "group_admin")
    assert find_device(SECRET, get_login(engine, user_id), cookie)
    change(engine, user_id)
    at = use_up(door)
    refused = door.refuse(GROUP, NEW, "group_admin", device=cookie, now=after(at))
    assert refused.status == 429
    known = remember_device(SECRET, get_login(engine, user_id), cookie, NOW)
    refused = door.refuse(GROUP, "guess", "group_admin", device=known, now=after(at))
    assert refused.status == 422


def recover(engine, user_id):
    """A ticket such as answers or a code lead to."""
    with engine.connect() as connection:
        asked = select(User.password_hash).where(User.id == user_id)
        return make_ticket(SECRET, user_id, 0, connection.scalar(asked), None)


def test_of_a_hundred_guesses_at_once_ten_are_judged_at_most(door, judged):
    captchas = [solve() for _ in range(100)]

    def guess(number):
        given = GROUP, f"wrong pass {number}", "group_admin"
        return door.refuse(*given, captcha=captchas[number]).status

    with ThreadPoolExecutor(12) as pool:
        statuses = [*pool.map(guess, range(100))]
    right = statuses.count(422)
    assert 0 < right <= 10
    assert len(judged) == 2 * right


def test_who_knows_the_password_hears_that_the_province_is_closed(door):
    console = get_console_actor(door.nation.engine)
    units = door.nation.units
    changing.set_open(door.nation.engine, console, units[PROVINCE], False)
    refused = door.refuse(GROUP, PASSWORD, "group_admin")
    assert PROVINCE in refused.message
    assert "停用" in refused.message
    refused = door.refuse(GROUP, "wrong password", "group_admin")
    assert refused.message == WRONG_TYPED_LOGIN
    assert "已经停用" in door.refuse(PROVINCE, PASSWORD, "gov_admin").message


def set_closed(nation, unit, kind):
    user_id = nation.user_id(unit, kind)
    with nation.engine.begin() as connection:
        closed = update(User).where(User.id == user_id).values(is_active=False)
        connection.execute(closed)
        assert connection.scalar(select(User.is_active).where(User.id == user_id)) == 0


def test_a_password_that_was_just_given_is_not_replaced_by_its_former_owner(nation):
    engine, user_id = nation.engine, nation.user_id(GROUP, "group_admin")
    given = "shang-ji-6241"
    with ThreadPoolExecutor(1) as pool:
        with Session(engine) as session, session.begin():
            person = get_user(session, user_id, lock=True)
            changing_it = pool.submit(change_password, engine, user_id, PASSWORD, NEW)
            time.sleep(0.5)
            digest = passwords.hash_password(given)
            replace_password(session, person, digest, must_change=True, is_given=True)
        with pytest.raises(AppError):
            changing_it.result()
    stored = nation.user(GROUP, "group_admin")
    assert passwords.verify_password(stored.password_hash, given)
    assert stored.must_change_password
