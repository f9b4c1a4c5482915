"""Headers, sizes, content types, CSRF: what holds for every request."""

import pytest

# What holds for every request does not hang on the database.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FORM = "talent/0.1.1"


@pytest.mark.parametrize(
    "url",
    [
        "/login",
        "/",
        "/nowhere",
        "/healthz",
        "/static/css/app.css",
        "/static/forms/css/tianbao.css",
        f"/forms/{FORM}/",
        f"/forms/{FORM}/options?field=x",
        f"/forms/{FORM}/template.xlsx",
    ],
)
def test_every_response_has_the_headers(filler, url):
    headers = filler.get(url).headers
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"


def test_pages_are_kept_nowhere_and_assets_are(filler):
    page = filler.get("/")
    assert page.headers["Cache-Control"] == "no-store"
    address = page.text.split('href="/static/css/app.css?v=')[1].split('"')[0]
    asset = filler.get(f"/static/css/app.css?v={address}")
    assert "immutable" in asset.headers["Cache-Control"]


def test_static_files_are_not_served_from_elsewhere(client):
    assert client.get("/static/../factory.py").status_code == 404
    assert client.get("/static/forms/%2e%2e/%2e%2e/app/factory.py").status_code == 404


def test_a_page_without_a_session_leads_to_the_login(client):
    answer = client.get("/forms/?q=a")
    assert answer.status_code == 302
    assert answer.location == "/login?next=/forms/?q%3Da"


def test_a_script_without_a_session_hears_so_as_json(client):
    answer = client.get(
        f"/forms/{FORM}/options", headers={"Accept": "application/json"}
    )
    assert answer.status_code == 401
    assert answer.json["login"] == "/login"
    assert "登录" in answer.json["message"]


@pytest.mark.parametrize(
    ("url", "body"),
    [
        (f"/forms/{FORM}/save", {"json": {"rows": []}}),
        (f"/forms/{FORM}/delete", {"json": {"rows": []}}),
        (f"/forms/{FORM}/check", {"json": {"rows": []}}),
        (f"/forms/{FORM}/files", {"data": {"field": "a"}}),
        (f"/forms/{FORM}/import", {"data": {"a": "b"}}),
        (f"/forms/{FORM}/export", {"data": {"format": "xlsx"}}),
        ("/choice", {"data": {"place": "talent:1"}}),
        ("/logout", {"data": {}}),
        ("/password", {"data": {"old": "a"}}),
        ("/imports/1/pass", {"data": {"which": "all"}}),
    ],
)
def test_a_change_without_the_token_is_refused(filler, url, body):
    content = {} if "json" in body else {"content_type": "multipart/form-data"}
    answer = filler.client.post(url, **body, **content)
    assert answer.status_code == 400
    assert filler.get("/").status_code == 200


def test_the_token_of_another_browser_is_refused(filler, sign_in):
    other = sign_in("reviewer")
    other.get("/")
    filler.token = other.token
    assert filler.send(f"/forms/{FORM}/save", {"rows": []}, page="").status_code == 400


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "", "text/xml"]
)
def test_rows_in_another_content_type_are_refused(filler, content_type):
    filler.get("/")
    answer = filler.client.post(
        f"/forms/{FORM}/save",
        data=b'{"rows": []}',
        content_type=content_type,
        headers={"X-CSRFToken": filler.token},
    )
    assert answer.status_code == 415


def test_json_sent_to_a_form_is_refused(filler):
    assert filler.send("/choice", {"place": "talent:1"}).status_code == 415


def test_a_body_that_is_too_large_is_refused(filler):
    body = {"rows": [], "reason": "长" * 4_000_000}
    answer = filler.send(f"/forms/{FORM}/save", body)
    assert answer.status_code == 413
    assert "太大" in answer.json["message"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"{",
        b"null",
        b'{"rows": 1}',
        b'{"rows": [1]}',
        b'{"rows": [{"key": 1, "cells": {}}]}',
        b'{"rows": [{"key": "a", "cells": []}]}',
        b'{"rows": [{"key": "a", "cells": {"x": 1}}]}',
        b'{"rows": [{"key": "a", "cells": {"x": {"y": 1}}}]}',
        b'{"rows": [{"key": "a", "id": "1", "version": 1, "cells": {}}]}',
        b'{"rows": [{"key": "a", "id": 1, "cells": {}}]}',
        b'{"rows": [{"key": "a", "id": 99999999999999999999, "version": 1}]}',
        b'{"rows": [{"key": "a", "id": true, "version": 1, "cells": {}}]}',
        b"[" * 100_000,
        "长".encode("gbk"),
    ],
)
def test_rows_that_are_none_are_refused(filler, body):
    filler.get("/")
    answer = filler.client.post(
        f"/forms/{FORM}/save",
        data=body,
        content_type="application/json",
        headers={"X-CSRFToken": filler.token},
    )
    assert answer.status_code == 400
    assert answer.json["message"]


@pytest.mark.parametrize(
    "url",
    [
        "/forms/?q=%00",
        f"/forms/{FORM}/?q=%00",
        "/imports/?form=%00",
        f"/forms/{FORM}/options?field=major_code&q=%00",
        "/%00",
    ],
)
def test_a_nul_in_an_address_is_refused(filler, url):
    assert filler.get(url).status_code in (400, 404)


@pytest.mark.parametrize("field", ["remark", "a\0b"])
def test_a_nul_in_what_is_posted_is_refused(filler, field):
    answer = filler.post(f"/forms/{FORM}/recall", {field: "a\0b"})
    assert answer.status_code == 400
    assert "请求不完整" in answer.text


@pytest.mark.parametrize(
    "url",
    [
        f"/forms/{FORM}/rows/99999999999999999999999",
        "/imports/99999999999999999999999",
        f"/forms/{FORM}/?page=99999999",
        f"/forms/{FORM}/?page=-1&size=x&sort=%27;drop",
        f"/forms/{FORM}/?q=%25_%27%22\\",
        "/exports/99999999999999999999999/file",
    ],
)
def test_strange_numbers_and_words_do_no_harm(filler, url):
    assert filler.get(url).status_code in (200, 404)


def test_a_wrong_method_says_which_is_right(filler):
    answer = filler.get(f"/forms/{FORM}/save")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "OPTIONS, POST"


def test_a_failure_has_a_number_and_tells_nothing(filler, app, monkeypatch):
    def fail(*_):
        raise RuntimeError("the inside of the machine")

    monkeypatch.setitem(app.view_functions, "workbench.list_forms", fail)
    answer = filler.get("/forms/")
    assert answer.status_code == 500
    assert "编号 E-" in answer.text
    assert "machine" not in answer.text


def test_a_foreign_target_after_the_login_is_dropped(client):
    for target in ("//evil.example", "https://evil.example", "/\\evil", "javascript:1"):
        answer = client.get("/login", query_string={"next": target})
        assert "evil" not in answer.text
        assert "javascript:1" not in answer.text


def test_health_answers_when_the_database_does(client):
    answer = client.get("/healthz")
    assert answer.json == {"status": "ok", "forms": 234}
