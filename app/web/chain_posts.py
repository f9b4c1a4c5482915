"""What posts to the chain of reviews share: what they are about, and remarks."""

from flask import request

from app.permissions import Actor
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.records import Scope
from app.web.server import get_server

#: The boxes of pages take no more.
_LONGEST = 500


def find_round_of(place: Workplace) -> tuple[Workshop, Actor, Scope]:
    """Who acts, and in which unit's round: what every act of the chain begins with."""
    return get_server().workshop, place.actor, Scope(place.unit_id, place.round_id)


def read_remark() -> str:
    return cut(request.form.get("remark", ""))


def cut(text: str) -> str:
    """What somebody wrote, as long as the pages let it be."""
    return text[:_LONGEST]
