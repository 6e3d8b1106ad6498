"""Partners, participants, evenings, and the guard that counts places.

Revision ID: 0001
"""

from alembic import op

from culture_connect.messaging.migrations import create_messaging_tables

revision = "0001"
down_revision = None

_TABLES = (
    """
    create table partners (
        slug text primary key,
        name text not null,
        places integer not null,
        active integer not null default 0,
        language text not null,
        contact_email text,
        starts_on date not null,
        ends_on date not null,
        version integer not null,
        registered_at timestamptz not null,
        constraint partners_places check (active between 0 and places),
        constraint partners_term check (starts_on <= ends_on),
        constraint partners_language check (language in ('nl', 'en'))
    )
    """,
    """
    create table participants (
        participant_id uuid primary key,
        partner text not null references partners (slug),
        employee_ref text,
        standing text not null,
        given_name text,
        family_name text,
        email text,
        email_key text,
        language text,
        starts_on date,
        ends_on date,
        leaves_on date,
        version integer not null,
        changed_at timestamptz not null,
        constraint participants_standing check (standing in ('enrolled', 'withdrawn', 'erased')),
        constraint participants_person check (
            num_nonnulls(employee_ref, given_name, family_name, email, email_key, language)
            = case when standing = 'erased' then 0 else 6 end
        ),
        constraint participants_version check (version > 0)
    )
    """,
    "create unique index participants_employee on participants (partner, employee_ref)",
    "create unique index participants_email on participants (partner, email_key) where standing = 'enrolled'",
    """
    create index participants_of_partner on participants (partner, participant_id)
        where standing <> 'erased' and employee_ref is not null
    """,
    """
    create index participants_last_day on participants (partner, least(leaves_on, ends_on + 1))
        where standing = 'enrolled' and coalesce(leaves_on, ends_on) is not null
    """,
    """
    create table evenings (
        evening_id uuid primary key,
        season text not null,
        venue text not null,
        day date not null,
        starts_at timestamptz not null,
        details jsonb not null,
        version integer not null,
        cancelled_at timestamptz,
        reason jsonb,
        constraint evenings_reason check (reason is null or cancelled_at is not null)
    )
    """,
    "create unique index evenings_one_a_day on evenings (season, day) where cancelled_at is null",
    "create index evenings_of_season on evenings (season, starts_at, evening_id)",
)

# By the statement, not by the row: hundreds of participants are written at once. In one `insert ... on conflict`
# PostgreSQL runs the update trigger before the insert trigger, so places that come free are counted first.
_GUARD = (
    """
    create function count_active_inserted() returns trigger language plpgsql as $$
    begin
        update partners set active = active + counted.enrolled
        from (select partner, count(*) as enrolled from new_rows where standing = 'enrolled' group by partner) counted
        where slug = counted.partner;
        return null;
    end $$
    """,
    """
    create function count_active_updated() returns trigger language plpgsql as $$
    begin
        update partners set active = active + counted.difference
        from (
            select partner, sum(enrolled) as difference
            from (
                select partner, 1 as enrolled from new_rows where standing = 'enrolled'
                union all
                select partner, -1 from old_rows where standing = 'enrolled'
            ) steps
            group by partner
        ) counted
        where slug = counted.partner and counted.difference <> 0;
        return null;
    end $$
    """,
    """
    create trigger count_active_inserted after insert on participants
        referencing new table as new_rows
        for each statement execute function count_active_inserted()
    """,
    """
    create trigger count_active_updated after update on participants
        referencing old table as old_rows new table as new_rows
        for each statement execute function count_active_updated()
    """,
)


def upgrade() -> None:
    """Makes everything in the schema of the connection."""
    create_messaging_tables(op)
    for statement in (*_TABLES, *_GUARD):
        op.execute(statement)
