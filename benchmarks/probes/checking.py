"""Checks of typed rows, and jsonschema-rs alone over the same rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from benchmarks.clock import timed
from benchmarks.data import STUDENTS, get_catalogue, get_form, load_rows, make_majors
from validators.check import Context, NoRows, SeenKeys, Stage, check_columns
from validators.constraints import compile_form
from validators.conversion import ConvertedColumns, to_json

_BLOCK_ROWS = 4000


class _Majors(NoRows):
    """The rows that students refer to, without a database."""

    def __init__(self) -> None:
        self._rows = {row["major_code"]: (row,) for row in make_majors()}

    def find_rows(
        self,
        table_code: str,
        field_id: str,
        values: Collection[object],
        columns: Collection[str] = (),
    ) -> Mapping[object, Sequence[Mapping[str, object]]]:
        return {v: self._rows[v] for v in values if v in self._rows}


def bare(rows: str) -> dict[str, float]:
    """jsonschema-rs judges the rows one by one by the schema file as written."""
    form = get_form(STUDENTS)
    plain = [
        {name: _as_number(v) for name, v in to_json(form, row).items() if v is not None}
        for row in load_rows(rows)
    ]
    validator = compile_form(form)
    with timed() as timer:
        valid = sum(map(validator.is_valid, plain))
    return {"seconds": timer.seconds, "valid": valid, "rows": len(plain)}


def full(rows: str) -> dict[str, float]:
    """All checks of an import: schema, formats, rules, keys and references."""
    form, catalogue = get_form(STUDENTS), get_catalogue()
    typed = load_rows(rows)
    blocks = [
        ConvertedColumns(
            range(start, start + len(some)),
            {field.id: [row[field.id] for row in some] for field in form.fields},
        )
        for start in range(0, len(typed), _BLOCK_ROWS)
        if (some := typed[start : start + _BLOCK_ROWS])
    ]
    first, last = date(2023, 9, 1), date(2024, 8, 31)
    context = Context(first, last, last, _Majors(), catalogue.codelists)
    with timed() as timer:
        seen = SeenKeys(form)
        faulty = sum(
            len(check_columns(form, block, context, Stage.IMPORT, seen=seen).faulty)
            for block in blocks
        )
    return {"seconds": timer.seconds, "faulty": faulty, "rows": len(typed)}


def _as_number(value: object) -> object:
    """Decimals travel as texts; any other validator expects numbers."""
    if isinstance(value, str) and value.count(".") == 1:
        whole, _, part = value.partition(".")
        if whole.isdigit() and part.isdigit():
            return float(value)
    return value
