"""Has PostgreSQL look at tables that many rows have just come into.

It does so by itself, but a minute later. Until then it takes a unit's 30,000 rows for
ten, and looks each reference up by whatever index names the unit: through all of them.
"""

from collections.abc import Collection

from sqlalchemy import Connection, text

from app.storage.engine import is_sqlite

#: Tables of fewer pages are read as they are.
_LEAST_PAGES = 16
_GROWN = text(
    "SELECT relname FROM pg_class WHERE relname = ANY(:names)"
    " AND relkind = 'r' AND pg_table_is_visible(oid)"
    " AND pg_relation_size(oid) / current_setting('block_size')::int"
    f" > greatest({_LEAST_PAGES}, 2 * relpages) ORDER BY relname"
)


def inform_planner(connection: Connection, tables: Collection[str]) -> None:
    """Look at those of these tables that grew much since they were looked at.

    The names must come from the catalogue or the models, never from a request.
    """
    if is_sqlite(connection) or not tables:
        return
    for name in connection.scalars(_GROWN, {"names": list(tables)}).all():
        # It holds a lock to the end that only another ANALYZE would wait for.
        connection.execute(text(f'ANALYZE (SKIP_LOCKED) "{name}"'))
