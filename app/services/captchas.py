"""Questions that a program cannot answer easily: four digits as a picture, or a sum.

The answer travels only as its seal; each seal serves once.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from captcha.image import ImageCaptcha
from sqlalchemy import Engine

from app.models.base import now_utc
from app.services.accounts import normalise_username
from app.services.tries import Allowance, take_try

WRONG_CAPTCHA = "验证码不对，请照新的重新输入。"

_LENGTH = 4
# Digits that cannot be taken for each other on a warped picture.
_DIGITS = "2345678"
_MINUTES = 10
_ONCE = Allowance(1, _MINUTES * 60)


class CaptchaKind(StrEnum):
    IMAGE = "image"
    #: a question in words, for whoever cannot read the picture
    SUM = "sum"


@dataclass(frozen=True)
class Captcha:
    """A question to the person."""

    kind: CaptchaKind
    #: proves the answer
    seal: str
    #: PNG of an image captcha
    image: bytes = b""
    #: the question of a sum
    question: str = ""


def make_captcha(
    secret: str, address: str, kind: CaptchaKind, now: datetime | None = None
) -> Captcha:
    """Think of a question and seal its answer."""
    issued = f"{int((now or now_utc()).timestamp())}-{secrets.token_hex(8)}"
    if kind is CaptchaKind.SUM:
        left, right = secrets.randbelow(40) + 10, secrets.randbelow(9) + 1
        seal = _seal(secret, issued, address, str(left + right))
        return Captcha(kind, seal, question=f"{left} 加 {right} 等于几？")
    answer = "".join(secrets.choice(_DIGITS) for _ in range(_LENGTH))
    picture = ImageCaptcha(width=128, height=40, font_sizes=(28, 31, 34))
    image = picture.generate(answer, format="png", bg_color=(233, 237, 242))
    return Captcha(kind, _seal(secret, issued, address, answer), image.getvalue())


def check_captcha(
    secret: str, address: str, seal: str, answer: str, now: datetime | None = None
) -> bool:
    """Whether the answer is the sealed one, and in time."""
    issued, _, _ = seal.partition(".")
    at, _, _ = issued.partition("-")
    if not at.isdecimal() or len(at) > 12:
        return False
    if (now or now_utc()).timestamp() - int(at) > _MINUTES * 60:
        return False
    expected = _seal(secret, issued, address, normalise_username(answer))
    return hmac.compare_digest(seal.encode(), expected.encode())


def use_captcha(
    engine: Engine,
    secret: str,
    address: str,
    captcha: tuple[str, str],
    now: datetime | None = None,
) -> bool:
    """Whether seal and answer fit; each seal is judged once, whatever the answer.

    Else a program would try all answers to one question: those to a sum are few.
    """
    seal, answer = captcha
    if not answer.strip() or take_try(engine, f"captcha {seal}", _ONCE, now).wait:
        return False
    return check_captcha(secret, address, seal, answer, now)


def _seal(secret: str, issued: str, address: str, answer: str) -> str:
    text = "\n".join((issued, address, answer))
    digest = hmac.new(f"captcha {secret}".encode(), text.encode(), hashlib.sha256)
    return f"{issued}.{digest.hexdigest()}"
