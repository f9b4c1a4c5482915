"""Static files: our own, the browser packages, and those of the renderers.

An address carries the file's hash, so that browsers may keep what they have.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, request, send_from_directory, url_for

_APP_STATIC = Path(__file__).parent.parent / "static"
_FORM_STATIC = Path(__file__).parent.parent.parent / "renderers" / "static"
_FOREVER = "public, max-age=31536000, immutable"
#: Modules import each other without a hash: browsers ask whether they have changed.
_ASK_AGAIN = "no-cache"

assets = Blueprint("assets", __name__)


@assets.get("/static/forms/<path:name>")
def serve_form_asset(name: str) -> Response:
    return _serve(_FORM_STATIC, name)


@assets.get("/static/<path:name>")
def serve_asset(name: str) -> Response:
    return _serve(_APP_STATIC, name)


@assets.app_template_global()
def asset_url(name: str) -> str:
    """The address of a static file, with its hash."""
    if name.startswith("forms/"):
        file = name.removeprefix("forms/")
        version = _hash(_FORM_STATIC / file)
        return url_for("assets.serve_form_asset", name=file, v=version)
    return url_for("assets.serve_asset", name=name, v=_hash(_APP_STATIC / name))


def _serve(folder: Path, name: str) -> Response:
    response = send_from_directory(folder, name, conditional=True)
    has_version = request.args.get("v") == _hash(folder / name)
    response.headers["Cache-Control"] = _FOREVER if has_version else _ASK_AGAIN
    return response


def _hash(path: Path) -> str:
    if not path.is_file():
        return ""
    return _hash_version(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=256)
def _hash_version(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
