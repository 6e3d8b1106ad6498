"""The bus kit's lanes, leases and retries; its inbox in a narrower form."""

from alembic import op

from culture_connect.messaging.migrations import add_lanes_leases_and_retries

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    add_lanes_leases_and_retries(op)
