"""Sessions in the database: a random token in the cookie, only its hash stored here.

A session ends when nobody used it for a while, and after a day's work in any case.
"""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine, bindparam, delete, select, update
from sqlalchemy.orm import Session

from app.config import Config
from app.models import AuditAction, SchemaState, UserSession
from app.models.base import now_utc
from app.permissions import Actor, actor_of
from app.services.recording import record_account
from app.storage.engine import begin_reading

_TOKEN_BYTES = 32
# Every request asks it: to build it takes longer than to ask.
_SESSION = select(UserSession, select(SchemaState.generation).scalar_subquery()).where(
    UserSession.token_hash == bindparam("token_hash")
)
#: Requests closer together than this do not write when the session was last seen.
_SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class SignedIn:
    """Who is behind a request."""

    actor: Actor
    must_change_password: bool
    #: of the forms in use: read along, as every request has to know it
    generation: int


def open_session(
    engine: Engine,
    config: Config,
    user_id: int,
    address: str = "",
    now: datetime | None = None,
) -> str:
    """Begin a session; returns the token for the cookie."""
    now = now or now_utc()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    with Session(engine) as session, session.begin():
        # Expired ones go when somebody logs in: no clock is needed for it.
        session.execute(delete(UserSession).where(UserSession.expires_at < now))
        session.add(
            UserSession(
                token_hash=_hash(token),
                user_id=user_id,
                created_at=now,
                last_seen_at=now,
                idle_until=now + timedelta(minutes=config.session_idle_minutes),
                expires_at=now + timedelta(hours=config.session_hours),
                address=address[:60],
            )
        )
    return token


def find_session(
    engine: Engine, config: Config, token: str, now: datetime | None = None
) -> SignedIn | None:
    """Who owns the token; None where the session is unknown or has ended."""
    if not token:
        return None
    now = now or now_utc()
    with begin_reading(engine) as connection, Session(connection) as session:
        record = session.execute(_SESSION, {"token_hash": _hash(token)}).first()
        if record is None or not _is_alive(record[0], now):
            return None
        found, generation = record
        signed_in = SignedIn(
            actor_of(found.user), found.user.must_change_password, generation
        )
        session_id, last_seen = found.id, found.last_seen_at
    if now - last_seen >= _SEEN_EVERY:
        _note_seen(engine, config, session_id, now)
    return signed_in


def close_session(engine: Engine, token: str) -> None:
    """End the session of this token, if there is one."""
    with engine.begin() as connection:
        user_id = connection.scalar(
            delete(UserSession)
            .where(UserSession.token_hash == _hash(token))
            .returning(UserSession.user_id)
        )
        if user_id is not None:
            record_account(connection, AuditAction.LOGOUT, user_id, user_id)


def _is_alive(session: UserSession, now: datetime) -> bool:
    return (
        now < session.idle_until
        and now < session.expires_at
        and (session.user.is_active)
    )


def _note_seen(engine: Engine, config: Config, session_id: int, now: datetime) -> None:
    with engine.begin() as connection:
        connection.execute(
            update(UserSession)
            .where(UserSession.id == session_id)
            .values(
                last_seen_at=now,
                idle_until=now + timedelta(minutes=config.session_idle_minutes),
            )
        )


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
