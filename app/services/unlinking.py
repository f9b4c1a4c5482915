"""Taking away a link that freezes rows: an act of its own, with a written reason."""

from app.errors import BadRequest, NotFound
from app.models import AuditAction
from app.permissions import require
from app.policy import Action
from app.services.desks import Desk
from app.services.recording import record_changes
from app.storage.records import StoredRow
from app.storage.rows import RowStore
from form_schemas.field_spec import FieldSpec

_LONGEST_REASON = 200


def list_links(desk: Desk, stored: StoredRow) -> tuple[FieldSpec, ...]:
    """The links of a row that the person at the desk may take away."""
    if not desk.place.can(Action.UNLINK_ROWS, desk.form):
        return ()
    return tuple(
        desk.form.get_field(freeze.field)
        for freeze in desk.form.freezes
        if freeze.can_unlink and stored.row[freeze.field] is not None
    )


def unlink(
    desk: Desk, row_id: int, version: int, field_id: str, reason: str
) -> StoredRow:
    """Empty a link, so that both ends may be changed again.

    Raises:
        Forbidden: this person may not.
        RowFrozen: rows that use this one forbid it.
        LockedForm, StaleRow: as for any change of a row.
    """
    require(desk.place.actor, Action.UNLINK_ROWS, desk.place.place_of(desk.form))
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON:
        raise BadRequest(f"请写明为什么解除，最多 {_LONGEST_REASON} 个字。")
    if field_id not in [freeze.field for freeze in desk.form.freezes]:
        raise NotFound
    with desk.engine.begin() as connection:
        store = RowStore(connection, desk.catalogue, may_unlink=True)
        actor, scope = desk.place.actor.user_id, desk.scope()
        emptied = store.update(
            desk.form, scope, row_id, {field_id: None}, version, actor, reason
        )
        record_changes(connection, desk, AuditAction.ROWS_SAVED, store, reason)
        return emptied
