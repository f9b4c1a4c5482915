"""Schema files as other programs read them."""

import json
from dataclasses import replace

import jsonschema
import pytest
from sqlalchemy import update

from app.config import load_secret
from app.models import FormDeclaration
from app.models.base import now_utc
from app.web.server import Server, attach_server
from form_schemas.folders import SCHEMAS_FOLDER
from tests.support.docs import find_blocks, read_page

FORMS = "/api/v1/forms"
FORM = f"{FORMS}/talent/2024/1.2.1"
EVERY_ADDRESS = [
    FORMS,
    FORM,
    "/api/v1/editions",
    "/api/v1/codes",
    "/api/v1/codes/gbt-2261-1",
]

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def open_to_all(app, config, workshop):
    """The installation lets anybody read its schemas."""
    config = replace(config, public_schemas=True)
    attach_server(app, Server(config, workshop, load_secret(config)))


def test_a_form_is_served_as_its_file_has_it(filler):
    answer = filler.get(FORM)
    assert answer.status_code == 200
    assert answer.content_type == "application/schema+json; charset=utf-8"
    path = SCHEMAS_FOLDER / "talent/2024/1.2.1.json"
    assert answer.data == path.read_bytes()
    assert answer.json["$id"] == "urn:tianbao:talent:2024:1.2.1"


@on_sqlite
def test_every_form_in_use_is_listed_once_and_leads_to_its_schema(filler, catalogue):
    listed, address = [], f"{FORMS}?per_page=90"
    while address:
        page = filler.get(address).json
        listed += page["forms"]
        address = page["next"]
    assert page["total"] == len(listed) == len(catalogue.all_forms)
    assert [one["name"] for one in listed] == [
        form.full_name for form in catalogue.all_forms
    ]
    assert filler.get(listed[-1]["schema"]).json["title"] == listed[-1]["title"]


@on_sqlite
def test_a_form_is_listed_with_what_tells_it_apart(filler, catalogue):
    form = catalogue.get("talent/1.2.1")
    (shown,) = filler.get(f"{FORMS}?collection=talent&q=kszyb").json["forms"]
    assert shown == {
        "name": "talent/2024/1.2.1",
        "collection": "talent",
        "edition": "2024",
        "code": "1.2.1",
        "id": "urn:tianbao:talent:2024:1.2.1",
        "title": "开设专业表",
        "section": list(form.section),
        "departments": list(form.departments),
        "period": "academic_year",
        "shape": "rows",
        "kind": "business",
        "key": ["major_code"],
        "fields": len(form.fields),
        "fingerprint": form.fingerprint,
        "schema": FORM,
        "documentation": "/reference/talent/2024/1.2.1/",
    }


@on_sqlite
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("collection=talent", lambda forms: len(forms["talent"])),
        ("edition=2014", lambda forms: len(forms["group"])),
        ("collection=group&edition=2014&q=G1", lambda forms: 1),
        ("q=没有这样的表", lambda forms: 0),
    ],
)
def test_filters_narrow_the_list(filler, catalogue, query, count):
    forms = {name: edition.forms for name, edition in catalogue.newest.items()}
    page = filler.get(f"{FORMS}?{query}").json
    if query.endswith("G1"):
        assert [one["code"] for one in page["forms"]][:1] == ["G1"]
    else:
        assert page["total"] == count(forms)


@on_sqlite
def test_an_ordinary_validator_judges_rows_by_what_is_served(filler):
    schema = filler.get(FORM).json
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    row = {
        name: _sample(declared)
        for name, declared in schema["properties"].items()
        if name in schema["required"]
    }
    assert not list(judge.iter_errors(row))
    wrong = row | {"study_years": 9}
    del wrong["major_code"]
    found = {(tuple(error.path), error.validator) for error in judge.iter_errors(wrong)}
    assert found == {((), "required"), (("study_years",), "maximum")}


def _sample(declared):
    if "enum" in declared:
        return declared["enum"][0]
    samples = {"integer": 1, "number": 3, "boolean": True, "string": "甲"}
    return samples[declared["type"]]


@on_sqlite
def test_code_lists_that_schemas_name_are_served(filler, catalogue):
    answer = filler.get("/api/v1/codes/gbt-2261-1").json
    assert answer["title"] == catalogue.codelists["gbt-2261-1"].title
    assert {"code": "1", "name": "男性"} in answer["entries"]
    listed = filler.get("/api/v1/codes").json["codes"]
    assert [one["slug"] for one in listed] == [*catalogue.codelists]
    assert all(one["count"] for one in listed)


@on_sqlite
def test_editions_say_what_they_are_about(filler, catalogue):
    listed = filler.get("/api/v1/editions").json["editions"]
    assert [one["name"] for one in listed] == [ed.name for ed in catalogue.editions]
    talent = next(one for one in listed if one["collection"] == "talent")
    assert talent["is_newest"]
    assert talent["forms"] == len(catalogue.newest["talent"].forms)
    assert "教学管理处" in talent["departments"]
    assert filler.get(talent["list"]).json["total"] == talent["forms"]


@on_sqlite
@pytest.mark.parametrize("address", EVERY_ADDRESS)
def test_what_is_known_already_is_not_sent_again(filler, address):
    first = filler.get(address)
    again = filler.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    other = filler.get(address, headers={"If-None-Match": '"another"'})
    assert other.data == first.data


def test_the_time_of_the_last_change_saves_sending_a_form_too(filler, engine):
    with engine.begin() as connection:
        moment = now_utc().replace(2031, 2, 3, 4, 5, 6, microsecond=0)
        found = connection.execute(update(FormDeclaration).values(applied_at=moment))
        if not found.rowcount:
            _declare(connection, moment)
    first = filler.get(FORM)
    assert first.headers["Last-Modified"] == "Mon, 03 Feb 2031 04:05:06 GMT"
    since = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert filler.get(FORM, headers=since).status_code == 304
    before = {"If-Modified-Since": "Mon, 03 Feb 2031 04:05:05 GMT"}
    assert filler.get(FORM, headers=before).status_code == 200


@on_sqlite
@pytest.mark.parametrize("address", [FORMS, "/api/v1/editions"])
def test_lists_change_at_times_that_no_form_tells(filler, address):
    later = {"If-Modified-Since": "Mon, 03 Feb 2031 04:05:06 GMT"}
    answer = filler.get(address, headers=later)
    assert (answer.status_code, "Last-Modified" in answer.headers) == (200, False)


def _declare(connection, moment):
    connection.execute(
        FormDeclaration.__table__.insert().values(
            form_name="talent/2024/1.2.1",
            table_name="talent_1_2_1",
            declaration={},
            fingerprint="0" * 64,
            source="{}",
            is_retired=False,
            applied_at=moment,
        )
    )


@on_sqlite
@pytest.mark.parametrize("address", EVERY_ADDRESS)
def test_head_tells_the_same_and_sends_nothing(filler, address):
    head, full = filler.client.head(address), filler.get(address)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("ETag", "Content-Type", "Content-Length", "Last-Modified"):
        assert head.headers.get(name) == full.headers.get(name)


@on_sqlite
@pytest.mark.parametrize("address", EVERY_ADDRESS)
def test_nobody_reads_without_a_login_unless_the_operator_says_so(client, address):
    answer = client.get(address)
    assert answer.status_code == 401
    assert answer.content_type == "application/problem+json; charset=utf-8"
    assert "登录" in answer.json["detail"]
    assert "Set-Cookie" not in answer.headers


@on_sqlite
@pytest.mark.usefixtures("open_to_all")
@pytest.mark.parametrize("address", EVERY_ADDRESS)
def test_anybody_reads_where_the_operator_says_so(client, address):
    answer = client.get(address, headers={"Cookie": "tianbao=nonsense"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "public, no-cache"
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@on_sqlite
@pytest.mark.usefixtures("open_to_all")
def test_what_is_open_are_schemas_and_nothing_else(client):
    assert client.get("/forms/").status_code == 302


@on_sqlite
def test_what_is_read_with_a_login_is_kept_for_that_person_only(filler):
    answer = filler.get(FORM)
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in answer.headers


@on_sqlite
@pytest.mark.parametrize(
    ("address", "said", "near"),
    [
        (f"{FORMS}/talent/2024/1.2.11", "没有表单", "talent/2024/1.2.1"),
        (f"{FORMS}/talent/2034/1.2.1", "没有版次", "talent/2024"),
        (f"{FORMS}/talents/2024/1.2.1", "没有系列", "talent"),
        (f"{FORMS}?collection=tallent", "没有系列", "talent"),
        (f"{FORMS}?edition=2204", "没有年度", "2024"),
        ("/api/v1/codes/gbt-2261", "没有代码表", "gbt-2261-1"),
    ],
)
def test_a_name_that_is_not_there_brings_near_ones(filler, address, said, near):
    answer = filler.get(address)
    assert answer.status_code == answer.json["status"] == 404
    assert answer.content_type == "application/problem+json; charset=utf-8"
    assert said in answer.json["detail"]
    assert near in answer.json["suggestions"]


@on_sqlite
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("colection=talent", "是不是“collection”"),
        ("page=0", "1 到"),
        ("page=九", "整数"),
        ("per_page=501", "1 到 500"),
        ("page=99", "1 到 3"),
    ],
)
def test_a_question_that_makes_no_sense_is_refused(filler, query, said):
    answer = filler.get(f"{FORMS}?{query}")
    assert (answer.status_code, answer.json["status"]) == (400, 400)
    assert said in answer.json["detail"]


@on_sqlite
def test_addresses_that_are_none_answer_as_the_others_do(filler):
    answer = filler.get("/api/v1/nothing")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    posted = filler.client.post(FORM, json={})
    assert (posted.status_code, posted.mimetype) == (405, "application/problem+json")
    assert "GET" in posted.headers["Allow"]


@on_sqlite
def test_the_handbook_shows_what_is_really_answered(filler):
    listed, problem = map(json.loads, find_blocks(read_page("api.zh.md"), "json"))
    answer = filler.get(f"{FORMS}?collection=talent&q=kszyb").json
    answer["forms"][0]["fingerprint"] = listed["forms"][0]["fingerprint"]
    assert answer == listed
    assert filler.get(f"{FORM}1").json == problem
