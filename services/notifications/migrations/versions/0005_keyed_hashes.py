"""Hashes of messages and requests under the service's key; how many messages of a party were refused in a day."""

from alembic import op

from culture_connect.messaging.migrations import count_refusals, key_the_hashes

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    key_the_hashes(op)
    count_refusals(op)
