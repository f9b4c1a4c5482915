"""What other systems get once other forms are published, without a restart."""

from dataclasses import replace
from io import BytesIO

import pytest
from openpyxl import load_workbook
from sqlalchemy import update

from app.models import FormDeclaration, Round, RoundState
from app.models.base import now_utc
from tests.support.publishing import (
    find_administrator,
    install_small,
    major,
    opened,
    publish_change,
    write_form,
)
from tests.support.schema_pages import open_pages, sign_in

FORM = "/api/v1/forms/test/2024/M"


@pytest.fixture
def config(database_url, tmp_path):
    return replace(install_small(database_url, tmp_path), public_schemas=True)


@pytest.fixture
def workshop(config):
    with opened(config) as workshop:
        yield workshop


@pytest.fixture
def app(config, workshop):
    return open_pages(config, workshop)


@pytest.fixture
def client(app):
    return app.test_client()


@pytest.fixture
def filler(app):
    return sign_in(app, "tian")


def publish(workshop, **schemas):
    publish_change(workshop, find_administrator(workshop.engine), **schemas)


def test_a_published_form_is_served_at_once(workshop, client):
    with workshop.engine.begin() as connection:
        earlier = now_utc().replace(2020)
        connection.execute(update(FormDeclaration).values(applied_at=earlier))
    before = client.get(FORM)
    fingerprint = client.get("/api/v1/forms?q=M").json["forms"][0]["fingerprint"]
    publish(workshop, M=major(motto="text"))
    after = client.get(FORM, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200
    assert after.text == write_form(major(motto="text"))
    assert after.last_modified > before.last_modified
    listed = client.get("/api/v1/forms?q=M").json["forms"][0]
    assert (listed["fields"], listed["fingerprint"] != fingerprint) == (3, True)
    unchanged = client.get("/api/v1/forms/test/2024/S")
    again = {"If-None-Match": unchanged.headers["ETag"]}
    assert client.get("/api/v1/forms/test/2024/S", headers=again).status_code == 304


def test_the_form_of_rounds_that_are_over_is_served_as_it_was(workshop, client):
    with workshop.engine.begin() as connection:
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    publish(workshop, M=major(motto="text"))
    editions = client.get("/api/v1/editions").json["editions"]
    told = [(one["name"], one["is_newest"], one["is_archived"]) for one in editions]
    assert told == [("test/2024@1", False, True), ("test/2024", True, False)]
    assert client.get("/api/v1/forms/test/2024@1/M").text == write_form(major())
    assert client.get(FORM).text == write_form(major(motto="text"))
    names = [one["name"] for one in client.get("/api/v1/forms").json["forms"]]
    assert names == [
        "test/2024@1/M",
        "test/2024@1/S",
        "test/2024/M",
        "test/2024/S",
    ]


def test_the_documentation_follows_and_keeps_what_rounds_that_are_over_had(
    workshop, filler
):
    page = "/reference/test/2024/M/"
    assert "f-motto" not in filler.get(page).text
    with workshop.engine.begin() as connection:
        connection.execute(update(Round).values(state=RoundState.CLOSED))
    publish(workshop, M=major(motto="text"))
    assert "f-motto" in filler.get(page).text
    earlier = filler.get("/reference/test/2024@1/M/")
    assert (earlier.status_code, "f-motto" in earlier.text) == (200, False)
    assert "/reference/test/2024@1/M/" in filler.get("/reference/test/2024@1/").text
    # The round is over: its list of forms leads to the forms as they were.
    assert 'href="/reference/test/2024@1/"' in filler.get("/forms/").text
    workbook = filler.get("/reference/test/2024/workbook.xlsx")
    fields = load_workbook(BytesIO(workbook.data))["字段"]
    assert "motto" in [cell.value for cell in fields["F"]]
