"""Values of dimensions: as people read them, as addresses name them, in their order."""

from collections.abc import Iterable
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from app.errors import NotFound
from app.storage.measuring import Key
from form_schemas.catalogue import Catalogue
from form_schemas.codelists import CodeEntry, CodeList
from form_schemas.kinds import ValueType
from form_schemas.measures import Dimension
from validators.conversion import display

#: Stands where rows have no value.
NOTHING = "未填"
#: The same in addresses, where an empty word would be none.
_NOTHING_KEY = "-"


def show_key(catalogue: Catalogue, dimension: Dimension, key: Key) -> str:
    """A value as people read it."""
    if key is None:
        return NOTHING
    if dimension.codes is not None:
        entry = _find_entry(catalogue.codelists[dimension.codes], str(key))
        return str(key) if entry is None else entry.name
    field = dimension.field
    if field is not None:
        value = (key,) if field.is_list else key
        return display(field, value, catalogue.codelists)
    if isinstance(key, bool):
        return "是" if key else "否"
    return f"{key:f}" if isinstance(key, Decimal) else str(key)


def write_key(key: Key) -> str:
    """A value as addresses name it."""
    if key is None:
        return _NOTHING_KEY
    if isinstance(key, bool):
        return "true" if key else "false"
    return f"{key:f}" if isinstance(key, Decimal) else str(key)


def read_key(dimension: Dimension, text: str) -> Key:
    """The value that an address names.

    Raises:
        NotFound: no value is written so.
    """
    if text == _NOTHING_KEY:
        return None
    try:
        return _READERS.get(dimension.value.type, str)(text)
    except (InvalidOperation, KeyError, ValueError) as error:
        raise NotFound(f"“{dimension.title}”没有“{text[:40]}”这一项。") from error


def sort_keys(
    catalogue: Catalogue, dimension: Dimension, keys: Iterable[Key]
) -> list[Key]:
    """Values in the order of their options or codes; none comes last."""
    field = dimension.field
    order: dict[object, int] = {}
    if field is not None and field.options:
        order = {option: place for place, option in enumerate(field.options)}
    return sorted(
        keys,
        key=lambda key: (
            key is None,
            order.get(key, len(order)),
            # Numbers among numbers, all else by its characters.
            key if isinstance(key, Decimal | bool) else 0,
            str(key),
        ),
    )


@lru_cache(maxsize=8192)
def _find_entry(codelist: CodeList, code: str) -> CodeEntry | None:
    """The entry of a code, or the first of those that begin so: it heads them."""
    found = codelist.by_code.get(code)
    if found is not None:
        return found
    return next((e for e in codelist.entries if e.code.startswith(code)), None)


def _read_number(text: str) -> Decimal:
    number = Decimal(text)
    if not number.is_finite() or len(text) > 40:
        raise ValueError(text)
    return number


_READERS = {
    ValueType.NUMBER: _read_number,
    ValueType.BOOLEAN: lambda text: {"true": True, "false": False}[text],
    ValueType.DATE: date.fromisoformat,
}
