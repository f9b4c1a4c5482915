"""Writes checked rows and their problems into the tables of an import.

The driver takes them as tuples: 100,000 rows through SQLAlchemy would cost several
times what reading them does.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat

from sqlalchemy import Connection

from app.models import ImportProblem, StagedAction, StagedRow, StagedState
from app.services.import_chunks import Chunk
from app.services.staged_json import RowWriter
from app.storage.loading import get_initials, write_tuples
from app.storage.records import StoredRow
from form_schemas.spec import FormSpec
from validators.report import Problem

_STAGED_COLUMNS = (
    "import_id",
    "row_number",
    "state",
    "level",
    "key",
    "values",
    "cells",
    "action",
    "target_id",
    "fields",
    "initials",
)
_PROBLEM_COLUMNS = ("import_id", "row_number", "field_id", "kind", "level", "details")


class StagedWriter:
    """Writes the chunks of one import."""

    def __init__(self, form: FormSpec, import_id: int) -> None:
        self._form = form
        self._import_id = import_id
        self._writer = RowWriter(form)

    def write_rows(
        self,
        connection: Connection,
        chunk: Chunk,
        levels: Sequence[str],
        fields: Sequence[str],
    ) -> None:
        """Write rows.

        Args:
            levels: the gravest level of each row's problems.
            fields: the fields that the import's rows hold, unless they say otherwise.
        """
        write_tuples(
            connection,
            StagedRow.__tablename__,
            _STAGED_COLUMNS,
            self._records(chunk, levels, fields),
        )

    def write_problems(
        self, connection: Connection, problems: Iterable[Problem]
    ) -> None:
        write_tuples(
            connection,
            ImportProblem.__tablename__,
            _PROBLEM_COLUMNS,
            [
                (
                    self._import_id,
                    problem.row_number,
                    problem.field_id,
                    problem.kind,
                    problem.level.value,
                    json.dumps(dict(problem.details), ensure_ascii=False),
                )
                for problem in problems
            ],
        )

    def _records(
        self, chunk: Chunk, levels: Sequence[str], fields: Sequence[str]
    ) -> Iterable[tuple[object, ...]]:
        """The rows as the driver takes them, in the order of `_STAGED_COLUMNS`."""
        checked = chunk.checked
        own = None if chunk.fields == tuple(fields) else json.dumps(chunk.fields)
        return zip(
            repeat(self._import_id),
            checked.numbers,
            repeat(StagedState.WAITING.value),
            levels,
            chunk.keys,
            self._writer.write(checked.columns, chunk.fields),
            _write_cells(chunk),
            _actions(chunk),
            [None if row is None else row.id for row in chunk.stored],
            repeat(own),
            self._initials(chunk),
            strict=False,  # what is the same in all rows would go on for ever
        )

    def _initials(self, chunk: Chunk) -> Iterable[str | None]:
        titles = chunk.checked.columns.get(self._form.title_field or "")
        if titles is None:
            return [None] * len(chunk.checked.numbers)
        return map(get_initials, titles)


def _write_cells(chunk: Chunk) -> Iterable[str | None]:
    """The texts of cells that could not be converted, row by row."""
    cells: dict[int, dict[str, str]] = {}
    for (number, field_id), text in chunk.texts.items():
        cells.setdefault(number, {})[field_id] = text
    if not cells:
        return repeat(None)
    written = {n: json.dumps(row, ensure_ascii=False) for n, row in cells.items()}
    return map(written.get, chunk.checked.numbers)


def _actions(chunk: Chunk) -> Iterable[str]:
    if not any(chunk.stored):
        return repeat(StagedAction.ADD.value)
    return (
        StagedAction.ADD.value
        if stored is None
        else _action(stored, chunk.checked.columns, chunk.fields, index).value
        for index, stored in enumerate(chunk.stored)
    )


def _action(
    stored: StoredRow,
    columns: Mapping[str, Sequence[object]],
    fields: Sequence[str],
    index: int,
) -> StagedAction:
    same = all(stored.row[name] == columns[name][index] for name in fields)
    return StagedAction.UNCHANGED if same else StagedAction.UPDATE
