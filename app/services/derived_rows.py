"""Computes the rows of derived forms: all of them, or what a few changes concern."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import date
from functools import partial

from sqlalchemy import ColumnElement, Connection, Row

from app.errors import NotFound
from app.models import DerivedState, RowAction
from app.services.round_checks import RoundCheck
from app.storage.binding import bind
from app.storage.derivation_queries import DerivationQuery
from app.storage.derivation_tracing import Affected, Changed, find_affected
from app.storage.derived_states import (
    Marks,
    Reading,
    find_changed,
    find_changes,
    is_same_way,
)
from app.storage.derived_tables import (
    KeyTakenError,
    has_origin,
    is_of_group,
    store_derived_rows,
)
from app.storage.derived_values import DerivedRow, find_derived_rows, make_query
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.rule_queries import RulePlace
from form_schemas.catalogue import Catalogue
from form_schemas.derivation_order import find_forms_read
from form_schemas.derivations import Derivation
from form_schemas.forms_read import find_fields_read
from form_schemas.spec import FormSpec
from validators.conversion import from_json

#: A row by field; None where there is none.
_Image = Mapping[str, object] | None


class DerivedMaker:
    """Computes derived rows in one transaction."""

    def __init__(
        self, connection: Connection, catalogue: Catalogue, scope: Scope, today: date
    ) -> None:
        self._connection, self._catalogue = connection, catalogue
        self._scope, self._today = scope, today
        self._check = RoundCheck(connection, catalogue, scope)

    def make(
        self,
        form: FormSpec,
        reading: Reading,
        state: DerivedState | None,
        marks: Marks,
    ) -> bool:
        """Bring the rows of a form up to date; gives whether any changed."""
        assert form.derive is not None
        place = replace(self._check.place_of(form), today=self._today)
        asked = (self._connection, self._catalogue, form, form.derive, place)
        affected = None
        if state is not None and is_same_way(reading, state):
            affected = self._trace(form, make_query(*asked), reading, state, marks)
        if affected is not None and affected.is_nothing:
            return False
        if affected is not None:
            with suppress(KeyTakenError):
                return self._make_some(form, form.derive, place, affected)
        return self._store(form, find_derived_rows(*asked))

    def _make_some(
        self,
        form: FormSpec,
        derivation: Derivation,
        place: RulePlace,
        affected: Affected,
    ) -> bool:
        find = partial(
            find_derived_rows,
            self._connection,
            self._catalogue,
            form,
            derivation,
            place,
        )
        binding = bind(self._catalogue, form)
        if affected.groups is None:
            rows = find(only=affected.origins)
            return self._store(form, rows, has_origin(binding, affected.origins))
        names = derivation.group_by
        rows = find(groups=affected.groups)
        return self._store(form, rows, is_of_group(binding, names, affected.groups))

    def _store(
        self,
        form: FormSpec,
        rows: list[DerivedRow],
        instead_of: ColumnElement[bool] | None = None,
    ) -> bool:
        return store_derived_rows(
            self._connection, self._catalogue, form, self._scope, rows, instead_of
        )

    def _trace(
        self,
        form: FormSpec,
        query: DerivationQuery,
        reading: Reading,
        state: DerivedState,
        marks: Marks,
    ) -> Affected | None:
        """What a few changes of one form concern; None: compute all again."""
        edition = self._catalogue.edition_of(form)
        read = find_forms_read(query.derivation, edition.by_code)
        if any(edition.by_code[code].is_derived for code in read):
            # Rows that were computed have no history.
            return None
        tables = find_changed(reading, state, marks)
        changes = list[Changed]()
        for source in edition.forms:
            if source.table_name not in tables:
                continue
            found = find_changes(self._connection, self._scope, source, state)
            if not found:
                return None
            names = find_fields_read(form, source, edition.forms)
            changed = self._look_back(source, found, names)
            if changed.ids:
                changes.append(changed)
        if not changes:
            return Affected(groups=() if query.derivation.is_grouped else None)
        if len(changes) > 1:
            return None
        return find_affected(self._connection, query, changes[0])

    def _look_back(
        self, form: FormSpec, changes: Sequence[Row], names: Collection[str]
    ) -> Changed:
        """The rows as they were before the changes, which come newest first.

        Args:
            names: the fields that matter; rows that hold the same in all are left out.
        """
        now: dict[int, _Image] = {}
        then: dict[int, _Image] = {}
        for row_id, action, before in changes:
            if row_id not in now:
                now[row_id] = then[row_id] = self._find_row(form, row_id)
            if action is RowAction.INSERT:
                then[row_id] = None
            else:
                known = then[row_id] or {}
                then[row_id] = {**known, **from_json(form, before or {})}
        ids = [one for one in now if _differ(now[one], then[one], names)]
        images = tuple(
            {**image, "_id": row_id} for row_id in ids if (image := then[row_id])
        )
        return Changed(form.code, tuple(ids), images)

    def _find_row(self, form: FormSpec, row_id: int) -> _Image:
        try:
            store = RowStore(self._connection, self._catalogue)
            return dict(store.get(form, self._scope, row_id).row)
        except NotFound:
            return None


def _differ(now: _Image, then: _Image, names: Collection[str]) -> bool:
    if now is None or then is None:
        return now is not then
    return any(now.get(name) != then.get(name) for name in names)
