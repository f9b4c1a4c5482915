"""Signed texts that say between two pages how far somebody came with a new password.

A pass says that the first question was answered, a ticket that a new password may be
set. Tickets are signed with the hash of the password that they replace, so that each
serves once.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

from app.errors import Refused
from app.models.base import now_utc

_MINUTES = 15


def make_pass(secret: str, bound: Sequence[str], now: datetime | None) -> str:
    """That the first answer was right, for what it is bound to alone."""
    issued = str(int((now or now_utc()).timestamp()))
    return f"{issued}.{_sign_pass(secret, issued, bound)}"


def is_good_pass(
    secret: str, given: str, bound: Sequence[str], now: datetime | None
) -> bool:
    issued, _, signature = given.partition(".")
    if not (issued.isascii() and issued.isdecimal() and len(issued) < 13):
        return False
    expected = _sign_pass(secret, issued, bound)
    is_fresh = not _is_over(int(issued), now)
    return is_fresh and hmac.compare_digest(signature.encode(), expected.encode())


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
    if _is_over(issued, now) or max(user_id, code_id) >= 2**31:
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


def _is_over(issued: int, now: datetime | None) -> bool:
    return issued + _MINUTES * 60 < (now or now_utc()).timestamp()


def _sign_pass(secret: str, issued: str, bound: Sequence[str]) -> str:
    key = f"first answer {secret}".encode()
    text = "\n".join((issued, *bound)).encode()
    return hmac.new(key, text, hashlib.sha256).hexdigest()


def _sign(secret: str, text: str, stored: str) -> str:
    key = f"recovery {secret}".encode()
    return hmac.new(key, f"{text}\n{stored}".encode(), hashlib.sha256).hexdigest()
