"""Computes by `x-from` what rows that wait for review hold in their new fields.

They stand in no form's table, so that SQL cannot say it: each is evaluated here, over
the forms as they were, while the former columns still read as they did. `following`
writes it down with the rest of the row.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, select

from app.models import ImportJob, ImportState, StagedRow, StagedState
from app.services.contexts import make_context
from app.services.schema_changes.applied import Applied
from app.services.schema_changes.filling import make_catalogue_before
from app.services.schema_changes.targets import EditionChange
from app.storage.binding import bind
from app.storage.lookup import ROWS_AT_ONCE, in_groups
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.expressions import Expression
from form_schemas.field_spec import FieldSpec
from form_schemas.spec import FormSpec
from validators.compiling import Env, Row
from validators.conversion import from_json, to_json
from validators.interpreting import interpret
from validators.places import Place
from validators.rules import settle

_JOB, _ROW = ImportJob.__table__, StagedRow.__table__

#: Import and number of a row -> values in JSON form, of fields that are computed.
Computed = Mapping[tuple[int, int], Mapping[str, object]]


@dataclass(frozen=True, eq=False)
class StagedComputing:
    """Rows that wait in rounds whose edition changes."""

    connection: Connection
    catalogue: Catalogue
    change: EditionChange
    applied: Applied
    round_ids: Sequence[int]

    def compute(self) -> dict[tuple[int, int], Mapping[str, object]]:
        """What all of them hold in fields that `x-from` gives."""
        found: dict[tuple[int, int], Mapping[str, object]] = {}
        for former, form in self.change.pairs:
            wanted = dict(self._list_computed(form))
            if wanted and not form.is_derived:
                for job in self._find_imports(former):
                    found.update(self._compute_import(job, former, form, wanted))
        return found

    def _list_computed(self, form: FormSpec) -> Iterator[tuple[FieldSpec, Expression]]:
        for item in form.fields:
            origin = self.change.lineage.origin_of(form, item.id)
            if origin is not None and origin.expression and not item.is_given:
                yield item, origin.expression

    def _find_imports(self, former: FormSpec) -> Sequence:
        return self.connection.execute(
            select(_JOB).where(
                _JOB.c.form_name == former.full_name,
                _JOB.c.round_id.in_(self.round_ids),
                _JOB.c.state == ImportState.STAGED,
            )
        ).all()

    @cached_property
    def _before(self) -> tuple[Catalogue, Edition]:
        return make_catalogue_before(self.catalogue, self.change, self.applied)

    def _compute_import(
        self,
        job,
        former: FormSpec,
        form: FormSpec,
        wanted: Mapping[FieldSpec, Expression],
    ) -> Iterator[tuple[tuple[int, int], Mapping[str, object]]]:
        scope = Scope(job.unit_id, job.round_id)
        records = self.connection.execute(
            select(_ROW.c.row_number, _ROW.c.target_id, _ROW.c["values"]).where(
                _ROW.c.import_id == job.id, _ROW.c.state == StagedState.WAITING
            )
        ).all()
        stored = self._read_targets(former, [r.target_id for r in records])
        around = self._look_around(former, scope, wanted.values())
        for record in records:
            came = from_json(former, record.values)
            target = stored.get(record.target_id, {})
            at = around.enter({**target, **came})
            values = {
                item.id: settle(item, interpret(expression.root, at))
                for item, expression in wanted.items()
                # What the file said nothing of stays as the stored row has it.
                if not target or expression.fields & came.keys()
            }
            yield (job.id, record.row_number), to_json(form, values)

    def _read_targets(
        self, former: FormSpec, row_ids: Sequence[int | None]
    ) -> dict[int, Row]:
        """The stored rows that they met, as they were."""
        binding = bind(self._before[0], former)
        found = {}
        for ids in in_groups([one for one in row_ids if one], ROWS_AT_ONCE):
            records = self.connection.execute(
                select(*binding.selected).where(binding.table.c._id.in_(ids))
            )
            for stored in map(binding.read, records):
                found[stored.id] = stored.row
        return found

    def _look_around(
        self, former: FormSpec, scope: Scope, expressions: Collection[Expression]
    ) -> "_Around":
        before, edition = self._before
        store = RowStore(self.connection, before)
        codes = {code for one in expressions for code in one.tables}
        for name in {name for one in expressions for name in one.ref_fields}:
            reference = former.by_id[name].reference
            codes |= set() if reference is None else set(reference.tables)
        tables = {
            code: [
                dict(stored.row)
                for stored in store.iterate_rows(edition.by_code[code], scope)
            ]
            for code in codes & edition.by_code.keys()
        }
        context = make_context(self.connection, store, former, scope)
        env = context.env()
        return _Around(former, edition.by_code, tables, env)


@dataclass(frozen=True, eq=False)
class _Around:
    """What expressions find around a row."""

    form: FormSpec
    forms: Mapping[str, FormSpec]
    tables: Mapping[str, Sequence[Row]]
    env: Env

    def enter(self, row: Row) -> Place:
        return Place(self.form, row, self.forms, self.tables, self.env)
