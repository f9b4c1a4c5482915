"""A nation with two provinces, a city and groups, whose rows travel upward."""

from dataclasses import dataclass, replace
from functools import cache

from sqlalchemy import insert, select, update

from app.models import FilingState, Role, Round, Unit, UnitKind, UnitRound
from app.services.accounts import NewMembership, create_user
from app.services.demo import DEMO_PASSWORD
from app.services.flows.moving import MoveOrder, make_move
from app.services.flows.views import view_item
from app.services.schema_changes import initialise
from app.services.standing_rounds import keep_standing_rounds
from app.storage.files import FileOwner, keep_file
from app.storage.items import find_item
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.catalogues import get_catalogue
from tests.support.people import find_actor

#: code -> name, kind, the unit above
UNITS = {
    "nation": ("全国平台", UnitKind.NATION, None),
    "east": ("东省教育厅", UnitKind.PROVINCE, "nation"),
    "west": ("西省教育厅", UnitKind.PROVINCE, "nation"),
    "city": ("东一市教育局", UnitKind.CITY, "east"),
    "group": ("东一机械职教集团", UnitKind.GROUP, "city"),
    "far": ("西部旅游职教集团", UnitKind.GROUP, "west"),
}
_ROLES = {
    UnitKind.NATION: (Role.AUTHORITY, Role.REPORTER),
    UnitKind.PROVINCE: (Role.AUTHORITY, Role.REPORTER),
    UnitKind.CITY: (Role.VIEWER, Role.REPORTER),
    UnitKind.GROUP: (Role.REPORTER,),
}
YEARLY = 901


@cache
def get_group_catalogue():
    """The forms of groups alone: their tables are quickly made."""
    whole = get_catalogue()
    kept = tuple(e for e in whole.editions if e.collection == "group")
    return replace(whole, editions=kept)


def fill_region(engine, catalogue):
    """Units, a round of the year and one account a unit, named after its code."""
    initialise(engine, catalogue)
    edition = catalogue.edition("group", "2014")
    with engine.begin() as connection:
        keep_standing_rounds(connection, catalogue)
        paths = {None: "/"}
        for code, (name, kind, above) in UNITS.items():
            unit_id = connection.scalar(
                insert(Unit.__table__)
                .values(
                    code=code,
                    name=name,
                    kind=kind,
                    parent_id=_id_of(connection, above),
                    collections=["group"],
                )
                .returning(Unit.id)
            )
            paths[code] = f"{paths[above]}{unit_id}/"
            table = Unit.__table__
            connection.execute(
                update(table).where(table.c.id == unit_id).values(path=paths[code])
            )
        connection.execute(
            insert(Round.__table__).values(
                id=YEARLY,
                collection="group",
                edition="2014",
                title="2014 年度",
                periods=edition.settings["periods"],
            )
        )
    for code, (name, kind, _) in UNITS.items():
        create_user(
            engine,
            username=code,
            name=f"{name}的人",
            memberships=[NewMembership(role, code, None) for role in _ROLES[kind]],
            password=DEMO_PASSWORD,
            must_change_password=False,
        )


def _id_of(connection, code):
    return connection.scalar(select(Unit.id).where(Unit.code == code))


@dataclass
class Region:
    """The units at work on rows that travel."""

    workshop: object

    @property
    def engine(self):
        return self.workshop.engine

    def actor(self, code):
        return find_actor(self.engine, code)

    def form(self, code):
        return self.workshop.catalogue.get(f"group/{code}")

    def scope(self, unit, code):
        """Where a unit's rows of a form stand."""
        with self.engine.begin() as connection:
            unit_id = _id_of(connection, unit)
            if not self.form(code).is_standing:
                return Scope(unit_id, YEARLY)
            found = select(Round.id).where(Round.is_standing)
            return Scope(unit_id, connection.scalar(found))

    def add(self, unit, code, **row):
        """A row as its unit types it; gives its id."""
        scope, actor_id = self.scope(unit, code), self.actor(unit).user_id
        with self.engine.begin() as connection:
            store = RowStore(connection, self.workshop.catalogue)
            return store.insert(self.form(code), scope, row, actor_id).id

    def file(
        self, unit, code, field, name="材料.docx", path=None, media_type="text/plain"
    ):
        """A file of a unit for a field; gives its token."""
        owner = FileOwner(
            self.scope(unit, code).unit_id, None, self.form(code).full_name, field
        )
        path = path or self.workshop.schema_folder / "dialect.json"
        with self.engine.begin() as connection:
            files = self.workshop.files
            return keep_file(connection, files, path, name, media_type, owner)

    def rows(self, unit, code):
        """The rows of a unit, as stored."""
        scope = self.scope(unit, code)
        with self.engine.begin() as connection:
            store = RowStore(connection, self.workshop.catalogue)
            return [one.row for one in store.iterate_rows(self.form(code), scope)]

    def view(self, who, code, row_id):
        return view_item(self.workshop, self.actor(who), f"group/{code}", row_id)

    def move(self, who, code, row_id, move, reason="", version=None, **cells):
        """Make a move as a unit's person; of the row as it is unless told."""
        if version is None:
            version = self._version(code, row_id)
        order = MoveOrder(f"group/{code}", row_id, version, move, reason, cells)
        return make_move(self.workshop, self.actor(who), order)

    def offered(self, who, code, row_id):
        """The moves that a unit's person may make."""
        return [one.id for one in self.view(who, code, row_id).moves]

    def hand_in(self, unit, state=FilingState.SUBMITTED):
        """As if the unit had handed in its data of the year."""
        with self.engine.begin() as connection:
            unit_id = _id_of(connection, unit)
            table = UnitRound.__table__
            connection.execute(table.delete().where(table.c.unit_id == unit_id))
            connection.execute(
                insert(table).values(unit_id=unit_id, round_id=YEARLY, state=state)
            )

    def _version(self, code, row_id):
        with self.engine.begin() as connection:
            found = find_item(
                connection, self.workshop.catalogue, self.form(code), row_id
            )
            return found.stored.version


NEWS = {
    "title": "校企共建实训基地",
    "author": "办公室",
    "source": "本集团",
    "content": "两校与三家企业共建实训基地。",
}
