"""Circulars of the demo's authorities, with receipts partly given.

They are written as they would have gone: nobody is told.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import Connection

from app.models import Circular, CircularRead, CircularState, CircularUnit
from app.services.demo_nation.files import FileMaker
from app.services.demo_nation.places import Place
from app.storage.planting import plant, plant_numbered


@dataclass(frozen=True)
class _Written:
    """A circular of the plan, in the name of one of its authorities."""

    told: Mapping[str, Any]
    sender: Place
    #: in the order of the plan
    number: int


def plant_circulars(
    connection: Connection,
    told: Sequence[Mapping[str, Any]],
    places: Sequence[Place],
    files: FileMaker,
    random: Random,
    now: datetime,
) -> int:
    """Write the circulars that a plan tells of; how many."""
    written = list(_spread(told, places))
    rows = [_make_row(one, files, now) for one in written]
    ids = plant_numbered(connection, Circular.__table__, rows)
    for one, row, circular_id in zip(written, rows, ids, strict=True):
        if row["state"] is CircularState.DRAFT:
            continue
        given, reads = _answer(one, row, circular_id, places, random, now)
        plant(connection, CircularUnit.__table__, given)
        plant(connection, CircularRead.__table__, reads)
    return len(ids)


def _spread(
    told: Sequence[Mapping[str, Any]], places: Sequence[Place]
) -> Iterator[_Written]:
    """The earlier ones first, as their numbers tell."""
    ordered = sorted(told, key=lambda one: -one["ago"])
    for number, one in enumerate(ordered):
        senders = [place for place in places if place.kind.value == one["by"]]
        for sender in senders[: one.get("times", 1)]:
            yield _Written(one, sender, number)


def _make_row(one: _Written, files: FileMaker, now: datetime) -> dict[str, object]:
    told, actor = one.told, one.sender.users[0]
    at = _in_the_morning(now - timedelta(days=told["ago"]), one.sender.id)
    title = told["title"].format_map(one.sender.known)
    state = CircularState(told.get("state", CircularState.SENT))
    is_sent = state is not CircularState.DRAFT
    is_withdrawn = state is CircularState.WITHDRAWN
    kind = told.get("file")
    due = told.get("due")
    return {
        "unit_id": one.sender.id,
        "page_key": f"demo {one.number}",
        "state": state,
        "version": 2,
        "title": title,
        "text": told["text"].format_map(one.sender.known),
        "files": [files.make_paper(kind, one.sender, title)] if kind else [],
        "kinds": told["kinds"],
        "areas": [],
        "audience": "",
        "wants_receipt": told.get("receipt", False),
        "question": told.get("question", ""),
        "due_at": None if due is None else _end_of_day(now + timedelta(days=due)),
        "remind_days": told.get("remind"),
        "reminded_at": None,
        "created_at": at - timedelta(hours=3),
        "updated_at": at,
        "editor_id": actor,
        "sender_id": actor if is_sent else None,
        "sent_at": at if is_sent else None,
        "withdrawer_id": actor if is_withdrawn else None,
        "withdrawn_at": at + timedelta(hours=2) if is_withdrawn else None,
        "reason": told.get("reason", ""),
    }


def _answer(
    one: _Written,
    row: Mapping[str, Any],
    circular_id: int,
    places: Sequence[Place],
    random: Random,
    now: datetime,
) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """To whom it went, with their receipts, and who opened it."""
    told, sent_at = one.told, row["sent_at"]
    given, reads = [], []
    for place in _find_recipients(one, places):
        same = {"circular_id": circular_id, "unit_id": place.id}
        read_at = sent_at + (now - sent_at) * random.random() ** 2
        chance = random.random()
        readers = []
        if chance < told["read"]:
            readers = place.users if random.random() < told["read"] else place.users[:1]
        hours = random.random()
        for number, user_id in enumerate(readers):
            at = read_at + (now - read_at) * hours * number / 2
            reads.append({**same, "user_id": user_id, "at": at})
        wants = told.get("receipt", False) and bool(readers)
        is_confirmed = wants and chance < told.get("confirmed", 0)
        answers = told.get("answers", [""])
        given.append(
            {
                **same,
                "at": sent_at,
                "reminded_at": None,
                "confirmed_at": read_at + (now - read_at) / 50
                if is_confirmed
                else None,
                "confirmer_id": readers[0] if is_confirmed else None,
                "reply": random.choice(answers) if is_confirmed else "",
            }
        )
    return given, reads


def _find_recipients(one: _Written, places: Sequence[Place]) -> Iterator[Place]:
    for place in places:
        is_below = place.path.startswith(one.sender.path) and place is not one.sender
        if is_below and place.kind.value in one.told["kinds"]:
            yield place


def _in_the_morning(moment: datetime, number: int) -> datetime:
    local = moment.astimezone()
    return local.replace(hour=9 + number % 3, minute=number * 17 % 60)


def _end_of_day(moment: datetime) -> datetime:
    local = moment.astimezone()
    return local.replace(hour=17, minute=30, second=0, microsecond=0)
