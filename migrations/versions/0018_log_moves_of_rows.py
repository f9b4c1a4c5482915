"""Log how rows that travel came from one state to another."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "row_moves",
        sa.Column("id", _BIG, nullable=False),
        sa.Column("table_name", sa.String(60), nullable=False),
        sa.Column("row_id", _BIG, nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("form_code", sa.String(40), nullable=False),
        sa.Column("move", sa.String(40), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("before", sa.String(200), nullable=False),
        sa.Column("after", sa.String(200), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("actor_unit_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("filled", sa.JSON(), nullable=False),
        sa.Column("made_form", sa.String(60), nullable=True),
        sa.Column("made_row_id", _BIG, nullable=True),
        sa.ForeignKeyConstraint(["actor_id"], ["users.id"]),
        sa.ForeignKeyConstraint(["actor_unit_id"], ["units.id"]),
        sa.ForeignKeyConstraint(["round_id"], ["rounds.id"]),
        sa.ForeignKeyConstraint(["unit_id"], ["units.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(
        "ix_row_moves_table_name_row_id_id",
        "row_moves",
        ["table_name", "row_id", "id"],
    )
    op.create_index(
        "ix_row_moves_unit_id_round_id_at",
        "row_moves",
        ["unit_id", "round_id", "at"],
    )


def downgrade() -> None:
    op.drop_table("row_moves")
