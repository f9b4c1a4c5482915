"""Files that the page of a circular sends before it is saved: attachments in pieces,
pictures of its text.
"""

from flask import Blueprint, Response, jsonify, request, url_for

from app.errors import BadRequest
from app.services.circulars.pending import (
    PaperDestination,
    find_destination,
    get_pending,
)
from app.web.downloads import attach
from app.web.piece_posts import (
    begin_pieces,
    drop_pieces,
    finish_pieces,
    piece_limit,
    take_sent_piece,
    tell_pieces,
)
from app.web.security import JSON, UPLOADS, takes, upload_limit
from app.web.server import Answer, get_server
from app.web.uploads import received
from app.web.visit import get_visit

circular_uploads = Blueprint(
    "circular_uploads", __name__, url_prefix="/circulars/sent/uploads"
)


@circular_uploads.post("/")
@takes(JSON)
def begin() -> Answer:
    return begin_pieces(
        _find_destination(), lambda act, token: url_for(f".{act}", token=token)
    )


@circular_uploads.get("/<token>")
def ask(token: str) -> Response:
    return tell_pieces(_find_destination(), token)


@circular_uploads.post("/<token>/pieces")
@takes(UPLOADS, piece_limit)
def send(token: str) -> Answer:
    return take_sent_piece(_find_destination(), token)


@circular_uploads.post("/<token>/finish")
@takes(JSON)
def finish(token: str) -> Answer:
    return finish_pieces(
        _find_destination(), token, lambda kept: url_for(".fetch", token=kept.token)
    )


@circular_uploads.post("/<token>/drop")
@takes(JSON)
def drop(token: str) -> Response:
    return drop_pieces(_find_destination(), token)


@circular_uploads.get("/<token>/file")
def fetch(token: str) -> Response:
    """A file that came and is in no draft yet, to whoever sent it."""
    server = get_server()
    file = get_pending(server.engine, get_visit().actor, token)
    return attach(server.files.read(token), file.name, file.media_type, file.size)


@circular_uploads.post("/pictures")
@takes(UPLOADS, upload_limit)
def add_picture() -> Answer:
    sent = request.files.get("file")
    if sent is None:
        raise BadRequest
    destination = _find_destination()
    with received(sent) as path:
        kept = destination.keep_picture(path, sent.filename or "")
    url = url_for("circulars.show_picture", token=kept.token)
    return jsonify(token=kept.token, name=kept.name, size=kept.size, url=url), 201


def _find_destination() -> PaperDestination:
    server = get_server()
    return find_destination(
        server.engine,
        server.files,
        get_visit().actor,
        server.config.max_upload_mb,
    )
