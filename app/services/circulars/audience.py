"""Which accounts of a unit a circular is for: by their type, or by a person's role.

Those of a unit as a whole alone: a department is told by its own unit's office.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_

from app.models import Circular, CircularUnit, Membership, Role, User
from app.permissions import Actor

_TYPE, _ROLE, _END = "type:", "role:", "|"
#: Strokes in the path of a unit that stands under no other: "/7/".
_TOP = 2
_CIRCULARS = Circular.__table__
_GIVEN = CircularUnit.__table__


@dataclass(frozen=True)
class Audience:
    """None of both: all accounts of the units."""

    types: frozenset[str] = frozenset()
    #: of persons' own accounts
    roles: frozenset[Role] = frozenset()

    @property
    def is_everybody(self) -> bool:
        return not (self.types or self.roles)

    def write(self) -> str:
        """As `circulars` keeps it."""
        words = [
            *(f"{_TYPE}{one}" for one in sorted(self.types)),
            *(f"{_ROLE}{one.value}" for one in sorted(self.roles)),
        ]
        return f"{_END}{_END.join(words)}{_END}" if words else ""

    def covers(self) -> ColumnElement[bool]:
        """Whether an account (of `users`) with a membership is meant."""
        whole = and_(Membership.department_id.is_(None), User.is_active)
        if self.is_everybody:
            return whole
        parts = (
            User.account_type.in_(self.types),
            and_(User.account_type == "", Membership.role.in_(self.roles)),
        )
        return and_(whole, or_(*parts))


def read_audience(text: str) -> Audience:
    words = [word for word in text.split(_END) if word]
    return Audience(
        frozenset(word.removeprefix(_TYPE) for word in words if word.startswith(_TYPE)),
        frozenset(_read_roles(words)),
    )


def is_for(actor: Actor) -> ColumnElement[bool]:
    """Whether a circular given to a unit (a row of both tables) is for the actor."""
    found = [
        and_(_GIVEN.c.unit_id == unit_id, _names(_words_of(actor, unit_id)))
        for unit_id in list_whole_units(actor)
    ]
    return or_(false(), *found)


def list_whole_units(actor: Actor) -> tuple[int, ...]:
    """Units with somebody above them, in which the person has a role for all of it."""
    found = (
        one.unit_id
        for one in actor.grants
        if one.department_id is None and one.unit_path.count("/") > _TOP
    )
    return tuple(dict.fromkeys(found))


def _words_of(actor: Actor, unit_id: int) -> list[str]:
    if actor.account_type:
        return [f"{_TYPE}{actor.account_type}"]
    return [
        f"{_ROLE}{one.role.value}"
        for one in actor.grants
        if one.unit_id == unit_id and one.department_id is None
    ]


def _names(words: Collection[str]) -> ColumnElement[bool]:
    audience = _CIRCULARS.c.audience
    return or_(
        audience == "",
        *(audience.contains(f"{_END}{word}{_END}", autoescape=True) for word in words),
    )


def _read_roles(words: Iterable[str]) -> Iterable[Role]:
    known = set(Role)
    for word in words:
        if word.startswith(_ROLE) and word.removeprefix(_ROLE) in known:
            yield Role(word.removeprefix(_ROLE))
