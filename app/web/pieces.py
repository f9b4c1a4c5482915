"""Files that the pages' script sends in pieces: begin, ask, send on, finish, drop."""

from flask import Blueprint, Response, jsonify, request, url_for

from app.errors import BadRequest, CoarsePicture
from app.services.resuming import (
    PIECE_BYTES,
    Announced,
    WrongPlace,
    begin_upload,
    drop_upload,
    finish_upload,
    get_upload,
    take_piece,
)
from app.web.addresses import LARGEST_ID, read_number
from app.web.rows import get_desk, read_body, read_text
from app.web.security import JSON, UPLOADS, WRAPPING, takes
from app.web.server import Answer, get_server
from app.web.uploads import received

pieces = Blueprint("pieces", __name__, url_prefix="/forms/<collection>/<code>/uploads")

_LONGEST_NAME = 400
_LONGEST_MARK = 40


def _piece_limit() -> int:
    return PIECE_BYTES + WRAPPING


@pieces.post("/")
@takes(JSON)
def begin(collection: str, code: str) -> Answer:
    desk, body = get_desk(collection, code), read_body()
    size = body.get("size")
    if type(size) is not int or not 0 <= size < LARGEST_ID:
        raise BadRequest
    announced = Announced(
        read_text(body, "field"),
        read_text(body, "name")[-_LONGEST_NAME:],
        size,
        read_text(body, "mark")[:_LONGEST_MARK],
    )
    limit = get_server().config.max_upload_mb
    begun = begin_upload(desk, announced, limit)
    address = {"collection": collection, "code": code, "token": begun.token}
    urls = {
        act: url_for(f".{view}", **address)
        for act, view in (("send", "send"), ("finish", "finish"), ("drop", "drop"))
    }
    told = {"received": begun.received, "piece": PIECE_BYTES, "urls": urls}
    return jsonify(url=url_for(".ask", **address), **told), 201


@pieces.get("/<token>")
def ask(collection: str, code: str, token: str) -> Response:
    begun = get_upload(get_desk(collection, code), token)
    return jsonify(received=begun.received, size=begun.size)


@pieces.post("/<token>/pieces")
@takes(UPLOADS, _piece_limit)
def send(collection: str, code: str, token: str) -> Answer:
    desk = get_desk(collection, code)
    start = read_number(request.form.get("from", ""))
    sent = request.files.get("piece")
    if start is None or sent is None:
        raise BadRequest
    with received(sent) as source:
        try:
            end = take_piece(desk, get_server().files, token, start, source)
        except WrongPlace as wrong:
            return _answer_wrong_place(wrong)
    return jsonify(received=end)


@pieces.post("/<token>/finish")
@takes(JSON)
def finish(collection: str, code: str, token: str) -> Answer:
    desk, server = get_desk(collection, code), get_server()
    set_dpi = read_body().get("set_dpi") is True
    try:
        kept = finish_upload(
            desk, server.files, token, server.config.max_upload_mb, set_dpi
        )
    except WrongPlace as wrong:
        return _answer_wrong_place(wrong)
    except CoarsePicture as coarse:
        told = {"message": coarse.message, "status": coarse.status}
        return jsonify(**told, dpi=coarse.dpi), coarse.status
    address = url_for("forms.fetch", collection=collection, code=code, token=kept.token)
    return jsonify(token=kept.token, name=kept.name, size=kept.size, url=address), 201


@pieces.post("/<token>/drop")
@takes(JSON)
def drop(collection: str, code: str, token: str) -> Response:
    drop_upload(get_desk(collection, code), get_server().files, token)
    return jsonify(dropped=True)


def _answer_wrong_place(wrong: WrongPlace) -> Answer:
    told = {"message": wrong.message, "status": wrong.status}
    return jsonify(**told, received=wrong.received), wrong.status
