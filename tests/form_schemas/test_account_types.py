"""Kinds of accounts in `collection.json`."""

import json
from pathlib import Path

import pytest

from app.models import Role, UnitKind
from app.policy import GRANTABLE, ROLE_NAMES
from form_schemas.settings import (
    SETTINGS_SCHEMA,
    judge_settings,
    list_account_types,
)

_BARE = {
    "collection": "test",
    "edition": "2024",
    "title": "试",
    "unitKind": "group",
    "periods": {},
    "reviewSteps": [{"id": "first", "title": "提交", "role": "filler"}],
}
LEAD = {
    "id": "lead",
    "title": "负责人",
    "units": [{"kind": "group", "roles": ["reporter"]}],
}
CITY = {"kind": "city", "roles": ["viewer"], "mayGrant": ["manage_area"]}


def judge(*types):
    values = _BARE | {"accountTypes": list(types)}
    return judge_settings(json.dumps(values, ensure_ascii=False), "test/2024", ())


def test_types_are_read_as_they_stand():
    office = {
        "id": "office",
        "title": "行政机构",
        "captcha": "always",
        "units": [CITY],
    }
    settings = judge(LEAD | {"questions": True}, office)
    assert settings.faults == ()
    lead, office = list_account_types(settings.values)
    assert (lead.has_questions, lead.always_captcha) == (True, False)
    assert (office.has_questions, office.always_captcha) == (False, True)
    assert lead.find_in("group").roles == ("reporter",)
    assert lead.find_in("city") is None
    assert office.find_in("city").may_grant == ("manage_area",)


@pytest.mark.parametrize(
    ("types", "pointer", "part"),
    [
        ([LEAD, LEAD | {"title": "别人"}], "/1/id", "两次"),
        ([LEAD, LEAD | {"id": "other"}], "/1/title", "分不清"),
        ([LEAD | {"units": []}], "/0/units", "不能是空的"),
        ([LEAD | {"units": [CITY, CITY]}], "/0/units/1/kind", "两次"),
        ([LEAD | {"units": [CITY | {"kind": "town"}]}], "/0/units/0/kind", "city"),
        (
            [LEAD | {"units": [CITY | {"roles": ["king"]}]}],
            "/0/units/0/roles/0",
            "viewer",
        ),
        (
            [LEAD | {"units": [CITY | {"mayGrant": ["fly"]}]}],
            "/0/units/0/mayGrant/0",
            "review_form",
        ),
        (
            [LEAD | {"units": [CITY | {"grants": ["manage_area"]}]}],
            "/0/units/0/mayGrant",
            "grants",
        ),
        ([LEAD | {"captcha": "sometimes"}], "/0/captcha", "always"),
        ([LEAD | {"question": True}], "/0/question", "questions"),
    ],
)
def test_a_wrong_type_is_a_fault_with_its_place(types, pointer, part):
    told = [(fault.pointer, fault.message) for fault in judge(*types).faults]
    assert any(
        place == f"/accountTypes{pointer}" and part in message
        for place, message in told
    ), told


def test_the_words_are_those_of_the_policy():
    path = Path(__file__).parents[2] / "form_schemas" / SETTINGS_SCHEMA
    parts = json.loads(path.read_text(encoding="utf-8"))["$defs"]
    told = parts["typeInUnit"]["properties"]
    assert set(told["kind"]["enum"]) == set(UnitKind)
    assert {Role(word) for word in told["roles"]["items"]["enum"]} <= set(ROLE_NAMES)
    assert set(parts["right"]["enum"]) == set(GRANTABLE)
