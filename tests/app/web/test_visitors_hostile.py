"""Whoever is not signed in, or hardly: odd input fails nothing and tells nothing."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from app.config import Mode
from app.factory import create_app
from tests.app.web.conftest import Browser
from tests.app.web.test_areas import (
    fill,
    nation,
    province,
    sign_in,
    solve,
    start_recovery,
)
from tests.support.areas import FAR_GROUP, GROUP, PASSWORD, PROVINCE

__all__ = ["fill", "nation", "province", "sign_in"]

# What is read here does not hang on the database; what is sent does.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)

_CHANGING = re.compile(
    r'name="(proof|seal|csrf_token|csrf-token)" (value|content)="[^"]+"'
    r"|data:image/png;base64,[^\"]+|\d+ 加 \d+ 等于几"
)
_FIELDS = ("input", "select", "textarea", "button")


class _Forms(HTMLParser):
    """The forms of a page: their addresses and fields."""

    def __init__(self):
        super().__init__()
        self.found, self._fields = [], None

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag == "form" and told.get("method", "get").lower() == "post":
            self._fields = {}
            self.found.append((told.get("action"), self._fields))
        name = told.get("name")
        if self._fields is not None and tag in _FIELDS and name not in (None, "again"):
            self._fields.setdefault(name, told.get("value") or "")

    def handle_endtag(self, tag):
        if tag == "form":
            self._fields = None


ODD = ("a\x01\x1b[31m\x85\u202e\ufffe", "ﷺ" * 300, "长" * 5000, "9" * 30)


def send_odd(browser, page):
    """Send each form of a page with one odd field after the other."""
    reader = _Forms()
    reader.feed(browser.get(page).text)
    assert reader.found
    for action, fields in reader.found:
        for name in fields.keys() - {"csrf_token"}:
            for odd in ODD:
                answer = browser.post(action or page, fields | {name: odd}, page="")
                if answer.status_code >= 500:
                    yield action, name, odd[:20], answer.status_code


@pytest.mark.parametrize(
    "page", ["/login?type=group_admin", "/registered", "/forgotten"]
)
def test_odd_input_of_visitors_fails_nothing(nation, client, page):
    assert not [*send_odd(client, page)]


@on_postgresql
def test_odd_input_about_units_and_accounts_fails_nothing(nation, province):
    unit = f"/area/{nation.units[GROUP]}"
    for page in ("/area/new", unit, "/password"):
        assert not [*send_odd(province, page)]


def strip(answer, name):
    """What an answer says, without what differs each time."""
    text = _CHANGING.sub("", answer.text.replace(name, ""))
    text = re.sub(r'(for="answer\d">)[^<]+', r"\1", text)
    # Seconds that passed meanwhile.
    text = re.sub(r"\d+ (秒|分钟)", "", text)
    names = sorted(name for name, _ in answer.headers if name != "Content-Length")
    cookies = [one.partition("=")[0] for one in answer.headers.getlist("Set-Cookie")]
    return answer.status_code, text, names, sorted(cookies)


@on_sqlite
@pytest.mark.parametrize(
    ("unit", "kind"), [(GROUP, "group_admin"), (PROVINCE, "gov_admin")]
)
def test_guesses_are_answered_alike_whoever_there_is(app, sign_in, unit, kind):
    """From the first to the one that has to wait."""

    def guess(name):
        browser = Browser(app)
        return [
            strip(sign_in(name, kind, f"wrong pass {n}", browser), name)
            for n in range(8)
        ]

    assert guess(unit) == guess("没有这个单位")


@on_sqlite
def test_recovery_answers_alike_whether_there_is_the_account(app):
    def recover(name):
        browser, found = Browser(app), []
        _, carried = start_recovery(browser, name)
        answers = {f"answer{number}": "不知道" for number in range(3)}
        for path, more in (("code", {"code": "aaaa-bbbb-cccc"}), ("answers", answers)):
            for _ in range(6):
                sent = browser.post(f"/forgotten/{path}", carried | more, page="")
                found.append(strip(sent, name))
        return found

    known, unknown = recover(GROUP), recover("没有这个集团")
    assert known == unknown
    # The sixth answers had to wait, whoever it was.
    assert known[-1][0] == 429


@on_sqlite
def test_a_unit_is_told_to_be_registered_and_nothing_more(client):
    def ask(name):
        fields = {"kind": "group", "name": name}
        return strip(client.post("/registered", fields, page="/registered"), name)

    assert ask(GROUP) == ask(FAR_GROUP) != ask("没有这个集团")


@on_sqlite
def test_a_captcha_serves_one_page_alone(client):
    solved = solve(client, "/login")
    fields = {"type": "group_admin", "username": GROUP}
    first = client.post("/login", fields | solved | {"password": "wrong"})
    assert "类型、用户名或密码不对" in first.text
    again = client.post("/forgotten", fields | solved, page="/forgotten")
    assert again.status_code == 422
    assert "验证码不对" in again.text


@on_sqlite
def test_a_session_that_was_brought_along_is_not_taken_over(nation, client, sign_in):
    brought = "x" * 43
    client.client.set_cookie("tianbao", brought)
    client.get("/login")
    token = client.token
    assert sign_in(GROUP, "group_admin").status_code == 302
    assert client.client.get_cookie("tianbao").value != brought
    stale = client.client.post("/logout", data={"csrf_token": token})
    assert stale.status_code == 400
    thief = Browser(client.client.application)
    thief.client.set_cookie("tianbao", brought)
    assert thief.get("/account/").location.startswith("/login")


@on_sqlite
@pytest.mark.parametrize(
    "target",
    [
        "//evil.example",
        "/\\evil.example",
        "https:evil.example",
        "/\t/evil.example",
        "\\\\evil.example",
        " //evil.example",
        "javascript:alert(1)",
        "/%0d%0aX-Y:1",
    ],
)
def test_a_login_leads_to_our_own_pages_alone(nation, client, target):
    fields = {"type": "group_admin", "username": GROUP, "password": PASSWORD}
    fields |= solve(client, "/login") | {"next": target}
    answer = client.post("/login", fields)
    assert answer.status_code == 302
    assert re.match(r"/[^/\\]*$|/%0d%0aX-Y:1$", answer.location)
    assert "X-Y" not in answer.headers


@on_sqlite
def test_another_host_stands_in_no_page(nation, client):
    """Links with a host in them are those of feeds, which are kept by host."""
    foreign = {"Host": "evil.example"}
    for path in ("/login", "/forgotten", "/registered", "/portal/about/", "/surveys"):
        text = client.get(path, headers=foreign, follow_redirects=True).text
        assert "evil.example" not in re.sub(r'href="[^"]+/feed.xml"', "", text)
    own = client.get("/portal/feed.xml").text
    assert "evil.example" in client.get("/portal/feed.xml", headers=foreign).text
    assert client.get("/portal/feed.xml").text == own


@on_sqlite
def test_cookies_belong_to_this_host_alone_where_it_serves_in_earnest(
    nation, config, workshop
):
    secret = "another secret of tests, long enough!"
    earnest = replace(config, mode=Mode.PRODUCTION, secret_key=secret)
    browser = Browser(create_app(earnest, workshop=workshop))
    fields = {"type": "group_admin", "username": GROUP, "password": PASSWORD}
    answer = browser.post("/login", fields | solve(browser, "/login"))
    assert answer.status_code == 302
    cookies = answer.headers.getlist("Set-Cookie")
    kept = [one for one in cookies if "Max-Age=0" not in one]
    assert len(kept) >= 2
    for cookie in kept:
        assert cookie.startswith("__Host-tianbao")
        flags = {one.strip() for one in cookie.split(";")[1:]}
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= flags
    assert "max-age" in answer.headers["Strict-Transport-Security"]
