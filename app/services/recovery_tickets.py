"""Tickets to set a new password with, between the right answer and the password.

Signed with the hash of the password that they replace, so that each serves once.
"""

import hashlib
import hmac
from datetime import datetime

from app.errors import Refused
from app.models.base import now_utc

_MINUTES = 15


def make_ticket(
    secret: str, user_id: int, code_id: int, stored: str, now: datetime | None
) -> str:
    issued = int((now or now_utc()).timestamp())
    text = f"{user_id}.{code_id}.{issued}"
    return f"{text}.{_sign(secret, text, stored)}"


def read_ticket(ticket: str, now: datetime | None) -> tuple[int, int]:
    parts = ticket.split(".")
    numbers = [part for part in parts[:3] if part.isascii() and part.isdecimal()]
    if len(parts) != 4 or len(numbers) != 3 or len(ticket) > 200:
        raise outdated()
    user_id, code_id, issued = map(int, numbers)
    if issued + _MINUTES * 60 < (now or now_utc()).timestamp():
        raise outdated()
    if max(user_id, code_id) > 2**31:
        raise outdated()
    return user_id, code_id


def require_ticket(secret: str, ticket: str, user) -> None:
    """It is of this account, and the password is still the forgotten one."""
    text, _, signature = ticket.rpartition(".")
    stored = "" if user is None else user.password_hash
    expected = _sign(secret, text, stored)
    if user is None or not hmac.compare_digest(signature.encode(), expected.encode()):
        raise outdated()


def outdated() -> Refused:
    return Refused("这一页已经过时，或者新密码已经设好。请从“忘记密码”重新开始。")


def _sign(secret: str, text: str, stored: str) -> str:
    key = f"recovery {secret}".encode()
    return hmac.new(key, f"{text}\n{stored}".encode(), hashlib.sha256).hexdigest()
