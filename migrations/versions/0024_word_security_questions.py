"""Let questions for a forgotten password be in own words."""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column(
        "security_questions",
        sa.Column("wording", sa.String(60), server_default="", nullable=False),
    )


def downgrade() -> None:
    # A question without its words can be answered by nobody.
    op.execute(
        "DELETE FROM security_questions WHERE user_id IN "
        "(SELECT user_id FROM security_questions WHERE question = '')"
    )
    op.drop_column("security_questions", "wording")
