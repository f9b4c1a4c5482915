"""What Alembic runs to migrate the fixed tables.

The application hands over its connection and its transaction. For a developer who
writes a migration (`alembic -c migrations/alembic.ini revision --autogenerate`) the
database is the one of the settings.
"""

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import BigInteger, Connection

from app.config import load_config
from app.models import Base
from app.models.base import UtcDateTime, WordEnum
from app.storage.engine import open_engine


def include_name(name: str | None, kind: str, _parents: dict) -> bool:
    """Leave the forms' tables alone."""
    return kind != "table" or name in Base.metadata.tables


def render_item(kind: str, item: object, _context: AutogenContext) -> str | bool:
    """Migrations must not change when a class of the application does."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, WordEnum):
        return "sa.String(length=20)"
    if isinstance(item, BigInteger) and "sqlite" in item._variant_mapping:
        return "sa.BigInteger().with_variant(sa.Integer(), 'sqlite')"
    return False


def run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=include_name,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    run(given)
else:
    with open_engine(load_config().engine_url).begin() as connection:
        run(connection)
