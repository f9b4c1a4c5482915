"""A small school under a city and a province, with a chain of review to go through."""

from dataclasses import replace

from sqlalchemy import insert, select, update

from app.models import (
    Decision,
    Department,
    Filing,
    Membership,
    Notice,
    Role,
    Round,
    ThreadState,
    Unit,
    UnitKind,
    User,
)
from app.models.base import now_utc
from app.permissions import Actor, Grant
from app.services.chain.threads import answer, list_threads
from app.services.desks import Desk
from app.services.entering import Entry, delete_rows, save_rows
from app.services.offers import Offer
from app.services.workplaces import open_workplace
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from tests.support.catalogues import catalogue_of
from tests.support.forms import field_of, rule_of, schema_of

LEAD, SUPPLIER = "教务处", "后勤处"

STEPS = [
    {"id": "first", "title": "填报人初审", "role": "filler"},
    {"id": "department", "title": "部门审核", "role": "department_head"},
    {"id": "compliance", "title": "合规审核", "role": "quality_office"},
    {"id": "leadership", "title": "领导审议", "role": "leadership", "whole": True},
    {
        "id": "city",
        "title": "市局审核",
        "role": "authority",
        "whole": True,
        "level": "city",
    },
    {
        "id": "province",
        "title": "省厅审核",
        "role": "authority",
        "whole": True,
        "level": "province",
    },
]
WHOLE_STEPS = [step for step in STEPS if step["role"] == "filler" or "whole" in step]


def chain_catalogue(steps=STEPS, more=()):
    """Forms: `1` with a supplying department, `2` closable, `3` with a key figure."""
    shared = schema_of(
        "1",
        name="text",
        count="integer",
        twice=field_of("integer", computed="count * 2"),
        remark="text",
    )
    shared["x-form"]["departments"] = [LEAD, SUPPLIER]
    shared["required"] = ["count"]
    shared["x-rules"] = [
        rule_of("count >= 0", "not_negative", fields=["count"]),
        rule_of("count <= 100", "not_many", fields=["count"], level="warning"),
    ]
    closable = schema_of("2", name="text", count="integer")
    closable["x-form"] |= {"departments": [LEAD], "closable": True}
    figures = schema_of(
        "3",
        name="text",
        money=field_of("money", key_figure=True),
        remark="text",
    )
    figures["x-form"]["departments"] = [LEAD]
    made = catalogue_of(shared, closable, figures, *more)
    (edition,) = made.editions
    settings = {
        "title": "测试",
        "unitKind": "school",
        "periods": {"snapshot": ["2023-09-01", "2024-08-31"]},
        "reviewSteps": steps,
    }
    return replace(made, editions=(replace(edition, settings=settings),))


class School:
    """The demo school with people of every role, in a round of the small catalogue."""

    def __init__(self, workshop, key="chain", departments=(LEAD, SUPPLIER)):
        self.workshop = workshop
        self.engine = workshop.engine
        self.catalogue = workshop.catalogue
        self.key = key
        with self.engine.begin() as connection:
            self.province_id = self._add_unit(connection, UnitKind.PROVINCE, "/")
            self.city_id = self._add_unit(
                connection, UnitKind.CITY, f"/{self.province_id}/"
            )
            self.unit_id = self._add_unit(
                connection, UnitKind.SCHOOL, f"/{self.province_id}/{self.city_id}/"
            )
            self.departments = {
                name: self._add_department(connection, name) for name in departments
            }
            self.round_id = connection.scalar(
                select(Round.id).where(Round.collection == "test")
            )
        self.scope = Scope(self.unit_id, self.round_id)
        self.filler = self.add_person("filler", Role.FILLER, LEAD)
        self.supplier = self.add_person("supplier", Role.FILLER, SUPPLIER)
        self.head = self.add_person("head", Role.DEPARTMENT_HEAD, LEAD)
        self.office = self.add_person("office", Role.QUALITY_OFFICE)
        self.leader = self.add_person("leader", Role.LEADERSHIP)
        self.city = self.add_person("city", Role.AUTHORITY, unit_id=self.city_id)
        self.province = self.add_person(
            "province", Role.AUTHORITY, unit_id=self.province_id
        )

    @property
    def supplier_id(self):
        return self.departments[SUPPLIER]

    def form(self, code):
        return self.catalogue.get(f"test/{code}")

    def have_steps(self, *steps):
        """Change the edition's steps, as somebody does in its settings."""
        (edition,) = self.catalogue.editions
        settings = {**edition.settings, "reviewSteps": list(steps)}
        self.catalogue = replace(
            self.catalogue, editions=(replace(edition, settings=settings),)
        )
        self.workshop = replace(self.workshop, catalogue=self.catalogue)

    def add_person(self, name, role, department=None, *, unit_id=None, may_import=True):
        """An account with one role; gives it as the policy sees it."""
        unit_id = unit_id or self.unit_id
        department_id = self.departments[department] if department else None
        username = f"{self.key}-{name}"
        with self.engine.begin() as connection:
            user_id = connection.execute(
                insert(User.__table__).values(
                    username=username, name=name, password_hash="-", is_active=True
                )
            ).inserted_primary_key[0]
            connection.execute(
                insert(Membership.__table__).values(
                    user_id=user_id,
                    unit_id=unit_id,
                    department_id=department_id,
                    role=role,
                    may_import=may_import,
                )
            )
            path = connection.scalar(select(Unit.path).where(Unit.id == unit_id))
        names = frozenset({department} if department else ())
        grant = Grant(role, unit_id, department_id, names, path, may_import)
        return Actor(user_id, username, name, (grant,))

    # Rows, as pages change them.

    def place(self, actor):
        offer = Offer(self.unit_id, "", self.round_id, "", "test", "2024", is_open=True)
        return open_workplace(self.engine, self.catalogue, actor, offer)

    def desk(self, actor, code):
        return Desk(self.engine, self.catalogue, self.place(actor), self.form(code))

    def save(self, actor, code, row_id=None, version=None, **cells):
        """Save a row on a page; gives what came of it."""
        entry = Entry("r", row_id, version, cells)
        return save_rows(self.desk(actor, code), [entry])[0]

    def add(self, code, actor=None, **cells):
        outcome = self.save(actor or self.filler, code, **cells)
        assert outcome.id is not None, outcome
        return outcome

    def edit(self, code, row_id, actor=None, **cells):
        version = self.rows(code)[row_id].version
        return self.save(actor or self.filler, code, row_id, version, **cells)

    def delete(self, code, row_id, actor=None):
        version = self.rows(code)[row_id].version
        return delete_rows(self.desk(actor or self.filler, code), [(row_id, version)])

    def rows(self, code):
        """Row id -> row."""
        with begin_reading(self.engine) as connection:
            store = RowStore(connection, self.catalogue)
            found = store.iterate_rows(self.form(code), self.scope)
            return {row.id: row for row in found}

    def answer(self, code, actor=None):
        """Answer all that is asked about a form."""
        actor, form = actor or self.filler, self.form(code)
        for thread in list_threads(self.workshop, actor, self.scope, form):
            if thread.state is ThreadState.OPEN:
                answer(self.workshop, actor, thread.id, "核实无误")

    # What is known.

    def filing(self, code):
        return self.ask_one(
            select(Filing.__table__).where(
                Filing.unit_id == self.unit_id, Filing.form_code == code
            )
        )

    def decisions(self):
        return self.ask(
            select(Decision.__table__)
            .where(Decision.unit_id == self.unit_id)
            .order_by(Decision.id)
        )

    def notices(self, actor):
        return self.ask(
            select(Notice.__table__)
            .where(Notice.user_id == actor.user_id)
            .order_by(Notice.id)
        )

    def ask(self, statement):
        with begin_reading(self.engine) as connection:
            return connection.execute(statement).all()

    def ask_one(self, statement):
        return next(iter(self.ask(statement)), None)

    def execute(self, statement):
        with self.engine.begin() as connection:
            connection.execute(statement)

    def _add_unit(self, connection, kind, above):
        code = f"{self.key}-{kind.value}"
        unit_id = connection.execute(
            insert(Unit.__table__).values(
                kind=kind,
                code=code,
                name=code,
                collections=["test"] if kind is UnitKind.SCHOOL else [],
                is_active=True,
                created_at=now_utc(),
            )
        ).inserted_primary_key[0]
        connection.execute(
            update(Unit.__table__)
            .where(Unit.id == unit_id)
            .values(path=f"{above}{unit_id}/")
        )
        return unit_id

    def _add_department(self, connection, name):
        return connection.execute(
            insert(Department.__table__).values(
                unit_id=self.unit_id, name=name, aliases=[], is_active=True
            )
        ).inserted_primary_key[0]
