"""A draft is saved whatever it lacks, by whichever account, and sent by none twice."""

import pytest
from sqlalchemy import func, select

from app.errors import BadRequest, Forbidden, NotFound
from app.models import Circular, Role, StoredFile
from app.services.accounts import create_user
from app.services.circulars.drafts import (
    LONGEST_TITLE,
    AlreadySent,
    Draft,
    DraftChanged,
    Page,
    Papers,
    discard_draft,
    save_draft,
)
from app.services.memberships import NewMembership
from tests.support.areas import CITY, GROUP, OTHER, PROVINCE
from tests.support.people import find_actor

ZIP_AS_PDF = b"PK\x03\x04 no pdf"


def count(engine, model):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(model))


def test_an_empty_draft_is_saved(office, nation):
    saved = office.save(Draft(nation.units[PROVINCE]))
    assert office.row(saved.id).title == ""


def test_a_page_that_is_sent_twice_begins_one_draft(office, engine):
    page = Page(None, 0, "a page")
    args = (engine, office.store, office.actor(), page, office.draft())
    papers = [Papers((office.paper("安排.pdf"),), size_limit_mb=1) for _ in range(2)]
    first, second = (save_draft(*args, one) for one in papers)
    assert first.id == second.id
    assert len(office.row(first.id).files) == 1


def test_of_two_who_change_a_draft_the_second_is_told(office):
    saved = office.save(office.draft())
    office.save(office.draft(title="改了"), circular_id=saved.id, version=saved.version)
    with pytest.raises(DraftChanged, match="改过这份草稿") as told:
        office.save(
            office.draft(title="也改了"), circular_id=saved.id, version=saved.version
        )
    assert told.value.version == saved.version + 1
    assert office.row(saved.id).title == "改了"


def test_a_page_that_is_found_again_overwrites_nobody(office, engine):
    page = Page(None, 0, "a page")
    args = engine, office.store, office.actor()
    saved = save_draft(*args, page, office.draft(), Papers())
    authority = NewMembership(Role.AUTHORITY, PROVINCE)
    create_user(engine, username="er", name="另一人", memberships=[authority])
    changed = office.draft(title="改了")
    draft = {"circular_id": saved.id, "version": saved.version}
    office.save(changed, **draft, actor=find_actor(engine, "er"))
    with pytest.raises(DraftChanged) as told:
        save_draft(*args, page, office.draft(title="旧页"), Papers())
    assert told.value.circular_id == saved.id
    assert office.row(saved.id).title == "改了"


def test_what_was_sent_is_changed_no_more(office):
    circular_id = office.send()
    with pytest.raises(AlreadySent):
        office.save(office.draft(), circular_id=circular_id, version=2)
    with pytest.raises(AlreadySent):
        discard_draft(office.engine, office.store, office.actor(), circular_id)


def test_another_authority_finds_no_draft(office):
    saved = office.save(office.draft())
    with pytest.raises(NotFound):
        office.row(saved.id, OTHER)
    with pytest.raises(NotFound):
        office.save(office.draft(PROVINCE), actor=office.actor(OTHER))


@pytest.mark.parametrize(
    ("unit", "account_type"), [(CITY, "gov_admin"), (GROUP, "group_admin")]
)
def test_who_has_no_right_to_write_begins_nothing(office, unit, account_type):
    with pytest.raises(Forbidden):
        office.save(office.draft(unit), actor=office.actor(unit, account_type))
    assert count(office.engine, Circular) == 0


def test_a_wrong_file_is_left_out_and_the_rest_is_saved(office):
    sent = (office.paper("安排.pdf"), office.paper("假.pdf", ZIP_AS_PDF))
    saved = office.save(office.draft(), papers=Papers(sent, size_limit_mb=1))
    assert len(office.row(saved.id).files) == 1
    [told] = saved.refused
    assert "“假.pdf”的内容不是 pdf 文件" in told


def test_a_file_that_is_too_large_or_forbidden_says_so(office):
    large = office.paper("大.pdf", b"%PDF-1.7 " + b"x" * 1024 * 1024)
    sent = (large, office.paper("宏.exe"))
    saved = office.save(office.draft(), papers=Papers(sent, size_limit_mb=1))
    assert ["小于 1 MB" in saved.refused[0], "只收" in saved.refused[1]] == [True, True]


def test_files_that_are_taken_out_and_drafts_thrown_away_leave_nothing(office, engine):
    sent = (office.paper("一.pdf"), office.paper("二.pdf", b"%PDF-1.7 2\n"))
    saved = office.save(office.draft(), papers=Papers(sent, size_limit_mb=1))
    [first, second] = office.row(saved.id).files
    papers = Papers(removed=frozenset({first}))
    office.save(office.draft(), circular_id=saved.id, version=1, papers=papers)
    assert office.row(saved.id).files == [second]
    discard_draft(engine, office.store, office.actor(), saved.id)
    assert (count(engine, Circular), count(engine, StoredFile)) == (0, 0)
    for token in (first, second):
        with pytest.raises(NotFound):
            office.store.read(token)


def test_a_title_that_is_too_long_says_how_long_it_may_be(office):
    with pytest.raises(BadRequest, match="标题有 101 字，最多 100 字"):
        office.save(office.draft(title="长" * (LONGEST_TITLE + 1)))
