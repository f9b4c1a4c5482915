"""What holds for every request and response: headers, sizes, content types, CSRF.

The content security policy allows no inline script and no inline style anywhere.
"""

from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge, UnsupportedMediaType

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "font-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
}

JSON = frozenset({"application/json"})
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
UPLOADS = frozenset({"multipart/form-data"})

#: Largest body of a page's form or of rows as JSON; uploads have their own limit.
BODY_LIMIT = 8 * 1024 * 1024
_MIB = 1024 * 1024
#: What the multipart wrapping of an upload may add.
WRAPPING = 64 * 1024

View = Callable[..., object]


def takes(types: frozenset[str], limit: Callable[[], int] | None = None):
    """Mark which content types a view accepts, and how large a body."""

    def mark(view: View) -> View:
        view.accepted_types = types
        view.body_limit = limit
        return view

    return mark


def upload_limit() -> int:
    config = current_app.config
    return config["TIANBAO_MAX_UPLOAD_MB"] * _MIB + WRAPPING


def protect(app: Flask) -> None:
    """Check what comes in before anything reads it; complete what goes out."""
    app.before_request(_check_request)
    app.after_request(_complete_response)


def _check_request() -> None:
    if b"\0" in unquote_to_bytes(request.full_path):
        raise BadRequest
    if request.method in {"GET", "HEAD", "OPTIONS"}:
        return
    view = current_app.view_functions.get(request.endpoint or "")
    limit = getattr(view, "body_limit", None)
    request.max_content_length = limit() if limit else BODY_LIMIT
    request.max_form_memory_size = BODY_LIMIT
    length = request.content_length
    if length is not None and length > request.max_content_length:
        raise RequestEntityTooLarge
    if view is not None and request.mimetype not in getattr(
        view, "accepted_types", FORMS
    ):
        raise UnsupportedMediaType
    _refuse_nul()


def _refuse_nul() -> None:
    """No page sends one, and PostgreSQL takes none in a text."""
    sent = request.form.items(multi=True)
    if any("\0" in name or "\0" in value for name, value in sent):
        raise BadRequest


def _complete_response(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    # Personal data: no page may linger in a shared cache or behind "back".
    response.headers.setdefault("Cache-Control", "no-store")
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault(
            "Strict-Transport-Security", "max-age=31536000; includeSubDomains"
        )
    return response
