"""Know by which file the levels of stored rows were judged."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Empty: nobody knows, so that all rows are judged at the next start.
    op.add_column(
        "form_declarations",
        sa.Column("judged_by", sa.String(length=64), nullable=False, server_default=""),
    )


def downgrade() -> None:
    op.drop_column("form_declarations", "judged_by")
