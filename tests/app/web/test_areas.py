"""Pages of units' accounts: login, forgotten passwords, look-up, and areas."""

import html
import io
import re

import pytest
from openpyxl import load_workbook

from app.services.areas.changing import set_open
from app.services.installation import get_console_actor
from app.services.recovery import give_code
from tests.support.areas import (
    CITY,
    FAR_GROUP,
    GROUP,
    OTHER,
    PASSWORD,
    PROVINCE,
    fill_nation,
    find_nation,
)

_SEAL = re.compile(r'name="seal" value="([^"]+)"')
_SUM = re.compile(r"(\d+) 加 (\d+) 等于几")
_HIDDEN = re.compile(r'type="hidden" name="(ticket|proof|passed)" value="([^"]+)"')
_CODE = re.compile(r'class="secret">([^<]+)<')
NEW = "xin-mima-2086"


@pytest.fixture
def fill():
    return fill_nation


@pytest.fixture
def nation(engine, catalogue):
    return find_nation(engine, catalogue)


@pytest.fixture
def sign_in(client):
    def sign_in(unit, kind="gov_admin", password=PASSWORD, browser=client):
        fields = {"type": kind, "username": unit, "password": password}
        return browser.post("/login", fields | solve(browser, "/login"))

    return sign_in


@pytest.fixture
def province(client, sign_in):
    assert sign_in(PROVINCE).status_code == 302
    return client


def solve(browser, page):
    """Ask for a sum at a page with a captcha, and answer it."""
    text = browser.post(page, {"again": "sum"}, page=page).text
    left, right = map(int, _SUM.search(text).groups())
    seal = _SEAL.search(text).group(1)
    return {"seal": seal, "captcha": str(left + right), "kind": "sum"}


def test_the_kinds_stand_on_the_login_page_with_a_captcha(client):
    text = client.get("/login").text
    for title in ("个人账号", "集团管理员", "集团负责人", "行政机构管理人员"):
        assert f"<span>{title}</span>" in text
    assert 'class="captcha-box is-later"' in text
    text = client.get("/login?type=gov_admin").text
    assert 'class="captcha-box"' in text
    # Pressing Enter logs in, instead of asking for another picture.
    assert (
        re.search(r"<button[^>]*>", text[text.index('action="/login"') :])
        .group()
        .startswith('<button class="visually-hidden"')
    )


def test_a_login_without_the_captcha_is_asked_for_it(client):
    fields = {"type": "gov_admin", "username": PROVINCE, "password": PASSWORD}
    answer = client.post("/login", fields, page="/login")
    assert answer.status_code == 422
    assert "验证码不对" in answer.text


def test_a_kind_that_there_is_not_is_refused(client, sign_in):
    answer = sign_in(PROVINCE, "king")
    assert answer.status_code == 422
    assert "没有这个类型" in answer.text


def test_the_browser_is_known_after_the_login(client, sign_in):
    headers = sign_in(GROUP, "group_admin").headers.getlist("Set-Cookie")
    [cookie] = [one for one in headers if one.startswith("tianbao-device=")]
    assert "HttpOnly" in cookie
    assert GROUP not in cookie
    client.post("/logout")
    other = type(client)(client.client.application)
    for _ in range(7):
        sign_in(GROUP, "group_admin", "wrong password", browser=other)
    refused = sign_in(GROUP, "group_admin", browser=other)
    assert refused.status_code == 429
    assert "换密码以后登录过的电脑上仍可照常登录" in refused.text
    assert sign_in(GROUP, "group_admin").status_code == 302


def test_who_changes_the_password_is_known_with_the_new_one(client, sign_in):
    other = type(client)(client.client.application)
    for browser in (other, client):
        sign_in(GROUP, "group_admin", browser=browser)
    fields = {"old": PASSWORD, "new": NEW, "again": NEW}
    assert client.post("/password", fields, page="/password").status_code == 302
    for _ in range(7):
        sign_in(GROUP, "group_admin", "wrong password", browser=other)
    assert sign_in(GROUP, "group_admin", NEW, browser=other).status_code == 429
    assert sign_in(GROUP, "group_admin", NEW).status_code == 302


def test_a_closed_province_says_so_to_its_groups(nation, client, sign_in, engine):
    sign_in(GROUP, "group_admin")
    set_open(engine, get_console_actor(engine), nation.units[PROVINCE], False)
    assert client.get("/account/").location.startswith("/login")
    answer = sign_in(GROUP, "group_admin")
    assert answer.status_code == 422
    assert f"上级“{PROVINCE}”已经停用" in answer.text


def start_recovery(browser, username=GROUP, kind="group_admin"):
    fields = {"type": kind, "username": username}
    fields |= solve(browser, "/forgotten")
    answer = browser.post("/forgotten", fields, page="/forgotten")
    assert answer.status_code == 200, answer.text
    carried = dict(_HIDDEN.findall(answer.text))
    return answer.text, {"type": kind, "username": username} | carried


def strip(text, *names):
    """The page without what differs by name and moment."""
    for name in names:
        text = text.replace(name, "")
    text = re.sub(
        r'name="(proof|csrf_token|csrf-token)" (value|content)="[^"]+"', "", text
    )
    return re.sub(r'(<label class="form-label" for="answer\d">)[^<]+', r"\1", text)


def test_known_and_unknown_names_get_one_page(client):
    pages = {
        strip(start_recovery(client, name, kind)[0], name)
        for name, kind in ((GROUP, "group_admin"), ("没有这个集团", "group_admin"))
    }
    assert len(pages) == 1


QUESTIONS = {
    "question0": "team",
    "question1": "own",
    "question2": "best_dish",
    "wording1": "外婆<b>常唱哪首歌",
    "wording2": "这里写的不算",
    "answer0": "海鸥队",
    "answer1": "渔光曲",
    "answer2": "清蒸鱼",
    "password": PASSWORD,
}


def test_answers_lead_to_a_new_password(client, sign_in):
    sign_in(GROUP, "group_admin")
    assert "设密码问题" in client.get("/account/").text
    url = "/account/questions"
    wrong = client.post(url, QUESTIONS | {"answer2": "鱼"}, page=url)
    assert wrong.status_code == 422
    assert 'value="外婆&lt;b&gt;常唱哪首歌"' in wrong.text
    assert client.post(url, QUESTIONS, page=url).status_code == 303
    assert "这里写的不算" not in client.get(url).text
    client.post("/logout")
    text, carried = start_recovery(client)
    assert "常唱哪首歌" not in text
    assert 'name="answer1"' not in text
    wrong = client.post("/forgotten/answers", carried | {"answer0": "x"})
    assert (wrong.status_code, "passed" in wrong.text) == (422, False)
    page = client.post("/forgotten/answers", carried | {"answer0": "海鸥队"}, page="")
    assert "外婆&lt;b&gt;常唱哪首歌" in page.text
    carried |= dict(_HIDDEN.findall(page.text))
    answers = {name: QUESTIONS[name] for name in ("answer1", "answer2")}
    wrong = client.post("/forgotten/answers", carried | answers | {"answer1": "x"})
    assert wrong.status_code == 422
    assert "常唱哪首歌" in wrong.text
    elsewhere = type(client)(client.client.application)
    asked = elsewhere.post("/forgotten/answers", carried | answers, page="/forgotten")
    assert (asked.status_code, "常唱哪首歌" in asked.text) == (409, False)
    page = client.post("/forgotten/answers", carried | answers, page="")
    ticket = dict(_HIDDEN.findall(page.text))
    weak = client.post("/forgotten/password", ticket | {"new": "1", "again": "1"})
    assert weak.status_code == 422
    fields = ticket | {"new": NEW, "again": NEW, "type": "group_admin"}
    assert client.post("/forgotten/password", fields).location.startswith("/login")
    assert sign_in(GROUP, "group_admin", NEW).status_code == 302
    assert "密码已经重设" in client.get("/notices/").text


def test_nobody_is_kept_out_for_good_by_guesses_of_others(nation, client, sign_in):
    """Not even who never was in before: a code of the superior lets him in."""
    stranger = type(client)(client.client.application)
    for _ in range(7):
        sign_in(GROUP, "group_admin", "wrong password", browser=stranger)
    assert sign_in(GROUP, "group_admin").status_code == 429
    user_id, superior = nation.user_id(GROUP, "group_admin"), nation.actor(PROVINCE)
    secret = client.client.application.secret_key
    code = give_code(nation.engine, secret, user_id, superior)
    _, carried = start_recovery(client)
    page = client.post("/forgotten/code", carried | {"code": code}, page="")
    ticket = dict(_HIDDEN.findall(page.text))
    client.post("/forgotten/password", ticket | {"new": NEW, "again": NEW})
    assert sign_in(GROUP, "group_admin", NEW).status_code == 302
    assert sign_in(GROUP, "group_admin", NEW, browser=stranger).status_code == 429


def test_answers_without_the_captcha_lead_back(client):
    fields = {"type": "group_admin", "username": GROUP, "answer0": "x"}
    for body in (fields, fields | {"proof": "9999999999.x"}):
        answer = client.post("/forgotten/answers", body, page="/forgotten")
        assert answer.location == "/forgotten"
    for path in ("answers", "code", "password"):
        assert client.get(f"/forgotten/{path}").location == "/forgotten"


def test_a_code_of_the_province_leads_to_a_new_password(nation, province, sign_in):
    user_id = nation.user_id(GROUP, "group_admin")
    path = f"/area/{nation.units[GROUP]}"
    page = province.post(f"{path}/accounts/{user_id}/code", page=path)
    code = _CODE.search(page.text).group(1)
    province.post("/logout")
    _, carried = start_recovery(province)
    page = province.post("/forgotten/code", carried | {"code": "aaaa-bbbb-cccc"})
    assert page.status_code == 422
    page = province.post("/forgotten/code", carried | {"code": code}, page="")
    ticket = dict(_HIDDEN.findall(page.text))
    province.post("/forgotten/password", ticket | {"new": NEW, "again": NEW})
    assert sign_in(GROUP, "group_admin", NEW).status_code == 302


def test_an_authority_has_no_questions(province):
    assert "密码问题" not in province.get("/account/").text
    assert province.get("/account/questions").status_code == 403


@pytest.mark.parametrize(
    ("name", "kind", "province", "found"),
    [
        (GROUP, "group", "", True),
        (f" {GROUP} ", "group", PROVINCE, True),
        (GROUP, "group", OTHER, False),
        (GROUP, "city", "", False),
        (GROUP[:4], "group", "", False),
        ("%", "group", "", False),
        (CITY, "city", PROVINCE, True),
    ],
)
def test_the_look_up_says_yes_or_no(nation, client, name, kind, province, found):
    fields = {"name": name, "kind": kind, "province": nation.units.get(province) or ""}
    text = client.post("/registered", fields, page="/registered").text
    assert ("已注册" in text, "没有查到" in text) == (found, not found)


@pytest.mark.parametrize("fields", [{"name": " "}, {"name": "甲", "kind": "king"}])
def test_the_look_up_says_what_is_missing(client, fields):
    answer = client.post("/registered", {"kind": "group"} | fields, page="/registered")
    assert answer.status_code == 422


def test_an_address_looks_up_twenty_units_an_hour(client):
    fields = {"name": "没有这个集团", "kind": "group"}
    statuses = [
        client.post("/registered", fields, page="/registered").status_code
        for _ in range(21)
    ]
    assert statuses == [200] * 20 + [429]


def test_a_province_makes_a_group_with_two_accounts(nation, province, sign_in):
    url = "/area/new?kind=group"
    assert "账号：集团负责人" in province.get(url).text
    fields = {"kind": "group", "name": "甲职教集团", "parent": nation.units[PROVINCE]}
    wrong = province.post("/area/new", fields | {"name": GROUP}, page=url)
    assert wrong.status_code == 422
    assert "已经有叫" in wrong.text
    page = province.post("/area/new", fields, page=url)
    first, second = _CODE.findall(page.text)
    assert first != second
    assert sign_in("甲职教集团", "group_leader", second).location == "/"
    assert province.get("/").location == "/password"


def test_pages_of_other_areas_are_not_there(nation, province):
    for unit in (PROVINCE, OTHER, FAR_GROUP):
        assert province.get(f"/area/{nation.units[unit]}").status_code == 404
    path = f"/area/{nation.units[FAR_GROUP]}"
    for act, body in (("", {"name": "x", "code": "y"}), ("/open", {"open": "0"})):
        answer = province.post(f"{path}{act}", body, page="/area")
        assert answer.status_code == 404
    fields = {"kind": "group", "name": "甲职教集团", "parent": nation.units[OTHER]}
    assert province.post("/area/new", fields, page="/area/new").status_code == 403


def test_what_is_closed_says_so_and_comes_back(nation, province):
    path = f"/area/{nation.units[CITY]}"
    assert province.post(f"{path}/open", {"open": "0"}, page=path).status_code == 303
    assert "已停用" in province.get(path).text
    assert "上级单位已经停用" in province.get(f"/area/{nation.units[GROUP]}").text
    listed = province.get("/area?state=closed").text
    assert CITY in listed
    province.post(f"{path}/open", {"open": "1"}, page=path)
    assert "没有符合条件的单位" in province.get("/area?state=closed").text


def test_what_was_typed_for_an_account_comes_back_with_the_refusal(nation, province):
    path, user_id = f"/area/{nation.units[GROUP]}", nation.user_id(GROUP, "group_admin")
    person = {"name": "砚溪一号", "email": "no address"}
    url = f"{path}/accounts/{user_id}"
    answer = province.post(url, person, page=path)
    assert answer.status_code == 422
    for text in person.values():
        assert answer.text.count(f'value="{text}"') == 1


def test_rights_of_a_city_are_switched_on_its_page(nation, province, sign_in):
    path, user_id = f"/area/{nation.units[CITY]}", nation.user_id(CITY)
    url = f"{path}/accounts/{user_id}/rights"
    assert province.post(url, {"rights": ["fly"]}, page=path).status_code == 400
    assert province.post(url, {"rights": ["manage_area"]}, page=path).status_code == 303
    assert re.search(r'value="manage_area" checked', province.get(path).text)
    province.post("/logout")
    sign_in(CITY)
    assert GROUP in province.get("/area").text


def test_a_workbook_is_checked_shown_and_carried_out(province):
    sent = province.post(
        "/area/list",
        {"file": (io.BytesIO(b"\xd0\xcf\x11\xe0"), "units.xls")},
        page="/area/list",
        content_type="multipart/form-data",
    )
    assert sent.status_code == 422
    wrong = upload(province, f"新增,甲职教集团,公司\n停用,{CITY},\n")
    assert wrong.status_code == 422
    marked = fetch_marked(province, wrong)
    sheet = load_workbook(io.BytesIO(marked)).active
    lines = [[*line] for line in sheet.iter_rows(values_only=True)]
    assert [line[:3] for line in lines[1:]] == [
        ["新增", "甲职教集团", "公司"],
        ["停用", CITY, None],
    ]
    assert (lines[0][-1], lines[2][-1]) == ("检查", None)
    assert "“公司”" in lines[1][-1]
    assert sheet.cell(2, 3).comment.text in lines[1][-1]
    again = province.post(
        "/area/list",
        {"file": (io.BytesIO(marked), "marked.xlsx")},
        page="/area/list",
        content_type="multipart/form-data",
    )
    assert again.text.count("“公司”") == wrong.text.count("“公司”")
    page = upload(province, f"新增,甲职教集团,集团\n停用,{CITY},\n")
    assert "要办 2 行" in page.text
    lines = re.search(r'name="lines" value="([^"]+)"', page.text).group(1)
    fields = {"lines": lines.replace("&#34;", '"').replace("&quot;", '"')}
    done = province.post("/area/list/done", fields, page="/area/list")
    assert "初始密码" in done.text
    told = re.search(r'name="told" value="([^"]+)"', done.text).group(1)
    fields = {"told": told.replace("&#34;", '"').replace("&quot;", '"')}
    book = province.post("/area/list/passwords.xlsx", fields, page="/area/list")
    assert book.data[:2] == b"PK"
    again = province.post("/area/list/done", {"lines": lines}, page="/area/list")
    assert again.status_code == 400


def fetch_marked(browser, page):
    found = re.search(r'name="lines" value="([^"]+)"', page.text).group(1)
    fields = {"lines": html.unescape(found)}
    return browser.post("/area/list/marked.xlsx", fields, page="/area/list").data


def upload(browser, text):
    content = f"办理,单位名称,单位类型\n{text}".encode()
    return browser.post(
        "/area/list",
        {"file": (io.BytesIO(content), "units.csv")},
        page="/area/list",
        content_type="multipart/form-data",
    )


@pytest.mark.parametrize("unit", [CITY, GROUP])
def test_who_manages_no_area_has_no_pages_of_it(client, sign_in, unit):
    sign_in(unit, "group_admin" if unit == GROUP else "gov_admin")
    assert "下级单位" not in client.get("/account/").text
    for path in ("/area", "/area/new", "/area/list", "/area/list/template.xlsx"):
        assert client.get(path).status_code == 403
