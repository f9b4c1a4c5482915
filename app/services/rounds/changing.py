"""Changes to a unit's round that is under way: title, phases, assignments, its end.

Rows keep their departments whoever leads a form: the lead sees them all.
"""

from sqlalchemy import Connection, Engine, delete, select, update

from app.errors import BadRequest, Refused
from app.models import (
    Assignment,
    AuditAction,
    Contribution,
    ContributionState,
    Filing,
    FilingState,
    Round,
)
from app.models.base import now_utc
from app.permissions import Actor, Place, can
from app.policy import Action
from app.services.rounds.acts import record_act, update_part
from app.services.rounds.drafts import (
    Assigned,
    RefusedRound,
    RoundDraft,
    RoundFault,
    differs,
    list_forms,
    list_suppliers,
)
from app.services.rounds.judging import list_task_names
from app.services.rounds.opening import store_assignments
from app.services.rounds.participation import (
    count_parts,
)
from app.services.rounds.parts import Part, find_part_of
from app.services.rounds.phase_faults import find_phase_faults, show_codes
from app.services.rounds.staff import find_staff_faults, load_staff
from app.services.rounds.telling import tell_of_round
from app.storage.assignments import load_assignments
from app.storage.filing_gate import lock_filings
from app.storage.records import Scope
from app.storage.timetable import RoundPhase, write_phases
from form_schemas.catalogue import Catalogue

_LONGEST = 200
_IN_REVIEW = (FilingState.SUBMITTED, FilingState.APPROVED)


def change_title(
    engine: Engine, catalogue: Catalogue, actor: Actor, scope: Scope, title: str
) -> None:
    """Rename a round.

    Raises:
        Refused: other units take part in it, and the actor does not manage them.
    """
    title = title.strip()
    if not title or len(title) > _LONGEST:
        raise BadRequest(f"名称要写，也请写在 {_LONGEST} 字以内。")
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        part.require_open()
        alone = (
            part.by_unit
            and count_parts(connection, part.round_id, still_open=False) == 1
        )
        if not alone and not can(actor, Action.MANAGE_ROUND, Place()):
            raise Refused("这一期还有别的单位在填，名称请系统管理员改。")
        connection.execute(
            update(Round.__table__).where(Round.id == part.round_id).values(title=title)
        )
        record_act(connection, actor, part, AuditAction.ROUND_CHANGED, {"title": title})


def change_phases(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    phases: tuple[RoundPhase, ...],
) -> None:
    """Give a unit's round other phases, and tell everybody.

    Raises:
        RefusedRound: they cannot be kept.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        part.require_open()
        assignments = load_assignments(connection, scope.unit_id, scope.round_id)
        draft = RoundDraft(part.edition, part.title, {}, phases)
        faults = tuple(find_phase_faults(draft, list_task_names(assignments)))
        if faults:
            raise RefusedRound(faults)
        written = write_phases(phases)
        update_part(connection, actor, part, phases=written)
        tell_of_round(
            connection,
            scope.unit_id,
            scope.round_id,
            f"“{part.title}”的填报时间改了",
            phases,
            assignments,
            actor.user_id,
        )
        changed = AuditAction.ROUND_CHANGED
        record_act(connection, actor, part, changed, {"phases": written})


def change_assignments(
    engine: Engine,
    catalogue: Catalogue,
    actor: Actor,
    scope: Scope,
    assigned: Assigned,
) -> tuple[str, ...]:
    """Assign forms anew; gives the codes of those that really change.

    Raises:
        RefusedRound: a form is being reviewed, or a department lacks people.
    """
    with engine.begin() as connection:
        part = find_part_of(connection, catalogue, actor, scope)
        part.require_open()
        before = load_assignments(connection, scope.unit_id, scope.round_id)
        changes = {
            form.code: assigned[form.code]
            for form in list_forms(part.edition)
            if form.code in assigned and differs(assigned[form.code], before.ids(form))
        }
        if not changes:
            return ()
        _hold(connection, part, changes)
        _require_sound(connection, part, changes)
        _write(connection, part, changes)
        _settle_contributions(connection, scope, changes)
        after = load_assignments(connection, scope.unit_id, scope.round_id)
        names = {
            code: [one.name for one in after.suppliers(part.edition.get(code))]
            for code in changes
        }
        tell_of_round(
            connection,
            scope.unit_id,
            scope.round_id,
            f"“{part.title}”的填报分工改了",
            (),
            after,
            actor.user_id,
            "\n".join(f"{code}：{'、'.join(own)}" for code, own in names.items()),
        )
        changed = AuditAction.ASSIGNMENT_CHANGED
        record_act(connection, actor, part, changed, {"forms": names})
        return tuple(changes)


def _hold(connection: Connection, part: Part, changes: Assigned) -> None:
    """Keep the forms as they stand; none of them may be before a reviewer."""
    scope = Scope(part.unit_id, part.round_id)
    held = lock_filings(connection, [part.edition.get(c) for c in changes], scope)
    reviewed = sorted(code for code in held if held[code].state in _IN_REVIEW)
    if reviewed:
        message = (
            f"{show_codes(reviewed)} 已提交或已审核通过，分工不能再改。"
            "要改，请先退回或撤回提交。"
        )
        raise RefusedRound((RoundFault(f"form-{reviewed[0]}", message),))


def _require_sound(connection: Connection, part: Part, changes: Assigned) -> None:
    usual = load_assignments(connection, part.unit_id, part.round_id)
    suppliers = list_suppliers(part.edition, usual, changes)
    own = {code: suppliers[code] for code in changes}
    staff = load_staff(connection, part.unit_id, part.unit_path)
    faults = tuple(find_staff_faults(staff, part.edition.steps, own))
    if faults:
        raise RefusedRound(faults)


def _write(connection: Connection, part: Part, changes: Assigned) -> None:
    connection.execute(
        delete(Assignment.__table__).where(
            Assignment.unit_id == part.unit_id,
            Assignment.round_id == part.round_id,
            Assignment.form_code.in_(changes),
        )
    )
    store_assignments(connection, part.edition, part.unit_id, part.round_id, changes)


def _settle_contributions(
    connection: Connection, scope: Scope, changes: Assigned
) -> None:
    """Parts of departments that supply no more end; a new lead hands over to nobody."""
    table = Contribution.__table__
    for code, ids in changes.items():
        filing = (
            select(Filing.id)
            .where(
                Filing.unit_id == scope.unit_id,
                Filing.round_id == scope.round_id,
                Filing.form_code == code,
            )
            .scalar_subquery()
        )
        own = table.c.filing_id == filing
        connection.execute(delete(table).where(own, table.c.department_id.not_in(ids)))
        connection.execute(
            update(table)
            .where(own, table.c.department_id == ids[0])
            .values(state=ContributionState.OPEN, updated_at=now_utc())
        )
