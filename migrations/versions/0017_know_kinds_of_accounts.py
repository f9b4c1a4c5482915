"""Know kinds of accounts, what was switched on for them, and how often was tried."""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("users") as batch:
        batch.drop_constraint(op.f("uq_users_username"), type_="unique")
        batch.alter_column(
            "username", type_=sa.String(100), existing_type=sa.String(60)
        )
        batch.add_column(
            sa.Column("account_type", sa.String(40), nullable=False, server_default="")
        )
        batch.create_unique_constraint(
            op.f("uq_users_username_account_type"), ["username", "account_type"]
        )
    op.create_index(op.f("ix_users_account_type"), "users", ["account_type"])
    op.add_column(
        "memberships",
        sa.Column("granted", sa.JSON(), nullable=False, server_default="[]"),
    )
    op.add_column(
        "units",
        sa.Column(
            "is_shut_above", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    with op.batch_alter_table("login_failures") as batch:
        batch.alter_column(
            "username", type_=sa.String(160), existing_type=sa.String(60)
        )
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "try_counters",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("tries", sa.JSON(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_try_counters")),
    )
    op.create_index(op.f("ix_try_counters_expires_at"), "try_counters", ["expires_at"])
    op.create_table(
        "security_questions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(40), nullable=False),
        sa.Column("answer_hash", sa.String(200), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_security_questions_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_security_questions")),
        sa.UniqueConstraint(
            "user_id", "position", name=op.f("uq_security_questions_user_id_position")
        ),
    )
    op.create_table(
        "reset_codes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("given_by", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["users.id"],
            name=op.f("fk_reset_codes_user_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["given_by"], ["users.id"], name=op.f("fk_reset_codes_given_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reset_codes")),
        sa.UniqueConstraint("code_hash", name=op.f("uq_reset_codes_code_hash")),
    )
    op.create_index(op.f("ix_reset_codes_user_id"), "reset_codes", ["user_id"])


def downgrade() -> None:
    for table in ("reset_codes", "security_questions", "try_counters"):
        op.drop_table(table)
    with op.batch_alter_table("login_failures") as batch:
        batch.alter_column(
            "username", type_=sa.String(60), existing_type=sa.String(160)
        )
    op.drop_column("units", "is_shut_above")
    op.drop_column("memberships", "granted")
    op.drop_index(op.f("ix_users_account_type"), table_name="users")
    # Names that fitted one kind of account only would be taken twice.
    op.execute("DELETE FROM users WHERE account_type != ''")
    with op.batch_alter_table("users") as batch:
        batch.drop_constraint(op.f("uq_users_username_account_type"), type_="unique")
        batch.drop_column("account_type")
        batch.alter_column(
            "username", type_=sa.String(60), existing_type=sa.String(100)
        )
        batch.create_unique_constraint(op.f("uq_users_username"), ["username"])
