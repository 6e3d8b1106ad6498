"""Letters that are of no ticket's own: invitations, and offers of a ticket to a colleague.

Revision ID: 0002
"""

from alembic import op

revision = "0002"
down_revision = "0001"

_STATEMENTS = (
    """
    alter table letters
        alter column ticket_id drop not null,
        alter column ticket_version drop not null,
        add column offer_id uuid,
        add column holder_id uuid,
        add column details jsonb,
        add constraint letters_one_an_offer unique (offer_id),
        add constraint letters_about check (
            case kind
                when 'invitation' then
                    num_nonnulls(ticket_id, ticket_version, offer_id, holder_id) = 0 and details is not null
                when 'ticket-offered' then
                    num_nonnulls(ticket_id, offer_id, details) = 3 and ticket_version is null
                else num_nonnulls(ticket_id, ticket_version) = 2 and num_nonnulls(offer_id, holder_id, details) = 0
            end
        )
    """,
    "create index letters_of_holder on letters (holder_id) where holder_id is not null",
)


def upgrade() -> None:
    """Widens the table of letters."""
    for statement in _STATEMENTS:
        op.execute(statement)
