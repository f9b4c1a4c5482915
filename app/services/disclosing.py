"""Personal data in full on a page: for those who may, with a reason that is kept."""

from collections.abc import Sequence

from sqlalchemy import insert

from app.errors import BadRequest, Forbidden
from app.models import Disclosure
from app.models.base import now_utc
from app.permissions import Action, require
from app.services.desks import Desk

_LONGEST_REASON = 200


def may_disclose(desk: Desk) -> bool:
    """Whether the person may see personal data of every row the form's page shows."""
    return (
        _has_personal(desk)
        and desk.place.can(Action.SEE_PERSONAL, desk.form)
        and _covers_page(desk)
    )


def disclose(desk: Desk, row_ids: Sequence[int], reason: str) -> None:
    """Keep that these rows are shown in full, before they are.

    Raises:
        Forbidden: the person may not see them.
        BadRequest: no reason was given, or there is nothing to see.
    """
    place = desk.place
    require(place.actor, Action.SEE_PERSONAL, place.place_of(desk.form))
    if not _has_personal(desk):
        raise BadRequest("本表没有要遮蔽的个人信息。")
    if not _covers_page(desk):
        raise Forbidden("这里有别的部门的个人信息，不能整页显示。请打开本部门的表。")
    if not reason.strip():
        raise BadRequest("看完整的个人信息要写明理由。请返回，写明后再看。")
    with desk.engine.begin() as connection:
        connection.execute(
            insert(Disclosure.__table__).values(
                actor_id=place.actor.user_id,
                unit_id=place.unit_id,
                round_id=place.round_id,
                form_name=desk.form.full_name,
                row_ids=list(row_ids),
                reason=reason.strip()[:_LONGEST_REASON],
                at=now_utc(),
            )
        )


def _has_personal(desk: Desk) -> bool:
    return any(item.sensitive for item in desk.form.fields)


def _covers_page(desk: Desk) -> bool:
    """Somebody may see a whole unit's rows, and the persons of one department only."""
    whose = desk.scope(Action.SEE_PERSONAL).department_id
    return whose is None or whose == desk.scope().department_id
