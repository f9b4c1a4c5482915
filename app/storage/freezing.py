"""Rows that a stored link freezes (`x-freeze`): neither end is changed or deleted.

`RowStore` asks here before it writes one row, `frozen_loads` asks for many. A row that
was stored with errors is not frozen: pages store each cell as it is left, and whoever
links first could never fill in the rest. What the engine computes may change as well:
nobody typed it. Both ends are locked before they are looked at, so that of a link and
a change at the same moment one waits for the other and is told.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, Select, func, select

from app.errors import RowFrozen
from app.storage.binding import bind
from app.storage.keys import SEPARATOR
from app.storage.records import Scope, StoredRow
from app.storage.references import find_users
from app.storage.search import holds
from form_schemas.catalogue import Catalogue
from form_schemas.freezes import Freeze
from form_schemas.rule_spec import Level
from form_schemas.spec import FormSpec

Row = Mapping[str, object]

#: Rows that a refusal names.
_SHOWN = 5


@dataclass(frozen=True)
class FrozenRow:
    """What closes a row: links, or where it stands on its way."""

    #: ids of the fields that nobody changes
    fields: frozenset[str]
    #: why, and what helps
    reason: str


class Freezing:
    """What stored links forbid in one form's rows of a unit and round.

    Args:
        may_unlink: whether the person may take links away.
    """

    def __init__(
        self,
        connection: Connection,
        catalogue: Catalogue,
        form: FormSpec,
        scope: Scope,
        *,
        may_unlink: bool = False,
    ) -> None:
        self._connection = connection
        self._catalogue = catalogue
        self._form = form
        self._scope = scope
        self._may_unlink = may_unlink
        self._table = bind(catalogue, form).table

    def refuse_frozen(self, stored: StoredRow, changed: frozenset[str] | None) -> None:
        """Refuse what a link forbids; None as `changed`: the row is to go.

        Raises:
            RowFrozen: it names the rows linked, and what helps.
        """
        linkers = self._catalogue.freezing(self._form)
        if stored.level == Level.ERROR or not (self._form.freezes or linkers):
            return
        row_id = self._table.c._id
        self._connection.execute(
            select(row_id).where(row_id == stored.id).with_for_update()
        )
        for freeze in self._form.freezes:
            if stored.row[freeze.field] is not None:
                self._refuse_at_link(freeze, stored.row, changed)
        for linker, freeze in linkers:
            if is_touched(self._form, changed, freeze.target_editable):
                self._refuse_at_target(linker, freeze, stored.row)

    def hold_linked(self, row: Row) -> None:
        """Let nobody change the rows that a row to be written links."""
        for freeze in self._form.freezes:
            values = list_values(row.get(freeze.field))
            if values:
                hold_targets(
                    self._connection,
                    self._catalogue,
                    self._form,
                    freeze,
                    self._scope,
                    values,
                )

    def _refuse_at_link(
        self, freeze: Freeze, row: Row, changed: frozenset[str] | None
    ) -> None:
        changes_link = changed is not None and freeze.field in changed
        unlinks = changes_link and self._may_unlink and freeze.can_unlink
        open_fields = freeze.editable | ({freeze.field} if unlinks else set())
        if is_touched(self._form, changed, open_fields):
            label = self._form.get_field(freeze.field).label
            linked = list_values(row[freeze.field])
            raise RowFrozen(
                f"这一行的“{label}”已经存下（{_shorten(linked, len(linked))}），"
                f"两边都不能再修改或删除。{advise(self._form, freeze)}"
            )
        if unlinks:
            self._refuse_used(freeze, row)

    def _refuse_used(self, freeze: Freeze, row: Row) -> None:
        used_by = {(use.table, use.field) for use in freeze.used_by}
        found = find_users(
            self._connection, self._catalogue, self._form, self._scope, row
        )
        users = [u for u in found if (u.form_code, u.field_id) in used_by]
        if users:
            shown = "；".join(
                f"{user.form_code} {user.form_title}的“{user.field_label}”"
                f"（{user.count} 行）"
                for user in users
            )
            label = self._form.get_field(freeze.field).label
            raise RowFrozen(
                f"这一行正被使用，现在不能改动“{label}”：{shown}。请先处理那些行。"
            )

    def _refuse_at_target(self, linker: FormSpec, freeze: Freeze, row: Row) -> None:
        field = linker.get_field(freeze.field)
        value = row[field.reference.field]
        if value is None:
            return
        binding = bind(self._catalogue, linker)
        column = binding.table.c[field.id]
        links = holds(column, value) if field.is_list else column == value
        keys = select(binding.table.c._key).where(binding.in_unit(self._scope), links)
        names, count = name_rows(self._connection, keys)
        if count:
            raise RowFrozen(
                f"这一行已被 {linker.code} {linker.title}的“{field.label}”选定"
                f"（{names}），两边都不能再修改或删除。{advise(linker, freeze)}"
            )


def is_touched(
    form: FormSpec, changed: frozenset[str] | None, open_fields: Iterable[str]
) -> bool:
    """Whether a change reaches what a link freezes; a deletion (None) always does."""
    return changed is None or bool(find_frozen(form, open_fields) & changed)


def find_frozen(form: FormSpec, open_fields: Iterable[str]) -> frozenset[str]:
    """The fields that a link freezes: those people type, the open ones apart."""
    return frozenset(field.id for field in form.typed_fields).difference(open_fields)


def hold_targets(
    connection: Connection,
    catalogue: Catalogue,
    form: FormSpec,
    freeze: Freeze,
    scope: Scope,
    values: Iterable[object],
) -> None:
    """Lock the rows that are to be linked, until the transaction ends."""
    field = form.get_field(freeze.field)
    for target in catalogue.targets(form, field):
        binding = bind(catalogue, target)
        own = binding.table.c[field.reference.field]
        connection.execute(
            select(binding.table.c._id)
            .where(binding.in_unit(scope), own.in_(list(values)))
            .order_by(binding.table.c._id)
            .with_for_update(read=True)
        )


def name_rows(connection: Connection, keys: Select) -> tuple[str, int]:
    """The first rows of a selection of keys, for a sentence; and how many there are."""
    count = connection.scalar(select(func.count()).select_from(keys.subquery())) or 0
    first = connection.scalars(keys.limit(_SHOWN)).all() if count else ()
    return _shorten([key.replace(SEPARATOR, " ") for key in first], count), count


def list_values(value: object) -> tuple[object, ...]:
    """The values of a reference, of several or of one."""
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def advise(linker: FormSpec, freeze: Freeze) -> str:
    """What helps whoever has to change a frozen row all the same."""
    label = linker.get_field(freeze.field).label
    if not freeze.can_unlink:
        return f"“{label}”存下以后不能解除。"
    return f"确需改动，请系统管理员先在{linker.title}里清空“{label}”。"


def _shorten(names: Iterable[object], count: int) -> str:
    shown = [str(name) for name in names][:_SHOWN]
    return "、".join(shown) + (f" 等 {count} 行" if count > len(shown) else "")
