"""Browsers in which somebody logged in or set a forgotten password anew: a signed
cookie says so, for one login.

Whoever guesses an account's password elsewhere cannot use up its tries here. It says so
while the password stays: whoever had another one may be another person.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Engine, select

from app.models import User
from app.models.base import now_utc
from app.services.account_kinds import name_login, normalise_login
from app.storage.engine import begin_reading

#: How long a browser counts as known.
DAYS = 365
#: Accounts that one browser remembers; a cookie is small.
_MOST = 5
_SIGNATURE = 32


@dataclass(frozen=True)
class Login:
    """A login, known or not, and the password in force."""

    #: account type and user name as they are counted
    name: str
    #: its hash; empty where there is no such account
    stored: str = ""

    def sign(self, secret: str, issued: str, nonce: str) -> str:
        text = "\n".join((issued, nonce, self.name, self.stored))
        key = f"device {secret}".encode()
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:_SIGNATURE]


def find_login(engine: Engine, username: str, account_type: str) -> Login:
    """The login as typed; asks as much for a known name as for an unknown one."""
    name = normalise_login(username, account_type)
    is_typed = (User.username == name) & (User.account_type == account_type)
    found = _find(engine, is_typed)
    stored = "" if found is None else found.stored
    return Login(name_login(username, account_type), stored)


def get_login(engine: Engine, user_id: int) -> Login:
    """The login of an account that there is."""
    found = _find(engine, User.id == user_id)
    if found is None:
        raise LookupError(user_id)
    return found


def find_device(
    secret: str, login: Login, cookie: str, now: datetime | None = None
) -> str:
    """What tells this browser from others of the login; empty where it is new here."""
    since = (now or now_utc()).timestamp() - DAYS * 86400
    for issued, nonce, signature in _read(cookie):
        expected = login.sign(secret, issued, nonce)
        if int(issued) > since and hmac.compare_digest(signature, expected):
            return nonce
    return ""


def remember_device(
    secret: str, login: Login, cookie: str, now: datetime | None = None
) -> str:
    """The cookie of a browser in which this login just succeeded."""
    kept = [".".join(parts) for parts in _read(cookie)]
    if find_device(secret, login, cookie, now):
        return "_".join(kept)
    issued = str(int((now or now_utc()).timestamp()))
    nonce = secrets.token_hex(8)
    new = ".".join((issued, nonce, login.sign(secret, issued, nonce)))
    return "_".join([new, *kept][:_MOST])


def _read(cookie: str) -> Iterator[tuple[str, str, str]]:
    for part in cookie.split("_")[:_MOST]:
        issued, _, rest = part.partition(".")
        nonce, _, signature = rest.partition(".")
        whole = f"{nonce}{signature}"
        is_number = issued.isascii() and issued.isdecimal() and len(issued) < 13
        if is_number and whole.isascii() and whole.isalnum() and len(whole) < 100:
            yield issued, nonce, signature


def _find(engine: Engine, is_account: ColumnElement[bool]) -> Login | None:
    with begin_reading(engine) as connection:
        found = connection.execute(
            select(User.username, User.account_type, User.password_hash).where(
                is_account
            )
        ).first()
    if found is None:
        return None
    return Login(name_login(found.username, found.account_type), found.password_hash)
