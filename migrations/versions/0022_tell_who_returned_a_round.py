"""Tell whose people returned a unit's round: what came back is mended within hours."""

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_NAME = "fk_unit_rounds_returned_by_id_units"


def upgrade() -> None:
    with op.batch_alter_table("unit_rounds") as table:
        table.add_column(sa.Column("returned_by_id", sa.Integer(), nullable=True))
        table.create_foreign_key(_NAME, "units", ["returned_by_id"], ["id"])


def downgrade() -> None:
    with op.batch_alter_table("unit_rounds") as table:
        table.drop_constraint(_NAME, type_="foreignkey")
        table.drop_column("returned_by_id")
