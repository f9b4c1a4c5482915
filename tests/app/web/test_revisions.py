"""What a change of forms left to do: cell by cell, for each department its own."""

import io
import re

import pytest
from openpyxl import load_workbook
from sqlalchemy import insert, select

from app.jobs import Worker
from app.models import Department, Notice, Role, Unit, User
from app.services.keeping import CatalogueKeeper
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.forms import field_of
from tests.support.people import add_person
from tests.support.postgres import create_database
from tests.support.publishing import (
    config_of,
    install_forms,
    major,
    open_small,
    student,
    write_edition,
)
from tests.support.schema_pages import draft_of, open_pages, sign_in

LEAD, OTHER = "教务处", "学工处"


def majors(**more):
    schema = major(**more)
    schema["x-form"]["departments"] = [LEAD, OTHER]
    return schema


class Places:
    """An installation with two departments that fill in one form."""

    def __init__(self, config, workshop):
        self._keeper = CatalogueKeeper(workshop)
        self.departments = {}
        with workshop.engine.begin() as connection:
            for name in (LEAD, OTHER):
                self.departments[name] = connection.execute(
                    insert(Department).values(
                        unit_id=1, name=name, aliases=[], position=1, is_active=True
                    )
                ).inserted_primary_key[0]
        self.app = open_pages(config, workshop)
        with workshop.engine.begin() as connection:
            code = connection.scalar(select(Unit.code))
        for username, name in (("jiao", LEAD), ("xue", OTHER)):
            add_person(
                workshop.engine, username, Role.FILLER, unit=code, department=name
            )
        self.browsers = {}

    @property
    def workshop(self):
        """With the forms in use."""
        return self._keeper.get()

    def at(self, username):
        if username not in self.browsers:
            self.browsers[username] = sign_in(self.app, username)
        return self.browsers[username]

    def store(self, department, *rows):
        workshop = self.workshop
        form = workshop.catalogue.get("test/M")
        with workshop.engine.begin() as connection:
            store = RowStore(connection, workshop.catalogue)
            scope = Scope(1, 1, self.departments[department])
            for row in rows:
                store.insert(form, scope, row, actor_id=None)

    def publish(self, **schemas):
        """Publish by the pages, then let a worker do what follows."""
        url = f"/admin/schemas/drafts/{draft_of(self.workshop, **schemas).id}/plan/"
        page = self.at("guan").get(url).text
        found = re.findall(r'name="accept" value="([^"]+)"', page)
        fields = {
            "hash": re.search(r'name="hash" value="([^"]+)"', page).group(1),
            "reason": "部里更正",
            "accept": found,
            **{f"reason|{one}": "按通知" for one in found},
        }
        done = self.at("guan").post(url, fields, page="")
        assert done.status_code == 303, done.text
        self.work()
        return done.location

    def work(self):
        worker = Worker(self.workshop, "worker")
        # As one that ran before the forms changed.
        worker._judged = 0
        while worker.run_next():
            pass

    def links(self, username):
        """Where the notices of a person lead."""
        with self.workshop.engine.begin() as connection:
            return connection.scalars(
                select(Notice.link)
                .join(User, User.id == Notice.user_id)
                .where(User.username == username)
            ).all()


@pytest.fixture
def sqlite_url(tmp_path):
    return f"sqlite:///{tmp_path / 'tianbao.sqlite'}"


@pytest.fixture
def postgresql_url(postgres_server):
    with create_database(postgres_server) as url:
        yield url


@pytest.fixture
def places(database_url, tmp_path):
    folder = tmp_path / "schemas"
    write_edition(folder, majors(size="text"), student())
    install_forms(database_url, folder)
    config = config_of(database_url, folder, tmp_path / "data")
    workshop = open_small(config)
    yield Places(config, workshop)
    workshop.engine.dispose()


def revised():
    """A number that was a text, and a field that everybody has to fill in."""
    schema = majors(size="integer", level=field_of("enum"))
    schema["required"] = ["code", "level"]
    return schema


def follow(browser, link):
    answer = browser.get(link)
    assert answer.status_code == 302, answer.text
    return answer.location


def test_each_department_is_led_to_its_own_cells(places):
    places.store(LEAD, {"code": "1", "size": "12"}, {"code": "2", "size": "约十"})
    places.store(OTHER, {"code": "3", "size": "三间"})
    publication = places.publish(M=revised())

    [link] = places.links("xue")
    url = follow(places.at("xue"), link)
    own = places.at("xue").get(url).text
    assert "要改的格" in own
    assert "三间" in own
    assert "约十" not in own
    # Its one row: no level, and a size that is no number.
    assert re.search(r'class="count hot">2<', own)
    cell = re.search(r'href="(/forms/test/M/rows/\d+#f-level)"', own).group(1)
    assert places.at("xue").get(cell.partition("#")[0]).status_code == 200

    [link] = places.links("jiao")
    whole = places.at("jiao").get(follow(places.at("jiao"), link)).text
    assert "约十" in whole
    assert re.search(r'class="count hot">5<', whole)

    book = load_workbook(io.BytesIO(places.at("xue").get(_book(url)).data))
    lines = list(book["要改的格"].iter_rows(min_row=2, values_only=True))
    assert [(line[2], line[3], line[4]) for line in lines] == [
        ("3", "size", "（空，原来是 三间）"),
        ("3", "level", None),
    ]

    page = places.at("guan").get(publication).text
    assert "各部门要改的格" in page
    assert re.search(r"没有读成 1<", page)
    assert f"department={places.departments[OTHER]}" in page
    book = load_workbook(
        io.BytesIO(places.at("guan").get(f"{publication}cells.xlsx").data)
    )
    lines = list(book["要改的格"].iter_rows(min_row=2, values_only=True))
    assert sorted((line[2], line[5]) for line in lines) == sorted(
        [(LEAD, "1"), (LEAD, "2"), (LEAD, "2"), (OTHER, "3"), (OTHER, "3")]
    )
    assert places.at("xue").get(f"{publication}cells.xlsx").status_code == 403


def _book(url):
    path, _, query = url.partition("?")
    return f"{path}cells.xlsx?{query}"


def test_cells_go_from_the_list_once_they_are_mended(places):
    places.store(OTHER, {"code": "3", "size": "三间"})
    places.publish(M=revised())
    url = follow(places.at("xue"), places.links("xue")[0])
    workshop = places.workshop
    form = workshop.catalogue.get("test/M")
    with workshop.engine.begin() as connection:
        store = RowStore(connection, workshop.catalogue)
        scope = Scope(1, 1, places.departments[OTHER])
        [row] = store.iterate_rows(form, scope)
        values = {"level": "甲", "size": 3}
        store.update(form, scope, row.id, values, row.version, actor_id=None)
    assert "检查以后又改过" in places.at("xue").get(url).text
    places.at("xue").post("/check/?at=1-1", {"form": "M"}, page="")
    places.work()
    assert "没有要改的格" in places.at("xue").get(url).text


def test_an_empty_list_says_which_of_the_reasons_holds(places):
    empty = places.at("guan").get(places.publish(M=majors(size="text", more="text")))
    assert "这些表还没有数据" in empty.text
    places.store(LEAD, {"code": "1", "size": "12"})
    changed = majors(size="text", more="text")
    changed["properties"]["more"]["title"] = "另外"
    fine = places.at("guan").get(places.publish(M=changed))
    assert "1 行数据，按现在的表样都没有问题" in fine.text


def test_what_changed_is_told_before_and_after(places):
    places.store(LEAD, {"code": "1", "size": "12"})
    url = f"/admin/schemas/drafts/{draft_of(places.workshop, M=revised()).id}/plan/"
    plan = places.at("guan").get(url).text
    [note] = re.findall(r'href="([^"]*/plan/changes/[^"]*)"', plan)
    told = places.at("guan").get(note.replace("&amp;", "&"))
    assert "新字段“level”" in told.text
    assert "还没有执行" in told.text
    assert places.at("xue").get(note).status_code == 403

    publication = places.publish(M=revised())
    places.publish(M={**revised(), "title": "专业"})
    page = places.at("guan").get(publication).text
    [note] = re.findall(r'href="(/changes/revisions/[^"]*)"', page)
    told = places.at("xue").get(note).text
    assert "第 1 次修订改了什么" in told
    assert "新字段“level”" in told
    # Told by the second one alone.
    assert "表的名称" not in told
    book = load_workbook(io.BytesIO(places.at("xue").get(f"{note}workbook.xlsx").data))
    assert book.sheetnames == ["总览", "全部变化", OTHER]


def test_a_change_that_is_not_there_is_not_found(places):
    for path in ("/revisions/9/", "/revisions/since/9/", "/revisions/9/cells.xlsx"):
        assert places.at("xue").get(path).status_code == 404
    assert places.at("xue").get("/changes/revisions/9/test/2024/").status_code == 404
