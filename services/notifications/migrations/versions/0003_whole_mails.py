"""Every letter of the programme: several in one mail, timers, partners, preferences, bounces.

Revision ID: 0003
"""

from alembic import op

revision = "0003"
down_revision = "0002"

_STATEMENTS = (
    """
    alter table contacts
        add column partner text,
        add column joined_on date,
        add column left_on date,
        add column unsubscribe uuid default gen_random_uuid() unique,
        add column reminders_off_at timestamptz,
        drop constraint contacts_erased
    """,
    "update contacts set unsubscribe = null where erased",
    """
    alter table contacts add constraint contacts_erased
        check (not erased or num_nonnulls(given_name, family_name, email, language, unsubscribe) = 0)
    """,
    "create index contacts_of_partner on contacts (partner)",
    """
    create table partners (
        slug text primary key,
        version integer not null,
        name text not null,
        language text not null,
        places integer not null,
        contact_email text,
        starts_on date,
        ends_on date,
        has_left boolean not null,
        unsubscribe uuid not null default gen_random_uuid() unique,
        digest_off_at timestamptz
    )
    """,
    # An evening that others speak of gets a row before it is told: so there is something to lock.
    """
    alter table evenings
        alter column day drop not null,
        alter column details drop not null,
        add column starts_at timestamptz,
        add column ends_at timestamptz,
        add constraint evenings_told check (version = 0 or num_nonnulls(day, details, starts_at, ends_at) = 4)
    """,
    """
    create table evening_versions (
        evening_id uuid not null,
        version integer not null,
        told_at timestamptz not null,
        details jsonb not null,
        primary key (evening_id, version)
    )
    """,
    "alter table tickets add column issued_at timestamptz",
    "create index tickets_of_evening on tickets (evening_id, ticket_id)",
    """
    alter table letters
        alter column participant_id drop not null,
        alter column evening_id drop not null,
        alter column sequence drop not null,
        alter column due_at drop not null,
        add column partner text,
        add column bundle text,
        add column mail_id uuid,
        add column evening_version integer,
        add column wanted_at timestamptz,
        add column domain text,
        add column deferred_since timestamptz,
        add column ended_at timestamptz,
        add column repeats uuid,
        drop constraint letters_once,
        drop constraint letters_one_an_offer,
        drop constraint letters_about,
        drop constraint letters_sent
    """,
    """
    update letters set
        wanted_at = planned_at,
        mail_id = case when contents is not null then letter_id end,
        ended_at = case when state in ('sent', 'failed', 'suppressed') then coalesce(sent_at, planned_at) end,
        evening_version = (contents -> 'evening' ->> 'version')::integer,
        sequence = case when contents is not null and kind in ('ticket-issued', 'ticket-cancelled') then sequence end,
        domain = (
            select split_part(contacts.email, '@', 2) from contacts
            where contacts.participant_id = letters.participant_id
        ),
        contents = case when contents is not null then jsonb_build_object(
            'recipient', contents -> 'recipient',
            'pieces', jsonb_build_array(jsonb_build_object(
                'letter_id', letter_id, 'kind', kind, 'evening', contents -> 'evening', 'ticket', contents -> 'ticket',
                'giver', contents -> 'holder_name',
                'sequence', case when kind in ('ticket-issued', 'ticket-cancelled') then sequence end
            ))
        ) end
    """,
    """
    alter table letters
        add constraint letters_addressee check (num_nonnulls(participant_id, partner) = 1),
        add constraint letters_sent check (state <> 'sent' or sent_at is not null),
        add constraint letters_ended check (ended_at is null or state in ('sent', 'failed', 'suppressed'))
    """,
    "drop index letters_due",
    """
    create index letters_due on letters (domain, due_at)
    where state in ('planned', 'sending') and domain is not null and due_at is not null
    """,
    "create index letters_of_participant on letters (participant_id, evening_id)",
    "create index letters_of_mail on letters (mail_id) where mail_id is not null",
    "create index letters_kept on letters (ended_at) where contents is not null or details is not null",
    "drop index letters_by_state",
    "create index letters_tally on letters (state, kind, reason)",
    "create index letters_wanted on letters (wanted_at) where state in ('planned', 'sending')",
    # The pace of all replicas together, in one row.
    """
    create table pace (
        single boolean primary key default true check (single),
        next_at timestamptz not null
    )
    """,
    "insert into pace (next_at) values (now())",
)


def upgrade() -> None:
    """Adds what the other letters need."""
    for statement in _STATEMENTS:
        op.execute(statement)
