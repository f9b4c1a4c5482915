"""The check of a unit's round: every rule of every form, over the rows as they stand.

What is found (`round_checks`) takes the place of what the run before found, in one
transaction; `check_reports` reads it. A page orders a check and a worker carries it
out; a command does both.
"""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from time import monotonic

from sqlalchemy import Connection, delete, insert, select

from app.errors import Forbidden, NotFound
from app.models import AuditAction, CheckResult, CheckRun, JobState, Unit
from app.models.base import now_utc
from app.permissions import Actor, can
from app.policy import Action
from app.services.derived_forms import refresh_forms
from app.services.findings import replace_findings
from app.services.places import place_finder
from app.services.round_checks import RoundCheck, get_edition_of_round
from app.services.workshop import Workshop, end_job, keep_lease, take_lease
from app.storage.audit import AuditRecord, record
from app.storage.changes import count_changes
from app.storage.engine import begin_reading, begin_snapshot
from app.storage.records import Scope
from app.storage.unit_forms import find_forms
from form_schemas.spec import FormSpec

_RUN = CheckRun.__table__
_RESULT = CheckResult.__table__

#: A load that was under way during a check commits no later than this.
_LONGEST_LOAD = timedelta(hours=1)

Tell = Callable[[int], None]


def run_check(
    workshop: Workshop,
    actor: Actor,
    unit_id: int,
    round_id: int,
    forms: Collection[FormSpec] | None = None,
    tell: Tell = lambda forms: None,
) -> int:
    """Check at once; gives the id of the run. `check_reports` has what it found.

    Args:
        forms: None: all that the actor may check there.
        tell: called after each form with how many are done.
    """
    holder = f"check of {actor.username}"
    run_id = start_check(workshop, actor, unit_id, round_id, forms, holder=holder)
    run_check_job(workshop, run_id, holder, tell)
    return run_id


def start_check(
    workshop: Workshop,
    actor: Actor,
    unit_id: int,
    round_id: int,
    forms: Collection[FormSpec] | None = None,
    *,
    holder: str | None = None,
) -> int:
    """Order a check; gives the id of the run, or of one that waits for the same.

    Args:
        holder: who is going to call `run_check_job` at once, where no worker shall.
    """
    with workshop.engine.begin() as connection:
        edition = get_edition_of_round(connection, workshop.catalogue, round_id)
        if connection.scalar(select(Unit.id).where(Unit.id == unit_id)) is None:
            raise NotFound(f"没有编号为 {unit_id} 的单位。")
        find_place = place_finder(connection, unit_id, round_id)
        names = [
            form.full_name
            for form in (
                find_forms(connection, edition, Scope(unit_id, round_id))
                if forms is None
                else forms
            )
            if can(actor, Action.CHECK_ROWS, find_place(form))
        ]
        if not names:
            raise Forbidden("这里没有您可以检查的报表。要检查，请找本单位管理员。")
        waiting = _find_waiting(connection, unit_id, round_id, names)
        if waiting is not None and holder is None:
            return waiting
        run_id = connection.execute(
            insert(_RUN).values(
                unit_id=unit_id,
                round_id=round_id,
                actor_id=actor.user_id,
                form_names=names,
                total=len(names),
                created_at=now_utc(),
                **take_lease(workshop, holder),
            )
        ).inserted_primary_key[0]
        ordered = AuditRecord(
            AuditAction.CHECK_RUN,
            actor.user_id,
            unit_id,
            round_id,
            subject=f"检查 {len(names)} 张表",
            details={"run_id": run_id, "forms": names},
        )
        record(connection, ordered)
        return run_id


def run_check_job(
    workshop: Workshop, job_id: int, holder: str, tell: Tell = lambda forms: None
) -> None:
    """Carry out a claimed check.

    It takes seconds and is made in one go: whoever takes over begins anew.

    Raises:
        LeaseLost: another worker took the check over.
    """
    _refresh_round(workshop, job_id)
    with begin_snapshot(workshop.engine) as connection:
        job = connection.execute(select(_RUN).where(_RUN.c.id == job_id)).one()
        scope = Scope(job.unit_id, job.round_id)
        changes = count_changes(connection, scope, since=first_moment(job.started_at))
        check = RoundCheck(connection, workshop.catalogue, scope)
        forms = [f for f in check.edition.forms if f.full_name in job.form_names]
        found = []
        kept_at = monotonic()
        for number, form in enumerate(forms, start=1):
            found.append(check.check_form(form))
            tell(number)
            if monotonic() - kept_at > workshop.lease_seconds / 3:
                kept_at = monotonic()
                with workshop.engine.begin() as writing:
                    keep_lease(writing, _RUN, job_id, holder, workshop, position=number)
    with workshop.engine.begin() as connection:
        keep_lease(connection, _RUN, job_id, holder, workshop)
        replace_findings(connection, scope, job_id, found)
        end_job(
            connection,
            _RUN,
            job_id,
            holder,
            position=len(forms),
            rows=sum(one.rows for one in found),
            errors=sum(one.errors for one in found),
            warnings=sum(one.warnings for one in found),
            confirmed=sum(one.confirmed.total() for one in found),
            waiting=sum(one.waiting for one in found),
            changes_seen=changes,
        )
        _forget_replaced_runs(connection, scope)


def _refresh_round(workshop: Workshop, job_id: int) -> None:
    """Have rules read computed values that are up to date."""
    with begin_reading(workshop.engine) as connection:
        job = connection.execute(select(_RUN).where(_RUN.c.id == job_id)).one()
        edition = get_edition_of_round(connection, workshop.catalogue, job.round_id)
        scope = Scope(job.unit_id, job.round_id)
        forms = find_forms(connection, edition, scope)
    refresh_forms(workshop.engine, workshop.catalogue, forms, scope)


def first_moment(started_at: datetime) -> datetime:
    """From when on changes of rows are counted, to tell whether a check is stale."""
    return started_at - _LONGEST_LOAD


def _find_waiting(
    connection: Connection, unit_id: int, round_id: int, names: Collection[str]
) -> int | None:
    """A check nobody has begun that will do all of this."""
    waiting = connection.execute(
        select(_RUN.c.id, _RUN.c.form_names).where(
            _RUN.c.unit_id == unit_id,
            _RUN.c.round_id == round_id,
            _RUN.c.job_state == JobState.WAITING,
        )
    )
    return next((run.id for run in waiting if {*names} <= {*run.form_names}), None)


def _forget_replaced_runs(connection: Connection, scope: Scope) -> None:
    """Drop ended runs of which nothing is left: later ones replaced all they found."""
    connection.execute(
        delete(_RUN).where(
            _RUN.c.unit_id == scope.unit_id,
            _RUN.c.round_id == scope.round_id,
            _RUN.c.job_state.in_((JobState.DONE, JobState.FAILED)),
            _RUN.c.id.not_in(select(_RESULT.c.run_id)),
        )
    )
