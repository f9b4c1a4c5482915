"""Explains the warnings of a demo form, as its filler would before handing it in."""

from app.permissions import Actor
from app.services.chain.obstacles import NotReady, ObstacleKind
from app.services.confirming import Reason, confirm, confirm_table
from app.services.desks import Desk
from app.services.offers import find_offer
from app.services.round_checks import RoundCheck
from app.services.workplaces import open_workplace
from app.services.workshop import Workshop
from app.storage.engine import begin_reading
from app.storage.records import Scope
from form_schemas.spec import FormSpec

#: More than anybody explains one by one.
_MOST = 20


def explain_all(
    workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec, refusal: NotReady
) -> bool:
    """Explain what keeps a form back; False if it is not only a few warnings."""
    kinds = {one.kind for one in refusal.obstacles}
    if refusal.total > _MOST or kinds != {ObstacleKind.WARNING}:
        return False
    desk = _open_desk(workshop, actor, scope, form)
    reasons = desk.place.edition.reasons
    given = next(one for one in reversed(reasons) if not one.needs_text)
    reason = Reason(given.id, "已与台账核对")
    with begin_reading(workshop.engine) as connection:
        found = RoundCheck(connection, workshop.catalogue, scope).check_form(form)
    for cell in found.kept:
        mark = (str(cell["kind"]), str(cell["field_id"] or ""))
        if cell["row_id"] is None:
            confirm_table(desk, mark, reason)
        else:
            stored = desk.get(cell["row_id"]).stored
            confirm(desk, stored.id, stored.version, mark, reason)
    return True


def _open_desk(workshop: Workshop, actor: Actor, scope: Scope, form: FormSpec) -> Desk:
    engine, catalogue = workshop.engine, workshop.catalogue
    offer = find_offer(
        engine, catalogue, actor, unit_id=scope.unit_id, round_id=scope.round_id
    )
    assert offer is not None
    place = open_workplace(engine, catalogue, actor, offer)
    return Desk(engine, catalogue, place, form)
