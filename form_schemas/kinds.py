"""The kinds of fields and of expression values, and how a kind stands in a schema file.

Every layer binds behaviour to `FieldKind` in tables of its own; nobody branches on one.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class FieldKind(StrEnum):
    """What a field holds, as a schema file's `x-kind` names it."""

    TEXT = "text"
    LONG_TEXT = "long_text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    MONEY = "money"
    PERCENT = "percent"
    DATE = "date"
    YEAR_MONTH = "year_month"
    YEAR = "year"
    BOOLEAN = "boolean"
    ENUM = "enum"
    MULTI_ENUM = "multi_enum"
    CODE = "code"
    REF = "ref"
    FILE = "file"
    IMAGE = "image"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    ID_CARD = "id_card"
    USCC = "uscc"


class ValueType(StrEnum):
    """The type of an expression's value, and of the value a field puts into one."""

    NUMBER = "number"
    TEXT = "text"
    DATE = "date"
    #: a calendar month, held as the text YYYY-MM
    MONTH = "month"
    BOOLEAN = "boolean"
    #: several texts: a tuple
    LIST = "list"
    #: the token of an uploaded file; only `is_empty` may ask about it
    FILE = "file"
    #: null, and whatever takes any type
    ANY = "any"


@dataclass(frozen=True)
class KindTraits:
    """What is true of every field of one kind."""

    #: the JSON Schema `type` of one value
    json_type: str
    #: type of one value in expressions; a field of several values is a LIST
    value_type: ValueType
    #: a schema file may bound it by `minimum` and `maximum`
    bounded: bool = False
    #: stored as text, so a schema file may give `maxLength` and `pattern`
    textual: bool = False
    #: exact decimals: `x-digits` says how many places are kept
    scaled: bool = False


_TEXTUAL = KindTraits("string", ValueType.TEXT, textual=True)
_SCALED = KindTraits("number", ValueType.NUMBER, bounded=True, scaled=True)
_WHOLE = KindTraits("integer", ValueType.NUMBER, bounded=True)
_FILE = KindTraits("string", ValueType.FILE)

TRAITS: Mapping[FieldKind, KindTraits] = {
    FieldKind.TEXT: _TEXTUAL,
    FieldKind.LONG_TEXT: _TEXTUAL,
    FieldKind.INTEGER: _WHOLE,
    FieldKind.DECIMAL: _SCALED,
    FieldKind.MONEY: _SCALED,
    FieldKind.PERCENT: _SCALED,
    FieldKind.DATE: KindTraits("string", ValueType.DATE),
    FieldKind.YEAR_MONTH: KindTraits("string", ValueType.MONTH),
    FieldKind.YEAR: _WHOLE,
    FieldKind.BOOLEAN: KindTraits("boolean", ValueType.BOOLEAN),
    FieldKind.ENUM: KindTraits("string", ValueType.TEXT),
    FieldKind.MULTI_ENUM: KindTraits("string", ValueType.LIST),
    FieldKind.CODE: _TEXTUAL,
    # A reference takes the traits of the field it refers to: FieldSpec.value_kind.
    FieldKind.REF: KindTraits("string", ValueType.TEXT),
    FieldKind.FILE: _FILE,
    FieldKind.IMAGE: _FILE,
    FieldKind.PHONE: _TEXTUAL,
    FieldKind.EMAIL: _TEXTUAL,
    FieldKind.URL: _TEXTUAL,
    FieldKind.ID_CARD: _TEXTUAL,
    FieldKind.USCC: _TEXTUAL,
}

#: Kinds that hold the token of an upload rather than a value one can type.
FILE_KINDS = frozenset({FieldKind.FILE, FieldKind.IMAGE})

#: Kinds whose values are personal data; a schema file has to say `x-sensitive`.
PERSONAL_KINDS = frozenset({FieldKind.ID_CARD, FieldKind.PHONE})

#: Kinds whose `x-codes` only suggests values.
SUGGESTING_KINDS = frozenset({FieldKind.TEXT, FieldKind.LONG_TEXT})

#: Decimal places kept where a schema file does not say `x-digits`.
DEFAULT_DIGITS = 2
