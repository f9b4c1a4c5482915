"""Keep rounds of forms that belong to no period."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "rounds",
        sa.Column(
            "is_standing", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    op.create_index(
        "uq_rounds_standing",
        "rounds",
        ["collection"],
        unique=True,
        sqlite_where=sa.text("is_standing"),
        postgresql_where=sa.text("is_standing"),
    )


def downgrade() -> None:
    op.drop_index("uq_rounds_standing", "rounds")
    op.drop_column("rounds", "is_standing")
