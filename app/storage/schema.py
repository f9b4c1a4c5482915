"""Brings the database's tables to what models and schema files declare.

The fixed tables follow numbered Alembic migrations. The forms' tables are compared with
the catalogue through Alembic's autogenerate API, and only ever grow here: tables,
columns, indexes and foreign keys are added; only what holds rows or values for nothing
goes. What else differs is reported; `app.services.schema_changes` decides.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import (
    Column,
    Connection,
    Engine,
    ForeignKeyConstraint,
    Index,
    MetaData,
    Table,
    inspect,
    text,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.schema import AddConstraint, CreateTable
from sqlalchemy.types import UserDefinedType

from app.errors import Refused
from app.storage.engine import at_generation, is_sqlite
from app.storage.suspects import find_suspects
from app.storage.tables import build_metadata
from form_schemas.catalogue import Catalogue

MIGRATIONS = Path(__file__).parents[2] / "migrations"
#: One process at a time changes a PostgreSQL schema; the number is arbitrary.
_LOCK = 7_402_114


@dataclass(frozen=True)
class Differences:
    """What the forms' tables lack, and what differs so that it cannot be mended."""

    tables: tuple[Table, ...] = ()
    columns: tuple[Column, ...] = ()
    indexes: tuple[Index, ...] = ()
    foreign_keys: tuple[ForeignKeyConstraint, ...] = ()
    #: columns whose type differs
    retyped: tuple[Column, ...] = ()
    #: tables whose foreign keys hold rows that nobody's rows are to hold: those of
    #: derived forms, and columns that no form in use has any more
    holding: tuple[Table, ...] = ()
    #: names of indexes that keep unique what need not be so any more, by table
    outdated: tuple[tuple[str, str], ...] = ()


@contextmanager
def begin_schema_change(engine: Engine) -> Iterator[Connection]:
    """A transaction that may rebuild tables; nobody else changes the schema meanwhile.

    SQLite checks its foreign keys at the end instead of along the way: a table that is
    rebuilt is gone for a moment, and the switch works outside of transactions only.
    """
    # Whoever changes the forms is not held to those that were loaded.
    with at_generation(engine, 0).connect() as connection:
        if not is_sqlite(connection):
            with connection.begin():
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
                yield connection
            return
        _switch_foreign_keys(connection, "OFF")
        try:
            with connection.begin():
                yield connection
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
                if broken is not None:
                    raise Refused(
                        f"表 {broken[0]} 中有行引用了不存在的行，不能更改结构。"
                    )
        finally:
            _switch_foreign_keys(connection, "ON")


def migrate(connection: Connection) -> None:
    """Bring the fixed tables to the newest migration."""
    command.upgrade(make_alembic_config(connection), "head")


def migrate_database(engine: Engine) -> None:
    """As `migrate`, in a transaction of its own."""
    with begin_schema_change(engine) as connection:
        migrate(connection)


def make_alembic_config(connection: Connection | None = None) -> Config:
    """Configuration of Alembic without a file; `migrations/env.py` reads it."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def create_all_tables(connection: Connection, catalogue: Catalogue) -> None:
    """Create the tables of all forms in an empty database."""
    build_metadata(catalogue).create_all(connection, checkfirst=False)


def has_form_tables(connection: Connection, catalogue: Catalogue) -> bool:
    names = set(inspect(connection).get_table_names())
    return not names.isdisjoint(build_metadata(catalogue).tables)


def find_differences(connection: Connection, catalogue: Catalogue) -> Differences:
    """Compare the forms' tables with the catalogue.

    What the database has beyond it stays: columns of dropped fields keep their values.
    Tables that have all by its name are not looked at any closer.
    """
    metadata = build_metadata(catalogue)
    suspects = find_suspects(connection, metadata)
    if not suspects:
        return Differences()
    found: dict[str, list] = {}
    context = MigrationContext.configure(
        connection,
        opts={
            "compare_type": True,
            "include_name": lambda name, kind, _parents: (
                kind != "table" or name in suspects
            ),
            "include_object": lambda item, name, kind, _reflected, _other: (
                kind != "table" or name in suspects
            ),
        },
    )
    for difference in compare_metadata(context, metadata):
        # Changes of a column come in lists, all others alone.
        for change in difference if isinstance(difference, list) else [difference]:
            found.setdefault(change[0], []).append(change)
    # Alembic compares copies; what is to be made is found again by its name.
    tables = {change[1].name for change in found.get("add_table", ())}
    columns = [(c[2], c[3].name) for c in found.get("add_column", ())]
    indexes = [(c[1].table.name, c[1].name) for c in found.get("add_index", ())]
    keys = [(c[1].table.name, c[1].name) for c in found.get("add_fk", ())]
    retyped = [(c[2], c[3]) for c in found.get("modify_type", ())]
    freed = {change[1].table.name for change in found.get("remove_fk", ())}
    outdated = [c[1] for c in found.get("remove_index", ()) if c[1].unique]
    return Differences(
        tuple(metadata.tables[name] for name in sorted(tables)),
        tuple(metadata.tables[table].c[name] for table, name in columns),
        tuple(
            index
            for table, name in indexes
            for index in metadata.tables[table].indexes
            if index.name == name and table not in tables
        ),
        tuple(
            key
            for table, name in keys
            for key in metadata.tables[table].foreign_key_constraints
            if key.name == name and table not in tables
        ),
        tuple(metadata.tables[table].c[name] for table, name in retyped),
        tuple(metadata.tables[name] for name in sorted(freed)),
        tuple((index.table.name, index.name) for index in outdated),
    )


def grow(connection: Connection, catalogue: Catalogue, missing: Differences) -> None:
    """Add what is missing, and loosen what holds rows for nothing.

    Values are not touched.

    Raises:
        Refused: stored rows have doubles where values have to be unique from now on.
    """
    operations = Operations(MigrationContext.configure(connection))
    for column in missing.columns:
        operations.add_column(column.table.name, _copy(column))
    for index in missing.indexes:
        _create_index(connection, index)
    if missing.tables:
        build_metadata(catalogue).create_all(
            connection, tables=missing.tables, checkfirst=False
        )
    if is_sqlite(connection):
        keyed = (key.table for key in missing.foreign_keys)
        for table in dict.fromkeys((*keyed, *missing.holding)):
            _rebuild(connection, table)
    else:
        for table in missing.holding:
            _drop_foreign_keys(connection, table)
        for key in missing.foreign_keys:
            connection.execute(AddConstraint(key, isolate_from_table=False))
    for _table, name in missing.outdated:
        connection.exec_driver_sql(f'DROP INDEX IF EXISTS "{name}"')


def _copy(column: Column) -> Column:
    """The column alone: keys and indexes that hold it come after it."""
    default = column.server_default
    return Column(
        column.name,
        column.type,
        nullable=column.nullable,
        server_default=None if default is None else default.arg,
    )


def _switch_foreign_keys(connection: Connection, state: str) -> None:
    driver = connection.connection.driver_connection
    driver.execute(f"PRAGMA foreign_keys = {state}")


def _create_index(connection: Connection, index: Index) -> None:
    try:
        with connection.begin_nested():
            index.create(connection)
    except IntegrityError as error:
        columns = "、".join(column.name for column in index.columns)
        raise Refused(
            f"{index.table.name} 中已有重复的值，不能要求 {columns} 唯一，"
            "请先清理数据。"
        ) from error


def _drop_foreign_keys(connection: Connection, table: Table) -> None:
    """Drop those that the table is not to have."""
    wanted = {key.name for key in table.foreign_key_constraints}
    for key in inspect(connection).get_foreign_keys(table.name):
        if key["name"] in wanted:
            continue
        quoted = connection.dialect.identifier_preparer.quote(key["name"])
        connection.exec_driver_sql(
            f'ALTER TABLE "{table.name}" DROP CONSTRAINT {quoted}'
        )


class _AsItIs(UserDefinedType):
    """The type of a column that no form declares any more."""

    cache_ok = True

    def __init__(self, spelling: str) -> None:
        self.spelling = spelling

    def get_col_spec(self, **_options) -> str:
        return self.spelling


def _rebuild(connection: Connection, table: Table) -> None:
    """Give a SQLite table its foreign keys: only a new table can have new ones."""
    metadata = MetaData()
    copy = table.to_metadata(metadata)
    targets = {key.referred_table for key in table.foreign_key_constraints}
    for target in targets - {table}:
        target.to_metadata(metadata)
    stored = inspect(connection).get_columns(table.name)
    for column in stored:
        if column["name"] not in copy.c:
            kind = _AsItIs(column["type"].compile(connection.dialect))
            copy.append_column(Column(column["name"], kind))
    draft = f"_new_{table.name}"
    statement = str(CreateTable(copy).compile(connection))
    connection.exec_driver_sql(
        statement.replace(f"CREATE TABLE {table.name} ", f'CREATE TABLE "{draft}" ', 1)
    )
    names = ", ".join(f'"{column["name"]}"' for column in stored)
    last_id = connection.exec_driver_sql(
        "SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)
    ).scalar()
    for step in (
        f'INSERT INTO "{draft}" ({names}) SELECT {names} FROM "{table.name}"',
        f'DROP TABLE "{table.name}"',
        f'ALTER TABLE "{draft}" RENAME TO "{table.name}"',
    ):
        connection.exec_driver_sql(step)
    if last_id is not None:
        # Ids of deleted rows must not come again.
        connection.exec_driver_sql(
            "DELETE FROM sqlite_sequence WHERE name = ?", (table.name,)
        )
        connection.exec_driver_sql(
            "INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)",
            (table.name, last_id),
        )
    for index in table.indexes:
        index.create(connection)
