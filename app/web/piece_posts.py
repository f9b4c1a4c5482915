"""What the pages' script asks of files in pieces, whatever they are sent for."""

from collections.abc import Callable

from flask import Response, jsonify, request

from app.errors import BadRequest, CoarsePicture
from app.services.files import Upload
from app.services.resuming import (
    PIECE_BYTES,
    Announced,
    Destination,
    WrongPlace,
    begin_upload,
    drop_upload,
    finish_upload,
    get_upload,
    take_piece,
)
from app.web.addresses import LARGEST_NUMBER, read_number
from app.web.rows import read_body, read_text
from app.web.security import WRAPPING
from app.web.server import Answer, get_server
from app.web.uploads import received

_LONGEST_NAME = 400
_LONGEST_MARK = 40
_ACTS = ("send", "finish", "drop")


def piece_limit() -> int:
    return PIECE_BYTES + WRAPPING


def begin_pieces(
    destination: Destination, address: Callable[[str, str], str]
) -> Answer:
    """Begin a file, or tell how much of it is there.

    Args:
        address: of an act ("ask", "send", "finish", "drop") on a begun file's token.
    """
    body = read_body()
    size = body.get("size")
    if type(size) is not int or not 0 <= size < LARGEST_NUMBER:
        raise BadRequest
    announced = Announced(
        read_text(body, "field"),
        read_text(body, "name")[-_LONGEST_NAME:],
        size,
        read_text(body, "mark")[:_LONGEST_MARK],
    )
    begun = begin_upload(destination, announced)
    urls = {act: address(act, begun.token) for act in _ACTS}
    told = {"received": begun.received, "piece": PIECE_BYTES, "urls": urls}
    return jsonify(url=address("ask", begun.token), **told), 201


def tell_pieces(destination: Destination, token: str) -> Response:
    begun = get_upload(destination, token)
    return jsonify(received=begun.received, size=begun.size)


def take_sent_piece(destination: Destination, token: str) -> Answer:
    start = read_number(request.form.get("from", ""))
    sent = request.files.get("piece")
    if start is None or sent is None:
        raise BadRequest
    with received(sent) as source:
        try:
            end = take_piece(destination, get_server().files, token, start, source)
        except WrongPlace as wrong:
            return _answer_wrong_place(wrong)
    return jsonify(received=end)


def finish_pieces(
    destination: Destination, token: str, address: Callable[[Upload], str]
) -> Answer:
    """Judge a file that is there, and keep it.

    Args:
        address: where the kept file is fetched.
    """
    set_dpi = read_body().get("set_dpi") is True
    try:
        kept = finish_upload(destination, get_server().files, token, set_dpi)
    except WrongPlace as wrong:
        return _answer_wrong_place(wrong)
    except CoarsePicture as coarse:
        told = {"message": coarse.message, "status": coarse.status}
        return jsonify(**told, dpi=coarse.dpi), coarse.status
    told = {"token": kept.token, "name": kept.name, "size": kept.size}
    return jsonify(**told, url=address(kept)), 201


def drop_pieces(destination: Destination, token: str) -> Response:
    drop_upload(destination, get_server().files, token)
    return jsonify(dropped=True)


def _answer_wrong_place(wrong: WrongPlace) -> Answer:
    told = {"message": wrong.message, "status": wrong.status}
    return jsonify(**told, received=wrong.received), wrong.status
