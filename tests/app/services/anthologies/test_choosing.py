"""Choosing cases for a book, many at once, and the order in which they stand there."""

from dataclasses import replace

import pytest
from sqlalchemy import select, update

from app.errors import Forbidden, NotFound, Refused
from app.jobs import Worker
from app.models import AuditAction, AuditEntry, Role, Unit
from app.services.anthologies.arranging import Arrangement, arrange
from app.services.anthologies.choosing import Pick, move_rows
from app.services.anthologies.contents import load_contents
from app.services.anthologies.listing import Asked, list_candidates
from app.services.anthologies.orders import order_file
from app.services.anthologies.places import get_place, list_books
from app.services.outbox import fetch_file, get_export
from app.storage.engine import begin_reading
from tests.support.anthologies import BOOK


@pytest.fixture
def listed(cases):
    """Titles of a list, and the list."""

    def listed(who="nation", **asked):
        actor = cases.actor(who)
        found = list_candidates(cases.workshop, actor, *BOOK, None, Asked(**asked))
        return [one.line.name for one in found.candidates], found

    return listed


@pytest.fixture
def contents(cases):
    return lambda: load_contents(cases.workshop, cases.actor("nation"), *BOOK, None)


@pytest.fixture
def shown(contents):
    """Chapters of the book, each with its titles."""
    return lambda: [
        (chapter.title, [entry.title for entry in chapter.entries])
        for chapter in contents().chapters
    ]


def _move(cases, *ids, back=False, version=None):
    actor = cases.actor("nation")
    with begin_reading(cases.engine) as connection:
        place = get_place(connection, cases.workshop.catalogue, actor, *BOOK)
    picks = [Pick(one, version or cases.version(one)) for one in ids]
    return move_rows(cases.workshop, actor, place, picks, back=back)


def _arrange(cases, **wanted):
    actor = cases.actor("nation")
    arrange(cases.workshop, actor, *BOOK, None, Arrangement(**wanted))


def test_many_are_chosen_and_taken_back(cases, listed):
    ids = [cases.recommend(title) for title in ("一", "二")]
    assert sorted(listed()[0]) == ["一", "二"]
    assert _move(cases, *ids).done == 2
    names, found = listed(is_chosen=True)
    assert (sorted(names), found.chosen, found.is_whole) == (["一", "二"], 2, True)
    assert _move(cases, ids[0], back=True).done == 1
    assert listed()[0] == ["一"]


def test_whoever_comes_second_is_told_of_each_case(cases, listed):
    ids = [cases.recommend(title) for title in ("一", "二")]
    seen = cases.version(ids[0])
    _move(cases, ids[0])
    outcome = _move(cases, *ids, 999, version=seen)
    assert outcome.done == 1
    assert [one.name for one in outcome.failures] == ["一", "第 999 号"]
    assert "刚刚有人改过" in outcome.failures[0].reason


def test_a_case_that_may_not_be_published_is_not_chosen(cases, listed):
    row = cases.recommend("不同意", allow_publish=False)
    [candidate] = listed()[1].candidates
    assert "是否同意编入案例汇编" in candidate.obstacle
    assert _move(cases, row).failures[0].name == "不同意"


def test_nothing_ticked_is_said(cases):
    with pytest.raises(Refused, match="还没有勾选"):
        _move(cases)


def test_the_list_is_narrowed_by_area_kind_and_words(cases, listed):
    cases.recommend("东的")
    cases.recommend("西的", "west")
    areas = {one.name: one.id for one in listed()[1].place.areas.values()}
    assert listed(area=areas["西省教育厅"])[0] == ["西的"]
    assert listed(search="东的")[0] == ["东的"]
    assert sorted(listed(kind="省")[0]) == ["东的", "西的"]
    assert listed(kind="集团")[0] == []


@pytest.mark.parametrize("who", ["east", "city", "group"])
def test_only_the_level_that_chooses_sees_the_book(cases, listed, who):
    with pytest.raises(Forbidden):
        listed(who)
    assert list_books(cases.workshop, cases.actor(who)) == ()


def test_who_decides_for_the_unit_alone_does_not_see_those_below(cases):
    nation = cases.actor("nation")
    office = [replace(one, role=Role.QUALITY_OFFICE) for one in nation.grants]
    actor = replace(nation, grants=tuple(office))
    assert list_books(cases.workshop, actor) == ()
    with pytest.raises(Forbidden):
        load_contents(cases.workshop, actor, *BOOK, None)


def test_the_nation_finds_its_book(cases, listed):
    [(collection, book)] = list_books(cases.workshop, cases.actor("nation"))
    assert (collection, book.id) == BOOK
    with pytest.raises(NotFound):
        list_candidates(
            cases.workshop, cases.actor("nation"), "group", "other", None, Asked()
        )


def test_chapters_are_areas_and_cases_are_numbered_through(cases, contents, shown):
    cases.choose("西甲", unit="west")
    cases.choose("东乙", "东甲")
    assert shown() == [("东省教育厅", ["东乙", "东甲"]), ("西省教育厅", ["西甲"])]
    assert [one.number for one in contents().entries] == [1, 2, 3]


def test_an_area_has_the_name_of_its_code(cases, shown):
    cases.choose("一")
    with cases.engine.begin() as connection:
        east = Unit.code == "east"
        connection.execute(update(Unit).where(east).values(code="370000"))
    assert shown() == [("山东省", ["一"])]


def test_cases_stand_where_they_were_put(cases, contents, shown):
    first, _, third = cases.choose("一", "二", "三")
    _arrange(cases, version=0, numbers={third: 1})
    assert shown()[0][1] == ["三", "一", "二"]
    _arrange(cases, version=1, step=(third, 1))
    assert shown()[0][1] == ["一", "三", "二"]
    _arrange(cases, version=2, numbers={first: 3})
    assert shown()[0][1] == ["三", "二", "一"]
    _arrange(cases, version=3, step=(third, -1))
    assert (shown()[0][1], contents().version) == (["三", "二", "一"], 4)


def test_later_cases_follow_and_those_that_go_leave_no_gap(cases, shown):
    _, second = cases.choose("一", "二")
    _arrange(cases, version=0, numbers={second: 1})
    cases.choose("三")
    assert shown()[0][1] == ["二", "一", "三"]
    _move(cases, second, back=True)
    assert shown()[0][1] == ["一", "三"]


def test_of_two_who_order_at_once_one_is_told(cases, shown):
    first, second = cases.choose("一", "二")
    _arrange(cases, version=0, numbers={second: 1})
    for version in (0, 7):
        with pytest.raises(Refused, match="刚刚有人改过"):
            _arrange(cases, version=version, numbers={first: 1})
    assert shown()[0][1] == ["二", "一"]


def test_what_is_chosen_comes_as_a_file(cases):
    cases.choose("一", "二")
    actor = cases.actor("nation")
    export_id = order_file(cases.workshop, actor, *BOOK, None, "zip")
    Worker(cases.workshop, "worker of the test").run_next()
    view = get_export(cases.engine, cases.workshop.catalogue, actor, export_id)
    assert (view.word, view.job.position, view.notes) == ("可下载", 2, 0)
    assert fetch_file(cases.engine, actor, view).name.endswith("（2014 年度）.zip")
    ordered = AuditEntry.action == AuditAction.EXPORT_ORDERED
    with begin_reading(cases.engine) as connection:
        [details] = connection.scalars(select(AuditEntry.details).where(ordered))
    assert [title for _, title in details["rows"]] == ["一", "二"]
