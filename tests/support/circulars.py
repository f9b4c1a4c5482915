"""Circulars of an invented nation: written and sent as their page does it."""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import insert

from app.models import Membership, Role, UnitKind, User
from app.models.base import now_utc
from app.services.circulars.audience import Audience
from app.services.circulars.drafts import Draft, Page, Papers, save_draft
from app.services.circulars.reach import get_own
from app.services.circulars.sending import send_circular
from app.storage.engine import begin_reading
from app.storage.files import FileStore
from tests.support.areas import PROVINCE, Nation

NATION = "全国职业教育管理部门"
PDF = b"%PDF-1.7 \n"
DRAFT, SENT = "draft", "sent"
_KEYS = count()


@dataclass(frozen=True)
class Office:
    """The desk from which circulars are written."""

    nation: Nation
    folder: Path

    @property
    def engine(self):
        return self.nation.engine

    @property
    def store(self):
        return FileStore(str(self.folder / "files"))

    def actor(self, unit=PROVINCE, account_type="gov_admin"):
        return self.nation.actor(unit, account_type)

    def draft(self, unit=PROVINCE, **changed):
        """A draft that could be sent to groups as it is."""
        draft = Draft(
            self.nation.units[unit],
            "关于核对数据的通知",
            "请各集团核对。",
            frozenset({UnitKind.GROUP}),
            wants_receipt=True,
        )
        return replace(draft, **changed)

    def save(self, draft, *, circular_id=None, version=0, actor=None, papers=None):
        page = Page(circular_id, version, f"page {next(_KEYS)}")
        args = (actor or self.actor(), page, draft, papers or Papers())
        return save_draft(self.engine, self.store, *args)

    def send(self, unit=PROVINCE, **changed):
        """Write and send; gives the id."""
        actor = self.actor(unit)
        saved = self.save(self.draft(unit, **changed), actor=actor)
        send_circular(self.engine, actor, saved.id, saved.version)
        return saved.id

    def row(self, circular_id, unit=PROVINCE):
        with begin_reading(self.engine) as connection:
            return get_own(connection, self.actor(unit), circular_id)

    def paper(self, name, content=PDF):
        """A file as a page sends it."""
        path = self.folder / f"paper {next(_KEYS)}"
        path.write_bytes(content)
        return path, name


def add_nation_account(nation):
    """Who writes for all provinces: the nation of the tests has nobody."""
    account = {
        "username": NATION,
        "account_type": "gov_admin",
        "name": "行政机构管理人员",
        "password_hash": nation.user(PROVINCE).password_hash,
        "must_change_password": False,
        "created_at": now_utc(),
    }
    role = {"unit_id": nation.units[NATION], "role": Role.AUTHORITY}
    with nation.engine.begin() as connection:
        added = connection.execute(insert(User.__table__).values(**account))
        user_id = added.inserted_primary_key[0]
        table = Membership.__table__
        connection.execute(insert(table).values(user_id=user_id, **role))


def everybody_but(*types):
    return Audience(types=frozenset({"group_admin", "group_leader"} - {*types}))


def in_days(days):
    return now_utc() + timedelta(days=days)


def add_circulars(school, folder):
    """Name -> id of a draft and of one that was sent; and the token of its file."""
    workshop, city = school.workshop, school.city
    path = folder / "circular.pdf"
    path.write_bytes(PDF)
    draft = Draft(
        school.city_id,
        "开会",
        "请参加",
        frozenset({UnitKind.SCHOOL}),
        wants_receipt=True,
    )
    papers = Papers(((path, "材料.pdf"),), size_limit_mb=1)
    args = workshop.engine, workshop.files, city
    made = {
        name: save_draft(*args, Page(None, 0, name), draft, papers)
        for name in (DRAFT, SENT)
    }
    send_circular(workshop.engine, city, made[SENT].id, made[SENT].version)
    return {name: saved.id for name, saved in made.items()}
