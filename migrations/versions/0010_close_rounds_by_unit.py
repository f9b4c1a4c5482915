"""Know which rounds only some units take part in, and when a unit is done with one."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rounds",
        sa.Column("by_unit", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    op.add_column(
        "unit_rounds", sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True)
    )


def downgrade() -> None:
    op.drop_column("unit_rounds", "closed_at")
    op.drop_column("rounds", "by_unit")
