"""Fills a database with a demo school and a demo group: units, departments, rounds,
accounts, and rows of every form.

Nothing here knows a form: departments come from the forms' own lists, rows from
`inventing`. Calling it again adds only what is missing.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select

from app.models import Department, Role, RowChange, Unit, UnitKind
from app.services.accounts import NewMembership, create_user, find_user_id
from app.services.contexts import make_context
from app.services.inventing.making import demo_rows
from app.services.inventing.tasks import is_about_classes, is_about_pupils
from app.services.inventing.world import World, in_order
from app.services.organisation import find_round, prepare_round, prepare_unit
from app.services.rechecking import recheck_rows
from app.storage.engine import begin_reading
from app.storage.records import Scope
from app.storage.rows import RowStore
from form_schemas.catalogue import Catalogue, Edition
from form_schemas.kinds import FieldKind
from form_schemas.spec import FormSpec

#: For a database that holds nothing but invented rows.
DEMO_PASSWORD = "yanshi-8264-mima"
DEFAULT_STUDENTS = 300
DEFAULT_SEED = 2024

_ROWS = 12
_CLASS_SIZE = 40
_UNITS = {
    UnitKind.SCHOOL.value: ("demo-school", "演示职业技术学院"),
    UnitKind.GROUP.value: ("demo-group", "演示职业教育集团"),
}


@dataclass(frozen=True)
class DemoAccount:
    username: str
    name: str
    role: Role
    unit_kind: str
    #: whether it belongs to the department that leads most forms, or to the whole unit
    in_department: bool = False


ACCOUNTS = (
    DemoAccount("admin", "演示管理员", Role.ADMINISTRATOR, "school"),
    DemoAccount("filler", "演示填报员", Role.FILLER, "school"),
    DemoAccount("clerk", "演示部门填报员", Role.FILLER, "school", in_department=True),
    DemoAccount("reviewer", "演示审核人", Role.DEPARTMENT_HEAD, "school"),
    DemoAccount("groupfiller", "集团填报员", Role.FILLER, "group"),
    DemoAccount("groupreviewer", "集团审核人", Role.DEPARTMENT_HEAD, "group"),
)


@dataclass(frozen=True)
class _Place:
    edition: Edition
    unit_id: int
    round_id: int
    #: name -> id
    departments: dict[str, int]


def prepare_demo(engine: Engine, catalogue: Catalogue) -> None:
    """Units, departments, rounds and accounts; quick, for the start of a server."""
    with engine.begin() as connection:
        for edition in _sound_editions(catalogue):
            _prepare_place(connection, edition)
    for account in ACCOUNTS:
        if find_user_id(engine, account.username) is None:
            _create_account(engine, catalogue, account)


def fill_demo(
    engine: Engine,
    catalogue: Catalogue,
    *,
    students: int = DEFAULT_STUDENTS,
    seed: int = DEFAULT_SEED,
    tell: Callable[[str, int], None] = lambda title, rows: None,
) -> int:
    """Rows of every form people fill in, for each round that has none; how many.

    The rows of an edition are one transaction: they are all there, or none.
    """
    prepare_demo(engine, catalogue)
    made = 0
    for edition in _sound_editions(catalogue):
        with begin_reading(engine) as connection:
            place = _find_place(connection, edition)
            if _has_rows(connection, place):
                continue
        forms = list(_make_rows(catalogue, edition, students, seed))
        with engine.begin() as connection:
            for form, rows in forms:
                made += _store(connection, catalogue, place, form, rows)
                tell(form.full_name, len(rows))
            for form, _ in forms:
                _judge(connection, catalogue, place, form)
    return made


def describe_accounts() -> tuple[tuple[str, str, str], ...]:
    """User name, name and password of the demo accounts."""
    return tuple((item.username, item.name, DEMO_PASSWORD) for item in ACCOUNTS)


def find_people(catalogue: Catalogue, edition: Edition) -> FormSpec | None:
    """The form of an edition that most rows about pupils, else persons, refer to."""
    people = [
        form
        for form in edition.forms
        if any(spec.kind is FieldKind.ID_CARD for spec in form.fields)
    ]
    return max(
        people,
        key=lambda form: (is_about_pupils(form), len(catalogue.referring(form))),
        default=None,
    )


def _sound_editions(catalogue: Catalogue) -> list[Edition]:
    """The newest editions whose settings say what units and rounds they want."""
    return [edition for edition in catalogue.newest.values() if not edition.faults]


def _make_rows(
    catalogue: Catalogue, edition: Edition, students: int, seed: int
) -> Iterable[tuple[FormSpec, list]]:
    world = World(catalogue, edition)
    people = find_people(catalogue, edition)
    for form in in_order(catalogue, edition):
        # Computed rows are not shown yet. A form that must refer to some would find
        # none to pick: `test_no_form_people_fill_in_needs_computed_rows` watches.
        if not form.is_derived:
            count = _count_rows(form, people, students)
            yield form, demo_rows(catalogue, form, count, seed, world)


def _count_rows(form: FormSpec, people: FormSpec | None, students: int) -> int:
    if form is people:
        return students
    return max(_ROWS, students // _CLASS_SIZE) if is_about_classes(form) else _ROWS


def _store(
    connection: Connection,
    catalogue: Catalogue,
    place: _Place,
    form: FormSpec,
    rows: list,
) -> int:
    lead = place.departments.get(form.departments[0]) if form.departments else None
    scope = Scope(place.unit_id, place.round_id, lead)
    counts = RowStore(connection, catalogue).upsert_many(
        form, scope, rows, None, "演示数据"
    )
    return counts.added


def _judge(
    connection: Connection, catalogue: Catalogue, place: _Place, form: FormSpec
) -> None:
    """Note what is wrong with invented rows, as saving them would have."""
    scope = Scope(place.unit_id, place.round_id)
    context = make_context(connection, RowStore(connection, catalogue), form, scope)
    recheck_rows(connection, catalogue, form, scope, context)


def _prepare_place(connection: Connection, edition: Edition) -> None:
    code, name = _UNITS[edition.settings["unitKind"]]
    prepare_unit(connection, edition, code, name)
    prepare_round(connection, edition)


def _find_place(connection: Connection, edition: Edition) -> _Place:
    code, _ = _UNITS[edition.settings["unitKind"]]
    unit_id = connection.scalar(select(Unit.id).where(Unit.code == code))
    departments = connection.execute(
        select(Department.name, Department.id).where(Department.unit_id == unit_id)
    )
    return _Place(
        edition,
        unit_id,
        find_round(connection, edition).id,
        dict(map(tuple, departments)),
    )


def _has_rows(connection: Connection, place: _Place) -> bool:
    table = RowChange.__table__
    return (
        connection.scalar(
            select(table.c.id)
            .where(table.c.unit_id == place.unit_id, table.c.round_id == place.round_id)
            .limit(1)
        )
        is not None
    )


def _create_account(engine: Engine, catalogue: Catalogue, account: DemoAccount) -> None:
    editions = [
        edition
        for edition in _sound_editions(catalogue)
        if edition.settings["unitKind"] == account.unit_kind
    ]
    if not editions:
        return
    leads = [
        form.departments[0] for ed in editions for form in ed.forms if form.departments
    ]
    department = (
        max(leads, key=leads.count) if account.in_department and leads else None
    )
    unit_code = _UNITS[account.unit_kind][0]
    create_user(
        engine,
        username=account.username,
        name=account.name,
        memberships=[NewMembership(account.role, unit_code, department, may_import=True)],
        password=DEMO_PASSWORD,
        must_change_password=False,
    )
