"""What units type stays a text on the pages of whoever reads it at work."""

import re
from collections import deque
from html.parser import HTMLParser

import pytest
from sqlalchemy import update

from app.models import Round, Unit, User
from app.storage.tables import table_for
from form_schemas.kinds import FieldKind
from tests.app.web.test_items import catalogue, database_url, fill, region
from tests.support.hostile_texts import attack, fill_hostile, judge_page
from tests.support.travelling import NEWS, UNITS

__all__ = ["catalogue", "database_url", "fill", "region"]

#: Pages of one sort, of which one is looked at, and those that change something.
_NUMBER = re.compile(r"\d+")
_LEFT_OUT = ("/portal", "/static", "/logout", "/reference", "/api")
_MOST_PAGES = 30


class _Links(HTMLParser):
    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attrs):
        target = dict(attrs).get("href") or ""
        if tag == "a" and target.startswith("/") and not target.startswith(_LEFT_OUT):
            self.found.append(target.partition("#")[0])


def walk(browser, *starts):
    """The pages that one comes to by links, one of each sort."""
    seen, waiting = set(), deque(starts)
    while waiting and len(seen) < _MOST_PAGES:
        path = waiting.popleft()
        sort = _NUMBER.sub("", path)
        if sort in seen:
            continue
        seen.add(sort)
        answer = browser.get(path, follow_redirects=True)
        assert answer.status_code < 500, path
        if answer.mimetype == "text/html":
            links = _Links()
            links.feed(answer.text)
            waiting.extend(links.found)
            yield path, answer


@pytest.fixture
def hostile(region):
    """A region in which every name and every text is an attack; gives addresses."""
    news = region.add("group", "G9", **NEWS)
    region.move("group", "G9", news, "recommend")
    region.move("east", "G9", news, "decline", reason=attack("reason"))
    rows = {"G9": news}
    for code in ("G10", "G7.1"):
        rows[code] = region.add("group", code, **_texts_of(region.form(code)))
    with region.engine.begin() as connection:
        # As if it had been so long: what is sent on has to be short.
        table = table_for(region.workshop.catalogue, region.form("G9"))
        texts = _texts_of(region.form("G9"))
        connection.execute(update(table).where(table.c._id == news).values(texts))
        for code in UNITS:
            own = update(Unit).where(Unit.code == code)
            connection.execute(own.values(name=attack(f"unit-{code}")))
            own = update(User).where(User.username == code)
            connection.execute(own.values(name=attack(f"person-{code}")))
        connection.execute(update(Round).values(title=attack("round")))
    return [f"/items/group/{code}/{row}" for code, row in rows.items()]


def _texts_of(form):
    row = fill_hostile(form, {}, lambda name: f"{form.code}-{name}")
    return {
        name: text
        for name, text in row.items()
        if form.by_id[name].kind in (FieldKind.TEXT, FieldKind.LONG_TEXT)
        and not form.by_id[name].is_given
    }


@pytest.mark.parametrize("who", ["group", "east", "nation"])
def test_no_text_becomes_markup_at_work(hostile, sign_in, who):
    browser, found, read = sign_in(who), [], ""
    for path, answer in walk(browser, "/", *hostile):
        judged = judge_page(answer.text)
        found += [f"{path}: {fault}" for fault in judged.faults]
        read += judged.text
    assert not found
    for name in ("unit-group", "person-group", "reason", "G9-title"):
        assert f"{name}\"'`>" in read, name
