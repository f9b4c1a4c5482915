"""Pages of the designer without a script: the list, drafts, whose they are."""

import json

import pytest

from app.models import Role
from app.services.designing.drafts import get_draft, list_drafts
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.people import add_person, find_actor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

LIST = "/admin/schemas/?edition=talent/2024"
FORM = "1.1.4"


@pytest.fixture
def colleague(engine, sign_in):
    add_person(engine, "tongshi", Role.ADMINISTRATOR)
    return sign_in("tongshi")


@pytest.fixture
def draft(administrator, engine):
    """The address of a draft of the administrator."""
    fields = {"edition": "talent/2024", "title": "部里更正"}
    return administrator.post("/admin/schemas/drafts", fields, page=LIST).location


def act(browser, draft, version, **told):
    url = f"{draft}forms/{FORM}/act"
    return browser.send(url, {"version": version, **told}, page=draft)


def set_unit(browser, draft, version=0):
    told = {"field": "green_area", "word": "unit", "value": "亩"}
    return act(browser, draft, version, act="set_field", **told)


@pytest.mark.parametrize("search", ["1.1.4", "占地", "zdmj"])
def test_forms_are_found_by_code_title_and_pinyin(administrator, search):
    page = administrator.get(f"{LIST}&q={search}").text
    assert "占地面积、校舍建筑面积表" in page
    assert "奖助学情况表" not in page


def test_an_edition_that_is_not_there_is_not_found(administrator):
    assert administrator.get("/admin/schemas/?edition=../etc").status_code == 404


def test_a_changed_form_stands_in_the_draft_and_in_the_list(administrator, draft):
    answer = set_unit(administrator, draft)
    assert answer.json["version"] == 1
    assert '"x-unit": "亩"' in answer.json["text"]
    assert "亩" in answer.json["parts"]["outline"]
    assert "改了 1 张表" in administrator.get(draft).text
    assert "部里更正" in administrator.get(LIST).text


def test_a_colleague_sees_the_draft_and_cannot_change_it(
    administrator, colleague, draft
):
    page = colleague.get(f"{draft}forms/{FORM}/").text
    assert "您只能看" in page
    assert "添加字段" not in page
    assert set_unit(colleague, draft).status_code == 403
    colleague.post(f"{draft}take-over", page=draft)
    assert set_unit(colleague, draft).status_code == 200
    assert set_unit(administrator, draft, 1).status_code == 403


def test_an_act_upon_an_older_version_is_refused(administrator, draft):
    set_unit(administrator, draft)
    refused = set_unit(administrator, draft)
    assert refused.status_code == 409
    assert "别的窗口" in refused.json["message"]


def test_a_draft_thrown_away_can_be_taken_up_again(administrator, engine, draft):
    gone = administrator.post(f"{draft}discard", page=draft).location
    actor = find_actor(engine, "admin")
    assert list_drafts(engine, actor) == ()
    assert "恢复这份草稿" in administrator.get(gone).text
    administrator.post(f"{draft}reopen", page=draft)
    assert get_draft(engine, actor, list_drafts(engine, actor)[0].id).is_open


def test_a_new_form_is_refused_with_what_was_typed(administrator, draft):
    fields = {"code": FORM, "title": "同号的表"}
    answer = administrator.post(f"{draft}forms", fields, page=draft)
    assert answer.status_code == 409
    assert "已经有表" in answer.text
    assert "同号的表" in answer.text


def test_a_deleted_form_says_who_still_names_it(administrator, draft):
    url = f"{draft}forms/0.1.3/delete"
    page = administrator.post(url, page=draft, follow_redirects=True).text
    assert "张表提到它" in page
    assert "没有表“0.1.3”" in page


@pytest.mark.parametrize(
    "body", [[], {"version": "x"}, {"version": 0, "act": "x"}, {"version": 0}]
)
def test_a_malformed_act_is_answered_in_words(administrator, draft, body):
    url = f"{draft}forms/{FORM}/act"
    answer = administrator.send(url, body, page=draft)
    assert answer.status_code == 400
    assert answer.json["message"]


def test_a_text_with_nul_is_refused(administrator, draft):
    body = {"version": 0, "text": '{"a": "\0"}'}
    answer = administrator.send(f"{draft}forms/{FORM}/text", body, page=draft)
    assert answer.status_code == 400


def test_a_form_that_is_not_there_is_not_found(administrator, draft):
    assert administrator.get(f"{draft}forms/0.0.0/").status_code == 404
    assert administrator.get("/admin/schemas/drafts/999/").status_code == 404


def test_an_id_that_somebody_typed_into_the_text_is_no_markup(administrator, draft):
    hostile = '"><form action=//x>'
    told = act(administrator, draft, 0, act="add_field", label="备注").json
    text = told["text"].replace('"bei_zhu"', json.dumps(hostile))
    fields = {"version": told["version"], "text": text, "focus": ["field", hostile]}
    answer = administrator.send(f"{draft}forms/{FORM}/text", fields, page=draft)
    assert "正在改：备注" in answer.json["parts"]["side"]
    assert not [
        part for part in answer.json["parts"].values() if "<form action" in part
    ]


@pytest.mark.parametrize(
    "misshapen",
    [
        {"x-tests": [{"row": 5}]},
        {"x-layout": [{"title": "组", "fields": 5}]},
        {"required": 3},
        {"x-form": {"code": FORM, "key": 5, "section": 1}},
        {"properties": {"a": 5}},
        {"x-unique": [5]},
    ],
)
def test_pages_of_a_text_of_odd_shapes_open(administrator, draft, misshapen):
    schema = json.loads((SCHEMAS_FOLDER / f"talent/2024/{FORM}.json").read_text())
    body = {"version": 0, "text": json.dumps(schema | misshapen)}
    answer = administrator.send(f"{draft}forms/{FORM}/text", body, page=draft)
    assert answer.status_code == 200, answer.text
    for path in (f"{draft}forms/{FORM}/", draft, LIST):
        assert administrator.get(path).status_code == 200, path
