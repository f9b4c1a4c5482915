"""Invents a province: its schools' rounds, filings and decisions, put in by bulk loads.

What pages of progress cost depends on how many there are, not on what rows say: rows
hold their keys only.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

from sqlalchemy import Connection, Engine, Table, insert, select, text

from app.models import (
    AuditAction,
    AuditEntry,
    Decision,
    DecisionKind,
    Department,
    Filing,
    FilingState,
    Notice,
    NoticeKind,
    Role,
    Round,
    RoundState,
    Unit,
    UnitKind,
    UnitRound,
    User,
)
from app.services.accounts import NewMembership, create_user
from app.storage.engine import is_sqlite
from app.storage.lookup import in_groups
from app.storage.tables import table_for
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.spec import FormSpec

#: People whose pages are measured, and their password.
CLERK, HEAD, OFFICE, PROVINCE = "clerk", "head", "office", "province"
PASSWORD = "sheng-7431-mima"

_ROUNDS = 5
_CITIES = 10
#: Rows of each form of the last two rounds; of the measured school's, more.
_ROWS, _MANY_ROWS = 3, 300
_NOTICES = 1000
_AUDIT = 100_000
_AT_ONCE = 5000

#: In turn: how a form of the open round stands, and at which step.
_STATES = (
    (FilingState.APPROVED, ""),
    (FilingState.APPROVED, ""),
    (FilingState.APPROVED, ""),
    (FilingState.SUBMITTED, "department"),
    (FilingState.SUBMITTED, "compliance"),
    (FilingState.RETURNED, ""),
    (FilingState.DRAFT, ""),
)
#: In turn: how a school's round stands as a whole.
_WHOLES = (
    (FilingState.DRAFT, ""),
    (FilingState.DRAFT, ""),
    (FilingState.SUBMITTED, "city"),
    (FilingState.SUBMITTED, "province"),
    (FilingState.RETURNED, "city"),
)


def fill_province(
    engine: Engine, catalogue: Catalogue, edition: Edition, schools: int
) -> None:
    """Put a province into a fresh database."""
    now = datetime.now(UTC)
    with engine.begin() as connection:
        school_ids = _add_units(connection, edition, schools)
        round_ids = _add_rounds(connection, edition)
    _add_people(engine, edition)
    forms = [form for form in edition.forms if not form.is_derived]
    with engine.begin() as connection:
        _add_parts(connection, edition, school_ids, round_ids, now)
        _add_filings(connection, forms, school_ids, round_ids, now)
        _add_decisions(connection, now)
        for form in forms:
            table = table_for(catalogue, form)
            _load(connection, table, _rows(school_ids, round_ids, now))
        _add_notices(connection, now)
        _load(connection, AuditEntry.__table__, _entries(school_ids, round_ids, now))
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        sqlite = is_sqlite(connection)
        connection.execute(text("ANALYZE" if sqlite else "VACUUM ANALYZE"))


def _add_units(connection: Connection, edition: Edition, schools: int) -> list[int]:
    top = _add_unit(connection, UnitKind.PROVINCE, "province", "某省教育厅", None, "/")
    cities = [
        _add_unit(connection, UnitKind.CITY, f"city-{n}", f"第{n}市教育局", *top)
        for n in range(_CITIES)
    ]
    return [
        _add_school(connection, edition, n, *cities[n % _CITIES])
        for n in range(schools)
    ]


def _add_unit(
    connection: Connection,
    kind: UnitKind,
    code: str,
    name: str,
    parent_id: int | None,
    path: str,
) -> tuple[int, str]:
    table = Unit.__table__
    values = {"kind": kind, "code": code, "name": name, "parent_id": parent_id}
    unit_id = connection.execute(insert(table).values(values)).inserted_primary_key[0]
    place = f"{path}{unit_id}/"
    connection.execute(table.update().where(table.c.id == unit_id).values(path=place))
    return unit_id, place


def _add_school(
    connection: Connection, edition: Edition, n: int, city_id: int, path: str
) -> int:
    kind, code = UnitKind.SCHOOL, f"school-{n}"
    unit_id, _ = _add_unit(connection, kind, code, f"第{n}职业技术学校", city_id, path)
    table = Unit.__table__
    reports = table.update().where(table.c.id == unit_id)
    connection.execute(reports.values(collections=[edition.collection]))
    named = dict.fromkeys(name for form in edition.forms for name in form.departments)
    departments = [
        {"unit_id": unit_id, "name": name, "position": n}
        for n, name in enumerate(named)
    ]
    connection.execute(insert(Department.__table__), departments)
    return unit_id


def _add_rounds(connection: Connection, edition: Edition) -> list[int]:
    """The rounds, the open one last, each the next one's predecessor."""
    table = Round.__table__
    ids: list[int] = []
    for n in range(_ROUNDS):
        is_last = n == _ROUNDS - 1
        values = {
            "collection": edition.collection,
            "edition": edition.year,
            "title": f"第{n + 1}轮",
            "periods": edition.settings["periods"],
            "state": RoundState.OPEN if is_last else RoundState.CLOSED,
            "previous_id": ids[-1] if ids else None,
        }
        done = connection.execute(insert(table).values(values))
        ids.append(done.inserted_primary_key[0])
    return ids


def _add_people(engine: Engine, edition: Edition) -> None:
    leads = [form.departments[0] for form in edition.forms if form.departments]
    busiest = max(leads, key=leads.count)
    for name, role, unit, department in (
        (CLERK, Role.FILLER, "school-0", busiest),
        (HEAD, Role.DEPARTMENT_HEAD, "school-0", busiest),
        (OFFICE, Role.QUALITY_OFFICE, "school-0", None),
        (PROVINCE, Role.AUTHORITY, "province", None),
    ):
        create_user(
            engine,
            username=name,
            name=name,
            memberships=[NewMembership(role, unit, department)],
            password=PASSWORD,
            must_change_password=False,
        )


def _add_parts(
    connection: Connection,
    edition: Edition,
    school_ids: list[int],
    round_ids: list[int],
    now: datetime,
) -> None:
    phases = list(_phases(edition, now))
    places = enumerate(product(round_ids, school_ids))
    _load(
        connection,
        UnitRound.__table__,
        (
            {
                "unit_id": unit_id,
                "round_id": round_id,
                "phases": phases,
                "state": whole[0] if is_open else FilingState.APPROVED,
                "step": whole[1] if is_open else "",
                "opened_at": now,
                "submitted_at": now - timedelta(hours=n % 100),
            }
            for n, (round_id, unit_id) in places
            for is_open in (round_id == round_ids[-1],)
            for whole in (_WHOLES[n % len(_WHOLES)],)
        ),
    )


def _phases(edition: Edition, now: datetime) -> Iterator[dict[str, object]]:
    """The edition's phases, so that the second runs now."""
    first = edition.phases[1].first
    for phase in edition.phases:
        yield {
            "id": phase.id,
            "title": phase.title,
            "from": (now + (phase.first - first) - timedelta(days=1)).isoformat(),
            "to": (now + (phase.last - first)).isoformat(),
            "tasks": [
                {"title": task.title, "forms": [*task.forms]} for task in phase.tasks
            ],
        }


def _add_filings(
    connection: Connection,
    forms: list[FormSpec],
    school_ids: list[int],
    round_ids: list[int],
    now: datetime,
) -> None:
    places = enumerate(product(round_ids, school_ids, forms))
    _load(
        connection,
        Filing.__table__,
        (
            {
                "unit_id": unit_id,
                "round_id": round_id,
                "form_code": form.code,
                "state": found[0],
                "step": found[1],
                "is_empty": n % 11 == 0,
                "is_closed": False,
                "submissions": 1,
                "updated_at": now,
            }
            for n, (round_id, unit_id, form) in places
            for found in (
                _STATES[n % len(_STATES)]
                if round_id == round_ids[-1]
                else (FilingState.APPROVED, ""),
            )
        ),
    )


def _add_decisions(connection: Connection, now: datetime) -> None:
    """A submission and an approval of every form that was handed in."""
    table = Filing.__table__
    found = connection.execute(
        select(table.c.id, table.c.unit_id, table.c.round_id, table.c.state).where(
            table.c.state != FilingState.DRAFT
        )
    ).all()
    actor_id = connection.scalar(select(User.id).where(User.username == HEAD))
    kinds = (
        (DecisionKind.SUBMIT, "first_check", "draft", 3),
        (DecisionKind.APPROVE, "compliance", "submitted", 1),
    )
    _load(
        connection,
        Decision.__table__,
        (
            {
                "unit_id": one.unit_id,
                "round_id": one.round_id,
                "filing_id": one.id,
                "kind": kind,
                "step": step,
                "actor_id": actor_id,
                "at": now - timedelta(days=days, hours=one.id % 20),
                "remark": "",
                "details": {"before": {"state": before, "step": ""}},
            }
            for one in found
            for kind, step, before, days in kinds
        ),
    )


def _rows(
    school_ids: list[int], round_ids: list[int], now: datetime
) -> Iterator[dict[str, object]]:
    for round_id, unit_id in product(round_ids[-2:], school_ids):
        for n in range(_MANY_ROWS if unit_id == school_ids[0] else _ROWS):
            yield {
                "_unit_id": unit_id,
                "_round_id": round_id,
                "_version": 1,
                "_key": f"{n}",
                "_level": "error" if n % 50 == 1 else "",
                "_inherited": False,
                "_created_at": now,
                "_updated_at": now,
            }


def _add_notices(connection: Connection, now: datetime) -> None:
    people = connection.scalars(select(User.id)).all()
    _load(
        connection,
        Notice.__table__,
        (
            {
                "user_id": user_id,
                "at": now - timedelta(minutes=n),
                "kind": NoticeKind.WAITING,
                "title": f"第 {n} 条通知",
                "text": "",
                "link": "/",
                "read_at": now if n % 3 else None,
            }
            for user_id in people
            for n in range(_NOTICES)
        ),
    )


def _entries(
    school_ids: list[int], round_ids: list[int], now: datetime
) -> Iterator[dict[str, object]]:
    """Entries with seals that nobody checks here; behind those that are there."""
    for n in range(_AUDIT):
        yield {
            "id": 1_000_000 + n,
            "at": now - timedelta(seconds=_AUDIT - n),
            "actor_id": 1 + n % 4,
            "action": AuditAction.ROWS_SAVED,
            "unit_id": school_ids[n % len(school_ids)],
            "round_id": round_ids[-1],
            "form_name": "",
            "subject": f"第 {n} 次保存",
            "details": {},
            "previous": "0" * 64,
            "seal": "0" * 64,
        }


def _load(
    connection: Connection, table: Table, values: Iterable[dict[str, object]]
) -> None:
    for group in in_groups(values, _AT_ONCE):
        connection.execute(insert(table), group)
