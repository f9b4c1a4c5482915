"""Files of circulars that come before the page is saved: in pieces, or for its text."""

import io
import re
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import update

from app.jobs import Worker
from app.models import StoredFile
from app.models.base import now_utc
from app.services.circulars.papers import MOST_FILES
from tests.app.web.conftest import encode_form
from tests.app.web.test_circulars import enter, fill, group, nation, province, write
from tests.app.web.test_pieces import finish, send, send_all
from tests.support.areas import FAR_GROUP, OTHER, PROVINCE

__all__ = ["enter", "fill", "group", "nation", "province"]

NEW = "/circulars/sent/new"
UPLOADS = "/circulars/sent/uploads/"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 3000
_ID = re.compile(r"/circulars/sent/(\d+)")
_PAPER = re.compile(r'href="(/circulars/\d+/files/[^"]+)"')


def begin(browser, **given):
    body = {"field": "papers", "name": "安排.pdf", "size": len(PDF), "mark": "7"}
    return browser.send(UPLOADS, body | given, page=NEW)


def upload(browser, content=PDF, **given):
    begun = begin(browser, size=len(content), **given)
    assert begun.status_code == 201, begun.text
    send_all(browser, begun, content)
    return finish(browser, begun)


def send_picture(browser, content, name="校门.png"):
    fields = {"field": "", "file": (io.BytesIO(content), name)}
    body, content_type = encode_form(fields)
    browser.get(NEW)
    headers = {"X-CSRFToken": browser.token, "Accept": "application/json"}
    url = f"{UPLOADS}pictures"
    given = {"data": body, "content_type": content_type, "headers": headers}
    return browser.client.post(url, **given)


def picture(width=60):
    stream = io.BytesIO()
    Image.new("RGB", (width, 40), "red").save(stream, "PNG")
    return stream.getvalue()


def show(token):
    return f'<p>见图</p><img src="/circulars/pictures/{token}" alt="校门">'


def pass_a_day(engine):
    with engine.begin() as connection:
        before = now_utc() - timedelta(days=1, minutes=1)
        connection.execute(update(StoredFile).values(created_at=before))


@pytest.fixture
def stored(config):
    folder = config.data_folder / "files"
    return lambda: list(folder.iterdir()) if folder.exists() else []


def test_an_attachment_comes_in_pieces_and_goes_out_with_the_circular(
    province, group, nation, stored
):
    begun = begin(province)
    send(province, begun, PDF[:1000], 0)
    again = begin(province)
    assert again.json["received"] == 1000
    send(province, again, PDF[1000:], 1000)
    kept = finish(province, again)
    assert kept.status_code == 201, kept.text
    assert province.get(kept.json["url"]).data == PDF
    # Nobody else has it, nor takes it into a circular of his.
    assert group.get(kept.json["url"]).status_code == 403
    answer = write(province, nation, papers=[kept.json["token"]], question="")
    assert answer.status_code == 303, answer.text
    assert province.get(kept.json["url"]).status_code == 404
    page = f"/circulars/{_ID.search(answer.location)[1]}"
    (paper,) = _PAPER.findall(group.get(page).text)
    assert group.get(paper).data == PDF
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"size": 500 * 1024 * 1024}, 413, "要小于"),
        ({"name": "a.exe"}, 422, "只收"),
        ({"size": 0}, 422, "是空的"),
        ({"field": "pictures"}, 404, "没有这个附件栏"),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(
    province, given, status, said
):
    answer = begin(province, **given)
    assert answer.status_code == status
    assert said in answer.json["message"]


def test_what_was_sent_stays_on_a_page_that_is_not_saved(province, enter, nation):
    first = upload(province).json["token"]
    foreign = upload(enter(OTHER)).json["token"]
    answer = write(province, nation, papers=[first, foreign], due="明天")
    assert answer.status_code == 422
    assert f'value="{first}" checked' in answer.text
    assert foreign not in answer.text
    # Another province's file is none of this one's.
    saved = write(province, nation, papers=[first, foreign], act="save")
    assert saved.status_code == 422
    assert "有 1 个附件没有放进去" in saved.text
    assert saved.text.count("安排.pdf</a>") == 1
    many = [
        upload(province, PDF + bytes([n]), name=f"{n}.pdf").json["token"]
        for n in range(MOST_FILES)
    ]
    page = f"/circulars/sent/{_ID.search(saved.text)[1]}"
    full = write(province, nation, page, papers=many, act="save")
    assert f"最多带 {MOST_FILES} 个附件" in full.text


def test_what_no_draft_takes_is_gone_after_a_day(province, nation, workshop, stored):
    kept, lost = upload(province), upload(province, PDF + b"2", name="b.pdf")
    write(province, nation, papers=[kept.json["token"]], act="save")
    Worker(workshop, "early").do_chores()
    assert len(stored()) == 2
    pass_a_day(workshop.engine)
    Worker(workshop, "late").do_chores()
    assert province.get(lost.json["url"]).status_code == 404
    assert len(stored()) == 1


def test_a_file_is_judged_when_it_is_whole(province, stored):
    answer = upload(province, b"MZ" + b"0" * 98)
    assert answer.status_code == 422
    assert "里面是程序" in answer.json["message"]
    assert stored() == []


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.svg", b"<svg/>"), ("a.png", b"<script>"), ("a.pdf", PDF), ("a.png", b"")],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_text_takes_pictures_alone(province, name, content):
    assert send_picture(province, content, name).status_code == 422


def test_a_picture_is_seen_by_who_reads_the_circular(province, enter, group, nation):
    kept = send_picture(province, picture())
    assert kept.status_code == 201, kept.text
    token, url = kept.json["token"], kept.json["url"]
    colleague, other = enter(PROVINCE), enter(OTHER)
    far = enter(FAR_GROUP, "group_admin")
    everybody = [province, colleague, other, group, far]

    def who_sees():
        answers = [one.get(url) for one in everybody]
        assert {one.status_code for one in answers} <= {200, 404}
        return [one.status_code == 200 for one in answers]

    assert who_sees() == [True, True, False, False, False]
    text = show(token)
    saved = write(province, nation, text=text, act="save", question="")
    assert who_sees() == [True, True, False, False, False]
    write(colleague, nation, saved.location, text=text, question="")
    assert who_sees() == [True, True, False, True, False]
    number = _ID.search(saved.location)[1]
    assert f'src="{url}"' in group.get(f"/circulars/{number}").text
    answer = group.get(url)
    assert (answer.mimetype, answer.data) == ("image/png", picture())
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert "no-store" in answer.headers["Cache-Control"]
    page = f"/circulars/sent/{number}"
    province.post(f"{page}/withdraw", {"reason": "有误"}, page=page)
    assert who_sees() == [True, True, False, False, False]


def test_naming_the_picture_of_another_unit_shows_it_to_nobody(
    province, enter, group, nation
):
    token = send_picture(enter(OTHER), picture()).json["token"]
    answer = write(province, nation, text=show(token), question="")
    assert answer.status_code == 303
    for reader in (province, group):
        assert reader.get(f"/circulars/pictures/{token}").status_code == 404


def test_an_attachment_is_no_picture(province, group, nation):
    token = upload(province).json["token"]
    write(province, nation, papers=[token], text=show(token), question="")
    for reader in (province, group):
        assert reader.get(f"/circulars/pictures/{token}").status_code == 404


def test_pictures_stay_as_long_as_a_text_shows_them(
    province, group, nation, workshop, stored
):
    tokens = [send_picture(province, picture(60 + n)).json["token"] for n in range(3)]
    both, dropped, copied = tokens
    text = "".join(map(show, tokens))
    draft = write(province, nation, text=text, act="save").location
    write(province, nation, draft, text=show(both) + show(copied), act="save")
    sent = write(province, nation, text=show(copied), question="")
    assert sent.status_code == 303
    province.post(f"{draft}/discard", page=draft)
    pass_a_day(workshop.engine)
    Worker(workshop, "sweeper").do_chores()
    assert len(stored()) == 1
    assert group.get(f"/circulars/pictures/{copied}").status_code == 200
    for token in (both, dropped):
        assert province.get(f"/circulars/pictures/{token}").status_code == 404
    # What was kept for the copy is not asked about again.
    pass_a_day(workshop.engine)
    Worker(workshop, "sweeper").do_chores()
    assert group.get(f"/circulars/pictures/{copied}").status_code == 200


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_group_sends_nothing(group):
    assert begin(group).status_code == 403
    assert send_picture(group, picture()).status_code == 403
