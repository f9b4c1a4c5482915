"""Orders the sealed package of a unit's round, for whoever reports it."""

from app.errors import Refused
from app.models import ExportKind
from app.permissions import require
from app.policy import Action
from app.services.export_orders import ExportOrder, start_export
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.records import Scope
from form_schemas.catalogue import Edition

#: Characters of a reason.
_LONGEST = 500


def order_sealed(workshop: Workshop, place: Workplace, reason: str) -> int:
    """Order the package; a worker makes it. Gives the id of the export.

    Args:
        reason: what it is for; kept with the export, as personal data are in full.

    Raises:
        Forbidden: the person does not report for this unit.
        Refused: no reason was given, or one that is too long to be kept.
    """
    require(place.actor, Action.REPORT_ROUND, place.whole)
    if not reason.strip():
        raise Refused("上报包里有完整的个人信息，请写明用途。")
    scope = Scope(place.unit_id, place.round_id)
    order = make_order(place.edition, scope, place.actor.user_id, reason)
    return start_export(workshop, order)


def make_order(
    edition: Edition, scope: Scope, actor_id: int, reason: str
) -> ExportOrder:
    if len(reason.strip()) > _LONGEST:
        raise Refused(f"用途最多写 {_LONGEST} 个字，请缩短。")
    return ExportOrder(
        ExportKind.SEALED_PACKAGE,
        edition.forms,
        scope,
        actor_id,
        file_format="zip",
        is_unmasked=True,
        reason=reason.strip(),
    )
