"""Workbooks of a booklet: the whole in one, one a member, and both back again."""

import io
import json
import re
import zipfile

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import select

from app.models import ImportJob
from app.storage.engine import begin_reading
from tests.app.web.test_booklets import COMPANY, LOOKS, PAGE, SCHOOL, reporter

__all__ = ["reporter"]

SECOND = SCHOOL | {"member_name": "砚溪第二职业学校", "organization_code": "YT8184WM7"}


@pytest.fixture
def members(reporter):
    for form, *rows in (("group/G5.1", SCHOOL, SECOND), ("group/G5.6", COMPANY)):
        entries = [(None, None, cells) for cells in rows]
        answer = reporter.save(form, *entries).json
        assert {row["status"] for row in answer["rows"]} == {"saved"}
    return reporter


def fetch_members(browser):
    answer = browser.get(f"{PAGE}members.zip")
    assert answer.mimetype == "application/zip"
    package = zipfile.ZipFile(io.BytesIO(answer.data))
    return {name: package.read(name) for name in package.namelist()}


def fill(data, label, value):
    """A member's workbook with a figure typed into it."""
    workbook = load_workbook(io.BytesIO(data))
    sheet = workbook.worksheets[0]
    for cell in sheet[2]:
        if label in str(cell.value or ""):
            sheet.cell(3, cell.column).value = value
    return to_bytes(workbook)


def to_bytes(workbook):
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def send(browser, *files):
    page = f"{PAGE}import"
    sent = [(io.BytesIO(data), name) for name, data in files]
    return browser.post(
        page, {"file": sent}, page=page, content_type="multipart/form-data"
    )


def read_receipts(answer):
    body = answer.text.partition("<tbody>")[2].partition("</tbody>")[0]
    lines = re.findall(r"<tr>(.*?)</tr>", body, re.S)
    return [re.sub(r"<[^>]+>", "|", line) for line in lines]


def list_jobs(engine):
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(ImportJob.form_name, ImportJob.rows_read).order_by(ImportJob.id)
        )
        return [tuple(one) for one in found]


def test_the_whole_goes_out_and_comes_back_with_one_upload(engine, members, work):
    answer = members.get(f"{PAGE}workbook.xlsx")
    workbook = load_workbook(io.BytesIO(answer.data))
    assert workbook.sheetnames[0] == "G1 集团基本情况表"
    assert not any(title.startswith("G4 ") for title in workbook.sheetnames)
    [title] = [one for one in workbook.sheetnames if one.startswith("G5.1 ")]
    shown = {cell.value for row in workbook[title].iter_rows() for cell in row}
    assert {SCHOOL["member_name"], SECOND["member_name"]} <= shown
    [line] = read_receipts(send(members, ("整份.xlsx", answer.data)))
    assert "G5.1、G5.6" in line
    work()
    assert list_jobs(engine) == [("group/2014/G5.1", 2), ("group/2014/G5.6", 1)]


def spoil(data, title):
    """The workbook with one sheet that declares what no sheet may."""
    workbook = load_workbook(io.BytesIO(data))
    number = 1 + workbook.sheetnames.index(title)
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(to_bytes(workbook))) as whole,
        zipfile.ZipFile(stream, "w") as spoilt,
    ):
        for name in whole.namelist():
            part = whole.read(name)
            if name == f"xl/worksheets/sheet{number}.xml":
                part = b'<!DOCTYPE worksheet [<!ENTITY a "b">]>' + part
            spoilt.writestr(name, part)
    return stream.getvalue()


@LOOKS
def test_nothing_is_begun_of_a_workbook_with_a_broken_sheet(engine, members):
    data = members.get(f"{PAGE}workbook.xlsx").data
    titles = load_workbook(io.BytesIO(data)).sheetnames
    [title] = [one for one in titles if one.startswith("G5.6 ")]
    [line] = read_receipts(send(members, ("整份.xlsx", spoil(data, title))))
    assert "没有收" in line
    assert list_jobs(engine) == []


@LOOKS
def test_a_member_gets_one_row_and_may_not_change_who_it_is(members):
    books = fetch_members(members)
    assert [name[:4] for name in books] == ["G5.1", "G5.1", "G5.6"]
    sheet = load_workbook(io.BytesIO(next(iter(books.values())))).worksheets[0]
    assert sheet.protection.sheet
    locked = {
        re.sub(r"[*（(].*", "", str(head.value).lstrip("*")): sheet.cell(
            3, head.column
        ).protection.locked
        for head in sheet[2]
    }
    assert locked["成员名称"]
    assert locked["组织机构代码"]
    assert not locked["在校生数"]


def test_members_files_become_one_import_with_a_receipt_each(engine, members, work):
    books = list(fetch_members(members).values())[:2]
    files = [
        (f"{number}.xlsx", fill(data, "在校生数", 1000 + number))
        for number, data in enumerate(books)
    ]
    foreign = Workbook()
    foreign.active.append(["姓名", "电话"])
    answer = send(members, *files, ("名单.xlsx", to_bytes(foreign)))
    first, second, other = read_receipts(answer)
    assert SCHOOL["member_name"] in first
    assert SECOND["member_name"] in second
    assert "没有收" in other
    work()
    assert list_jobs(engine) == [("group/2014/G5.1", 2)]
    review = re.search(r"/imports/\d+", answer.text).group()
    members.post(f"{review}/pass", {"which": "all", "level": "clean"}, page=review)
    grid = members.get("/forms/group/G5.1/").text
    assert {"1000", "1001"} <= set(re.findall(r"\b100[01]\b", grid.replace(",", "")))


@LOOKS
def test_a_cell_that_is_no_value_stays_as_it_stood(members, work):
    [data, *_] = fetch_members(members).values()
    answer = send(members, ("一.xlsx", fill(data, "在校生数", "约一千人")))
    work()
    staged = members.get(re.search(r"/imports/\d+", answer.text).group()).text
    assert "约一千人" in staged


def restamp(book, **changed):
    """Change lines of the hidden sheet; an empty text takes one out."""
    for name, value in book["_tianbao"].iter_rows():
        if name.value in changed:
            value.value = changed[name.value]
            name.value = name.value if value.value else ""


def write_row(book, number, *name):
    """Type a member into a row, whatever is locked there."""
    sheet = book.worksheets[0]
    heads = {str(head.value).lstrip("*")[:4]: head.column for head in sheet[2]}
    for head, text in zip(("成员名称", "组织机构"), name, strict=True):
        sheet.cell(number, heads[head]).value = text


def retitle(book, title):
    book.worksheets[0].title = title


def alter(data, *acts):
    workbook = load_workbook(io.BytesIO(data))
    for act, *given in acts:
        changed = given.pop() if isinstance(given[-1], dict) else {}
        act(workbook, *given, **changed)
    return to_bytes(workbook)


NAMES = [(one["member_name"], one["organization_code"]) for one in (SCHOOL, SECOND)]
G1 = "G1 集团基本情况表"
#: Acts upon a member's workbook, and what its receipt says then.
ALTERED = (
    ([(write_row, 4, *NAMES[1])], "第 4 行“砚溪第二职业学校，YT8184WM7”"),
    ([(retitle, G1), (write_row, 3, NAMES[0][0], "")], "第 3 行“砚溪机电职业技术学院”"),
    (
        [(restamp, {"member": json.dumps(NAMES[1])}), (write_row, 3, *NAMES[1])],
        "成员表的封签不对",
    ),
)


@LOOKS
def test_a_workbook_serves_what_it_was_made_for(engine, members):
    """Whoever takes the protection off a sheet can write anything into it."""
    [data, *_] = fetch_members(members).values()
    whole = members.get(f"{PAGE}workbook.xlsx").data
    cases = (
        *((alter(data, *acts), told) for acts, told in ALTERED),
        (alter(whole, (restamp, {"seal": ""})), "整份工作簿没有本系统的封签"),
    )
    files = [(f"{n}.xlsx", content) for n, (content, _) in enumerate(cases)]
    receipts = read_receipts(send(members, *files))
    for line, (name, _), (_, told) in zip(receipts, files, cases, strict=True):
        assert f"|{name}|||没有收|" in line
        assert told in line
    assert list_jobs(engine) == []


@LOOKS
def test_an_empty_list_has_nothing_to_hand_out(reporter):
    answer = reporter.get(f"{PAGE}members.zip", follow_redirects=True)
    assert "名单里还没有成员" in answer.text


def test_no_cache_keeps_what_is_fetched(members):
    books = (f"{PAGE}workbook.xlsx", f"{PAGE}members.zip")
    for address in (*books, "/forms/group/G1/template.xlsx"):
        answer = members.get(address)
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.content_length == len(answer.data)
