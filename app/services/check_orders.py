"""Orders checks that nobody asked for: of forms that are judged otherwise by now.

What a check finds is how departments learn which cells they have to enter or to mend
after a publication.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from app.models import CheckRun, JobState, Round, RoundState, SchemaPublication, User
from app.models.base import now_utc
from app.storage.records import Scope
from form_schemas.spec import FormSpec

_RUN, _ROUND, _USER = CheckRun.__table__, Round.__table__, User.__table__
_PUBLICATION = SchemaPublication.__table__
#: The account in whose name commands act (`installation.CONSOLE`).
_CONSOLE = "console"


def order_checks(
    connection: Connection, form: FormSpec, scopes: Sequence[Scope]
) -> None:
    """Have a form checked where its round is open; with what waits there already."""
    open_rounds = set(
        connection.scalars(
            select(_ROUND.c.id).where(
                _ROUND.c.id.in_({scope.round_id for scope in scopes}),
                _ROUND.c.state == RoundState.OPEN,
            )
        )
    )
    wanted = [scope for scope in scopes if scope.round_id in open_rounds]
    actor_id = _find_actor(connection) if wanted else None
    if actor_id is None:
        return
    for scope in wanted:
        if not _join_waiting(connection, form, scope):
            _order(connection, form, scope, actor_id)


def _find_actor(connection: Connection) -> int | None:
    """Whoever published last; a database that nobody works with yet has nobody."""
    published = connection.scalar(
        select(_PUBLICATION.c.actor_id)
        .where(_PUBLICATION.c.actor_id.is_not(None))
        .order_by(_PUBLICATION.c.id.desc())
        .limit(1)
    )
    if published is not None:
        return int(published)
    return connection.scalar(select(_USER.c.id).where(_USER.c.username == _CONSOLE))


def _join_waiting(connection: Connection, form: FormSpec, scope: Scope) -> bool:
    """Have a check that nobody began yet do this form as well."""
    waiting = connection.execute(
        select(_RUN.c.id, _RUN.c.form_names).where(
            _RUN.c.unit_id == scope.unit_id,
            _RUN.c.round_id == scope.round_id,
            _RUN.c.job_state == JobState.WAITING,
        )
    ).first()
    if waiting is None:
        return False
    names = list(dict.fromkeys((*waiting.form_names, form.full_name)))
    done = connection.execute(
        update(_RUN)
        # A worker may claim it meanwhile.
        .where(_RUN.c.id == waiting.id, _RUN.c.job_state == JobState.WAITING)
        .values(form_names=names, total=len(names))
    )
    return bool(done.rowcount)


def _order(connection: Connection, form: FormSpec, scope: Scope, actor_id: int) -> None:
    connection.execute(
        insert(_RUN).values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            actor_id=actor_id,
            job_state=JobState.WAITING,
            form_names=[form.full_name],
            total=1,
            created_at=now_utc(),
        )
    )
