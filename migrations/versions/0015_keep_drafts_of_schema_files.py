"""Keep drafts of schema files until they are published."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "schema_drafts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("edition", sa.String(60), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(200), nullable=False, server_default=""),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_schema_drafts_edition_state", "schema_drafts", ["edition", "state"]
    )
    op.create_table(
        "schema_draft_files",
        sa.Column("draft_id", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(120), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("base", sa.Text(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["draft_id"], ["schema_drafts.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("draft_id", "file"),
    )


def downgrade() -> None:
    op.drop_table("schema_draft_files")
    op.drop_table("schema_drafts")
