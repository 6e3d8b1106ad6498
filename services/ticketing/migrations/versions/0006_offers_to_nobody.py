"""Offers to addresses where nobody can have the ticket, and an index to count offers by."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """The offers that there are all have somebody."""
    op.alter_column("offers", "participant_id", existing_type=sa.Uuid(), nullable=True)
    op.create_index("offers_of_ticket", "offers", ["ticket_id", "made_at"])
