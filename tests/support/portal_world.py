"""A nation, two provinces and three groups, with what the public may read of them.

One group's report of this year is approved, another's was last year's; the third has
handed in nothing that passed. Names are made up.
"""

from datetime import date
from decimal import Decimal

from sqlalchemy import func, insert, select, update

from app.models import Base, FilingState, Round, RoundState, Unit, UnitKind, UnitRound
from app.models.base import now_utc
from app.services.standing_rounds import keep_standing_rounds
from app.storage.binding import bind
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata

UNITS = {
    "nation": ("国家", UnitKind.NATION, None),
    "370000": ("溪东省教育厅", UnitKind.PROVINCE, "nation"),
    "510000": ("蜀西省教育厅", UnitKind.PROVINCE, "nation"),
    "alpha": ("砚溪装备制造职业教育集团", UnitKind.GROUP, "370000"),
    "beta": ("青屿港航物流职业教育集团", UnitKind.GROUP, "370000"),
    "gamma": ("澄湖生态农业职业教育集团", UnitKind.GROUP, "510000"),
}
LAST, NOW = "2023 年度", "2024 年度"
PERIODS = {
    "academic_year": ["2023-09-01", "2024-08-31"],
    "calendar_year": ["2024-01-01", "2024-12-31"],
    "snapshot": ["2024-01-01", "2024-12-31"],
    "none": ["2024-01-01", "2024-12-31"],
}
ARTICLE = {
    "portal_column": "通知公告",
    "title": "关于统计工作的通知",
    "content": "第一段。\n第二段。",
    "published_date": date(2025, 3, 24),
    "is_scrolling": True,
    "is_top": False,
    "audience": "公众",
    "status": "已发布",
}


def fill_portal(engine, catalogue):
    """The world in an empty database."""
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    PortalWorld.fill(engine, catalogue)


class PortalWorld:
    """What the tests of the portal look at, and how they add to it."""

    def __init__(self, engine, catalogue, files=None):
        self.engine, self.catalogue, self.files = engine, catalogue, files
        self.edition = catalogue.newest["group"]
        with engine.begin() as connection:
            units = select(Unit.code, Unit.id).where(Unit.code.in_(UNITS))
            self.units = {one.code: one.id for one in connection.execute(units)}
            rounds = select(Round.title, Round.id, Round.is_standing).where(
                Round.collection == "group"
            )
            self.rounds = {
                "standing" if one.is_standing else one.title: one.id
                for one in connection.execute(rounds)
            }

    @classmethod
    def fill(cls, engine, catalogue):
        """Store the world in a database that has none of it."""
        edition = catalogue.newest["group"]
        with engine.begin() as connection:
            _add_units(connection)
            keep_standing_rounds(connection, catalogue)
            last = _add_round(connection, edition, LAST, None)
            _add_round(connection, edition, NOW, last)
        world = cls(engine, catalogue)
        world.report("alpha", NOW, "C", "D", employee_total=46_210)
        world.report("beta", LAST, "C", employee_total=3)
        world.report("gamma", NOW, "A", state=FilingState.SUBMITTED)
        world.report("alpha", LAST, "C", employee_total=43_875)

    def report(self, code, title, *industries, state=FilingState.APPROVED, **figures):
        """Store a group's report, and how its round stands."""
        name = UNITS[code][0]
        self.store(
            "G1",
            code,
            title,
            {
                "group_name": name,
                "founded_month": "2012-06",
                "lead_units": f"{name[:2]}学院；{name[:2]}公司",
                "is_approved": True,
                "is_filed": False,
                "is_registered": False,
                "approval_org": "教育厅",
            },
        )
        below = {"A": "01", "C": "35", "D": "44"}
        for one in industries:
            row = {"industry_section": one, "industry_divisions": (below[one],)}
            self.store("G2", code, title, row)
        self.store("G3", code, title, {"coop_benefit": Decimal("9300.00"), **figures})
        for number in range(2 + len(industries)):
            row = {
                "member_name": f"{name[:2]}第 {number + 1} 企业",
                "organization_code": f"{code[:1].upper()}000000{number}",
                "is_lead_unit": number == 0,
            }
            self.store("G5.6", code, title, row)
        place = {"unit_id": self.units[code], "round_id": self.rounds[title]}
        with self.engine.begin() as connection:
            connection.execute(
                insert(UnitRound).values(**place, phases=[], state=state)
            )

    def publish(self, **fields):
        """An article of the nation's; gives its key in addresses."""
        return self.store("G14", "nation", "standing", {**ARTICLE, **fields})

    def store(self, form_code, unit, title, row):
        """Store a row just as it is; gives its key in addresses."""
        form = self.edition.by_code[form_code]
        table = bind(self.catalogue, form).table
        scope = Scope(self.units[unit], self.rounds[title])
        with self.engine.begin() as connection:
            last = connection.scalar(select(func.max(table.c._id))) or 0
            RowStore(connection, self.catalogue).upsert_many(form, scope, [row], None)
            row_id = connection.scalar(select(table.c._id).where(table.c._id > last))
        key = f"{scope.round_id}-{row_id}"
        states = {n: row[n] for n in row if n.endswith("status") or n == "is_top"}
        # What moves set is taken from nobody, however it comes.
        if states:
            self.set_state(form_code, key, **states)
        return key

    def set_state(self, form_code, key, **states):
        """Have a row be in a state, as if its moves had led there."""
        table = bind(self.catalogue, self.edition.by_code[form_code]).table
        row_id = int(key.partition("-")[2])
        with self.engine.begin() as connection:
            connection.execute(
                update(table).where(table.c._id == row_id).values(states)
            )


def _add_units(connection):
    ids, paths = {}, {None: "/"}
    for code, (name, kind, above) in UNITS.items():
        ids[code] = connection.scalar(
            insert(Unit)
            .values(
                code=code,
                name=name,
                kind=kind,
                parent_id=ids.get(above),
                collections=["group"],
            )
            .returning(Unit.id)
        )
        paths[code] = f"{paths[above]}{ids[code]}/"
        connection.execute(
            update(Unit).where(Unit.id == ids[code]).values(path=paths[code])
        )


def _add_round(connection, edition, title, previous_id):
    return connection.scalar(
        insert(Round)
        .values(
            collection="group",
            edition=edition.year,
            title=title,
            periods=PERIODS,
            state=RoundState.OPEN,
            previous_id=previous_id,
            opens_at=now_utc(),
        )
        .returning(Round.id)
    )
