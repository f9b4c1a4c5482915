"""The units of the demo's nation, and their accounts."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from random import Random
from typing import Any

from sqlalchemy import Connection, bindparam, update

from app.models import Membership, Unit, UnitKind, User
from app.models.base import now_utc
from app.services.account_kinds import list_types_of, normalise_login
from app.services.demo_nation.plan import Plan
from app.services.memberships import can_import
from app.storage.planting import plant, plant_numbered
from form_schemas.catalogue import Catalogue, Edition

NATION = "demo-nation"
#: Codes of the areas beside the others: their rows are not counted with them.
_ELSEWHERE = ("71", "81", "82")
_TOP, _MIDDLE = "0000", "00"


@dataclass(eq=False)
class Place:
    """A unit, and what recipes know of it."""

    kind: UnitKind
    code: str
    name: str
    above: "Place | None"
    known: dict[str, Any] = field(default_factory=dict)
    id: int = 0
    path: str = ""
    #: of its accounts, the first one acts
    users: list[int] = field(default_factory=list)

    def find_above(self, kinds: Sequence[str]) -> "Place | None":
        """The nearest unit above it of one of these kinds."""
        found = self.above
        while found is not None and found.kind.value not in kinds:
            found = found.above
        return found


@dataclass(frozen=True)
class Account:
    """An account that a demo tells of."""

    username: str
    type_id: str
    type_title: str


def invent_places(
    plan: Plan, edition: Edition, catalogue: Catalogue, random: Random, units: int
) -> list[Place]:
    """The nation, its provinces, some cities, and so many units that report."""
    told = plan.told
    nation = Place(UnitKind.NATION, NATION, told["nation"], None)
    entries = catalogue.codelists[told["areas"]].entries
    tops = [
        one
        for one in entries
        if one.code.endswith(_TOP) and not one.code.startswith(_ELSEWHERE)
    ]
    provinces, cities = [], []
    for number, top in enumerate(tops):
        name = told["authority"].format(area=top.name)
        province = Place(UnitKind.PROVINCE, top.code, name, nation)
        below = [
            one
            for one in entries
            if one.parent == top.code and one.code.endswith(_MIDDLE)
        ]
        province.known = {
            "area": top.name,
            "regions": [one.code for one in below[:6]] or [top.code],
            "province_code": top.code,
        }
        provinces.append(province)
        if number % told["cities"]["every"] == 0:
            for one in below[: told["cities"]["each"]]:
                name = told["authority"].format(area=one.name)
                city = Place(UnitKind.CITY, one.code, name, province)
                city.known = {**province.known, "area": one.name, "regions": [one.code]}
                cities.append(city)
    reporting = list(_invent_reporting(plan, edition, provinces, cities, random, units))
    places = [nation, *provinces, *cities, *reporting]
    for place in places:
        above = nation if place.above is None else place.above
        place.known |= {
            "unit": place.name,
            "unit_code": place.code,
            "above": above.name,
            "kind": place.kind.value,
        }
    return places


def store_places(
    connection: Connection,
    catalogue: Catalogue,
    edition: Edition,
    places: Sequence[Place],
    password_hash: str,
) -> None:
    """Write the units, each below its own, and both accounts of each."""
    now = now_utc()
    for kind in dict.fromkeys(place.kind for place in places):
        of_kind = [place for place in places if place.kind is kind]
        ids = plant_numbered(
            connection,
            Unit.__table__,
            (
                {
                    "parent_id": place.above.id if place.above else None,
                    "kind": kind,
                    "code": place.code,
                    "name": place.name,
                    "collections": [edition.collection],
                    "created_at": now,
                }
                for place in of_kind
            ),
        )
        for place, place.id in zip(of_kind, ids, strict=True):
            place.path = f"{place.above.path if place.above else '/'}{place.id}/"
    table = Unit.__table__
    connection.execute(
        update(table).where(table.c.id == bindparam("at")).values(path=bindparam("to")),
        [{"at": place.id, "to": place.path} for place in places],
    )
    _store_accounts(connection, catalogue, places, password_hash)


def list_accounts(catalogue: Catalogue, place: Place) -> Iterator[Account]:
    for known in list_types_of(catalogue, place.kind):
        yield Account(normalise_login(place.name, known.id), known.id, known.title)


def _invent_reporting(
    plan: Plan,
    edition: Edition,
    provinces: Sequence[Place],
    cities: Sequence[Place],
    random: Random,
    units: int,
) -> Iterator[Place]:
    """Units of provinces by their weights; some of those with cities belong to one."""
    told = plan.told
    pairs = [*product(told["words"], told["trades"])]
    random.shuffle(pairs)
    kind = UnitKind(edition.settings["unitKind"])
    for number, province in enumerate(_spread(provinces, told["weights"], units)):
        word, (trade, industry) = pairs[number % len(pairs)]
        below = [one for one in cities if one.above is province]
        above = below[number // 2 % len(below)] if below and number % 2 else province
        name = told["unit"].format(word=word, trade=trade)
        others = {section for _, section in told["trades"]} - {industry}
        more = random.sample(sorted(others), random.choice((0, 0, 1, 1, 2)))
        yield Place(
            kind,
            f"{province.code}-{number + 1:03}",
            name,
            above,
            {
                **above.known,
                "regions": [*above.known["regions"], *province.known["regions"]],
                "word": word,
                "words": told["words"],
                "trade": trade,
                "industries": [industry, *more],
                "paragraphs": told["paragraphs"],
                "founded": f"{random.randint(2003, 2012)}-{random.randint(1, 12):02}",
                "postcode": f"{province.code[:2]}{random.randint(0, 9999):04}",
            },
        )


def _spread(
    provinces: Sequence[Place], weights: Sequence[int], units: int
) -> Iterator[Place]:
    """So many units over the provinces, each province's together; all have some."""
    whole, done, given = sum(weights), 0, 0
    for province, weight in zip(provinces, weights, strict=True):
        done += weight
        while given < round(units * done / whole):
            given += 1
            yield province


def _store_accounts(
    connection: Connection,
    catalogue: Catalogue,
    places: Sequence[Place],
    password_hash: str,
) -> None:
    held = [
        (place, known)
        for place in places
        for known in list_types_of(catalogue, place.kind)
    ]
    now = now_utc()
    ids = plant_numbered(
        connection,
        User.__table__,
        (
            {
                "username": normalise_login(place.name, known.id),
                "account_type": known.id,
                "name": known.title,
                "password_hash": password_hash,
                "must_change_password": False,
                "created_at": now,
            }
            for place, known in held
        ),
    )
    for (place, _), user_id in zip(held, ids, strict=True):
        place.users.append(user_id)
    plant(connection, Membership.__table__, _list_memberships(held, ids))


def _list_memberships(held: Sequence[Any], ids: Sequence[int]) -> Iterator[Mapping]:
    for (place, known), user_id in zip(held, ids, strict=True):
        for at, role in enumerate(known.roles_in(place.kind)):
            grants = () if at else known.grants_in(place.kind)
            yield {
                "user_id": user_id,
                "unit_id": place.id,
                "role": role,
                "may_import": can_import(role),
                "granted": [grant.value for grant in grants],
            }
