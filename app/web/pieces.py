"""Files of fields that the pages' script sends in pieces: begin, ask, send on, finish,
drop.
"""

from flask import Blueprint, Response, url_for

from app.services.field_uploads import FieldDestination
from app.web.piece_posts import (
    begin_pieces,
    drop_pieces,
    finish_pieces,
    piece_limit,
    take_sent_piece,
    tell_pieces,
)
from app.web.rows import get_desk
from app.web.security import JSON, UPLOADS, takes
from app.web.server import Answer, get_server

pieces = Blueprint("pieces", __name__, url_prefix="/forms/<collection>/<code>/uploads")


@pieces.post("/")
@takes(JSON)
def begin(collection: str, code: str) -> Answer:
    form = {"collection": collection, "code": code}
    return begin_pieces(
        _find_destination(collection, code),
        lambda act, token: url_for(f".{act}", **form, token=token),
    )


@pieces.get("/<token>")
def ask(collection: str, code: str, token: str) -> Response:
    return tell_pieces(_find_destination(collection, code), token)


@pieces.post("/<token>/pieces")
@takes(UPLOADS, piece_limit)
def send(collection: str, code: str, token: str) -> Answer:
    return take_sent_piece(_find_destination(collection, code), token)


@pieces.post("/<token>/finish")
@takes(JSON)
def finish(collection: str, code: str, token: str) -> Answer:
    form = {"collection": collection, "code": code}
    return finish_pieces(
        _find_destination(collection, code),
        token,
        lambda kept: url_for("forms.fetch", **form, token=kept.token),
    )


@pieces.post("/<token>/drop")
@takes(JSON)
def drop(collection: str, code: str, token: str) -> Response:
    return drop_pieces(_find_destination(collection, code), token)


def _find_destination(collection: str, code: str) -> FieldDestination:
    server = get_server()
    desk = get_desk(collection, code)
    return FieldDestination(desk, server.files, server.config.max_upload_mb)
