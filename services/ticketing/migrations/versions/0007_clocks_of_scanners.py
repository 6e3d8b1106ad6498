"""Scans know when they were by our clock, whether they were told late, and by which code."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The scans that there are count as of the moment that their scanners said, as they did."""
    op.add_column("scans", sa.Column("code_hash", sa.LargeBinary))
    op.add_column("scans", sa.Column("sent_at", sa.DateTime(timezone=True)))
    op.add_column("scans", sa.Column("offline", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("scans", sa.Column("counted_at", sa.DateTime(timezone=True)))
    op.add_column("scans", sa.Column("clock_implausible", sa.Boolean, nullable=False, server_default="false"))
    op.add_column("scans", sa.Column("double_entry", sa.Boolean, nullable=False, server_default="false"))
