"""What people left at forms and fields follows them to their new names.

Threads, explanations, findings, uploaded files, filings and their like name forms by
code and fields by id; rows of rounds that are over keep the names of their archive.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy import Connection, Table, delete, func, select, update

from app.models import (
    Assignment,
    CellThread,
    CheckFinding,
    CheckResult,
    Confirmation,
    Extension,
    Filing,
    Generation,
    ImportJob,
    ImportState,
    Notice,
    StagedRow,
    StagedState,
    StoredFile,
)
from app.services.mending import recheck_import
from app.services.schema_changes.conversions import carry_json
from app.services.schema_changes.staged_values import Computed
from app.services.schema_changes.targets import EditionChange
from form_schemas.catalogue import Catalogue
from form_schemas.field_spec import FieldSpec
from form_schemas.lineage import Origin
from form_schemas.spec import FormSpec

#: What names forms by their codes, in a round.
_BY_CODE: tuple[Table, ...] = (
    Filing.__table__,
    CellThread.__table__,
    Assignment.__table__,
    Extension.__table__,
    Generation.__table__,
    Notice.__table__,
)
#: By their full names, in a round.
_BY_FULL_NAME: tuple[Table, ...] = (
    CheckResult.__table__,
    CheckFinding.__table__,
    ImportJob.__table__,
)
_FILE = StoredFile.__table__
_JOB = ImportJob.__table__
_ROW = StagedRow.__table__
_THREAD = CellThread.__table__
_CONFIRMATION = Confirmation.__table__
_NOTICE = Notice.__table__
#: Before the text of a cell that nobody could read, where its field is another now.
_FORMERLY = "改表以前填的："
_FINDINGS: tuple[Table, ...] = (CheckResult.__table__, CheckFinding.__table__)


@dataclass(frozen=True, eq=False)
class Following:
    """One form that changed, in rounds that are not over."""

    connection: Connection
    catalogue: Catalogue
    change: EditionChange
    former: FormSpec
    form: FormSpec
    round_ids: Sequence[int]
    #: what rows that wait for review hold in fields that `x-from` gives
    staged: Computed

    def follow(self) -> None:
        self._follow_fields()
        self._follow_explanations()
        if self.form.code != self.former.code:
            self._follow_code()
        self._follow_imports()

    # Forms.

    def _follow_code(self) -> None:
        former, form = self.former, self.form
        for table in _BY_CODE:
            self._change(table, table.c.form_code == former.code, form_code=form.code)
        for table in _BY_FULL_NAME:
            self._change(
                table, table.c.form_name == former.full_name, form_name=form.full_name
            )
        own = _CONFIRMATION.c.form_name == former.name
        self._change(_CONFIRMATION, own, form_name=form.name)
        # Of all rounds: files belong to no round, and the form that serves shows them.
        self.connection.execute(
            update(_FILE)
            .where(_FILE.c.form_name == former.full_name)
            .values(form_name=form.full_name)
        )
        old, new = (f"/{one.collection}/{one.code}/" for one in (former, form))
        self._change(
            _NOTICE,
            _NOTICE.c.form_code == form.code,
            link=func.replace(_NOTICE.c.link, old, new),
        )

    # Fields.

    @property
    def _renamed(self) -> dict[str, str]:
        """Former id -> id since, of fields that stayed in the form."""
        found = {}
        for item in self.form.fields:
            origin = self.change.lineage.origin_of(self.form, item.id)
            if origin is None or origin.field is None:
                continue
            if origin.form is self.former and origin.field.id != item.id:
                found[origin.field.id] = item.id
        return found

    @property
    def _gone(self) -> list[str]:
        """Fields that the form has no more, under any name."""
        renamed = self._renamed
        return [
            item.id
            for item in self.former.fields
            if item.id not in renamed and item.id not in self.form.by_id
        ]

    def _follow_fields(self) -> None:
        names = self._renamed
        # All at once: two fields may have changed their names with each other.
        for table, own in self._places():
            column = table.c.field_id
            if names:
                self._rename(table, own, names)
            if self._gone and table is _THREAD:
                # It asks about the row from now on.
                self._change(table, own & column.in_(self._gone), field_id="")
        for table in _FINDINGS:
            own = table.c.form_name == self.former.full_name
            self.connection.execute(
                delete(table).where(
                    own,
                    table.c.round_id.in_(self.round_ids),
                    table.c.field_id.in_(self._gone),
                )
            )
        if names:
            own = _FILE.c.form_name == self.former.full_name
            for old, new in names.items():
                self.connection.execute(
                    update(_FILE)
                    .where(own, _FILE.c.field_id == old)
                    .values(field_id=new)
                )

    def _places(self):
        yield _THREAD, _THREAD.c.form_code == self.former.code
        yield _CONFIRMATION, _CONFIRMATION.c.form_name == self.former.name
        for table in _FINDINGS:
            yield table, table.c.form_name == self.former.full_name

    def _rename(self, table: Table, own, names: Mapping[str, str]) -> None:
        meanwhile = {old: f"\x1e{number}" for number, old in enumerate(names)}
        for old, between in meanwhile.items():
            self._change(table, own & (table.c.field_id == old), field_id=between)
        for old, between in meanwhile.items():
            self._change(
                table, own & (table.c.field_id == between), field_id=names[old]
            )

    def _change(self, table: Table, wanted, **values) -> None:
        self.connection.execute(
            update(table)
            .where(wanted, table.c.round_id.in_(self.round_ids))
            .values(**values)
        )

    # Rows that wait for review.

    def _follow_imports(self) -> None:
        found = self.connection.execute(
            select(_JOB).where(
                _JOB.c.form_name == self.form.full_name,
                _JOB.c.round_id.in_(self.round_ids),
                _JOB.c.state == ImportState.STAGED,
                _JOB.c.form_fingerprint != self.form.fingerprint,
            )
        ).all()
        for job in found:
            self._follow_import(job)

    def _follow_import(self, job) -> None:
        connection = self.connection
        records = connection.execute(
            select(_ROW).where(
                _ROW.c.import_id == job.id, _ROW.c.state == StagedState.WAITING
            )
        ).all()
        for record in records:
            connection.execute(
                update(_ROW)
                .where(
                    _ROW.c.import_id == job.id,
                    _ROW.c.row_number == record.row_number,
                )
                .values(
                    {
                        "values": {
                            **self.carry_json(record.values),
                            **self.staged.get((job.id, record.row_number), {}),
                        },
                        "fields": self._follow_fields_of(record.fields),
                        "cells": self._follow_cells(record.cells),
                    }
                )
            )
        connection.execute(
            update(_JOB)
            .where(_JOB.c.id == job.id)
            .values(
                fields=self._follow_fields_of(job.fields) or [],
                columns=self._follow_names(job.columns) or [],
                form_fingerprint=self.form.fingerprint,
            )
        )
        recheck_import(connection, self.catalogue, self.form, job.id)

    def _follow_names(self, names: Sequence[str | None] | None) -> list | None:
        if names is None:
            return None
        renamed = self._renamed
        followed = (renamed.get(name, name) for name in names)
        return [name if name in self.form.by_id else None for name in followed]

    def _follow_fields_of(self, names: Sequence[str] | None) -> list[str] | None:
        """Of which fields rows hold values: computed ones come to those that came."""
        if names is None:
            return None
        given = [
            item.id
            for item, origin in self._computed
            if origin.expression is not None
            and origin.expression.fields & {*names}
            and item.id not in names
        ]
        followed = (*(self._follow_names(names) or ()), *given)
        return [name for name in followed if name and name not in self._untold]

    @property
    def _computed(self) -> list[tuple[FieldSpec, Origin]]:
        origins = (
            (item, self.change.lineage.origin_of(self.form, item.id))
            for item in self.form.fields
        )
        return [(item, o) for item, o in origins if o is not None and o.expression]

    def _follow_cells(self, cells: Mapping[str, object] | None) -> dict | None:
        """Texts of faulty cells, as they came."""
        renamed, cells = self._renamed, cells or {}
        found = {renamed.get(name, name): cell for name, cell in cells.items()}
        found = {k: v for k, v in found.items() if k in self.form.by_id}
        for item, origin in self._computed:
            assert origin.expression is not None
            read = [cells[n] for n in sorted(origin.expression.fields & cells.keys())]
            found.pop(item.id, None)
            if read:
                # Read as it is, it could pass for a value in the new unit.
                found[item.id] = f"{_FORMERLY}{'、'.join(map(str, read))}"
        return found or None

    # Explanations hold while the values are the same that they explain.

    def _follow_explanations(self) -> None:
        found = self.connection.execute(
            select(
                _CONFIRMATION.c.id, _CONFIRMATION.c["values"], _CONFIRMATION.c.kind
            ).where(
                _CONFIRMATION.c.form_name == self.former.name,
                _CONFIRMATION.c.round_id.in_(self.round_ids),
            )
        ).all()
        for one, values, kind in found:
            since, now = self.carry_json(values), self._follow_kind(kind)
            if since != values or now != kind:
                self.connection.execute(
                    update(_CONFIRMATION)
                    .where(_CONFIRMATION.c.id == one)
                    .values({"values": since, "kind": now})
                )

    def _follow_kind(self, kind: str) -> str:
        """The rule that `x-compare` stands for bears the name of its field."""
        for old, new in self._renamed.items():
            if kind == f"rule:compare_{old}":
                return f"rule:compare_{new}"
        return kind

    def carry_json(self, values: Mapping[str, object]) -> dict[str, object]:
        """Values in JSON form, as the form has them since; what it lost is left out."""
        lineage, lists = self.change.lineage, self.catalogue.codelists
        found = carry_json(values, self.former, self.form, lineage, lists)
        return {name: v for name, v in found.items() if name not in self._untold}

    @cached_property
    def _untold(self) -> frozenset[str]:
        """Fields whose values nothing tells on the way back: others came of them."""
        origins = (
            (item.id, self.change.lineage.origin_of(self.form, item.id))
            for item in self.form.fields
        )
        return frozenset(
            name
            for name, origin in origins
            if origin is not None
            and origin.field is not None
            and self.change.was_computed(origin.form.code, origin.field.id)
        )


def follow_keys(
    connection: Connection,
    form: FormSpec,
    changed: Mapping[int, tuple[str, str]],
) -> None:
    """Have what names rows by their keys name them by the new ones."""
    places = (
        (_THREAD, _THREAD.c.form_code == form.code),
        (_CONFIRMATION, _CONFIRMATION.c.form_name == form.name),
        (_FINDINGS[1], _FINDINGS[1].c.form_name == form.full_name),
    )
    for table, own in places:
        found = connection.execute(
            select(table.c.id, table.c.row_id).where(own, table.c.row_id.is_not(None))
        ).all()
        for one, row_id in found:
            if row_id in changed:
                connection.execute(
                    update(table)
                    .where(table.c.id == one)
                    .values(row_key=changed[row_id][1])
                )
