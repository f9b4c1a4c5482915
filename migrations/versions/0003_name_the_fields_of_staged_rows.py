"""Name the fields that staged rows hold, so that the database can take them over."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_KEYS = {
    "sqlite": 'SELECT json_group_array(key) FROM json_each("values")',
    "postgresql": 'SELECT json_agg(name) FROM json_object_keys("values") AS name',
}


def upgrade() -> None:
    op.add_column(
        "import_jobs",
        sa.Column("fields", sa.JSON(), nullable=False, server_default="[]"),
    )
    op.add_column("staged_rows", sa.Column("fields", sa.JSON(), nullable=True))
    op.add_column("staged_rows", sa.Column("initials", sa.Text(), nullable=True))
    # Rows staged before name their fields one by one.
    keys = _KEYS[op.get_context().dialect.name]
    op.execute(f"UPDATE staged_rows SET fields = ({keys})")


def downgrade() -> None:
    op.drop_column("staged_rows", "initials")
    op.drop_column("staged_rows", "fields")
    op.drop_column("import_jobs", "fields")
