"""Puts a PostgreSQL database back to the rows that it had at first.

Only tables that changed are written. Where a table itself was made, altered or dropped,
nothing is put back: the caller copies the database anew.
"""

from collections.abc import Iterable

import psycopg
from psycopg import sql

#: Rows of the catalogue tell by their transactions whether a table was altered.
_STRUCTURE = " UNION ALL ".join(
    f"SELECT '{name}', count(*), max(xmin::text::bigint) FROM {name}"
    for name in (
        "pg_class",
        "pg_attribute",
        "pg_attrdef",
        "pg_constraint",
        "pg_index",
        "pg_proc",
        "pg_trigger",
        "pg_namespace",
    )
)
# A table that never had a row has no page, and needs no look.
_TABLES = """
    SELECT relname FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
    AND pg_relation_size(oid) > 0 ORDER BY relname
"""
_SEQUENCES = """
    SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'
"""
_END_OTHERS = """
    SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
#: Of a table whose rows came and went; what is left behind makes reading slow.
_LARGE = 256 * 1024


class Memory:
    """What a database holds now."""

    def __init__(self, url: str):
        self._connection = psycopg.connect(url, autocommit=True)
        # Foreign keys and triggers are of no concern: all tables are put back.
        self._connection.execute("SET session_replication_role = replica")
        self._structure = self._ask(_STRUCTURE)
        self._rows = {name: self._copy_out(name) for (name,) in self._ask(_TABLES)}
        self._prints = self._take_prints(self._rows)
        self._sequences = dict(self._ask(_SEQUENCES))

    def __enter__(self) -> "Memory":
        return self

    def __exit__(self, *_error) -> None:
        self._connection.close()

    def restore(self) -> bool:
        """Put the rows back; False where more than rows has changed."""
        self._ask(_END_OTHERS)
        if self._ask(_STRUCTURE) != self._structure:
            return False
        names = [name for (name,) in self._ask(_TABLES)]
        prints = self._take_prints(names)
        changed = [name for name in names if prints[name] != self._get_print(name)]
        with self._connection.transaction():
            for name in changed:
                self._put_back(name)
            self._turn_sequences_back()
        self._prints.update(self._take_prints(changed))
        self._sweep(changed)
        return True

    def _get_print(self, name: str) -> tuple[int, int | None]:
        return self._prints.get(name, (0, None))

    def _take_prints(self, names: Iterable[str]) -> dict[str, tuple[int, int | None]]:
        """Of each table the number of rows and the newest transaction that wrote one.

        Together they tell every change: rows that went lower the number, and all
        others were written anew.
        """
        each = "SELECT {}, count(*), max(xmin::text::bigint) FROM {}"
        queries = [
            sql.SQL(each).format(sql.Literal(name), sql.Identifier(name))
            for name in names
        ]
        if not queries:
            return {}
        found = self._ask(sql.SQL(" UNION ALL ").join(queries))
        return {name: (count, newest) for name, count, newest in found}

    def _put_back(self, name: str) -> None:
        table = sql.Identifier(name)
        self._connection.execute(sql.SQL("DELETE FROM {}").format(table))
        rows = self._rows.get(name)
        if rows:
            with self._connection.cursor().copy(
                sql.SQL("COPY {} FROM STDIN").format(table)
            ) as copy:
                copy.write(rows)

    def _turn_sequences_back(self) -> None:
        for name, value in self._ask(_SEQUENCES):
            first = self._sequences[name]
            if value != first:
                self._connection.execute(
                    "SELECT setval(quote_ident(%s)::regclass, %s, %s)",
                    (name, 1 if first is None else first, first is not None),
                )

    def _sweep(self, names: Iterable[str]) -> None:
        for name in names:
            size = "SELECT pg_relation_size(quote_ident(%s)::regclass)"
            if self._connection.execute(size, (name,)).fetchone()[0] > _LARGE:
                self._connection.execute(
                    sql.SQL("VACUUM {}").format(sql.Identifier(name))
                )

    def _copy_out(self, name: str) -> bytes:
        statement = sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))
        with self._connection.cursor().copy(statement) as copy:
            return b"".join(map(bytes, copy))

    def _ask(self, statement) -> list[tuple]:
        return self._connection.execute(statement).fetchall()
