"""Carries a plan out: in one transaction, to the very state that it was made for."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache, partial

from sqlalchemy import Connection, Engine, insert, select

from app.errors import Refused
from app.models import AuditAction, RoundState, User
from app.models.base import now_utc
from app.permissions import Actor
from app.services.passwords import hash_password, make_one_time_password
from app.services.schema_changes.applied import (
    Applied,
    await_judging,
    forget_forms,
    get_place,
    retire_forms,
    save_forms,
)
from app.services.schema_changes.archiving import archive_edition
from app.services.schema_changes.filling import Filling
from app.services.schema_changes.following import Following, follow_keys
from app.services.schema_changes.impacts import load_rounds
from app.services.schema_changes.operations import Plan
from app.services.schema_changes.planning import Prepared, prepare
from app.services.schema_changes.recomputing import recompute_forms
from app.services.schema_changes.reopening import find_concerned, reopen_filings
from app.services.schema_changes.staged_values import Computed, StagedComputing
from app.services.schema_changes.targets import EditionChange
from app.storage.audit import AuditRecord, record
from app.storage.schema import begin_schema_change, grow, migrate
from form_schemas.allotment import describe
from form_schemas.catalogue import Catalogue
from form_schemas.spec import FormSpec

_USER = User.__table__
#: The account in whose name commands act (`installation.CONSOLE`).
_CONSOLE = "console"


def apply(
    engine: Engine,
    catalogue: Catalogue,
    plan_hash: str,
    accept: Mapping[str, str] | None = None,
    actor_id: int | None = None,
    *,
    back: bool = False,
) -> Plan:
    """Carry out the plan that has this hash, in a transaction of its own.

    Raises:
        Refused: files or database changed since, or the plan holds what cannot be
            done or what nobody accepted; then nothing was changed.
    """
    with begin_schema_change(engine) as connection:
        migrate(connection)
        made = apply_in(
            connection, catalogue, plan_hash, accept or {}, actor_id, back=back
        )
        subject = "、".join(made.form_names)
        details = {
            "plan": made.hash,
            "operations": len(made.operations),
            "accepted": dict(made.accepted),
        }
        action = AuditAction.SCHEMA_APPLIED
        record(
            connection, AuditRecord(action, actor_id, subject=subject, details=details)
        )
        return made


def apply_in(
    connection: Connection,
    catalogue: Catalogue,
    plan_hash: str,
    accept: Mapping[str, str],
    actor_id: int | None = None,
    *,
    back: bool = False,
    generation: int | None = None,
) -> Plan:
    """As `apply`, in a transaction of `begin_schema_change` of the caller's.

    Args:
        back: the files are those of an earlier day: renames lead back, and columns that
            held the values then hold them again.
        generation: of the forms once they are published: notices lead to what is left
            to do then.
    """
    prepared = prepare(connection, catalogue, accept, back=back)
    _require(prepared.plan, plan_hash)
    for change in prepared.target.changes:
        _archive(connection, catalogue, change, prepared)
    grow(connection, prepared.target.catalogue, prepared.differences)
    staged: Computed = {}
    for change in prepared.target.changes:
        if change.is_revision:
            staged = {**staged, **_fill(connection, prepared, change)}
    for change in prepared.target.changes:
        if change.is_revision:
            _renew(connection, prepared, change, staged)
    _save(connection, prepared)
    _tell(connection, prepared, actor_id, generation)
    return prepared.plan


def _require(made: Plan, plan_hash: str) -> None:
    if made.hash != plan_hash:
        raise Refused("表单文件或数据库在计划之后又有变化，请重新执行 schemas plan。")
    if made.refused:
        raise Refused(
            "计划中有不能做的变更，没有做任何改动："
            + "；".join(f"{one.form_name} {one.why}" for one in made.refused)
        )
    if made.open:
        raise Refused(
            "计划中有会丢数据或要对应的变更，还没有给出去处，也没有人写明理由接受，"
            "没有做任何改动："
            + "；".join(f"{one.id}（{one.summary}）" for one in made.open)
        )
    if missing := [one for one, reason in made.accepted.items() if not reason.strip()]:
        raise Refused(f"接受变更要写明理由：{'、'.join(missing)}。")


def _archive(
    connection: Connection,
    catalogue: Catalogue,
    change: EditionChange,
    prepared: Prepared,
) -> None:
    if not change.is_revision:
        return
    settings: Mapping[str, object] = {"title": change.edition[0]}
    for edition in catalogue.editions:
        if (edition.collection, edition.year) == change.edition:
            settings = edition.settings
    archive_edition(connection, change.edition, settings, prepared.applied)


def _find_rounds(connection: Connection, change: EditionChange) -> tuple[int, ...]:
    """The rounds whose rows follow."""
    rounds = load_rounds(connection, change.edition)
    return tuple(one.id for one in rounds if one.state is not RoundState.CLOSED)


def _fill(
    connection: Connection, prepared: Prepared, change: EditionChange
) -> Computed:
    """Fill new columns; gives what rows that wait for review hold there."""
    rounds = _find_rounds(connection, change)
    if not rounds:
        return {}
    catalogue, applied = prepared.target.catalogue, prepared.applied
    staged = StagedComputing(connection, catalogue, change, applied, rounds).compute()
    _filling(connection, prepared, change, rounds).fill()
    return staged


def _renew(
    connection: Connection, prepared: Prepared, change: EditionChange, staged: Computed
) -> None:
    rounds = _find_rounds(connection, change)
    if not rounds:
        return
    catalogue = prepared.target.catalogue
    for former, form in change.pairs:
        following = Following(
            connection, catalogue, change, former, form, rounds, staged
        )
        following.follow()
    keys = _filling(connection, prepared, change, rounds).renew_keys()
    for form, changed in keys.items():
        follow_keys(connection, form, changed)
    recompute_forms(connection, catalogue, change, rounds)


def _filling(
    connection: Connection,
    prepared: Prepared,
    change: EditionChange,
    rounds: Sequence[int],
) -> Filling:
    return Filling(
        connection,
        prepared.target.catalogue,
        change,
        prepared.applied,
        prepared.places,
        tuple(rounds),
    )


def _save(connection: Connection, prepared: Prepared) -> None:
    applied = prepared.applied
    changed = [form for one in prepared.target.changes for form in one.after]
    present = {form.full_name for form in changed}
    gone = {
        form.full_name
        for change in prepared.target.changes
        if change.is_revision
        for form in change.before
        if form.full_name not in present
    }
    gone -= {broken.full_name for broken in prepared.target.catalogue.broken}
    former_names = _find_former_names(prepared.target.changes)
    moved = [form for form in changed if _has_moved(form, applied)]
    save_forms(connection, moved, applied, former_names)
    # What has another code by now is not gone: its table is in use.
    renamed = gone & {*former_names.values()}
    forget_forms(connection, renamed)
    retire_forms(connection, gone - renamed)
    await_judging(connection, _find_rejudged(prepared))


def _has_moved(form: FormSpec, applied: Applied) -> bool:
    """Whether a form reads otherwise than noted, or is kept elsewhere."""
    known = applied.get(form.full_name)
    is_same = known is not None and not known.is_retired and known.says(form)
    return not is_same or get_place(known) != describe(form)


def _find_former_names(changes: Sequence[EditionChange]) -> dict[str, str]:
    """Full name of a form -> that of the form which it was."""
    return {
        form.full_name: former.full_name
        for change in changes
        for former, form in change.pairs
    }


def _find_rejudged(prepared: Prepared) -> Collection[str]:
    """Forms whose rows hold other values, or are judged otherwise."""
    return {
        form.full_name
        for change in prepared.target.changes
        if change.is_revision
        for former, form in change.pairs
        if former.fingerprint != form.fingerprint
    }


def _tell(
    connection: Connection,
    prepared: Prepared,
    actor_id: int | None,
    generation: int | None,
) -> None:
    catalogue = prepared.target.catalogue
    concerned = find_concerned(catalogue, prepared.plan.operations)
    rounds = [
        one.id
        for change in prepared.target.changes
        if change.is_revision
        for one in load_rounds(connection, change.edition)
        if one.state is RoundState.OPEN
    ]
    if concerned and rounds:
        # Made only where something is set back: nobody else needs an account for it.
        find_actor = cache(partial(_find_actor, connection, actor_id))
        reopen_filings(
            connection, catalogue, concerned, rounds, find_actor, actor_id, generation
        )


def _find_actor(connection: Connection, actor_id: int | None) -> Actor:
    """In whose name filings are set back."""
    wanted = (
        _USER.c.username == _CONSOLE if actor_id is None else _USER.c.id == actor_id
    )
    found = connection.execute(
        select(_USER.c.id, _USER.c.username, _USER.c.name).where(wanted)
    ).first()
    if found is not None:
        return Actor(*found, ())
    name = "命令行"
    user_id = connection.execute(
        insert(_USER).values(
            username=_CONSOLE,
            name=name,
            password_hash=hash_password(make_one_time_password()),
            must_change_password=True,
            is_active=False,
            created_at=now_utc(),
        )
    ).inserted_primary_key[0]
    return Actor(user_id, _CONSOLE, name, ())
