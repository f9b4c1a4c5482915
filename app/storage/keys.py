"""The key of a row as one text: what the unique index and bulk loads go by.

An empty part counts as a value, which neither database's UNIQUE does by itself; one
text column behaves alike on both and is the fastest to match.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import lru_cache
from hashlib import sha256

from pypinyin import Style, pinyin

from form_schemas.spec import FormSpec

#: Stands between the parts; no one can type it, and no workbook may hold it.
SEPARATOR = "\x1f"
#: PostgreSQL indexes entries up to 2,700 bytes; a character takes up to four.
_LONGEST = 600


def key_text(form: FormSpec, row: Mapping[str, object]) -> str:
    """The key of a row as `_key` holds it; "" for the only row of a record."""
    return join_key([row.get(field_id) for field_id in form.key])


def join_key(values: Sequence[object]) -> str:
    """Join the values of a key; numbers and dates in one spelling only."""
    text = SEPARATOR.join(
        value if type(value) is str else _spell(value) for value in values
    )
    return text if len(text) <= _LONGEST else _shorten(text)


def initials(text: object) -> str | None:
    """Pinyin initials of a title, for searching: 张三 is zs."""
    if not isinstance(text, str) or not text:
        return None
    return "".join(map(_initial, text))[:60]


def _spell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value)


def _shorten(text: str) -> str:
    return f"{text[:200]}#{sha256(text.encode()).hexdigest()}"


@lru_cache(maxsize=16_384)
def _initial(character: str) -> str:
    if character.isascii():
        return character.lower()
    found = pinyin(character, style=Style.FIRST_LETTER)[0][0]
    return found[:1].lower()
