"""Keeps when the last command about each employee was sent, also about those whom nobody knew.

Revision ID: 0004
"""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_STATEMENTS = (
    "alter table participants add column last_command_at timestamptz",
    # A list that confirms everybody writes this column of every row: with room for all of them no index is touched.
    "alter table participants set (fillfactor = 50)",
    "alter table tombstones add column last_command_at timestamptz",
    "alter table tombstones alter column participant_id drop not null",
    "alter table tombstones alter column erased_at drop not null",
    """
    alter table tombstones add constraint tombstones_of_something check (
        (participant_id is null) = (erased_at is null) and num_nonnulls(erased_at, last_command_at) > 0
    )
    """,
    "create index tombstones_of_unknown on tombstones (last_command_at) where participant_id is null",
)


def upgrade() -> None:
    """Changes the schema of the connection."""
    for statement in _STATEMENTS:
        op.execute(statement)
