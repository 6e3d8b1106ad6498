"""Partners, participants, evenings, tickets and scans, the guard of the seats, and the tables of the bus kit."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from culture_connect.messaging.migrations import create_messaging_tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Counting lives in the database, so that no statement of any replica can sell a seat twice. Capacity may shrink
# below what is held (allocation rules, "Changes"): only taking a seat is checked, not holding one.
COUNT_SEATS = """
create function count_seats(an_evening uuid, more_issued bigint, more_admitted bigint, more_waiting bigint)
returns void language plpgsql set search_path from current as $$
declare
    is_oversold boolean;
begin
    update evenings
    set issued = issued + more_issued, admitted = admitted + more_admitted, waiting = waiting + more_waiting
    where evening_id = an_evening
    returning issued + admitted > capacity into is_oversold;
    if is_oversold and more_issued + more_admitted > 0 then
        raise exception 'evening % has no seat left', an_evening
            using errcode = 'check_violation', constraint = 'evenings_never_oversold';
    end if;
end $$
"""

FOLLOW_TICKETS = """
create function follow_tickets() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        perform count_seats(
            evening_id,
            count(*) filter (where state = 'issued'),
            count(*) filter (where state = 'admitted'),
            count(*) filter (where state = 'waiting')
        ) from became group by evening_id order by evening_id;
    elsif tg_op = 'DELETE' then
        perform count_seats(
            evening_id,
            -count(*) filter (where state = 'issued'),
            -count(*) filter (where state = 'admitted'),
            -count(*) filter (where state = 'waiting')
        ) from was group by evening_id order by evening_id;
    else
        perform count_seats(evening_id, issued, admitted, waiting)
        from (
            select
                evening_id,
                coalesce(sum(change) filter (where state = 'issued'), 0)::bigint as issued,
                coalesce(sum(change) filter (where state = 'admitted'), 0)::bigint as admitted,
                coalesce(sum(change) filter (where state = 'waiting'), 0)::bigint as waiting
            from (
                select evening_id, state, 1 as change from became
                union all
                select evening_id, state, -1 from was
            ) as changes
            group by evening_id
            order by evening_id
        ) as sums
        where (issued, admitted, waiting) is distinct from (0, 0, 0);
    end if;
    return null;
end $$
"""


def upgrade() -> None:
    """Makes everything in the schema of the connection."""
    create_messaging_tables(op)
    _partners_and_participants()
    _evenings()
    _tickets()
    _scans()
    _guard()


def _partners_and_participants() -> None:
    op.create_table(
        "partners",
        sa.Column("slug", sa.Text, primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("places", sa.Integer, nullable=False),
        sa.Column("has_left", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
    )
    op.create_table(
        "participants",
        sa.Column("participant_id", sa.Uuid, primary_key=True),
        sa.Column("partner", sa.Text),
        sa.Column("holder_name", sa.Text),
        sa.Column("starts_on", sa.Date),
        sa.Column("ends_on", sa.Date),
        sa.Column("active_until", sa.Date),
        sa.Column("requested_at", sa.DateTime(timezone=True)),
        sa.Column("withdrawn_on", sa.Date),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("enrolled_version", sa.Integer, nullable=False),
        sa.Column("withdrawn_version", sa.Integer, nullable=False),
        sa.Column("erased", sa.Boolean, nullable=False),
    )
    op.create_index("participants_of_partner", "participants", ["partner"])


def _evenings() -> None:
    op.create_table(
        "evenings",
        sa.Column("evening_id", sa.Uuid, primary_key=True),
        sa.Column("venue", sa.Text, nullable=False),
        sa.Column("season", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("capacity", sa.Integer, nullable=False),
        sa.Column("admission", sa.Text, nullable=False),
        sa.Column("cancelled", sa.Boolean, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("details", JSONB, nullable=False),
        sa.Column("issued", sa.Integer, nullable=False, server_default="0"),
        sa.Column("admitted", sa.Integer, nullable=False, server_default="0"),
        sa.Column("waiting", sa.Integer, nullable=False, server_default="0"),
        sa.CheckConstraint("issued >= 0 and admitted >= 0 and waiting >= 0", name="evenings_counts"),
        sa.CheckConstraint("capacity >= 0", name="evenings_capacity"),
        sa.CheckConstraint("admission in ('automatic', 'on_request')", name="evenings_admission"),
    )
    op.create_index("evenings_to_come", "evenings", ["starts_at"])


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("ticket_id", sa.Uuid, primary_key=True),
        sa.Column("evening_id", sa.Uuid, sa.ForeignKey("evenings.evening_id"), nullable=False),
        sa.Column("participant_id", sa.Uuid, sa.ForeignKey("participants.participant_id"), nullable=False),
        sa.Column("partner", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lot", sa.LargeBinary, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("feed_version", sa.Integer, nullable=False),
        sa.Column("code", sa.Text),
        sa.Column("issued_at", sa.DateTime(timezone=True)),
        sa.Column("admitted_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint("state in ('waiting', 'issued', 'admitted', 'cancelled')", name="tickets_state"),
        sa.CheckConstraint("code is not null or state in ('waiting', 'cancelled')", name="tickets_with_code"),
        sa.CheckConstraint("(code is null) = (issued_at is null)", name="tickets_issued_at"),
        sa.CheckConstraint("(state = 'admitted') = (admitted_at is not null)", name="tickets_admitted_at"),
        sa.CheckConstraint(
            "(state = 'cancelled') = (reason is not null) and (reason is null) = (ended_at is null)",
            name="tickets_ended",
        ),
    )
    op.create_index(
        "tickets_one_live_place",
        "tickets",
        ["evening_id", "participant_id"],
        unique=True,
        postgresql_where=sa.text("state <> 'cancelled'"),
    )
    op.create_index(
        "tickets_line",
        "tickets",
        ["evening_id", "requested_at", "lot"],
        postgresql_where=sa.text("state = 'waiting'"),
    )


def _scans() -> None:
    op.create_table(
        "scans",
        sa.Column("venue", sa.Text, primary_key=True),
        sa.Column("scan_id", sa.Text, primary_key=True),
        sa.Column("evening_id", sa.Uuid, nullable=False),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("scanned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("scanner", sa.Text, nullable=False),
        sa.Column("entrance", sa.Text),
        sa.Column("refusal", sa.Text),
        sa.Column("first_admitted_at", sa.DateTime(timezone=True)),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
    )


def _guard() -> None:
    op.execute(COUNT_SEATS)
    op.execute(FOLLOW_TICKETS)
    for event, tables in (
        ("insert", "new table as became"),
        ("update", "old table as was new table as became"),
        ("delete", "old table as was"),
    ):
        op.execute(
            f"create trigger tickets_counted_on_{event} after {event} on tickets "
            f"referencing {tables} for each statement execute function follow_tickets()"
        )
