"""To which address a ticket was offered, as a keyed hash: offered there again, it is the same offer."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of the offers that there are the address is not known: made again, they are other ones."""
    op.add_column("offers", sa.Column("address_hash", sa.LargeBinary(), nullable=True))
