"""Writes typed columns as the JSON texts of staged rows, each different value once."""

import json
from collections.abc import Mapping, Sequence

from form_schemas.spec import FormSpec
from validators.conversion import to_json


def write_rows(
    form: FormSpec,
    columns: Mapping[str, Sequence[object]],
    fields: Sequence[str],
) -> list[str]:
    """The JSON text of each row, with these fields."""
    parts = [_write_column(form, name, columns[name]) for name in fields]
    return [f"{{{','.join(row)}}}" for row in zip(*parts, strict=True)]


def _write_column(form: FormSpec, name: str, column: Sequence[object]) -> list[str]:
    written: dict[object, str] = {}
    texts = []
    for value in column:
        text = written.get(value)
        if text is None:
            # Equal values of one field are of one type: 1 and True never meet here.
            text = written[value] = _write(form, name, value)
        texts.append(text)
    return texts


def _write(form: FormSpec, name: str, value: object) -> str:
    found = to_json(form, {name: value})
    return json.dumps(found, ensure_ascii=False, separators=(",", ":"))[1:-1]
