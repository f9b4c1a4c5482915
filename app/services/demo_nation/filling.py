"""Fills a database with the demo's nation: rounds, reports, what the public reads.

It is one transaction, so that all of it is there, or none; only the reports that come
back are returned afterwards, by the service that returns.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from sqlalchemy import Connection, Row, select
from sqlalchemy.orm import Session

from app.models import Round, Unit, UnitKind, User
from app.models.base import now_utc
from app.permissions import Actor, actor_of
from app.services.chain.questions import RETURN_REASONS, Named
from app.services.chain.whole import return_whole
from app.services.demo_nation.circulars import plant_circulars
from app.services.demo_nation.files import FileMaker
from app.services.demo_nation.places import (
    NATION,
    Place,
    invent_places,
    list_accounts,
    store_places,
)
from app.services.demo_nation.plan import Plan, list_planned
from app.services.demo_nation.recipes import Kitchen
from app.services.demo_nation.reports import (
    ACCEPTED,
    DRAFT,
    NONE,
    RETURNED,
    Report,
    Reporter,
    find_year,
    store_reports,
)
from app.services.demo_nation.surveys import Surveyor
from app.services.demo_nation.travelling import Rounds, Traveller
from app.services.demo_people import DEMO_PASSWORD, hash_demo_password
from app.services.standing_rounds import keep_standing_rounds
from app.services.workshop import Workshop
from app.storage.records import Scope
from form_schemas.catalogue import Catalogue, Edition

DEFAULT_UNITS = 600
DEFAULT_SEED = 2024
#: So many forms of a report that has only begun have rows.
_BEGUN = 4
#: Rows beside the reports are as many as the plan says for so many units.
_USUAL_UNITS = 300


@dataclass(frozen=True)
class _Nation:
    edition: Edition
    plan: Plan
    places: Sequence[Place]
    random: Random

    @property
    def reporting(self) -> list[Place]:
        kind = UnitKind(self.edition.settings["unitKind"])
        return [place for place in self.places if place.kind is kind]


def fill_demo_nation(
    workshop: Workshop, *, units: int = DEFAULT_UNITS, seed: int = DEFAULT_SEED
) -> int:
    """Rows of a nation for each collection that has a plan of one; how many."""
    stored = 0
    if not units:
        return stored
    for edition, plan in list_planned(workshop.catalogue):
        nation = _invent(workshop.catalogue, edition, plan, seed, units)
        with workshop.engine.begin() as connection:
            if _is_there(connection):
                continue
            catalogue = workshop.catalogue
            digest = hash_demo_password()
            args = (connection, catalogue, edition, nation.places, digest)
            store_places(*args)
            courses = dict(_choose_courses(nation))
            stored += _store(connection, workshop, nation, courses)
        _give_back(workshop, nation, courses)
    return stored


def describe_nation_accounts(
    catalogue: Catalogue, *, units: int = DEFAULT_UNITS, seed: int = DEFAULT_SEED
) -> tuple[tuple[str, str, str], ...]:
    """User name, kind of account and password of some: of authorities and units."""
    if not units:
        return ()
    return tuple(
        (account.username, account.type_title, DEMO_PASSWORD)
        for edition, plan in list_planned(catalogue)
        for place in _choose_told(_invent(catalogue, edition, plan, seed, units))
        for account in list_accounts(catalogue, place)
    )


def _invent(
    catalogue: Catalogue, edition: Edition, plan: Plan, seed: int, units: int
) -> _Nation:
    random = Random(f"{seed}/{edition.name}")
    places = invent_places(plan, edition, catalogue, random, units)
    return _Nation(edition, plan, places, random)


def _choose_told(nation: _Nation) -> Iterator[Place]:
    """One city with units below it, those above it, and some units of each course."""
    city = next(one for one in nation.places if one.kind is UnitKind.CITY)
    below = [one for one in nation.reporting if one.above is city]
    province = city.find_above([UnitKind.PROVINCE.value])
    beside = [one for one in nation.reporting if one.above is province]
    yield nation.places[0]
    yield from filter(None, [province, city])
    yield from [*below, *beside][:3]


def _is_there(connection: Connection) -> bool:
    found = connection.execute(select(Unit.id).where(Unit.code == NATION))
    return found.first() is not None


def _choose_courses(nation: _Nation) -> Iterator[tuple[int, str]]:
    """How each unit stands in the open round."""
    courses = nation.plan.told["courses"]
    for number, place in enumerate(nation.reporting):
        yield place.id, courses[number * 7 % len(courses)]


def _store(
    connection: Connection,
    workshop: Workshop,
    nation: _Nation,
    courses: Mapping[int, str],
) -> int:
    catalogue, edition, plan = workshop.catalogue, nation.edition, nation.plan
    keep_standing_rounds(connection, catalogue)
    standing, yearly = _find_rounds(connection, edition)
    forms = [form for form in edition.forms_for() if form.is_filed]
    years = [find_year(one, forms) for one in yearly]
    kitchen = Kitchen(nation.random, catalogue.codelists)
    reporter = Reporter(plan, kitchen)
    told = [reporter.report(place, years) for place in nation.reporting]
    stored = 0
    for number, one in enumerate(yearly):
        is_open = number == len(yearly) - 1
        reports = [
            _make_report(place, rows[number], courses[place.id])
            if is_open
            else _make_former(nation, place, rows[number], number)
            for place, rows in zip(nation.reporting, told, strict=True)
        ]
        at = now_utc() - timedelta(days=365 * (len(yearly) - 1 - number))
        stored += store_reports(
            connection, catalogue, edition, one.id, reports, at, is_open=is_open
        )
    files = FileMaker(connection, workshop.files, nation.random)
    traveller = Traveller(
        connection,
        catalogue,
        edition,
        plan,
        kitchen,
        files,
        nation.places,
        courses,
        Rounds(standing, [one.id for one in yearly], years),
        now_utc(),
    )
    share = min(1, len(nation.reporting) / _USUAL_UNITS)
    stored += traveller.store(share)
    if edition.surveys is not None:
        surveyor = Surveyor(
            connection,
            catalogue,
            edition,
            edition.surveys,
            kitchen,
            nation.places,
            standing,
            now_utc(),
        )
        stored += surveyor.store(plan.surveys, share)
    args = (connection, plan.circulars, nation.places, files, nation.random, now_utc())
    return stored + plant_circulars(*args)


def _find_rounds(connection: Connection, edition: Edition) -> tuple[int, Sequence[Row]]:
    """The standing round, and those of reports, the open one last."""
    found = connection.execute(
        select(Round.__table__)
        .where(Round.collection == edition.collection)
        .order_by(Round.id)
    ).all()
    standing = next(one.id for one in found if one.is_standing)
    return standing, [one for one in found if not one.is_standing]


def _make_report(place: Place, rows: dict, course: str) -> Report:
    """What of a unit's rows is there now: all, what was begun, or nothing."""
    if course == NONE:
        return Report(place, course, {})
    if course == DRAFT:
        return Report(place, course, dict(list(rows.items())[:_BEGUN]))
    return Report(place, course, rows)


def _make_former(nation: _Nation, place: Place, rows: dict, number: int) -> Report:
    """What it handed in in a round that is over; in earlier ones fewer units did."""
    told = nation.plan.told["late"]
    is_late = place.id % told[min(number, len(told) - 1)] == 0
    return Report(place, NONE if is_late else ACCEPTED, {} if is_late else rows)


def _give_back(workshop: Workshop, nation: _Nation, courses: Mapping[int, str]) -> None:
    """Return reports as their provinces would, each naming a form."""
    with workshop.engine.begin() as connection:
        _, yearly = _find_rounds(connection, nation.edition)
    forms = [form for form in nation.edition.forms_for() if form.is_filed]
    whole = (step for step in nation.edition.steps if step.is_whole)
    level = next(step.level for step in whole if not step.is_optional)
    actors: dict[int, Actor] = {}
    for number, place in enumerate(nation.reporting):
        above = place.find_above([level])
        if courses[place.id] != RETURNED or above is None:
            continue
        if above.id not in actors:
            actors[above.id] = _find_actor(workshop, above)
        form = forms[number % len(forms)]
        named = Named(
            reason=RETURN_REASONS[0].id, text="与成员单位上报的数不一致，请核对后改正。"
        )
        scope = Scope(place.id, yearly[-1].id)
        return_whole(workshop, actors[above.id], scope, {form: [named]}, "请核对。")


def _find_actor(workshop: Workshop, place: Place) -> Actor:
    with Session(workshop.engine) as session:
        return actor_of(session.get_one(User, place.users[0]))
