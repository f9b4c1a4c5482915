"""Authorities and groups of an invented nation, with the accounts of their kinds."""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.models import Base, Membership, Unit, UnitKind, User
from app.permissions import actor_of
from app.policy import Action
from app.services.account_kinds import find_type
from app.services.areas.entries import NewUnit
from app.services.areas.making import create_unit
from app.services.installation import get_console_actor
from app.services.passwords import hash_password
from app.services.units import UnitEntry, add_unit
from app.storage.engine import begin_reading

PASSWORD = "qiu-tian-77-shu"
PROVINCE, OTHER = "青屿省教育厅", "砚溪省教育厅"
CITY, GROUP, FAR_GROUP = "港城市教育局", "青屿港航职教集团", "砚溪制造职教集团"


@dataclass(frozen=True)
class Nation:
    """Ids of units by their names, and what acts there."""

    engine: object
    catalogue: object
    units: dict

    def actor(self, unit, account_type="gov_admin"):
        with begin_reading(self.engine) as connection, Session(connection) as session:
            return actor_of(self._get(session, unit, account_type))

    def user_id(self, unit, account_type="gov_admin"):
        return self.user(unit, account_type).id

    def user(self, unit, account_type="gov_admin"):
        """The account as it is stored."""
        with begin_reading(self.engine) as connection, Session(connection) as session:
            user = self._get(session, unit, account_type)
            session.expunge_all()
            return user

    def known(self, account_type):
        return find_type(self.catalogue, account_type)

    def add(self, actor, name, kind, parent=None, **more):
        parent_id = self.units.get(parent or "")
        new = NewUnit(name, UnitKind(kind), parent_id, **more)
        unit_id, made = create_unit(self.engine, self.catalogue, actor, new)
        self.units[name] = unit_id
        return made

    def _get(self, session, unit, account_type):
        return session.scalars(
            select(User).where(
                User.account_type == account_type,
                User.memberships.any(Membership.unit_id == self.units[unit]),
            )
        ).one()


def fill_nation(engine, catalogue):
    """The nation in an empty database; tables of forms would take their time."""
    Base.metadata.create_all(engine)
    make_nation(engine, catalogue)


def make_nation(engine, catalogue):
    """A nation with two provinces, a city and a group in each of them."""
    console = get_console_actor(engine)
    entry = UnitEntry("nation-of-tests", "全国职业教育管理部门")
    top = add_unit(engine, entry, kind=UnitKind.NATION)
    nation = Nation(engine, catalogue, {"": None, entry.name: top})
    for name in (PROVINCE, OTHER):
        nation.add(console, name, "province", entry.name)
    nation.add(nation.actor(PROVINCE), CITY, "city", PROVINCE)
    nation.add(nation.actor(PROVINCE), GROUP, "group", CITY)
    nation.add(nation.actor(OTHER), FAR_GROUP, "group", OTHER)
    digest = hash_password(PASSWORD)
    with engine.begin() as connection:
        connection.execute(
            update(User)
            .where(User.account_type != "")
            .values(password_hash=digest, must_change_password=False)
        )
    return nation


def find_nation(engine, catalogue):
    """The nation of a database that was filled with it."""
    with Session(engine) as session:
        units = {unit.name: unit.id for unit in session.scalars(select(Unit))}
    return Nation(engine, catalogue, units)


RIGHTS = (Action.MANAGE_AREA, Action.REVIEW_FORM)
