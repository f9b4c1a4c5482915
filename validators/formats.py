"""Judge the structure and check digits of numbers and addresses of standard form.

The schema file judges patterns and lengths; this knows what no pattern can say. `check`
asks by kind of field; the check of organisation codes is a format of JSON Schema, which
`constraints` registers.
"""

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from operator import mul

from stdnum.cn import uscc

from form_schemas.kinds import FieldKind
from validators.report import Code, Finding, quote

#: The document type whose numbers have a check digit.
RESIDENT_CARD = "居民身份证"

_CARD = re.compile(r"\d{17}[\dX]", re.ASCII)
# Longer than any passport: a mistyped card where the document type is not known.
_CARD_LIKE = re.compile(r"\d{14,}[\dX]", re.ASCII)
_CARD_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CARD_DIGITS = "10X98765432"
#: What character codes add to the sum of the weighted digits.
_CODES_OF_ZEROS = ord("0") * sum(_CARD_WEIGHTS)

# The first two characters tell the registry and the kind of body: 93, N2, Y1.
_USCC = re.compile(r"[0-9A-HJ-NPQRTUWXY]{2}\d{6}[0-9A-HJ-NPQRTUWXY]{10}", re.ASCII)
_ORGANIZATION = re.compile(r"([0-9A-Z]{8})-?([0-9X])", re.ASCII)
_ORGANIZATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)

#: What most numbers are; the shapes below take it as well.
_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_PHONES = tuple(
    re.compile(pattern, re.ASCII)
    for pattern in (
        # mobile
        r"(?:(?:\+|00)?86[- ]?)?1[3-9]\d{9}",
        # landline with area code and extension; local numbers begin with 2 to 9
        r"(?:(?:\+|00)?86[- ]?)?(?:\(0\d{2,3}\) ?|0\d{2,3}[- ]?)?[2-9]\d{6,7}"
        r"(?:(?: ?[-转#*x,] ?)\d{1,6})?",
        # 400 and 800 numbers
        r"[48]00[- ]?\d{3}[- ]?\d{4}",
        # abroad
        r"(?:\+|00)\d{1,3}[- ]?\d[\d -]{4,14}\d",
    )
)
_LONGEST_PHONE = 40

_EMAIL = re.compile(
    r"[A-Za-z0-9._%+'&/=!#$*?^{|}~-]+@(?:[A-Za-z0-9\u4e00-\u9fff]"
    r"(?:[A-Za-z0-9\u4e00-\u9fff-]*[A-Za-z0-9\u4e00-\u9fff])?\.)+"
    r"[A-Za-z\u4e00-\u9fff][A-Za-z0-9\u4e00-\u9fff-]+"
)
_LONGEST_EMAIL = 254
_URL = re.compile(
    r"(?:https?://)?(?:[^\s/?#@:.,，。、;；]+\.)+[^\s/?#@:.,，。、;；]{2,}(?::\d{1,5})?"
    r"(?:[/?#]\S*)?",
    re.IGNORECASE,
)


def judge_id_card(number: str, id_type: str | None) -> Finding | None:
    """Judge structure, birth date and check digit of a resident's card.

    Numbers of other documents pass. Region codes are not judged: people keep cards
    with codes long abolished.
    """
    is_resident = id_type == RESIDENT_CARD
    is_unknown = id_type is None and _CARD_LIKE.fullmatch(number) is not None
    if not (is_resident or is_unknown):
        return None
    if len(number) != 18:
        return _wrong(number, "card_length", length=len(number))
    if not _CARD.fullmatch(number):
        return _wrong(number, "card_digits")
    if not _is_birth(number[6:14]):
        return _wrong(number, "card_birth", birth=number[6:14])
    if number[17] != card_check_digit(number):
        return _wrong(number, "card_check")
    return None


def card_check_digit(number: str) -> str:
    """Compute the last character of a resident's card from the 17 digits before it."""
    # Character codes instead of digits: an import judges a card a row.
    total = sum(map(mul, number[:17].encode("ascii"), _CARD_WEIGHTS))
    return _CARD_DIGITS[(total - _CODES_OF_ZEROS) % 11]


def judge_uscc(number: str) -> Finding | None:
    """Judge a unified social credit code (GB 32100)."""
    if len(number) != 18:
        return _wrong(number, "uscc_length", length=len(number))
    if not _USCC.fullmatch(number):
        return _wrong(number, "uscc_characters")
    if number[17] != uscc.calc_check_digit(number[:17]):
        return _wrong(number, "uscc_check")
    return None


def is_organization_code(value: object) -> bool:
    """Whether the check digit of an organisation's code is right.

    Nine characters (GB 11714, hyphen or not) or 18 (GB 32100); whatever looks like
    neither is for the field's pattern to judge.
    """
    if not isinstance(value, str):
        return True
    if len(value) == 18:
        return judge_uscc(value) is None
    code = _ORGANIZATION.fullmatch(value)
    return code is None or code[2] == organization_check_digit(code[1])


def organization_check_digit(code: str) -> str:
    """Compute the ninth character of an organisation code (GB 11714)."""
    total = sum(
        int(character, 36) * weight
        for character, weight in zip(code[:8], _ORGANIZATION_WEIGHTS, strict=True)
    )
    return "0X987654321"[total % 11]


def judge_phone(number: str) -> Finding | None:
    """Judge a mobile, landline, 400 or foreign number."""
    if _MOBILE.fullmatch(number):
        return None
    is_short = len(number) <= _LONGEST_PHONE
    if is_short and any(shape.fullmatch(number) for shape in _PHONES):
        return None
    return _wrong(number, "phone", length=len(number))


def judge_email(address: str) -> Finding | None:
    """Judge an e-mail address."""
    is_short = len(address) <= _LONGEST_EMAIL
    if is_short and _EMAIL.fullmatch(address) and ".." not in address:
        return None
    return _wrong(address, "email")


def judge_url(address: str) -> Finding | None:
    """Judge a web address; the scheme may be left out, as people write it."""
    return None if _URL.fullmatch(address) else _wrong(address, "url")


def _wrong(value: str, reason: str, **details: object) -> Finding:
    return Finding(Code.FORMAT, {"value": quote(value), "reason": reason, **details})


@lru_cache(maxsize=65_536)
def _is_birth(digits: str) -> bool:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:])).year >= 1850
    except ValueError:
        return False


#: Who judges the form of a value; None for kinds whose values have no form of their
#: own, or whose conversion lets nothing else through.
FORMATS: Mapping[FieldKind, Callable[[str], Finding | None] | None] = {
    FieldKind.TEXT: None,
    FieldKind.LONG_TEXT: None,
    FieldKind.INTEGER: None,
    FieldKind.DECIMAL: None,
    FieldKind.MONEY: None,
    FieldKind.PERCENT: None,
    FieldKind.DATE: None,
    FieldKind.YEAR_MONTH: None,
    FieldKind.YEAR: None,
    FieldKind.BOOLEAN: None,
    FieldKind.ENUM: None,
    FieldKind.MULTI_ENUM: None,
    FieldKind.CODE: None,
    FieldKind.REF: None,
    FieldKind.FILE: None,
    FieldKind.IMAGE: None,
    FieldKind.PHONE: judge_phone,
    FieldKind.EMAIL: judge_email,
    FieldKind.URL: judge_url,
    FieldKind.ID_CARD: lambda number: judge_id_card(number, None),
    FieldKind.USCC: judge_uscc,
}
