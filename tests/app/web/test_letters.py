"""An office writes to many, with files; who got the letter reads it, nobody else."""

import io

import pytest
from sqlalchemy import select

from app.models import AuditAction, AuditEntry, Department, Mail, Role, Unit
from app.services.accounts import find_user_id
from tests.support.people import add_person, notices_of

PDF = b"%PDF-1.7 \n"


@pytest.fixture
def office(engine, sign_in):
    add_person(engine, "sender", Role.QUALITY_OFFICE)
    return sign_in("sender")


@pytest.fixture
def departments(engine):
    """Name -> id, of the demo school."""
    found = select(Department.name, Department.id).join(Unit)
    with engine.begin() as connection:
        return dict(connection.execute(found.where(Unit.code == "demo-school")).all())


def post(browser, *files, **fields):
    body = {"title": "填报安排", "text": "请看附件。\n按时填报。", **fields}
    if files:
        body["files"] = [(io.BytesIO(content), name) for name, content in files]
    return browser.post(
        "/notices/new", body, page="/notices/new", content_type="multipart/form-data"
    )


def told(engine, username):
    return [n.title for n in notices_of(engine, find_user_id(engine, username))]


def test_a_letter_reaches_everybody_of_the_unit(office, engine):
    answer = post(office)
    assert answer.status_code == 303, answer.text
    for username in ("filler", "reviewer", "teaching", "students"):
        assert told(engine, username) == ["填报安排"]
    assert told(engine, "stranger") == []
    assert told(engine, "sender") == []


def test_a_letter_reaches_the_chosen_departments_and_roles(office, engine, departments):
    add_person(engine, "chief", Role.DEPARTMENT_HEAD, "教学管理处")
    post(office, departments=str(departments["教学管理处"]), roles="filler")
    assert told(engine, "teaching") == ["填报安排"]
    assert told(engine, "chief") == []
    assert told(engine, "students") == []


def test_a_recipient_reads_the_letter_and_fetches_its_files(office, engine, sign_in):
    answer = post(office, ("任务分工表.pdf", PDF))
    filler = sign_in("filler")
    (notice,) = notices_of(engine, find_user_id(engine, "filler"))
    letter = filler.get(f"/notices/{notice.id}", follow_redirects=True)
    assert "按时填报。" in letter.text
    assert "任务分工表.pdf" in letter.text
    assert answer.location == notice.link
    file = filler.get(letter.text.split('class="link" href="')[1].split('"')[0])
    assert (file.status_code, file.data) == (200, PDF)
    assert file.headers["Content-Disposition"].startswith("attachment")


def test_who_did_not_get_it_reads_neither_letter_nor_file(
    office, engine, sign_in, departments
):
    answer = post(office, ("手册.pdf", PDF), departments=str(departments["教学管理处"]))
    link = sign_in("teaching").get(answer.location).text
    file = link.split('class="link" href="')[1].split('"')[0]
    for username in ("students", "stranger"):
        other = sign_in(username)
        assert other.get(answer.location).status_code == 404
        assert other.get(file).status_code == 404


def test_a_file_of_another_letter_is_not_found(office):
    first = post(office, ("手册.pdf", PDF)).location
    second = post(office, title="另一份").location
    file = office.get(first).text.split('class="link" href="')[1].split('"')[0]
    assert office.get(file.replace(first, second)).status_code == 404


def test_the_office_sees_who_has_not_read(office, engine, sign_in, departments):
    link = post(office, departments=str(departments["教学管理处"])).location
    assert "teaching 的姓名" in office.get(link).text
    (notice,) = notices_of(engine, find_user_id(engine, "teaching"))
    reader = sign_in("teaching")
    reader.get(f"/notices/{notice.id}")
    assert "teaching 的姓名" not in office.get(link).text
    assert "谁读了" not in reader.get(link).text


def test_sent_letters_are_listed_for_those_who_send(office, filler):
    post(office)
    assert "填报安排" in office.get("/notices/letters").text
    assert filler.get("/notices/letters").status_code == 403
    assert filler.get("/notices/new").status_code == 403
    assert "写通知" not in filler.get("/notices/").text


def test_a_filler_sends_no_letters(filler, engine):
    filler.get("/notices/")
    answer = post(filler)
    assert answer.status_code == 403
    assert told(engine, "teaching") == []


def test_what_a_letter_says_is_text(office, sign_in):
    link = post(office, title="<b>注意</b>", text="<script>alert(1)</script>").location
    page = sign_in("filler").get(link).text
    assert "<script>alert" not in page
    assert "&lt;b&gt;注意&lt;/b&gt;" in page


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"title": "  "}, "标题和正文都要写"),
        ({"text": ""}, "标题和正文都要写"),
        ({"title": "长" * 101}, "标题不超过 100 字"),
        ({"departments": "999999"}, "不是本单位的"),
    ],
)
def test_a_letter_that_cannot_go_says_why_and_keeps_its_words(
    office, engine, fields, sentence
):
    answer = post(office, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert told(engine, "filler") == []


def test_nobody_to_tell_is_refused(office, engine, departments):
    answer = post(
        office, departments=str(departments["教学管理处"]), roles="leadership"
    )
    assert answer.status_code == 422
    assert "没有别的在用账号" in answer.text
    assert "还没有发过通知" in office.get("/notices/letters").text


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("手册.exe", b"MZ", "只收"),
        ("手册.pdf", b"<html>", "内容不是 pdf"),
        ("手册.pdf", b"", "是空的"),
    ],
)
def test_a_wrong_file_is_refused(office, engine, name, content, sentence):
    answer = post(office, (name, content))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert told(engine, "filler") == []


def test_too_many_files_are_refused(office):
    answer = post(office, *[(f"{n}.pdf", PDF) for n in range(11)])
    assert "最多带 10 个附件" in answer.text


def test_the_same_letter_is_not_sent_twice(office, engine):
    post(office)
    answer = post(office)
    assert answer.status_code == 422
    assert "刚刚发过" in answer.text
    assert told(engine, "filler") == ["填报安排"]


def test_a_letter_is_written_into_the_audit_log(office, engine):
    post(office, ("手册.pdf", PDF))
    with engine.begin() as connection:
        entry = connection.execute(
            select(AuditEntry.__table__).where(
                AuditEntry.action == AuditAction.NOTICE_SENT
            )
        ).one()
    assert entry.subject == "通知：填报安排"
    assert entry.details["files"] == ["手册.pdf"]


def test_a_letter_also_goes_by_mail(office, engine):
    add_person(engine, "reader", Role.FILLER, email="reader@example.edu.cn")
    post(office)
    with engine.begin() as connection:
        addresses = connection.scalars(select(Mail.address)).all()
    assert addresses == ["reader@example.edu.cn"]
