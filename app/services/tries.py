"""How often something may be tried: counted in the database, for all processes.

Whoever tries takes a try first and is judged afterwards, so that of many who try at
once no more are judged than may be. What is counted is known by its digest only.
"""

import hashlib
import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address, ip_address

from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from app.models import TryCounter
from app.models.base import now_utc

_TABLE = TryCounter.__table__


@dataclass(frozen=True)
class Allowance:
    """How many tries there are in a stretch of time, and how fast they may follow."""

    most: int
    seconds: int = 3600
    #: so many may follow at once; after them each waits twice as long as the one before
    swift: int = 0
    #: the first wait
    pause: int = 0

    def find_wait(self, tries: list[float], now: float) -> float:
        """Seconds until the next try; 0: now.

        Args:
            tries: those that count, oldest first.
        """
        if len(tries) >= self.most:
            return tries[len(tries) - self.most] + self.seconds - now
        over = len(tries) - self.swift
        if not self.pause or over < 0:
            return 0
        return max(0.0, tries[-1] + self.pause * 2**over - now) if tries else 0


#: Of the password of one account: six at once, the next four slower and slower.
GUESSES = Allowance(10, swift=6, pause=5)


@dataclass(frozen=True)
class Try:
    """A try: taken, or refused for so many seconds."""

    key: str
    at: float
    #: 0: it was taken
    wait: int = 0


def take_try(
    engine: Engine, what: str, allowance: Allowance, now: datetime | None = None
) -> Try:
    """Take a try, if there is one left.

    Args:
        what: the purpose and whom it is about; its digest is kept.
    """
    with engine.begin() as connection:
        return take_within(connection, what, allowance, now or now_utc())


def take_within(
    connection: Connection, what: str, allowance: Allowance, now: datetime
) -> Try:
    """Take a try that counts only if the transaction does."""
    key, at = find_key(what), now.timestamp()
    tries = _lock(connection, key, at)
    tries = [one for one in tries if one > at - allowance.seconds]
    wait = allowance.find_wait(tries, at)
    if wait > 0:
        return Try(key, at, math.ceil(wait))
    _keep(connection, key, [*tries, at], allowance.seconds)
    return Try(key, at)


def is_taken(connection: Connection, what: str) -> bool:
    """Whether somebody tried it, however long ago."""
    key = find_key(what)
    found = connection.scalar(select(_TABLE.c.tries).where(_TABLE.c.key == key))
    return bool(found)


def give_back(connection: Connection, taken: Try) -> None:
    """Let a try not count, as it succeeded."""
    found = connection.execute(
        select(_TABLE.c.tries).where(_TABLE.c.key == taken.key).with_for_update()
    ).first()
    if found is not None and taken.at in found.tries:
        rest = [*found.tries]
        rest.remove(taken.at)
        connection.execute(
            update(_TABLE).where(_TABLE.c.key == taken.key).values(tries=rest)
        )


def network_of(address: str) -> str:
    """What tries of an address are counted by: whoever has one of IPv6 has 2⁶⁴."""
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if found.version == 4:
        return address
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return f"{IPv6Address(found.packed[:8] + bytes(8))}/64"


def find_key(what: str) -> str:
    return hashlib.sha256(what.encode()).hexdigest()


def say_wait(seconds: int) -> str:
    """A wait as people say it."""
    if seconds < 100:
        return f"{seconds} 秒"
    return f"{math.ceil(seconds / 60)} 分钟"


def _lock(connection: Connection, key: str, at: float) -> list[float]:
    """The tries so far; nobody else counts until the transaction ends."""
    found = _select(connection, key)
    if found is None:
        try:
            with connection.begin_nested():
                moment = datetime.fromtimestamp(at, UTC)
                new = insert(_TABLE).values(key=key, tries=[], expires_at=moment)
                connection.execute(new)
        except IntegrityError:
            # Somebody was faster: the look below waits for him.
            pass
        found = _select(connection, key)
    return found or []


def _select(connection: Connection, key: str) -> list[float] | None:
    return connection.scalar(
        select(_TABLE.c.tries).where(_TABLE.c.key == key).with_for_update()
    )


def _keep(connection: Connection, key: str, tries: list[float], seconds: int) -> None:
    newest = datetime.fromtimestamp(tries[-1], UTC)
    connection.execute(
        update(_TABLE)
        .where(_TABLE.c.key == key)
        .values(tries=tries, expires_at=newest + timedelta(seconds=seconds))
    )
    # Now and then, so that names that were guessed once do not pile up for ever.
    if len(tries) == 1:
        # What others hold now they forget later: two would wait for each other.
        old = select(_TABLE.c.key).where(_TABLE.c.expires_at < newest).limit(100)
        free = old.with_for_update(skip_locked=True)
        connection.execute(delete(_TABLE).where(_TABLE.c.key.in_(free)))
