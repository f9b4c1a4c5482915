"""Tells by names alone which tables of forms may differ from what they should be.

Comparing hundreds of tables in full takes seconds; three statements say which of them
lack a column, an index or a foreign key, or have one too many.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import Connection, MetaData, Table

from app.storage.engine import is_sqlite

_SQLITE_COLUMNS = """
SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
WHERE m.type = 'table'
"""
_SQLITE_INDEXES = "SELECT tbl_name, name FROM sqlite_master WHERE type = 'index'"
_SQLITE_TABLES = "SELECT name, sql FROM sqlite_master WHERE type = 'table'"
_SQLITE_KEY = re.compile(r'CONSTRAINT "?(fk_[^\s"]+)')
_POSTGRES_COLUMNS = """
SELECT table_name, column_name FROM information_schema.columns
WHERE table_schema = current_schema()
"""
_POSTGRES_INDEXES = """
SELECT tablename, indexname FROM pg_indexes WHERE schemaname = current_schema()
"""
_POSTGRES_KEYS = """
SELECT t.relname, k.conname FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid
WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace
"""

Names = Mapping[str, set[str]]


def find_suspects(connection: Connection, metadata: MetaData) -> frozenset[str]:
    """Names of the tables that have to be looked at."""
    columns, indexes, keys = _read_names(connection)
    return frozenset(
        table.name
        for table in metadata.tables.values()
        if _is_suspect(
            table,
            columns.get(table.name, set()),
            indexes.get(table.name, set()),
            keys.get(table.name, set()),
        )
    )


def _is_suspect(
    table: Table, columns: set[str], indexes: set[str], keys: set[str]
) -> bool:
    wanted = {str(index.name) for index in table.indexes}
    unique = {name for name in indexes if name.startswith("uq_")}
    return (
        not columns >= {column.name for column in table.c}
        or not indexes >= wanted
        or not unique <= wanted
        or keys != {str(key.name) for key in table.foreign_key_constraints}
    )


def _read_names(connection: Connection) -> tuple[Names, Names, Names]:
    if is_sqlite(connection):
        tables = connection.exec_driver_sql(_SQLITE_TABLES)
        pairs = (
            (name, key)
            for name, sql in tables
            for key in _SQLITE_KEY.findall(sql or "")
        )
        return (
            _group(connection.exec_driver_sql(_SQLITE_COLUMNS)),
            _group(connection.exec_driver_sql(_SQLITE_INDEXES)),
            _group(pairs),
        )
    return (
        _group(connection.exec_driver_sql(_POSTGRES_COLUMNS)),
        _group(connection.exec_driver_sql(_POSTGRES_INDEXES)),
        _group(connection.exec_driver_sql(_POSTGRES_KEYS)),
    )


def _group(pairs: Iterable) -> Names:
    found: dict[str, set[str]] = defaultdict(set)
    for table, name in pairs:
        found[table].add(name)
    return found
