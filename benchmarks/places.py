"""Sets up a database as an installation has it: tables, a school, people, a round."""

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from app.config import Config
from app.models import Base, Membership, Role, Round, Unit, UnitKind, User
from app.models.base import now_utc
from app.permissions import Actor, actor_of
from app.services.workshop import Workshop, open_workshop
from app.storage.binding import bind
from app.storage.engine import is_sqlite, open_engine
from app.storage.loading import write_tuples
from app.storage.records import Scope
from app.storage.rows import RowStore
from app.storage.tables import build_metadata
from benchmarks.data import MAJORS, STUDENTS, get_catalogue, get_form, make_majors
from tests.support.postgres import create_database

_AT_ONCE = 10_000


@dataclass(frozen=True)
class Place:
    """A school that reports, with the people who do."""

    workshop: Workshop
    scope: Scope
    filler: Actor
    reviewer: Actor

    @property
    def engine(self) -> Engine:
        return self.workshop.engine


@contextmanager
def fresh_place(server: str | None) -> Iterator[Place]:
    """An empty installation: on a PostgreSQL server, or on SQLite without one."""
    with tempfile.TemporaryDirectory(prefix="tianbao-bench-") as folder:
        if server is None:
            with _open(f"sqlite:///{folder}/tianbao.sqlite", Path(folder)) as place:
                yield place
            return
        with (
            create_database(server) as url,
            _open(url, Path(folder)) as place,
        ):
            yield place


@contextmanager
def open_place(url: str) -> Iterator[Place]:
    """An installation that was set up before."""
    with tempfile.TemporaryDirectory(prefix="tianbao-bench-") as folder:
        engine = open_engine(url)
        try:
            yield _find_people(engine, Path(folder))
        finally:
            engine.dispose()


def set_up(engine: Engine) -> None:
    """Make all tables, the school and the rows that students refer to."""
    catalogue = get_catalogue()
    Base.metadata.create_all(engine)
    build_metadata(catalogue).create_all(engine)
    with Session(engine) as session:
        school = Unit(kind=UnitKind.SCHOOL, code="0001", name="示例学校")
        edition = catalogue.edition("benchmark", "2024")
        session.add_all(
            [
                school,
                Round(
                    collection=edition.collection,
                    edition=edition.year,
                    title=edition.title,
                    periods=edition.settings["periods"],
                ),
                _make_user("filler", Role.FILLER, school),
                _make_user("reviewer", Role.DEPARTMENT_HEAD, school),
            ]
        )
        session.commit()
    with engine.begin() as connection:
        store = RowStore(connection, catalogue)
        store.upsert_many(get_form(MAJORS), Scope(1, 1), make_majors(), None)


def fill_students(
    engine: Engine, rows: Sequence[dict[str, object]], count: int
) -> None:
    """Put many students into the form's table, without history."""
    columns, source = make_records(engine, rows, count)
    with engine.begin() as connection:
        while part := list(islice(source, _AT_ONCE)):
            write_tuples(connection, get_form(STUDENTS).table_name, columns, part)
    with engine.connect() as connection:
        connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(
            text("ANALYZE" if is_sqlite(connection) else "VACUUM ANALYZE")
        )


def make_records(
    engine: Engine, rows: Sequence[dict[str, object]], count: int
) -> tuple[tuple[str, ...], Iterator[tuple[object, ...]]]:
    """Columns of the students' table, and records as the driver takes them.

    Rows recur where `count` is more than there are, each with a number of its own.
    """
    binding = bind(get_catalogue(), get_form(STUDENTS))
    fields = [column.name for column in binding.columns]
    processors = [
        column.type.dialect_impl(engine.dialect).bind_processor(engine.dialect)
        for column in binding.columns
    ]
    moment = now_utc().replace(tzinfo=None).isoformat(sep=" ")
    constants = {
        "_unit_id": 1,
        "_round_id": 1,
        "_version": 1,
        "_created_at": moment,
        "_updated_at": moment,
    }

    def records() -> Iterator[tuple[object, ...]]:
        for number in range(count):
            row = {**rows[number % len(rows)], "student_no": f"S{number:08d}"}
            values = [
                process(row[name]) if process else row[name]
                for name, process in zip(fields, processors, strict=True)
            ]
            key = row["student_no"]
            yield (*constants.values(), key, "zs", *values)

    return (*constants, "_key", "_initials", *fields), records()


@contextmanager
def _open(url: str, folder: Path) -> Iterator[Place]:
    engine = open_engine(url)
    try:
        set_up(engine)
        yield _find_people(engine, folder)
    finally:
        engine.dispose()


def _find_people(engine: Engine, folder: Path) -> Place:
    config = Config(data_folder=folder)
    workshop = open_workshop(config, engine, get_catalogue())
    with Session(engine) as session:
        filler, reviewer = (
            actor_of(user) for user in session.query(User).order_by(User.id)
        )
    return Place(workshop, Scope(1, 1), filler, reviewer)


def _make_user(name: str, role: Role, school: Unit) -> User:
    return User(
        username=name,
        name=name,
        password_hash="",
        memberships=[Membership(unit=school, role=role)],
    )
