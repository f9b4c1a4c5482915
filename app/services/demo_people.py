"""The people of the demo: a school with its departments, a group, those above them.

`prepare_people` is called again at every start and adds only what is missing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from sqlalchemy import Connection, Engine, func, insert, select, update
from sqlalchemy.orm import Session

from app.models import Department, Membership, Role, Unit, UnitKind, User
from app.models.base import now_utc
from app.permissions import Actor, actor_of
from app.services.organisation import prepare_unit
from app.services.passwords import hash_password
from form_schemas.catalogue import Edition

#: For a database that holds nothing but invented rows.
DEMO_PASSWORD = "yanshi-8264-mima"

SCHOOL, GROUP, CITY, PROVINCE = (
    "demo-school",
    "demo-group",
    "demo-city",
    "demo-province",
)
_UNITS = {
    UnitKind.SCHOOL.value: (SCHOOL, "演示职业技术学院", CITY),
    UnitKind.GROUP.value: (GROUP, "演示职业教育集团", PROVINCE),
}
_ABOVE = (
    (PROVINCE, "演示省教育厅", UnitKind.PROVINCE, None),
    (CITY, "演示市教育局", UnitKind.CITY, PROVINCE),
)
#: The department that leads the collection; no form names it.
QUALITY_OFFICE = "质量监督处"


@dataclass(frozen=True)
class DemoAccount:
    username: str
    name: str
    role: Role
    unit_code: str
    #: name of its department; None: the whole unit
    department: str | None = None


def unit_code_of(edition: Edition) -> str:
    """The unit of the demo that reports an edition."""
    return _UNITS[edition.settings["unitKind"]][0]


def prepare_people(engine: Engine, editions: Sequence[Edition]) -> None:
    """Units, departments and accounts; quick, for the start of a server."""
    with engine.begin() as connection:
        for code, name, kind, parent in _ABOVE:
            _prepare_authority(connection, code, name, kind, parent)
        for edition in editions:
            code, name, parent = _UNITS[edition.settings["unitKind"]]
            prepare_unit(connection, edition, code, name)
            put_below(connection, code, parent)
        _prepare_quality_office(connection)
    with Session(engine) as session, session.begin():
        for account in list_accounts_of(editions):
            prepare_account(session, account)


def list_accounts_of(editions: Sequence[Edition]) -> tuple[DemoAccount, ...]:
    """One account a role, and a filler and a head for every department."""
    schools = [e for e in editions if unit_code_of(e) == SCHOOL]
    leads = Counter(names[0] for names in _list_suppliers(schools))
    busiest = max(leads, key=leads.__getitem__, default=None)
    helper = _find_helper(schools, busiest)
    named = (
        DemoAccount("admin", "演示管理员", Role.ADMINISTRATOR, SCHOOL),
        DemoAccount("office", "演示质监员", Role.QUALITY_OFFICE, SCHOOL),
        DemoAccount("filler", "演示填报员", Role.FILLER, SCHOOL),
        DemoAccount("reviewer", "演示审核人", Role.DEPARTMENT_HEAD, SCHOOL),
        DemoAccount("clerk", "演示部门填报员", Role.FILLER, SCHOOL, busiest),
        DemoAccount("head", "演示部门负责人", Role.DEPARTMENT_HEAD, SCHOOL, busiest),
        DemoAccount("helper", "演示协办填报员", Role.FILLER, SCHOOL, helper),
        DemoAccount("leader", "演示校领导", Role.LEADERSHIP, SCHOOL),
        DemoAccount("analyst", "演示统计员", Role.ANALYST, SCHOOL),
        DemoAccount("city", "演示市局审核员", Role.AUTHORITY, CITY),
        DemoAccount("province", "演示省厅审核员", Role.AUTHORITY, PROVINCE),
        DemoAccount("groupfiller", "集团填报员", Role.FILLER, GROUP),
        DemoAccount("groupreviewer", "集团审核人", Role.DEPARTMENT_HEAD, GROUP),
    )
    has_group = any(unit_code_of(e) == GROUP for e in editions)
    kept = [a for a in named if a.unit_code != GROUP or has_group]
    return (*kept, *_department_accounts(schools))


def find_actor(engine: Engine, username: str) -> Actor:
    """The person behind a demo account."""
    with Session(engine) as session:
        found = session.scalars(select(User).where(User.username == username)).one()
        return actor_of(found)


def name_filler(position: int) -> str:
    """User name of the filler of the nth department, from 1."""
    return f"filler{position:02}"


def name_head(position: int) -> str:
    return f"head{position:02}"


def list_departments(editions: Iterable[Edition]) -> tuple[str, ...]:
    """The departments of a school, in the order of its editions."""
    named = (
        name
        for edition in editions
        if not edition.faults and unit_code_of(edition) == SCHOOL
        for name in edition.departments
    )
    return tuple(dict.fromkeys(named))


def put_below(connection: Connection, code: str, parent: str | None) -> None:
    """Give the unit its place in the tree, unless somebody gave it one."""
    unit = _find(connection, code)
    above = None if parent is None else _find(connection, parent)
    if unit.parent_id is not None or (above is None and unit.path):
        return
    path = f"{'/' if above is None else above.path}{unit.id}/"
    connection.execute(
        update(Unit)
        .where(Unit.id == unit.id)
        .values(path=path, parent_id=None if above is None else above.id)
    )


def prepare_account(session: Session, account: DemoAccount) -> None:
    """Add an account that is missing, where its unit is there."""
    unit = session.scalar(select(Unit).where(Unit.code == account.unit_code))
    known = session.scalar(select(User.id).where(User.username == account.username))
    if unit is None or known is not None:
        return
    department = None
    if account.department is not None:
        department = session.scalar(
            select(Department).where(
                Department.unit_id == unit.id, Department.name == account.department
            )
        )
    membership = Membership(
        role=account.role,
        unit=unit,
        department=department,
        may_import=account.role is Role.FILLER,
    )
    session.add(
        User(
            username=account.username,
            name=account.name,
            password_hash=hash_demo_password(),
            must_change_password=False,
            memberships=[membership],
        )
    )


def _department_accounts(schools: Sequence[Edition]) -> list[DemoAccount]:
    accounts = []
    for position, name in enumerate(list_departments(schools), 1):
        accounts += [
            DemoAccount(
                name_filler(position), f"{name}填报员", Role.FILLER, SCHOOL, name
            ),
            DemoAccount(
                name_head(position), f"{name}负责人", Role.DEPARTMENT_HEAD, SCHOOL, name
            ),
        ]
    return accounts


def _find_helper(schools: Sequence[Edition], busiest: str | None) -> str | None:
    """The department that supplies most forms which others lead."""
    supplied = Counter(name for names in _list_suppliers(schools) for name in names[1:])
    supplied.pop(busiest, None)
    return max(supplied, key=supplied.__getitem__, default=None)


def _list_suppliers(schools: Sequence[Edition]) -> Iterator[tuple[str, ...]]:
    """The departments of each form, as a usual school calls them."""
    for edition in schools:
        told = edition.departments
        own = {alias: name for name, aliases in told.items() for alias in aliases}
        for form in edition.forms_for():
            if form.departments:
                yield tuple(own.get(name, name) for name in form.departments)


def _prepare_authority(
    connection: Connection, code: str, name: str, kind: UnitKind, parent: str | None
) -> None:
    if _find(connection, code) is None:
        values = {"code": code, "name": name, "kind": kind, "created_at": now_utc()}
        connection.execute(insert(Unit).values(**values))
    put_below(connection, code, parent)


def _prepare_quality_office(connection: Connection) -> None:
    unit = _find(connection, SCHOOL)
    if unit is None:
        return
    known = connection.execute(
        select(Department.id).where(
            Department.unit_id == unit.id, Department.name == QUALITY_OFFICE
        )
    ).first()
    if known is None:
        count = select(func.count()).where(Department.unit_id == unit.id)
        connection.execute(
            insert(Department).values(
                unit_id=unit.id,
                name=QUALITY_OFFICE,
                aliases=[],
                position=connection.scalar(count),
            )
        )


def _find(connection: Connection, code: str):
    table = Unit.__table__
    return connection.execute(select(table).where(table.c.code == code)).first()


@lru_cache(maxsize=1)
def hash_demo_password() -> str:
    """Once for all: the demo's accounts share it, and hashing takes long on purpose."""
    return hash_password(DEMO_PASSWORD)
