"""Other schools below the demo's city: those above have more than one to look at.

Each reports one of the editions that schools report, with a few rows: the first has
handed its round in to the city, the second is late.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import chain

from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.orm import Session

from app.models import Role, UnitRound, User
from app.models.base import now_utc
from app.services.demo_history import History, Staff
from app.services.demo_people import (
    CITY,
    SCHOOL,
    DemoAccount,
    prepare_account,
    put_below,
    unit_code_of,
)
from app.services.demo_story import find_first_day
from app.services.organisation import prepare_unit
from app.services.rounds.proposing import place_phases
from app.storage.assignments import load_assignments
from app.storage.content import hash_content
from app.storage.records import Scope
from app.storage.timetable import write_phases
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormKind

_STAFF = (
    ("filler", "填报员", Role.FILLER),
    ("head", "审核人", Role.DEPARTMENT_HEAD),
    ("office", "质监员", Role.QUALITY_OFFICE),
    ("leader", "校领导", Role.LEADERSHIP),
)
#: Of a late school's base forms: every nth is not approved.
_LATE_OF = 3


@dataclass(frozen=True)
class Neighbour:
    code: str
    name: str
    #: begins the user names of its people
    prefix: str
    #: whether its round waits for the city; otherwise it is late
    is_reported: bool


_NEIGHBOURS = (
    Neighbour("demo-school-2", "演示第二职业学校", "second", is_reported=True),
    Neighbour("demo-school-3", "演示第三职业学校", "third", is_reported=False),
)


def find_neighbour(edition: Edition, editions: Sequence[Edition]) -> Neighbour | None:
    """Who else reports an edition that the demo school reports."""
    return dict(_list_pairs(editions)).get(edition.collection)


def prepare_neighbours(engine: Engine, editions: Sequence[Edition]) -> None:
    """Their units, departments and accounts."""
    with engine.begin() as connection:
        for edition in editions:
            found = find_neighbour(edition, editions)
            if found is not None:
                prepare_unit(connection, edition, found.code, found.name)
                put_below(connection, found.code, CITY)
    with Session(engine) as session, session.begin():
        for account in list_neighbour_accounts(editions):
            prepare_account(session, account)


def list_neighbour_accounts(editions: Sequence[Edition]) -> tuple[DemoAccount, ...]:
    """Those of the schools that report one of the editions."""
    return tuple(
        DemoAccount(f"{one.prefix}-{word}", f"{one.name}{title}", role, one.code)
        for _, one in _list_pairs(editions)
        for word, title, role in _STAFF
    )


def list_begun(edition: Edition, neighbour: Neighbour) -> set[str]:
    """Codes of the forms that it has rows of: a late school has only begun."""
    if neighbour.is_reported:
        return set(edition.by_code)
    base = (form.code for form in edition.forms_for() if form.kind is FormKind.BASE)
    found, fresh = set[str](), set(base)
    while fresh:
        found |= fresh
        fields = [spec for code in fresh for spec in edition.by_code[code].fields]
        named = [one.reference.tables for one in fields if one.reference is not None]
        fresh = set(chain.from_iterable(named)) - found
    return found


def play_neighbour(
    connection: Connection,
    catalogue: Catalogue,
    edition: Edition,
    scope: Scope,
    neighbour: Neighbour,
) -> None:
    """Take the decisions of its round, up to where it stands."""
    staff = _find_staff(connection, neighbour)
    history = History(connection, edition, scope, staff, now_utc())
    if neighbour.is_reported:
        history.report(history.approve_all(catalogue), waiting="city")
        return
    _open_round(connection, edition, scope, staff)
    base = [form for form in edition.forms_for() if form.kind is FormKind.BASE]
    for number, form in enumerate(base):
        if number % _LATE_OF:
            found = hash_content(connection, catalogue, form, scope)
            history.approve(number, form, found)


def _list_pairs(editions: Sequence[Edition]) -> Iterator[tuple[str, Neighbour]]:
    schools = [one for one in editions if unit_code_of(one) == SCHOOL and one.phases]
    for edition, neighbour in zip(schools, _NEIGHBOURS, strict=False):
        yield edition.collection, neighbour


def _find_staff(connection: Connection, neighbour: Neighbour) -> Staff:
    people: dict[str, int] = dict(
        map(tuple, connection.execute(select(User.username, User.id)))
    )
    filler, head, office, leader = (
        people[f"{neighbour.prefix}-{word}"] for word, _, _ in _STAFF
    )
    return Staff(office, {"leadership": leader}, lambda _: (filler, head))


def _open_round(
    connection: Connection, edition: Edition, scope: Scope, staff: Staff
) -> None:
    assignments = load_assignments(connection, scope.unit_id, scope.round_id)
    first_day = find_first_day(edition.phases) - timedelta(days=1)
    phases = place_phases(edition, assignments, first_day)
    connection.execute(
        insert(UnitRound).values(
            unit_id=scope.unit_id,
            round_id=scope.round_id,
            phases=write_phases(phases),
            opened_at=phases[0].first - timedelta(days=5),
            opened_by=staff.office,
        )
    )
