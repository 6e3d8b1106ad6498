"""Waiting places know how many tickets their people hold for other evenings, in the index of the line."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Places that are there are counted when a seat of their evening next comes free.

    So are those that a replica of the version before adds while it still runs: they have no count.
    """
    op.add_column("tickets", sa.Column("others", sa.Integer))
    op.drop_index("tickets_line", "tickets")
    op.create_index(
        "tickets_line",
        "tickets",
        ["evening_id", "partner", "others", "requested_at", "lot"],
        postgresql_where=sa.text("state = 'waiting'"),
        postgresql_include=["participant_id"],
    )
    op.create_index(
        "tickets_uncounted",
        "tickets",
        ["evening_id"],
        postgresql_where=sa.text("state = 'waiting' and others is null"),
    )
    op.create_table(
        "line_watermarks",
        sa.Column("evening_id", sa.Uuid, sa.ForeignKey("evenings.evening_id"), primary_key=True),
        sa.Column("other_id", sa.Uuid, primary_key=True),
        sa.Column("decision_id", sa.BigInteger),
    )
