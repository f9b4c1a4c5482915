"""Passwords: their rules, their hashes, and one-time passwords for new accounts."""

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from app.errors import BadRequest

PASSWORD_MIN = 10
#: argon2 takes any length; a limit keeps a request from costing seconds
PASSWORD_MAX = 128

_HASHER = PasswordHasher()
#: Guessing all of the one-time passwords takes long enough even so: they are random,
#: and each serves one login only. Hundreds are hashed within one request.
_ONE_TIME_HASHER = PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1)
#: Verified when there is no such account, so that the answer takes as long.
_NOBODY = _HASHER.hash(secrets.token_urlsafe())
_NOBODY_ONE_TIME = _ONE_TIME_HASHER.hash(secrets.token_urlsafe())
_RUNS = ("01234567890", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")
_RUN_LENGTH = 6
# No 0/O, 1/l/I: one-time passwords are read out over the telephone.
_ONE_TIME_LETTERS = "abcdefghjkmnpqrstuvwxyz"
_ONE_TIME_DIGITS = "23456789"


def find_password_faults(password: str, username: str) -> tuple[str, ...]:
    """What is wrong with a new password, in sentences; empty if it will do."""
    lowered = password.lower()
    tests = (
        (len(password) < PASSWORD_MIN, f"至少 {PASSWORD_MIN} 位"),
        (len(password) > PASSWORD_MAX, f"不超过 {PASSWORD_MAX} 位"),
        (
            not (
                any(c.isalpha() for c in password)
                and any(not c.isalpha() for c in password)
            ),
            "要有字母，也要有数字或符号",
        ),
        (
            len(username) > 2 and username.lower() in lowered,
            "不要包含用户名",
        ),
        (
            len(set(lowered)) < 5 or _has_run(lowered),
            "不要用重复或连续的字符，如 111111、abcdef",
        ),
    )
    return tuple(sentence for is_broken, sentence in tests if is_broken)


def require_good_password(password: str, username: str) -> None:
    """Raise BadRequest where a new password will not do."""
    faults = find_password_faults(password, username)
    if faults:
        raise BadRequest("密码不合要求：" + "；".join(faults) + "。")


def hash_password(password: str) -> str:
    return _HASHER.hash(password)


def hash_one_time_password(password: str) -> str:
    """For many accounts at once; only for passwords of `make_one_time_password`."""
    return _ONE_TIME_HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether it is the password with this hash; takes as long where there is none.

    A one-time password is hashed faster. Every look computes both ways, so that its
    time does not tell who never logged in.
    """
    usual, fast = _NOBODY, _NOBODY_ONE_TIME
    is_known, is_fast = True, False
    try:
        is_fast = stored is not None and _HASHER.check_needs_rehash(stored)
    except InvalidHashError:
        is_known = False
    if stored is not None and is_known:
        usual, fast = (usual, stored) if is_fast else (stored, fast)
    found = _verify(usual, password), _verify(fast, password)
    return stored is not None and is_known and found[is_fast]


def _verify(digest: str, password: str) -> bool:
    try:
        return _HASHER.verify(digest, password[:PASSWORD_MAX])
    except VerifyMismatchError:
        return False


def make_one_time_password() -> str:
    """A password that is easily read out: three groups of letters and digits."""
    letters = (secrets.choice(_ONE_TIME_LETTERS) for _ in range(8))
    digits = "".join(secrets.choice(_ONE_TIME_DIGITS) for _ in range(4))
    text = "".join(letters)
    password = f"{text[:4]}-{digits}-{text[4:]}"
    return make_one_time_password() if find_password_faults(password, "") else password


def _has_run(text: str) -> bool:
    starts = range(len(text) - _RUN_LENGTH + 1)
    parts = {text[start : start + _RUN_LENGTH] for start in starts}
    return any(part in run or part[::-1] in run for part in parts for run in _RUNS)
