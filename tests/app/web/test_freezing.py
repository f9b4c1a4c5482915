"""Rows that a stored link freezes, as the grid saves and deletes them."""

from tests.app.web.test_rows import add, only

BOOKS = "national/Z6.2.1"
COURSES = "national/Z6.2.3"


def link(browser):
    """A course and the book that it chooses."""
    book = add(browser, BOOKS, {"textbook_code": "T-1", "textbook_name": "数学"})
    course = add(browser, COURSES, {"course_code": "C-1", "course_name": "数学"})
    cells = {"textbook_codes": "T-1"}
    changed = only(browser.save(COURSES, (course["id"], 1, cells)))
    assert changed["version"] == 2, changed
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
