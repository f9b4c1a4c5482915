"""Keep the yearly round: a unit's part in it, its chain of reviews, threads."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_KEY = "ix_filings_round_id_unit_id_state_step_is_empty_is_closed"


def upgrade() -> None:
    _change_filings()
    _change_units()
    op.add_column(
        "memberships",
        sa.Column(
            "may_import", sa.Boolean(), nullable=False, server_default=sa.false()
        ),
    )
    # Until now every filler could import, and heads were called reviewers.
    op.execute("UPDATE memberships SET may_import = TRUE WHERE role = 'filler'")
    op.execute(
        "UPDATE memberships SET role = 'department_head' WHERE role = 'reviewer'"
    )
    _create_tables()


def downgrade() -> None:
    op.drop_index(op.f("ix_thread_messages_thread_id_id"), table_name="thread_messages")
    op.drop_table("thread_messages")
    op.drop_index(
        op.f("ix_cell_threads_unit_id_round_id_state"), table_name="cell_threads"
    )
    op.drop_index(op.f("ix_cell_threads_filing_id_state"), table_name="cell_threads")
    op.drop_table("cell_threads")
    op.drop_table("looks")
    op.drop_index(op.f("ix_extensions_unit_id_round_id_until"), table_name="extensions")
    op.drop_table("extensions")
    op.drop_index(op.f("ix_decisions_unit_id_round_id_at"), table_name="decisions")
    op.drop_index(op.f("ix_decisions_filing_id_id"), table_name="decisions")
    op.drop_table("decisions")
    op.drop_table("contributions")
    op.drop_table("assignments")
    op.drop_index(op.f("ix_unit_rounds_round_id_state"), table_name="unit_rounds")
    op.drop_table("unit_rounds")
    op.execute(
        "UPDATE memberships SET role = 'reviewer' WHERE role = 'department_head'"
    )
    op.drop_column("memberships", "may_import")
    op.drop_index(op.f("ix_units_path"), table_name="units")
    op.drop_column("units", "path")
    op.drop_index(op.f(_KEY), table_name="filings")
    with op.batch_alter_table("filings") as batch:
        batch.drop_constraint(op.f("fk_filings_submitted_by"), type_="foreignkey")
        for name in (
            "submitted_by",
            "submitted_at",
            "submissions",
            "is_closed",
            "step",
        ):
            batch.drop_column(name)
        batch.add_column(sa.Column("department_id", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_filings_department_id"), "departments", ["department_id"], ["id"]
        )
    op.create_index(op.f("ix_filings_round_id_state"), "filings", ["round_id", "state"])


def _change_filings() -> None:
    op.drop_index(op.f("ix_filings_round_id_state"), table_name="filings")
    with op.batch_alter_table("filings") as batch:
        batch.drop_constraint(op.f("fk_filings_department_id"), type_="foreignkey")
        # Which departments supply a form is said once, by its file or `assignments`.
        batch.drop_column("department_id")
        batch.add_column(
            sa.Column("step", sa.String(length=40), nullable=False, server_default="")
        )
        batch.add_column(
            sa.Column(
                "is_closed", sa.Boolean(), nullable=False, server_default=sa.false()
            )
        )
        batch.add_column(
            sa.Column("submissions", sa.Integer(), nullable=False, server_default="0")
        )
        batch.add_column(
            sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True)
        )
        batch.add_column(sa.Column("submitted_by", sa.Integer(), nullable=True))
        batch.create_foreign_key(
            op.f("fk_filings_submitted_by"), "users", ["submitted_by"], ["id"]
        )
    op.create_index(
        op.f(_KEY),
        "filings",
        ["round_id", "unit_id", "state", "step", "is_empty", "is_closed"],
    )


def _change_units() -> None:
    op.add_column(
        "units",
        sa.Column("path", sa.String(length=200), nullable=False, server_default=""),
    )
    op.create_index(op.f("ix_units_path"), "units", ["path"])
    # No unit stood below another one until now.
    op.execute("UPDATE units SET path = '/' || id || '/'")
    op.execute("UPDATE units SET kind = 'province' WHERE kind = 'authority'")


def _create_tables() -> None:
    op.create_table(
        "unit_rounds",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("phases", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=True),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["users.id"], name=op.f("fk_unit_rounds_opened_by")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_unit_rounds_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_unit_rounds_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unit_rounds")),
        sa.UniqueConstraint(
            "unit_id", "round_id", name=op.f("uq_unit_rounds_unit_id_round_id")
        ),
    )
    op.create_index(
        op.f("ix_unit_rounds_round_id_state"),
        "unit_rounds",
        ["round_id", "state"],
        unique=False,
    )
    op.create_table(
        "assignments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("form_code", sa.String(length=40), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("scope", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_assignments_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_assignments_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_assignments_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignments")),
        sa.UniqueConstraint(
            "unit_id",
            "round_id",
            "form_code",
            "department_id",
            name=op.f("uq_assignments_unit_id_round_id_form_code_department_id"),
        ),
        sa.UniqueConstraint(
            "unit_id",
            "round_id",
            "form_code",
            "position",
            name=op.f("uq_assignments_unit_id_round_id_form_code_position"),
        ),
    )
    op.create_table(
        "contributions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("is_empty", sa.Boolean(), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_contributions_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["filings.id"], name=op.f("fk_contributions_filing_id")
        ),
        sa.ForeignKeyConstraint(
            ["updated_by"], ["users.id"], name=op.f("fk_contributions_updated_by")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contributions")),
        sa.UniqueConstraint(
            "filing_id",
            "department_id",
            name=op.f("uq_contributions_filing_id_department_id"),
        ),
    )
    op.create_table(
        "decisions",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("remark", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=True),
        sa.Column(
            "undoes_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_decisions_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_decisions_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["filings.id"], name=op.f("fk_decisions_filing_id")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_decisions_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["undoes_id"], ["decisions.id"], name=op.f("fk_decisions_undoes_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_decisions_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(
        op.f("ix_decisions_filing_id_id"),
        "decisions",
        ["filing_id", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_decisions_unit_id_round_id_at"),
        "decisions",
        ["unit_id", "round_id", "at"],
        unique=False,
    )
    op.create_table(
        "extensions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("form_code", sa.String(length=40), nullable=True),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_extensions_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_extensions_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_extensions_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_extensions_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_extensions")),
    )
    op.create_index(
        op.f("ix_extensions_unit_id_round_id_until"),
        "extensions",
        ["unit_id", "round_id", "until"],
        unique=False,
    )
    op.create_table(
        "looks",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column(
            "change_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["filings.id"], name=op.f("fk_looks_filing_id")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_looks_user_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_looks")),
        sa.UniqueConstraint(
            "user_id", "filing_id", name=op.f("uq_looks_user_id_filing_id")
        ),
    )
    op.create_table(
        "cell_threads",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("filing_id", sa.Integer(), nullable=False),
        sa.Column("unit_id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("form_code", sa.String(length=40), nullable=False),
        sa.Column(
            "row_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("row_key", sa.Text(), nullable=False),
        sa.Column("field_id", sa.String(length=60), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(length=40), nullable=False),
        sa.Column(
            "decision_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=True,
        ),
        sa.Column("unlocks", sa.Boolean(), nullable=False),
        sa.Column("value", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("opened_by", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.Integer(), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["closed_by"], ["users.id"], name=op.f("fk_cell_threads_closed_by")
        ),
        sa.ForeignKeyConstraint(
            ["decision_id"], ["decisions.id"], name=op.f("fk_cell_threads_decision_id")
        ),
        sa.ForeignKeyConstraint(
            ["department_id"],
            ["departments.id"],
            name=op.f("fk_cell_threads_department_id"),
        ),
        sa.ForeignKeyConstraint(
            ["filing_id"], ["filings.id"], name=op.f("fk_cell_threads_filing_id")
        ),
        sa.ForeignKeyConstraint(
            ["opened_by"], ["users.id"], name=op.f("fk_cell_threads_opened_by")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"], ["rounds.id"], name=op.f("fk_cell_threads_round_id")
        ),
        sa.ForeignKeyConstraint(
            ["unit_id"], ["units.id"], name=op.f("fk_cell_threads_unit_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cell_threads")),
    )
    op.create_index(
        op.f("ix_cell_threads_filing_id_state"),
        "cell_threads",
        ["filing_id", "state"],
        unique=False,
    )
    op.create_index(
        op.f("ix_cell_threads_unit_id_round_id_state"),
        "cell_threads",
        ["unit_id", "round_id", "state"],
        unique=False,
    )
    op.create_table(
        "thread_messages",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("thread_id", sa.Integer(), nullable=False),
        sa.Column("actor_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=40), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["actor_id"], ["users.id"], name=op.f("fk_thread_messages_actor_id")
        ),
        sa.ForeignKeyConstraint(
            ["thread_id"],
            ["cell_threads.id"],
            name=op.f("fk_thread_messages_thread_id"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_thread_messages")),
    )
    op.create_index(
        op.f("ix_thread_messages_thread_id_id"),
        "thread_messages",
        ["thread_id", "id"],
        unique=False,
    )
