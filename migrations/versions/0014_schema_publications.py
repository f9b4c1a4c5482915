"""Number the forms in use, and keep every publication of forms with its texts."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    state = op.create_table(
        "schema_state",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("catalogue_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schema_state"),
    )
    op.bulk_insert(state, [{"id": 1, "generation": 1, "catalogue_hash": ""}])
    op.create_table(
        "schema_publications",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("plan_hash", sa.String(64), nullable=False),
        sa.Column("operations", sa.JSON(), nullable=False),
        sa.Column("accepted", sa.JSON(), nullable=False),
        sa.Column("texts_before", sa.JSON(), nullable=False),
        sa.Column("texts_after", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("backup", sa.Text(), nullable=False),
        sa.Column("reverted_by", sa.Integer(), nullable=True),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["reverted_by"], ["schema_publications.id"]),
        sa.PrimaryKeyConstraint("id", name="pk_schema_publications"),
    )


def downgrade() -> None:
    op.drop_table("schema_publications")
    op.drop_table("schema_state")
