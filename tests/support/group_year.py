"""A nation in the middle of a year: its authorities and groups with a round to fill."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import insert, select, update

from app.models import Extension, Round, UnitKind, UnitRound, User
from app.services.areas import changing
from app.services.areas.entries import NewUnit
from app.services.areas.founding import found_nation
from app.services.booklets import begin_records
from app.services.chain.questions import Named
from app.services.chain.together import hand_in_booklet
from app.services.chain.views import view_whole
from app.services.chain.whole import approve_whole, return_whole
from app.services.desks import Desk
from app.services.entering import Entry, save_rows
from app.services.flows.moving import MoveOrder, make_move
from app.services.installation import get_console_actor
from app.services.offers import find_offer
from app.services.passwords import hash_password
from app.services.schema_changes import initialise
from app.services.standing_rounds import keep_standing_rounds
from app.services.workplaces import open_workplace
from app.storage.files import FileOwner, keep_file
from app.storage.items import find_item
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.settings import list_booklets
from tests.support.areas import (
    CITY,
    PASSWORD,
    PROVINCE,
    Nation,
    find_nation,
    make_nation,
)

NATION = "全国职业教育管理部门"
TITLE = "2014 年度"
REPORT = {
    "G1": {
        "founded_month": "2012-06",
        "lead_units": "砚溪机电职业技术学院;砚溪精工有限公司",
        "is_approved": "是",
        "is_filed": "否",
        "is_registered": "否",
        "approval_org": "砚溪市教育局",
    },
    "G2": {"industry_section": "D", "industry_divisions": ["44", "45"]},
    "G5.2": {
        "member_name": "砚溪机电职业技术学院",
        "organization_code": "U6BKJB2C3",
        "school_level": "其他",
        "is_lead_unit": "是",
    },
    "G5.6": {
        "member_name": "砚溪精工有限公司",
        "organization_code": "6J75KJ730",
        "is_lead_unit": "否",
    },
}


def fill_year(engine, catalogue):
    """The tables of the groups' forms, the units, and an open round."""
    initialise(engine, catalogue)
    edition = catalogue.newest["group"]
    make_nation(engine, catalogue)
    top = NewUnit(NATION, UnitKind.NATION, None)
    found_nation(engine, catalogue, get_console_actor(engine), "group", top)
    digest = hash_password(PASSWORD)
    with engine.begin() as connection:
        keep_standing_rounds(connection, catalogue)
        connection.execute(
            insert(Round.__table__).values(
                collection="group",
                edition=edition.year,
                title=TITLE,
                periods=edition.settings["periods"],
            )
        )
        connection.execute(
            update(User)
            .where(User.account_type != "")
            .values(password_hash=digest, must_change_password=False)
        )


@dataclass(frozen=True)
class Year:
    """The nation at work on a round."""

    workshop: object
    nation: Nation
    round_id: int

    @classmethod
    def find(cls, workshop):
        with workshop.engine.connect() as connection:
            wanted = select(Round.id).where(Round.title == TITLE)
            round_id = connection.scalar(wanted)
        nation = find_nation(workshop.engine, workshop.catalogue)
        return cls(workshop, nation, round_id)

    @property
    def edition(self):
        return self.workshop.catalogue.newest["group"]

    def scope(self, unit):
        return Scope(self.nation.units[unit], self.round_id)

    def key(self, unit):
        """Names a unit's round in addresses."""
        return f"{self.nation.units[unit]}-{self.round_id}"

    def actor(self, unit):
        types = {one.account_type for one in self._accounts_of(unit)}
        return self.nation.actor(unit, sorted(types)[0])

    def place(self, unit):
        engine, catalogue = self.workshop.engine, self.workshop.catalogue
        actor, scope = self.actor(unit), self.scope(unit)
        offer = find_offer(
            engine, catalogue, actor, unit_id=scope.unit_id, round_id=scope.round_id
        )
        return open_workplace(engine, catalogue, actor, offer)

    def fill(self, unit):
        """Type the least that a report has to hold; gives rows by form."""
        return {code: self.save(unit, code, cells) for code, cells in REPORT.items()}

    def save(self, unit, code, cells, row=None):
        engine, catalogue = self.workshop.engine, self.workshop.catalogue
        desk = Desk(engine, catalogue, self.place(unit), self.edition.by_code[code])
        known = (None, None) if row is None else (row.id, row.version)
        [outcome] = save_rows(desk, [Entry("r", *known, cells)])
        assert outcome.id is not None, outcome
        return outcome

    def hand_in(self, unit):
        [booklet] = list_booklets(self.edition.settings)
        begin_records(self.workshop, self.place(unit), booklet)
        given = self.workshop, self.actor(unit), self.scope(unit)
        return hand_in_booklet(*given, booklet)

    def view(self, unit, by):
        return view_whole(self.workshop, self.actor(by), self.scope(unit))

    def approve(self, unit, by):
        seen = self.view(unit, by).content_hash
        given = self.workshop, self.actor(by), self.scope(unit)
        return approve_whole(*given, seen)

    def add_item(self, unit, code, **row):
        """A row that travels, stored just as it is; gives its id."""
        scope, actor_id = self.scope(unit), self.actor(unit).user_id
        form = self.edition.by_code[code]
        with self.workshop.engine.begin() as connection:
            if form.is_standing:
                standing = connection.scalar(select(Round.id).where(Round.is_standing))
                scope = Scope(scope.unit_id, standing)
            store = RowStore(connection, self.workshop.catalogue)
            return store.insert(form, scope, row, actor_id).id

    def move(self, unit, code, row_id, move):
        """Make a move as a unit's person."""
        form = self.edition.by_code[code]
        with self.workshop.engine.connect() as connection:
            found = find_item(connection, self.workshop.catalogue, form, row_id)
        order = MoveOrder(f"group/{code}", row_id, found.stored.version, move, "", {})
        make_move(self.workshop, self.actor(unit), order)

    def keep_file(self, unit, code, field, name, path):
        """A file of a unit for a field; gives its token."""
        form = self.edition.by_code[code]
        owner = FileOwner(self.scope(unit).unit_id, None, form.full_name, field)
        with self.workshop.engine.begin() as connection:
            given = connection, self.workshop.files, path, name
            return keep_file(*given, "text/plain", owner)

    def give_back(self, unit, by, code, row, field, hours):
        """Return a cell with a deadline in so many hours."""
        form = self.edition.by_code[code]
        named = {form: [Named(row.id, field, "wrong", "请核对")]}
        until = datetime.now(UTC) + timedelta(hours=hours)
        given = self.workshop, self.actor(by), self.scope(unit)
        return_whole(*given, named, "", until)

    def let_deadlines_pass(self):
        over = datetime.now(UTC) - timedelta(minutes=1)
        with self.workshop.engine.begin() as connection:
            connection.execute(update(Extension).values(until=over))

    def give_rights(self, *rights):
        """Switch on these rights of the city, and all others off."""
        changing.set_rights(
            self.workshop.engine,
            self.workshop.catalogue,
            self.nation.actor(PROVINCE),
            self.nation.units[CITY],
            self.nation.user_id(CITY),
            rights,
        )

    def set_hours(self, unit, first, end):
        """Give a unit's round one phase, in hours from now."""
        now = datetime.now(UTC)
        phase = {
            "id": "report",
            "title": "填报",
            "from": (now + timedelta(hours=first)).isoformat(),
            "to": (now + timedelta(hours=end)).isoformat(),
            "tasks": [{"title": "填报、提交", "forms": ["*"]}],
        }
        scope = self.scope(unit)
        with self.workshop.engine.begin() as connection:
            own = update(UnitRound).where(
                UnitRound.unit_id == scope.unit_id,
                UnitRound.round_id == scope.round_id,
            )
            if not connection.execute(own.values(phases=[phase])).rowcount:
                connection.execute(
                    insert(UnitRound.__table__).values(
                        unit_id=scope.unit_id,
                        round_id=scope.round_id,
                        phases=[phase],
                    )
                )

    def _accounts_of(self, unit):
        with self.workshop.engine.connect() as connection:
            unit_id = self.nation.units[unit]
            wanted = select(User.account_type).where(
                User.memberships.any(unit_id=unit_id)
            )
            return connection.execute(wanted).all()
