"""Checks a block of a file's rows against the form and what is stored.

A row whose key is stored changes that row: masked values come back from it, and fields
the file lacks keep its values.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import Connection

from app.services.contexts import make_context
from app.storage.confirmations import (
    Confirmed,
    Mark,
    find_confirmed,
    keep_unconfirmed,
)
from app.storage.keys import join_key
from app.storage.records import Scope, StoredRow
from app.storage.rows import RowStore
from exporters.exchange import Block
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from renderers.display import is_mask
from validators.check import (
    CheckedBlock,
    Context,
    SeenKeys,
    Stage,
    check_columns,
    evaluate_keys,
)
from validators.conversion import ConvertedColumns, display
from validators.keys import describe_stored
from validators.report import Finding, Problem, find_level


@dataclass(frozen=True)
class Chunk:
    """Checked rows, ready to be written down."""

    form: FormSpec
    checked: CheckedBlock
    #: ids of the fields whose values are staged
    fields: tuple[str, ...]
    keys: Sequence[str]
    stored: Sequence[StoredRow | None]
    texts: Mapping[tuple[int, str], str]
    #: findings besides those of the checks, by position of the row
    extra: Mapping[int, Finding] = field(default_factory=dict)
    #: explanations of warnings that hold for the rows as they came, by position
    confirmed: Mapping[int, Mapping[Mark, Confirmed]] = field(default_factory=dict)

    def find_problems(self) -> dict[int, tuple[Problem, ...]]:
        """What is wrong with the rows, by their position."""
        found = dict(self.checked.found)
        for index, finding in self.extra.items():
            number = self.checked.numbers[index]
            place = self.form.key[0]
            found[index] = (*found.get(index, ()), finding.at(number, place))
        return found

    def find_levels(self, problems: Mapping[int, Sequence[Problem]]) -> list[str]:
        """The worst level of what nobody has explained, row by row."""
        levels = [""] * len(self.checked.numbers)
        for index, found in problems.items():
            confirmed = self.confirmed.get(index, {})
            levels[index] = find_level(keep_unconfirmed(found, confirmed))
        return levels


class ChunkChecker:
    """Checks the blocks of one file, one after the other.

    Args:
        has_rows: whether the form has rows that a row of the file may change.
    """

    def __init__(
        self, catalogue: Catalogue, form: FormSpec, scope: Scope, *, has_rows: bool
    ) -> None:
        self.catalogue = catalogue
        self.form = form
        self.scope = scope
        self.has_rows = has_rows
        #: keys of the blocks before
        self.seen = SeenKeys(form)

    def check(self, connection: Connection, block: Block) -> Chunk:
        """Check the rows of a block, and find the stored rows they change."""
        store = RowStore(connection, self.catalogue)
        converted = ConvertedColumns(
            block.numbers, block.columns, _findings(block), block.judged
        )
        context = make_context(connection, store, self.form, self.scope)
        stored = self._find_stored(store, converted, context)
        converted = self._unmask(converted, stored)
        checked = check_columns(
            self.form,
            converted,
            context,
            Stage.IMPORT,
            seen=self.seen,
            stored=[row and row.row for row in stored],
            upsert=True,
        )
        return Chunk(
            self.form,
            checked,
            self._find_fields(block, checked, stored),
            self._key_texts(checked.columns, len(block.numbers)),
            stored,
            block.faulty_texts,
            self._find_foreign(stored, checked),
            self._find_confirmed(connection, stored, checked),
        )

    def _find_fields(
        self, block: Block, checked: CheckedBlock, stored: Sequence[StoredRow | None]
    ) -> tuple[str, ...]:
        """The fields whose values are staged."""
        wanted = set(block.columns)
        for spec in self.form.fields:
            # What a change of the row hides is emptied, though the file lacks it.
            if spec.is_given or (spec.visible_when is not None and any(stored)):
                wanted.add(spec.id)
        return tuple(
            spec.id
            for spec in self.form.fields
            if spec.id in wanted and spec.id in checked.columns
        )

    def _find_stored(
        self, store: RowStore, converted: ConvertedColumns, context: Context
    ) -> list[StoredRow | None]:
        """The formal row of each row's key."""
        count = len(converted.numbers)
        if not self.has_rows:
            return [None] * count
        columns = evaluate_keys(self.form, converted, context)
        keys = _key_tuples(self.form, columns, count)
        whole = replace(self.scope, department_id=None)
        found = store.find_by_key(self.form, whole, set(keys))
        return [found.get(key) for key in keys]

    def _unmask(
        self, converted: ConvertedColumns, stored: Sequence[StoredRow | None]
    ) -> ConvertedColumns:
        """Take what an export had masked from the rows it came from."""
        if not any(stored):
            return converted
        columns, judged = dict(converted.columns), dict(converted.judged)
        for spec in self.form.fields:
            if spec.sensitive and spec.id in columns:
                columns[spec.id] = [
                    self._unmask_value(spec, value, row)
                    for value, row in zip(columns[spec.id], stored, strict=True)
                ]
                judged.pop(spec.id, None)
        return replace(converted, columns=columns, judged=judged)

    def _unmask_value(
        self, spec: FieldSpec, value: object, stored: StoredRow | None
    ) -> object:
        if stored is None or not isinstance(value, str) or "*" not in value:
            return value
        kept = stored.row[spec.id]
        shown = display(spec, kept, self.catalogue.codelists)
        return kept if is_mask(spec, value, shown) else value

    def _find_confirmed(
        self,
        connection: Connection,
        stored: Sequence[StoredRow | None],
        checked: CheckedBlock,
    ) -> dict[int, Mapping[Mark, Confirmed]]:
        """What was written about warnings of the stored rows, where it still holds."""
        rows = {}
        for index in checked.found.keys() - checked.faulty:
            row = stored[index]
            if row is not None:
                came = {name: values[index] for name, values in checked.columns.items()}
                rows[index] = replace(row, row={**row.row, **came})
        found = find_confirmed(connection, self.form, self.scope, rows.values())
        return {i: found[row.id] for i, row in rows.items() if row.id in found}

    def _key_texts(
        self, columns: Mapping[str, Sequence[object]], count: int
    ) -> list[str]:
        return [join_key(key) for key in _key_tuples(self.form, columns, count)]

    def _find_foreign(
        self, stored: Sequence[StoredRow | None], checked: CheckedBlock
    ) -> dict[int, Finding]:
        """Rows whose key a row of another department has."""
        own = self.scope.department_id
        if own is None or not any(stored):
            return {}
        key = self.form.key
        return {
            index: describe_stored(
                self.form,
                key,
                tuple(row.row[name] for name in key)
                if len(key) > 1
                else row.row[key[0]],
            )
            for index, row in enumerate(stored)
            if row is not None and key and row.department_id not in (None, own)
        }


def _findings(block: Block) -> tuple[tuple[int, str, Finding], ...]:
    places = {number: index for index, number in enumerate(block.numbers)}
    return tuple(
        (
            places[problem.row_number],
            problem.field_id,
            Finding(problem.code, problem.details, problem.level),
        )
        for problem in block.problems
    )


def _key_tuples(
    form: FormSpec, columns: Mapping[str, Sequence[object]], count: int
) -> list[tuple[object, ...]]:
    if not form.key:
        return [()] * count
    nothing = (None,) * count
    return list(zip(*(columns.get(name, nothing) for name in form.key), strict=True))
