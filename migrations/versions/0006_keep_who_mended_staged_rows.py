"""Keep who mended staged rows besides the importer: they may not let them pass."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "staged_rows",
        sa.Column("menders", sa.Text(), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("staged_rows", "menders")
