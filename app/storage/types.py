"""The column type of every field, equal in meaning on both databases.

Texts have no length in the database: the schema file judges it, and a longer limit
needs no change of the table.
"""

import json
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Dialect,
    Integer,
    Numeric,
    Text,
    TypeDecorator,
    type_coerce,
)
from sqlalchemy.types import TypeEngine

from app.storage.engine import is_sqlite
from form_schemas.field_spec import FieldSpec
from form_schemas.kinds import FieldKind

#: The largest whole number a column holds; decimals are counted in their last place,
#: as SQLite stores them, on PostgreSQL too: data can move from one to the other.
LARGEST_INTEGER = 2**63 - 1


class ExactDecimal(TypeDecorator[Decimal]):
    """Decimals with fixed places: NUMERIC, or whole numbers of the last place.

    SQLite knows binary floats only, in which 0.1 + 0.2 is not 0.3.
    """

    impl = Numeric
    cache_ok = True

    def __init__(self, places: int) -> None:
        super().__init__()
        self.places = places
        self._unit = Decimal(1).scaleb(-places)

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine:
        if dialect.name == "sqlite":
            return dialect.type_descriptor(BigInteger())
        return dialect.type_descriptor(Numeric(asdecimal=True))

    def process_bind_param(
        self, value: Decimal | int | None, dialect: Dialect
    ) -> Decimal | int | None:
        if value is None:
            return None
        return self.scale(value) if dialect.name == "sqlite" else self.round(value)

    def scale(self, value: Decimal | int | str) -> int:
        """The value as SQLite stores it: in whole numbers of its last place."""
        return int(self.round(value).scaleb(self.places))

    def process_result_value(
        self, value: Decimal | int | None, dialect: Dialect
    ) -> Decimal | None:
        if value is None:
            return None
        if dialect.name == "sqlite":
            return Decimal(value).scaleb(-self.places)
        return self.round(value)

    def round(self, value: Decimal | int | str) -> Decimal:
        """The value with its places, within what either database holds."""
        try:
            rounded = Decimal(value).quantize(self._unit, ROUND_HALF_UP)
        except InvalidOperation as error:
            # More digits than decimal arithmetic keeps.
            raise OverflowError(f"{value} has too many digits") from error
        if abs(rounded.scaleb(self.places)) > LARGEST_INTEGER:
            raise OverflowError(f"{value} has too many digits")
        return rounded


class TextList(TypeDecorator[tuple[str, ...]]):
    """Several texts in their order, as a JSON list; an empty one is NULL."""

    impl = Text
    cache_ok = True

    def process_bind_param(
        self, value: tuple[str, ...] | str | None, dialect: Dialect
    ) -> str | None:
        # A text is a pattern of a search; it goes as it is.
        if not value or isinstance(value, str):
            return value or None
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(
        self, value: str | None, dialect: Dialect
    ) -> tuple[str, ...] | None:
        return None if value is None else tuple(json.loads(value))


def _text(_field: FieldSpec) -> TypeEngine:
    return Text()


def _decimal(field: FieldSpec) -> TypeEngine:
    return ExactDecimal(field.places or 0)


#: Column type of one value of each kind.
COLUMN_TYPES: Mapping[FieldKind, Callable[[FieldSpec], TypeEngine]] = {
    FieldKind.TEXT: _text,
    FieldKind.LONG_TEXT: _text,
    FieldKind.INTEGER: lambda _field: BigInteger(),
    FieldKind.DECIMAL: _decimal,
    FieldKind.MONEY: _decimal,
    FieldKind.PERCENT: _decimal,
    FieldKind.DATE: lambda _field: Date(),
    # YYYY-MM: sorts and compares as it stands.
    FieldKind.YEAR_MONTH: _text,
    FieldKind.YEAR: lambda _field: Integer(),
    FieldKind.BOOLEAN: lambda _field: Boolean(),
    FieldKind.ENUM: _text,
    FieldKind.MULTI_ENUM: _text,
    FieldKind.CODE: _text,
    # A reference is stored as the value of the field it refers to (value_kind).
    FieldKind.REF: _text,
    FieldKind.FILE: _text,
    FieldKind.IMAGE: _text,
    FieldKind.PHONE: _text,
    FieldKind.EMAIL: _text,
    FieldKind.URL: _text,
    FieldKind.ID_CARD: _text,
    FieldKind.USCC: _text,
}


def column_type(field: FieldSpec) -> TypeEngine:
    """The type of the column that holds a field's value."""
    return TextList() if field.is_list else COLUMN_TYPES[field.value_kind](field)


def keep_as(
    own: Column, earlier: Column, connection: Connection
) -> ColumnElement | None:
    """What a column holds, as another one keeps it; None: SQL cannot say it exactly."""
    if type(own.type) is not type(earlier.type):
        return None
    if not isinstance(own.type, ExactDecimal) or not is_sqlite(connection):
        return earlier
    assert isinstance(earlier.type, ExactDecimal)
    more = own.type.places - earlier.type.places
    # Whole numbers of the last place: fewer places would lose some.
    if more < 0:
        return None
    return type_coerce(type_coerce(earlier, BigInteger) * 10**more, own.type)
