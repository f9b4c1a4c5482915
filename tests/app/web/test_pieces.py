"""Files in pieces: refused before they are sent, gone on with, judged when whole."""

import io
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import update

from app.models import BegunUpload
from app.models.base import now_utc
from app.services import resuming
from app.services.resuming import PIECE_BYTES, sweep_uploads
from tests.app.web.conftest import encode_form

FORM = "/forms/talent/2.15.1/"
PHOTOS = "/forms/group/G7.3/"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 8000


@pytest.fixture
def stored(config):
    """What lies in the file store."""
    folder = config.data_folder / "files"
    return lambda: list(folder.iterdir()) if folder.exists() else []


def begin(browser, page=FORM, **given):
    body = {"field": "evidence_file", "name": "证明.pdf", "size": len(PDF), "mark": "7"}
    return browser.send(f"{page}uploads/", body | given, page=page)


def send(browser, begun, content, start):
    body, content_type = encode_form(
        {"from": str(start), "piece": (io.BytesIO(content), "piece")}
    )
    return browser.client.post(
        begun.json["urls"]["send"],
        data=body,
        content_type=content_type,
        headers={"X-CSRFToken": browser.token, "Accept": "application/json"},
    )


def send_all(browser, begun, content):
    for start in range(0, len(content), PIECE_BYTES):
        answer = send(browser, begun, content[start : start + PIECE_BYTES], start)
        assert answer.status_code == 200, answer.text


def finish(browser, begun, **body):
    return browser.send(begun.json["urls"]["finish"], body, page="")


def photo(dpi=72, width=1200):
    stream = io.BytesIO()
    Image.new("RGB", (width, 900), "white").save(stream, "JPEG", dpi=(dpi, dpi))
    return stream.getvalue()


def test_a_file_comes_whole_out_of_its_pieces(filler, stored):
    begun = begin(filler)
    assert begun.status_code == 201, begun.text
    send_all(filler, begun, PDF)
    kept = finish(filler, begun)
    assert kept.status_code == 201, kept.text
    assert filler.get(kept.json["url"]).data == PDF
    assert len(stored()) == 1
    assert filler.get(begun.json["url"]).status_code == 404


def test_what_is_there_is_not_sent_again(filler):
    begun = begin(filler)
    send(filler, begun, PDF[:PIECE_BYTES], 0)
    again = begin(filler)
    assert (again.json["received"], again.json["url"]) == (
        PIECE_BYTES,
        begun.json["url"],
    )
    assert filler.get(again.json["url"]).json["received"] == PIECE_BYTES
    send(filler, again, PDF[PIECE_BYTES:], PIECE_BYTES)
    assert filler.get(finish(filler, again).json["url"]).data == PDF


def test_another_file_of_the_same_name_begins_anew(filler):
    send(filler, begin(filler), PDF[:100], 0)
    assert begin(filler, mark="8").json["received"] == 0


def test_a_piece_in_the_wrong_place_is_told_where_to_go_on(filler, stored):
    begun = begin(filler)
    send(filler, begun, PDF[:100], 0)
    answer = send(filler, begun, PDF[:100], 0)
    assert (answer.status_code, answer.json["received"]) == (409, 100)
    assert finish(filler, begun).json["received"] == 100
    assert len(stored()) == 1


@pytest.mark.parametrize(
    ("given", "status", "said"),
    [
        ({"size": 20 * 1024 * 1024}, 413, "要小于 20 MB"),
        ({"name": "a.exe"}, 422, "只收"),
        ({"size": 0}, 422, "是空的"),
        ({"size": -1}, 400, ""),
        ({"size": True}, 400, ""),
        ({"field": "no_such_field"}, 404, "没有这个附件栏"),
    ],
)
def test_what_cannot_be_taken_is_refused_before_it_is_sent(filler, given, status, said):
    answer = begin(filler, **given)
    assert answer.status_code == status
    assert said in answer.json["message"]


def test_more_than_was_said_is_stopped_while_it_is_sent(filler, stored):
    begun = begin(filler, size=100)
    assert send(filler, begun, PDF[:101], 0).status_code == 413
    assert filler.get(begun.json["url"]).status_code == 404
    assert stored() == []


def test_a_piece_that_is_too_large_is_not_read(filler):
    begun = begin(filler)
    assert send(filler, begun, b"0" * (PIECE_BYTES + 70_000), 0).status_code == 413


def test_a_file_is_judged_when_it_is_whole(filler, stored):
    begun = begin(filler, size=100)
    send(filler, begun, b"MZ" + b"0" * 98, 0)
    answer = finish(filler, begun)
    assert answer.status_code == 422
    assert "里面是程序" in answer.json["message"]
    assert stored() == []


def test_a_coarse_photo_gets_its_resolution_when_asked_for(sign_in):
    person, content = sign_in("groupfiller"), photo()
    begun = begin(person, PHOTOS, field="photo", name="a.jpg", size=len(content))
    send_all(person, begun, content)
    answer = finish(person, begun)
    assert (answer.status_code, answer.json["dpi"]) == (422, 300)
    kept = finish(person, begun, set_dpi=True)
    assert kept.status_code == 201, kept.text
    with Image.open(io.BytesIO(person.get(kept.json["url"]).data)) as image:
        assert (image.size, image.info["dpi"]) == ((1200, 900), (300, 300))


def test_too_few_pixels_stay_too_few(sign_in):
    person, content = sign_in("groupfiller"), photo(width=400)
    begun = begin(person, PHOTOS, field="photo", name="a.jpg", size=len(content))
    send_all(person, begun, content)
    answer = finish(person, begun, set_dpi=True)
    assert answer.status_code == 422
    assert "宽 400 像素" in answer.json["message"]


def test_nobody_else_sees_or_goes_on_with_an_upload(filler, sign_in):
    begun = begin(filler)
    for name in ("colleague", "stranger"):
        other = sign_in(name)
        other.get(FORM)
        assert other.get(begun.json["url"]).status_code == 404
        assert send(other, begun, PDF[:100], 0).status_code == 404
        assert finish(other, begun).status_code == 404
        assert other.send(begun.json["urls"]["drop"], {}, page="").status_code == 404
    assert filler.get(begun.json["url"]).json["received"] == 0


def test_a_cancelled_upload_leaves_nothing(filler, stored):
    begun = begin(filler)
    send(filler, begun, PDF[:100], 0)
    assert filler.send(begun.json["urls"]["drop"], {}, page="").status_code == 200
    assert filler.get(begun.json["url"]).status_code == 404
    assert stored() == []


def test_what_nobody_goes_on_with_is_gone_after_a_day(filler, workshop, stored):
    old, young = begin(filler), begin(filler, mark="8")
    send(filler, old, PDF[:100], 0)
    with workshop.engine.begin() as connection:
        connection.execute(
            update(BegunUpload)
            .where(BegunUpload.mark == "7")
            .values(touched_at=now_utc() - timedelta(days=1, minutes=1))
        )
    assert sweep_uploads(workshop.engine, workshop.files) == 1
    assert filler.get(old.json["url"]).status_code == 404
    assert filler.get(young.json["url"]).status_code == 200
    assert stored() == []


def test_nobody_begins_without_end(filler, monkeypatch):
    monkeypatch.setattr(resuming, "_MOST_BEGUN", 1)
    begin(filler)
    assert begin(filler, mark="8").status_code == 429


def test_nobody_sends_crumbs_without_end(filler, stored, monkeypatch):
    """Not even empty ones, of which there could be any number."""
    monkeypatch.setattr(resuming, "_MOST_PIECES", 3)
    begun = begin(filler)
    assert [send(filler, begun, b"", 0).status_code for _ in range(3)] == [200] * 3
    assert send(filler, begun, b"", 0).status_code == 413
    assert stored() == []
    assert filler.get(begun.json["url"]).status_code == 404
