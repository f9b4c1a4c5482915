"""What posts to the chain of reviews share: what they are about, and remarks."""

from flask import request

from app.errors import Refused
from app.permissions import Actor
from app.services.workplaces import Workplace
from app.services.workshop import Workshop
from app.storage.records import Scope
from app.web.server import get_server

#: The boxes of pages take no more.
LONGEST = 500


def find_round_of(place: Workplace) -> tuple[Workshop, Actor, Scope]:
    """Who acts, and in which unit's round: what every act of the chain begins with."""
    return get_server().workshop, place.actor, Scope(place.unit_id, place.round_id)


def read_remark() -> str:
    return require_short(request.form.get("remark", ""))


def require_short(text: str) -> str:
    """What somebody wrote, if it is no longer than the pages let it be.

    Raises:
        Refused: to cut it would lose words unseen.
    """
    # A browser sends the end of a line as two characters, and counts it as one.
    words = text.replace("\r\n", "\n").strip()
    if len(words) > LONGEST:
        raise Refused(f"写了 {len(words)} 个字，最多 {LONGEST} 个字，请缩短。")
    return words
