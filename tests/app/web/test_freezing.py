"""Rows that a stored link freezes, as the grid saves and deletes them."""

import pytest
from sqlalchemy import select

from app.models import RowChange
from tests.app.web.test_continuity import count_statements
from tests.app.web.test_rows import add, only
from tests.support.courses import BOOK, BOOKS, COURSE, COURSES, DEPARTMENTS


def link(browser):
    """A book, and a course that chooses it before all else is filled in."""
    add(browser, DEPARTMENTS, {"department_code": "01"})
    book = add(browser, BOOKS, BOOK)
    first = {name: COURSE[name] for name in ("course_code", "textbook_codes")}
    course = add(browser, COURSES, first)
    changed = only(browser.save(COURSES, (course["id"], 1, COURSE)))
    assert (changed["status"], changed["version"]) == ("saved", 2), changed
    return book, changed


def test_a_linked_book_and_its_course_refuse_every_cell(filler):
    book, course = link(filler)
    refused = only(filler.save(BOOKS, (book["id"], 1, {"textbook_name": "语文"})))
    assert refused["status"] == "refused"
    assert "已被 Z6.2.3 课程信息的“关联教材”选定（C-1）" in refused["message"]
    refused = only(filler.save(COURSES, (course["id"], 2, {"course_name": "语文"})))
    assert refused["status"] == "refused"
    assert "请系统管理员先在课程信息里清空“关联教材”" in refused["message"]


def test_a_filler_does_not_unlink(filler):
    _, course = link(filler)
    refused = only(filler.save(COURSES, (course["id"], 2, {"textbook_codes": ""})))
    assert refused["status"] == "refused"


def test_neither_end_is_deleted(filler):
    book, course = link(filler)
    for form, row, version in ((BOOKS, book, 1), (COURSES, course, 2)):
        rows = [{"id": row["id"], "version": version}]
        answer = filler.send(f"/forms/{form}/delete", {"rows": rows})
        [refusal] = answer.json["refused"]
        assert "不能再修改或删除" in refusal["message"]


# The page of those who may take a link away.


def page_of(course):
    return f"/forms/{COURSES}/rows/{course['id']}/unlink/"


def unlink(browser, course, reason="教材选错", **fields):
    fields = {"_version": "2", "field": "textbook_codes", "reason": reason} | fields
    return browser.post(page_of(course), fields, page=page_of(course))


def test_an_administrator_unlinks_with_a_reason_and_the_ends_are_free(filler, sign_in):
    book, course = link(filler)
    admin = sign_in("admin")
    row_page = f"/forms/{COURSES}/rows/{course['id']}"
    assert page_of(course) in admin.get(row_page).text
    assert "关联教材：T-1" in admin.get(page_of(course)).text
    assert unlink(admin, course).status_code == 303
    assert page_of(course) not in admin.get(row_page).text
    changed = only(filler.save(BOOKS, (book["id"], 1, {"textbook_name": "语文"})))
    assert changed["status"] == "saved"


def test_the_reason_is_kept_with_the_change(filler, sign_in, engine):
    _, course = link(filler)
    unlink(sign_in("admin"), course, reason=" 教材选错 ")
    newest = select(RowChange.reason).order_by(RowChange.id.desc()).limit(1)
    with engine.begin() as connection:
        assert connection.scalar(newest) == "教材选错"


@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"reason": " "}, 400, "为什么解除"),
        ({"_version": "1"}, 409, "他人修改过"),
        ({"field": "course_name"}, 404, "没有找到"),
    ],
)
def test_what_cannot_be_unlinked_is_explained(filler, sign_in, fields, status, said):
    _, course = link(filler)
    answer = unlink(sign_in("admin"), course, **fields)
    assert (answer.status_code, said in answer.text) == (status, True)


def test_nobody_else_sees_the_page(filler, reviewer):
    _, course = link(filler)
    for browser in (filler, reviewer):
        assert page_of(course) not in browser.get(f"/forms/{COURSES}/").text
        assert browser.get(page_of(course)).status_code == 404
        assert unlink(browser, course).status_code == 404


# What the pages show before anything is typed.


def cell_of(page, field):
    return next(line for line in page.split("<td") if f'data-field="{field}"' in line)


def test_the_grid_shows_both_ends_locked_with_the_reason(filler):
    link(filler)
    books = filler.get(f"/forms/{BOOKS}/").text
    courses = filler.get(f"/forms/{COURSES}/").text
    assert "readonly data-locked" in cell_of(books, "textbook_name")
    assert "readonly data-locked" in cell_of(courses, "textbook_codes")
    assert 'data-frozen="这一行已被 Z6.2.3 课程信息的“关联教材”选定' in books
    assert "系统管理员先在课程信息里清空“关联教材”" in courses


def test_a_book_that_nobody_chose_stays_open_beside_a_locked_one(filler):
    link(filler)
    free = add(filler, BOOKS, BOOK | {"textbook_code": "T-2"})
    page = filler.get(f"/forms/{BOOKS}/").text
    row = page[page.index(f'id="row-r{free["id"]}"') :].split("</tr>")[0]
    assert ("data-locked" in row, "data-frozen" in row) == (False, False)


def test_the_page_of_a_row_says_why_its_fields_are_locked(filler):
    book, _ = link(filler)
    page = filler.get(f"/forms/{BOOKS}/rows/{book['id']}").text
    assert "这一行已被 Z6.2.3 课程信息的“关联教材”选定" in page
    assert 'name="textbook_name"' not in page
    assert "已锁定，不能改" in page
    assert f"rows/{book['id']}/delete" not in page


def test_many_frozen_rows_take_no_more_questions_than_one(filler, engine):
    link(filler)
    address = f"/forms/{BOOKS}/"
    filler.get(address)
    one = count_statements(engine, lambda: filler.get(address))
    for number in range(2, 8):
        book = {**BOOK, "textbook_code": f"T-{number}"}
        add(filler, BOOKS, book)
        course = {**COURSE, "course_code": f"C-{number}"}
        add(filler, COURSES, course | {"textbook_codes": f"T-{number}"})
    assert count_statements(engine, lambda: filler.get(address)) == one
