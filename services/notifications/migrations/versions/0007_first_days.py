"""From which day somebody takes part: the welcome says so."""

from alembic import op

revision = "0007"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Of those known already no day is known: their welcome went long ago, and the next news of them brings it."""
    op.execute("alter table contacts add column starts_on date")
