"""Files by their addresses: who gets one in each state of what it belongs to."""

from dataclasses import replace

import pytest
from sqlalchemy import update

from app.models import Unit
from tests.app.web.test_items import catalogue, database_url, fill, region
from tests.support.travelling import NEWS

__all__ = ["catalogue", "database_url", "fill", "region"]

PEOPLE = ("nobody", "group", "far", "city", "east", "west", "nation")


@pytest.fixture
def config(config):
    return replace(config, portal_cache_seconds=0)


@pytest.fixture
def people(client, sign_in):
    return {who: client if who == "nobody" else sign_in(who) for who in PEOPLE}


def find_readers(people, address, **options):
    """Who gets a file, and that everybody else is told as little as of none."""
    found = set()
    for who, browser in people.items():
        answer = browser.get(address, **options)
        if answer.status_code in (200, 206):
            found.add(who)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "sandbox" in answer.headers["Content-Security-Policy"]
            is_public = "public" in answer.headers["Cache-Control"]
            assert is_public or "no-store" in answer.headers["Cache-Control"]
        else:
            assert answer.status_code in (302, 403, 404)
            assert "no-store" in answer.headers["Cache-Control"]
    return found


def test_a_file_follows_what_it_belongs_to(region, people):
    inside = region.file("group", "G9", "content", "图.png")
    thumbnail = region.file("group", "G9", "thumbnail", "图.png")
    text = f'<p>图</p><img src="/portal/files/{inside}">'
    row = region.add("group", "G9", **{**NEWS, "content": text, "thumbnail": thumbnail})
    seen = {"group", "city", "east", "nation"}
    item = f"/items/group/G9/{row}/files"
    for token in (inside, thumbnail):
        assert find_readers(people, f"/portal/files/{token}") == seen
    assert find_readers(people, f"{item}/{thumbnail}") == seen
    assert find_readers(people, f"/forms/group/G9/files/{thumbnail}") == {"group"}
    # A picture of a text is fetched by its own address, and no other row lends one.
    other = region.add("far", "G9", **{**NEWS, "thumbnail": None})
    assert not find_readers(people, f"/items/group/G9/{other}/files/{thumbnail}")

    region.move("group", "G9", row, "recommend")
    _, article = region.move("east", "G9", row, "adopt").made
    assert find_readers(people, f"/portal/files/{inside}") == seen
    region.move("east", "G14", article, "publish")
    [copy] = [one["thumbnail"] for one in region.rows("east", "G14")]
    everybody = set(PEOPLE)
    assert find_readers(people, f"/portal/files/{inside}") == everybody
    assert find_readers(people, f"/portal/files/{copy}") == everybody
    assert find_readers(people, f"/portal/files/{thumbnail}") == seen
    piece = {"Range": "bytes=0-3"}
    assert find_readers(people, f"/portal/files/{copy}", headers=piece) == everybody

    region.move("east", "G14", article, "take_down")
    assert find_readers(people, f"/portal/files/{inside}") == seen
    assert find_readers(people, f"/portal/files/{copy}") == {"east", "nation"}
    assert not find_readers(
        {"nobody": people["nobody"]}, f"/portal/files/{copy}", headers=piece
    )


def test_who_belongs_to_a_closed_unit_gets_nothing_more(region, people):
    token = region.file("group", "G9", "thumbnail", "图.png")
    row = region.add("group", "G9", **{**NEWS, "thumbnail": token})
    own = Unit.id == region.scope("group", "G9").unit_id
    with region.engine.begin() as connection:
        connection.execute(update(Unit).where(own).values(is_active=False))
    for address in (
        f"/portal/files/{token}",
        f"/items/group/G9/{row}/files/{token}",
        f"/forms/group/G9/files/{token}",
    ):
        assert "group" not in find_readers(people, address)


GUESSES = (
    "a" * 32,
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "../../app.sqlite",
    "..%5c..%5capp.sqlite",
    "x%27%20or%201=1",
    "%",
    "_" * 32,
    "1",
)


def test_tokens_are_not_guessed(region, people):
    region.file("group", "G9", "thumbnail", "图.png")
    some = {who: people[who] for who in ("nobody", "nation", "group")}
    for guess in GUESSES:
        for address in (f"/portal/files/{guess}", f"/forms/group/G9/files/{guess}"):
            assert not find_readers(some, address)
