"""Checks of typed rows, and jsonschema-rs alone over the same rows."""

from collections.abc import Collection, Mapping, Sequence
from datetime import date

from benchmarks.clock import timed
from benchmarks.data import STUDENTS, get_catalogue, get_form, load_rows, make_majors
from validators.check import Context, NoRows, SeenKeys, Stage, check_columns
from validators.compiling import Env
from validators.constraints import compile_form, get_judges
from validators.conversion import ConvertedColumns, to_json
from validators.rules import find_missing
from validators.values import drop_repeated

_BLOCK_ROWS = 4000


class Majors(NoRows):
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


def schema(rows: str) -> dict[str, float]:
    """The part of an import's checks that the schema file is: values and `required`."""
    form, codelists = get_form(STUDENTS), get_catalogue().codelists
    blocks = _make_blocks(load_rows(rows))
    judges = get_judges(form, codelists)
    day = date(2024, 8, 31)
    with timed() as timer:
        faulty = 0
        for block in blocks:
            for field_id, judge in judges.items():
                present = drop_repeated(block.columns[field_id])
                faulty += len(judge.find_all(present))
            env = Env(day, day, day)
            faulty += len(
                list(find_missing(form, block.columns, len(block.numbers), env))
            )
    return {"seconds": timer.seconds, "faulty": faulty}


def full(rows: str) -> dict[str, float]:
    """All checks of an import: schema, formats, rules, keys and references."""
    form, catalogue = get_form(STUDENTS), get_catalogue()
    blocks = _make_blocks(load_rows(rows))
    first, last = date(2023, 9, 1), date(2024, 8, 31)
    context = Context(first, last, last, Majors(), catalogue.codelists)
    with timed() as timer:
        seen = SeenKeys(form)
        faulty = sum(
            len(check_columns(form, block, context, Stage.IMPORT, seen=seen).faulty)
            for block in blocks
        )
    return {"seconds": timer.seconds, "faulty": faulty}


def _make_blocks(rows: Sequence[Mapping[str, object]]) -> list[ConvertedColumns]:
    return [
        ConvertedColumns(
            range(start, start + len(some)),
            {name: [row[name] for row in some] for name in get_form(STUDENTS).by_id},
        )
        for start in range(0, len(rows), _BLOCK_ROWS)
        if (some := rows[start : start + _BLOCK_ROWS])
    ]


def _as_number(value: object) -> object:
    """Decimals travel as texts; any other validator expects numbers."""
    if isinstance(value, str) and value.count(".") == 1:
        whole, _, part = value.partition(".")
        if whole.isdigit() and part.isdigit():
            return float(value)
    return value
