"""Files that are sent to be saved."""

from collections.abc import Iterable, Iterator
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import quote

from flask import Response

from app.storage.files import MEDIA_TYPES

_PIECE = 256 * 1024


def attach(
    pieces: Iterable[bytes], name: str, media_type: str, size: int | None = None
) -> Response:
    """A file to be saved, never to be opened within our pages."""
    response = Response(pieces, mimetype=media_type)
    response.headers["Content-Disposition"] = (
        f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    if size is not None:
        response.content_length = size
    return response


def send_picture(
    pieces: Iterable[bytes], media_type: str, size: int | None = None
) -> Response:
    """A picture that pages show, and that nothing can run in."""
    response = attach(pieces, "", media_type, size)
    del response.headers["Content-Disposition"]
    return response


def send_made(folder: TemporaryDirectory, path: Path, name: str) -> Response:
    """A file just made, gone once it is sent."""
    media_type = MEDIA_TYPES[name.rsplit(".", 1)[-1]]
    response = attach(_read_pieces(path), name, media_type, path.stat().st_size)
    response.call_on_close(folder.cleanup)
    return response


def send_written(stream: BinaryIO, name: str) -> Response:
    """What was just written into a stream, which is closed once it is sent.

    Flask's `send_file` would let caches keep it: its `no-cache` is no `no-store`.
    """
    size = stream.seek(0, SEEK_END)
    stream.seek(0)
    media_type = MEDIA_TYPES[name.rsplit(".", 1)[-1]]
    response = attach(_read_on(stream), name, media_type, size)
    response.call_on_close(stream.close)
    return response


def _read_pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as stream:
        yield from _read_on(stream)


def _read_on(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(_PIECE):
        yield piece
