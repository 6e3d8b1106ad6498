"""Codes of a ticket one after the other: whoever's address is corrected gets a new one, and the old one ends."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Every code that there is counts."""
    op.add_column("tickets", sa.Column("generation", sa.Integer(), nullable=False, server_default="1"))
    op.add_column("tickets", sa.Column("replaced_at", sa.DateTime(timezone=True), nullable=True))
