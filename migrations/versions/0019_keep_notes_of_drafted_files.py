"""Keep what was guessed in a file drafted from a workbook."""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("schema_draft_files", sa.Column("notes", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("schema_draft_files", "notes")
