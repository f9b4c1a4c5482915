"""Browsers in which somebody logged in or set a forgotten password anew: a signed
cookie says so, for one login.

Whoever guesses an account's password elsewhere cannot use up its tries here.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from datetime import datetime

from app.models.base import now_utc

#: How long a browser counts as known.
DAYS = 365
#: Accounts that one browser remembers; a cookie is small.
_MOST = 5
_SIGNATURE = 32


def find_device(
    secret: str, login: str, cookie: str, now: datetime | None = None
) -> str:
    """What tells this browser from others of the login; empty where it is new here."""
    since = (now or now_utc()).timestamp() - DAYS * 86400
    for issued, nonce, signature in _read(cookie):
        expected = _sign(secret, issued, nonce, login)
        if int(issued) > since and hmac.compare_digest(signature, expected):
            return nonce
    return ""


def remember_device(
    secret: str, login: str, cookie: str, now: datetime | None = None
) -> str:
    """The cookie of a browser in which this login just succeeded."""
    kept = [".".join(parts) for parts in _read(cookie)]
    if find_device(secret, login, cookie, now):
        return "_".join(kept)
    issued = str(int((now or now_utc()).timestamp()))
    nonce = secrets.token_hex(8)
    new = ".".join((issued, nonce, _sign(secret, issued, nonce, login)))
    return "_".join([new, *kept][:_MOST])


def _read(cookie: str) -> Iterator[tuple[str, str, str]]:
    for part in cookie.split("_")[:_MOST]:
        issued, _, rest = part.partition(".")
        nonce, _, signature = rest.partition(".")
        whole = f"{nonce}{signature}"
        is_number = issued.isascii() and issued.isdecimal() and len(issued) < 13
        if is_number and whole.isascii() and whole.isalnum() and len(whole) < 100:
            yield issued, nonce, signature


def _sign(secret: str, issued: str, nonce: str, login: str) -> str:
    text = "\n".join((issued, nonce, login))
    key = f"device {secret}".encode()
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE]
