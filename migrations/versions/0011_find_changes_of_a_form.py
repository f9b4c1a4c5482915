"""Find the changes of one form of a unit's round without reading those of all."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_NAME = "ix_row_change_unit_id_round_id_table_name_id"


def upgrade() -> None:
    op.create_index(_NAME, "row_change", ["unit_id", "round_id", "table_name", "id"])


def downgrade() -> None:
    op.drop_index(_NAME, table_name="row_change")
