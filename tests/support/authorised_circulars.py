"""Routes of circulars: one of the city's that came to the school, and a draft."""

import io

from app.policy import Action
from tests.support.authorised_entries import THING_SCENES, Entry, Need
from tests.support.circulars import DRAFT, PDF, SENT

WRITE = Need(Action.SEND_CIRCULARS)
WRITE_THERE = Need(Action.SEND_CIRCULARS, "city")
RECEIVE = Need(also="收到的单位里管全单位的人")


def _one(name):
    return lambda things, _scene: {"circular_id": things.circulars[name]}


def _file(name):
    return lambda things, scene: (
        _one(name)(things, scene) | {"token": things.circular_token}
    )


def _written(things, _scene):
    return {
        "unit": str(things.school.city_id),
        "version": "1",
        "key": "a page",
        "title": "开会",
        "text": "请参加",
        "kinds": "school",
        "files": (io.BytesIO(PDF), "材料.pdf"),
    }


def _sent(things, scene):
    return _written(things, scene) | {"act": "send"}


def _act(endpoint, name, body=lambda _things, _scene: {}):
    need = WRITE_THERE
    return Entry(endpoint, "POST", need, THING_SCENES, _one(name), body)


def _picture(_things, _scene):
    return {"field": "", "file": (io.BytesIO(b""), "校门.png")}


def _piece(_things, _scene):
    return {"from": "0", "piece": (io.BytesIO(PDF), "piece")}


def _announced(_things, _scene):
    return {"field": "papers", "name": "材料.pdf", "size": 10, "mark": "1"}


def _begun(act, method="POST", **given):
    """An act on a file that nobody began."""
    return Entry(
        f"circular_uploads.{act}",
        method,
        WRITE,
        values=lambda _things, _scene: {"token": "x"},
        is_never_done=True,
        is_finer=True,
        note="只有本人传的；样本里没有",
        **given,
    )


CIRCULAR_ENTRIES = (
    Entry(
        "circulars.show_picture",
        "GET",
        RECEIVE,
        values=lambda _things, _scene: {"token": "x"},
        is_never_done=True,
        is_finer=True,
        note="跟着用它的通知；样本里没有",
    ),
    Entry("circular_uploads.begin", "POST", WRITE, body=_announced, is_json=True),
    Entry(
        "circular_uploads.add_picture",
        "POST",
        WRITE,
        body=_picture,
        is_never_done=True,
        note="样本里的不是图片",
    ),
    _begun("ask", "GET"),
    _begun("send", body=_piece),
    _begun("finish", is_json=True),
    _begun("drop", is_json=True),
    _begun("fetch", "GET"),
    Entry("circulars.show_list", "GET", Need()),
    Entry("circulars.show", "GET", RECEIVE, THING_SCENES, _one(SENT), is_finer=True),
    Entry("circulars.fetch", "GET", RECEIVE, THING_SCENES, _file(SENT), is_finer=True),
    Entry(
        "circulars.give_receipt",
        "POST",
        RECEIVE,
        THING_SCENES,
        _one(SENT),
        lambda things, _scene: {"unit": str(things.unit_id)},
        is_finer=True,
    ),
    Entry("circulars_sent.show_list", "GET", WRITE),
    Entry("circulars_sent.write", "GET", WRITE),
    Entry(
        "circulars_sent.create",
        "POST",
        WRITE_THERE,
        THING_SCENES,
        body=_written,
    ),
    Entry("circulars_sent.show", "GET", WRITE_THERE, THING_SCENES, _one(SENT)),
    Entry("circulars_sent.fetch", "GET", WRITE_THERE, THING_SCENES, _file(SENT)),
    Entry("circulars_sent.export", "GET", WRITE_THERE, THING_SCENES, _one(SENT)),
    _act("circulars_sent.save", DRAFT, _sent),
    _act("circulars_sent.discard", DRAFT),
    _act("circulars_sent.take_back", SENT, lambda _t, _s: {"reason": "日期有误"}),
    _act("circulars_sent.remind", SENT),
    Entry(
        "circulars_sent.send_later",
        "POST",
        WRITE_THERE,
        THING_SCENES,
        _one(SENT),
        changes=False,
    ),
)
