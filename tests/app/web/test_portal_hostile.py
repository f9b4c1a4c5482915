"""Whatever people type stays a text on every page of the portal, by its declarations.

A field that the portal begins to show is attacked here without another word: rows are
made of what `collection.json` declares.
"""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from sqlalchemy import select, update

from app.models import Round, Unit
from app.services.surveys.finding import today
from app.storage.files import FileOwner, keep_file
from app.storage.tables import table_for
from form_schemas.kinds import FILE_KINDS, FieldKind
from form_schemas.portal import ColumnKind
from tests.app.web.test_portal import fill
from tests.support.hostile_texts import attack, fill_hostile, judge_page, satisfy
from tests.support.portal_world import NOW, PortalWorld

__all__ = ["fill"]

# What a text becomes on a page does not hang on the database.
on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

_TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT)


@pytest.fixture
def config(config):
    return replace(config, portal_cache_seconds=0)


@pytest.fixture
def world(workshop, tmp_path):
    return HostileWorld(workshop, tmp_path)


class HostileWorld(PortalWorld):
    """A portal in which every text is an attack."""

    def __init__(self, workshop, folder):
        super().__init__(workshop.engine, workshop.catalogue, workshop.files)
        self.portal, self._folder = self.edition.portal, folder
        #: what some page has to show, so that nothing is attacked in vain
        self.shown = {"unit-alpha", "unit-370000", "round", "file-name"}

    def name_everything(self):
        """Units, areas and rounds."""
        with self.engine.begin() as connection:
            for code, unit_id in self.units.items():
                named = update(Unit).where(Unit.id == unit_id)
                connection.execute(named.values(name=attack(f"unit-{code}")))
            for title, round_id in self.rounds.items():
                named = update(Round).where(Round.id == round_id)
                connection.execute(named.values(title=attack("round") + title))

    def add_article(self, column):
        """A row that stands in the column; gives its address."""
        source = column.source
        form = self.edition.by_code[source.form]
        portal = self.edition.portal
        running = portal.ticker_where if column.id == portal.ticker else None
        told = (source.where, column.where, running)
        fixed = satisfy(told, self._mark(column))
        key, moved = self._add(form, fixed, self._mark(column))
        self._expect(form, source.fields, fixed, self._mark(column))
        if source.pictures is not None:
            told = source.pictures
            pictures = self.edition.by_code[told.form]
            title = fill_hostile(form, fixed, self._mark(column))
            reference = pictures.by_id[told.field].reference
            row = {told.field: title[reference.field]}
            self._add(pictures, row, self._mark(column))
            self._expect(pictures, (told.caption,), row, self._mark(column))
        # At last: what is on its way takes no more pictures.
        if moved:
            self.set_state(form.code, key, **moved)
        return f"/portal/{column.id}/{key}"

    def add_unit(self):
        """All that the directory tells of a unit; gives the page's address."""
        told = self.portal.directory
        named = [(one.form, one.fields) for one in told.facts]
        named += [(code, (self._title_of(code),)) for code in told.members]
        named += [told.lead] if told.lead else []
        for code, fields in named:
            form = self.edition.by_code[code]
            fields = (fields,) if isinstance(fields, str) else fields
            self._overwrite(form, fields)
            self._expect(form, fields, {}, lambda name, code=code: f"{code}-{name}")
        column = self._find(ColumnKind.DIRECTORY)
        return f"/portal/{column.id}/{self.units['alpha']}"

    def list_pages(self):
        """All pages that lead to articles and units, and their ways of looking."""
        pages = ["/portal/", "/portal/search?q=xss", "/portal/search?q=<xss-q onx>"]
        for column in self.portal.columns:
            pages += [f"/portal/{column.id}/", f"/portal/{column.id}/?q=<xss-q onx>"]
        statistics = self._find(ColumnKind.STATISTICS).id
        ways = ("_unit", "_above", "_round", "<xss-q>")
        for group in self.edition.measures.groups:
            pages += [
                f"/portal/{statistics}/?section={group.id}&by={by}" for by in ways
            ]
        return pages

    def _find(self, kind):
        return next(one for one in self.portal.columns if one.kind is kind)

    def _title_of(self, code):
        form = self.edition.by_code[code]
        return form.title_field or form.key[0]

    @staticmethod
    def _mark(column):
        return lambda name: f"{column.id}-{name}"

    def _expect(self, form, names, fixed, mark):
        for item in (form.by_id[name] for name in filter(None, names)):
            if item.kind in _TEXTS and item.id not in fixed:
                self.shown.add(mark(item.id))

    def _add(self, form, fixed, mark):
        """Store a row; gives its key, and what only moves write."""
        row = fill_hostile(form, fixed, mark)
        row |= {one.id: self._keep(form, one) for one in form.fields if _is_file(one)}
        unit = "alpha" if "group" in form.unit_kinds else "nation"
        moved = {one.id: row.pop(one.id) for one in form.moved_fields if one.id in row}
        at = "standing" if form.is_standing else NOW
        return self.store(form.code, unit, at, row), moved

    def _overwrite(self, form, fields):
        """Make the texts of the unit's rows attacks, whatever computed them."""
        table = table_for(self.catalogue, form)
        at = self.rounds["standing" if form.is_standing else NOW]
        own = (table.c._unit_id == self.units["alpha"], table.c._round_id == at)
        with self.engine.begin() as connection:
            has_row = connection.scalar(select(table.c._id).where(*own).limit(1))
        row = fill_hostile(form, {}, lambda name: f"{form.code}-{name}")
        if has_row is None:
            self.store(form.code, "alpha", "standing" if form.is_standing else NOW, row)
            return
        with self.engine.begin() as connection:
            first = select(table.c._id).where(*own).limit(1).scalar_subquery()
            values = {one: row[one] for one in fields if one in row}
            if values:
                connection.execute(
                    update(table).where(table.c._id == first).values(values)
                )

    def _keep(self, form, item):
        path = self._folder / "file"
        path.write_bytes(b"content")
        owner = FileOwner(self.units["nation"], None, form.full_name, item.id)
        with self.engine.begin() as connection:
            name = attack("file-name").replace("\ufffe\x0b", ".doc")
            token = keep_file(
                connection, self.files, path, name, "application/msword", owner
            )
        return (token,) if item.is_list else token


def _is_file(item):
    return item.value_kind in FILE_KINDS


@on_sqlite
def test_no_text_becomes_markup_on_any_page(world, client):
    world.name_everything()
    pages = [world.add_article(one) for one in world.portal.columns if one.source]
    pages += [world.add_unit(), *world.list_pages()]
    found, read = [], ""
    for path in pages:
        answer = client.get(path)
        assert answer.status_code == 200, (path, answer.text)
        assert "Set-Cookie" not in answer.headers
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        judged = judge_page(answer.text)
        found += [f"{path}: {fault}" for fault in judged.faults]
        read += judged.text
    assert not found
    assert not [name for name in world.shown if f"{name}\"'`>" not in read]


@on_sqlite
def test_feeds_and_the_sitemap_stay_well_formed(world, client):
    world.name_everything()
    lists = [one for one in world.portal.columns if one.kind is ColumnKind.LIST]
    articles = [world.add_article(one) for one in lists]
    paths = ["/portal/feed.xml", "/portal/sitemap.xml"]
    paths += [f"/portal/{one.id}/feed.xml" for one in lists]
    names, read = set(), ""
    for path in paths:
        root = ElementTree.fromstring(client.get(path).data)
        names |= {one.tag.rpartition("}")[2] for one in root.iter()}
        read += "".join(root.itertext())
    assert names <= {
        *("feed", "title", "id", "link", "updated", "author", "name", "entry"),
        *("category", "summary", "urlset", "url", "loc", "lastmod"),
    }
    assert all(path in read for path in articles)
    assert "notices-title\"'`>" in read


@on_sqlite
def test_surveys_show_texts_as_texts(world, client):
    told = world.edition.surveys
    form = world.edition.by_code[told.survey.form]
    fixed = satisfy((told.survey.is_open,), str) | {
        told.survey.targets: (
            next(one.value for one in told.targets if one.is_public),
        ),
        told.survey.begins: today(),
        told.survey.ends: today() + timedelta(days=1),
        told.survey.anonymous: False,
        told.survey.published: True,
    }
    key = world.store(form.code, "nation", "standing", fill_hostile(form, fixed, str))
    title = fill_hostile(form, fixed, str)[told.survey.title]
    questions = world.edition.by_code[told.question.form]
    answers = world.edition.by_code[told.answer.form]
    for number, kind in enumerate(told.question.kinds, start=1):
        row = {
            told.question.survey: title,
            told.question.number: number,
            told.question.kind: kind,
            told.question.most: 5,
            told.question.required: False,
        }
        asked = fill_hostile(questions, row, lambda name, n=number: f"{name}{n}")
        world.store(questions.code, "nation", "standing", asked)
        row = {told.answer.survey: title, told.answer.number: number}
        given = fill_hostile(answers, row, lambda name, n=number: f"{name}{n}")
        world.store(answers.code, "nation", "standing", given)
    read = ""
    for path in ("/surveys", f"/surveys/{key}", f"/surveys/{key}/results"):
        judged = judge_page(client.get(path).text)
        assert not judged.faults, path
        read += judged.text
    for name in (told.survey.text, f"{told.question.text}1", f"{told.answer.answer}1"):
        assert f"{name}\"'`>" in read


ODD = ("-1", "9" * 40, "9" * 5000, "１", "x'\"<\\%_\ufffe")


def test_odd_addresses_are_answered_and_not_failed_on(world, client):
    statistics = f"/portal/{world._find(ColumnKind.STATISTICS).id}/"
    directory = f"/portal/{world._find(ColumnKind.DIRECTORY).id}/"
    failed = []
    for odd in ODD:
        said = quote(odd)
        paths = [f"/portal/{said}/", f"/portal/files/{said}", f"{directory}{said}"]
        paths += [f"/portal/notices/{said}", f"/portal/notices/1-{said}"]
        paths += [f"/portal/notices/{said}-1", f"/portal/notices/?page={said}&q={said}"]
        paths += [f"/portal/search?q={said}", f"/surveys/1-{said}", f"/surveys/{said}"]
        paths += [f"{directory}?area={said}&industry={said}&page={said}&q={said}"]
        paths += [f"{statistics}?{name}={said}" for name in ("round", "below", "by")]
        paths += [f"{statistics}?section={said}&sort={said}&only={said}:{said}"]
        paths += [f"{statistics}export.xlsx?by={said}&only=_unit:{said}"]
        for path in paths:
            status = client.get(path).status_code
            if status not in (200, 302, 308, 400, 404):
                failed.append((status, path[:80]))
    assert not failed
