"""Writes typed columns as the JSON texts of staged rows.

An import writes each value of each row, so that texts go straight through the encoder
and what recurs is written once.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from json.encoder import encode_basestring

from form_schemas.spec import FormSpec
from validators.conversion import to_json

#: Different values of a column that are remembered from block to block.
_REMEMBERED = 20_000
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class RowWriter:
    """Writes the rows of one import block by block."""

    def __init__(self, form: FormSpec) -> None:
        self._form = form
        self._written: dict[str, _Written] = {}

    def write(
        self, columns: Mapping[str, Sequence[object]], fields: Sequence[str]
    ) -> list[str]:
        """The JSON text of each row, with these fields."""
        if not fields:
            count = len(next(iter(columns.values()), ()))
            return ["{}"] * count
        parts: list[Iterable[str]] = []
        for name in fields:
            parts += [repeat(f'{"," if parts else "{"}"{name}":')]
            parts += [self._write_column(name, columns[name])]
        # The columns end the rows: what repeats would go on for ever.
        return list(map("".join, zip(*parts, repeat("}"), strict=False)))

    def _write_column(self, name: str, column: Sequence[object]) -> Sequence[str]:
        try:
            return list(map(encode_basestring, column))
        except TypeError:  # not texts only
            written = self._written.get(name)
            if written is None or len(written) > _REMEMBERED:
                written = self._written[name] = _Written(self._form, name)
            return list(map(written.__getitem__, column))


class _Written(dict[object, str]):
    """Texts of a field's values; equal values of one field are of one type."""

    def __init__(self, form: FormSpec, name: str) -> None:
        super().__init__()
        self._form, self._name = form, name

    def __missing__(self, value: object) -> str:
        if type(value) is str:
            return encode_basestring(value)
        plain = to_json(self._form, {self._name: value})[self._name]
        text = self[value] = _encode(plain)
        return text


def write_rows(
    form: FormSpec,
    columns: Mapping[str, Sequence[object]],
    fields: Sequence[str],
) -> list[str]:
    """The JSON text of each row, with these fields."""
    return RowWriter(form).write(columns, fields)
