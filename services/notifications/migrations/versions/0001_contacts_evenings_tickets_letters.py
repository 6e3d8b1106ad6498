"""Contacts, evenings and tickets as others told them, and the letters.

Revision ID: 0001
"""

from alembic import op

from culture_connect.messaging.migrations import create_messaging_tables

revision = "0001"
down_revision = None

_STATEMENTS = (
    """
    create table contacts (
        participant_id uuid primary key,
        person_version integer not null,
        given_name text,
        family_name text,
        email text,
        language text,
        erased boolean not null,
        term_version integer not null,
        withdrawn_on date,
        constraint contacts_erased
            check (not erased or num_nonnulls(given_name, family_name, email, language) = 0)
    )
    """,
    """
    create table evenings (
        evening_id uuid primary key,
        version integer not null,
        day date not null,
        cancelled boolean not null,
        details jsonb not null
    )
    """,
    """
    create table tickets (
        ticket_id uuid primary key,
        participant_id uuid not null,
        evening_id uuid not null,
        version integer not null,
        standing text,
        details jsonb not null
    )
    """,
    "create index tickets_of_participant on tickets (participant_id)",
    """
    create table letters (
        letter_id uuid primary key,
        participant_id uuid not null,
        evening_id uuid not null,
        kind text not null,
        ticket_id uuid not null,
        ticket_version integer not null,
        sequence integer not null,
        state text not null,
        reason text,
        attempts integer not null,
        due_at timestamptz not null,
        claim uuid,
        contents jsonb,
        planned_at timestamptz not null,
        written_at timestamptz,
        sent_at timestamptz,
        constraint letters_once unique (participant_id, evening_id, kind, ticket_id, ticket_version),
        constraint letters_state check (state in ('planned', 'sending', 'sent', 'failed', 'suppressed')),
        constraint letters_sent check ((state = 'sent') = (sent_at is not null)),
        constraint letters_claimed check (state <> 'sending' or claim is not null)
    )
    """,
    "create index letters_due on letters (due_at) where state in ('planned', 'sending')",
    "create index letters_of_ticket on letters (ticket_id)",
    "create index letters_newest on letters (planned_at, letter_id)",
    "create index letters_of_evening on letters (evening_id, planned_at, letter_id)",
    "create index letters_by_state on letters (state)",
    # Every letter is updated twice on its way: clean up by the row, not by the fifth of a table.
    "alter table letters set (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 1000)",
)


def upgrade() -> None:
    """Creates everything."""
    create_messaging_tables(op)
    for statement in _STATEMENTS:
        op.execute(statement)
