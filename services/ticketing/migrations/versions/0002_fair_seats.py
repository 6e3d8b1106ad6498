"""Allotments and counts by partner, wishes, decisions, timers, personal pages, offers; anonymous tickets."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Moment = sa.DateTime(timezone=True)
LIVE = "state in ('issued', 'admitted')"

# Counting lives in the database, so that no statement of any replica can sell a seat twice. Capacity may shrink
# below what is held (allocation rules, "Changes"): only taking a seat is checked, not holding one.
#
# The row of an evening is written once per statement, however many partners the statement touches: what one
# transaction leaves behind of a row is walked over by every later look at it, and each new ticket looks at its evening.
COUNT_SEATS = """
create function count_seats(
    evening_ids uuid[], partners text[], more_issued bigint[], more_admitted bigint[], more_waiting bigint[]
)
returns void language plpgsql set search_path from current as $$
declare
    change record;
    is_oversold boolean;
    counted bigint;
begin
    for change in
        select evening_id, sum(issued)::bigint as issued, sum(admitted)::bigint as admitted,
            sum(waiting)::bigint as waiting
        from unnest(evening_ids, more_issued, more_admitted, more_waiting)
            as each (evening_id, issued, admitted, waiting)
        group by evening_id order by evening_id
    loop
        update evenings
        set issued = issued + change.issued, admitted = admitted + change.admitted, waiting = waiting + change.waiting
        where evening_id = change.evening_id
        returning issued + admitted > capacity into is_oversold;
        if is_oversold and change.issued + change.admitted > 0 then
            raise exception 'evening % has no seat left', change.evening_id
                using errcode = 'check_violation', constraint = 'evenings_never_oversold';
        end if;
    end loop;
    update shares s
    set issued = s.issued + each.issued, admitted = s.admitted + each.admitted, waiting = s.waiting + each.waiting
    from unnest(evening_ids, partners, more_issued, more_admitted, more_waiting)
        as each (evening_id, partner, issued, admitted, waiting)
    where (s.evening_id, s.partner) = (each.evening_id, each.partner);
    get diagnostics counted = row_count;
    if counted < cardinality(evening_ids) then
        insert into shares (evening_id, partner, issued, admitted, waiting)
        select * from unnest(evening_ids, partners, more_issued, more_admitted, more_waiting)
            as each (evening_id, partner, issued, admitted, waiting)
        where not exists (select from shares s where (s.evening_id, s.partner) = (each.evening_id, each.partner));
    end if;
end $$
"""

FOLLOW_TICKETS = """
create or replace function follow_tickets() returns trigger language plpgsql set search_path from current as $$
begin
    if tg_op = 'INSERT' then
        perform count_seats(
            array_agg(evening_id), array_agg(partner), array_agg(issued), array_agg(admitted), array_agg(waiting)
        )
        from (
            select
                evening_id,
                partner,
                count(*) filter (where state = 'issued') as issued,
                count(*) filter (where state = 'admitted') as admitted,
                count(*) filter (where state = 'waiting') as waiting
            from became group by evening_id, partner
        ) as sums;
    elsif tg_op = 'DELETE' then
        perform count_seats(
            array_agg(evening_id), array_agg(partner), array_agg(issued), array_agg(admitted), array_agg(waiting)
        )
        from (
            select
                evening_id,
                partner,
                -count(*) filter (where state = 'issued') as issued,
                -count(*) filter (where state = 'admitted') as admitted,
                -count(*) filter (where state = 'waiting') as waiting
            from was group by evening_id, partner
        ) as sums;
    else
        perform count_seats(
            array_agg(evening_id), array_agg(partner), array_agg(issued), array_agg(admitted), array_agg(waiting)
        )
        from (
            select
                evening_id,
                partner,
                coalesce(sum(change) filter (where state = 'issued'), 0)::bigint as issued,
                coalesce(sum(change) filter (where state = 'admitted'), 0)::bigint as admitted,
                coalesce(sum(change) filter (where state = 'waiting'), 0)::bigint as waiting
            from (
                select evening_id, partner, state, 1 as change from became
                union all
                select evening_id, partner, state, -1 from was
            ) as changes
            group by evening_id, partner
        ) as sums
        where (issued, admitted, waiting) is distinct from (0, 0, 0);
    end if;
    return null;
end $$
"""


def upgrade() -> None:
    """Takes what is there along: nobody loses a seat or a place by this."""
    _people()
    _evenings()
    _tickets()
    _seat_requests()
    _pages_and_offers()
    _decisions()
    op.create_index(
        "scans_admitted_once", "scans", ["ticket_id"], unique=True, postgresql_where=sa.text("refusal is null")
    )


def _people() -> None:
    op.add_column("partners", sa.Column("starts_on", sa.Date))
    op.add_column("partners", sa.Column("ends_on", sa.Date))
    op.add_column("participants", sa.Column("language", sa.Text))
    op.add_column("participants", sa.Column("address_sha256", sa.LargeBinary))
    op.create_index("participants_by_address", "participants", ["partner", "address_sha256"])


def _evenings() -> None:
    op.add_column("evenings", sa.Column("release_at", Moment))
    op.execute("update evenings set release_at = (details ->> 'release_at')::timestamptz")
    op.alter_column("evenings", "release_at", nullable=False)
    op.add_column("evenings", sa.Column("allotted", sa.Boolean, nullable=False, server_default="false"))
    op.create_table(
        "timers",
        sa.Column("evening_id", sa.Uuid, sa.ForeignKey("evenings.evening_id"), primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("due_at", Moment, nullable=False),
        sa.CheckConstraint("kind in ('release', 'closing')", name="timers_kind"),
    )
    op.create_index("timers_due", "timers", ["due_at"])
    op.execute(
        """
        insert into timers (evening_id, kind, due_at)
        select evening_id, kind, due_at
        from evenings cross join lateral (values ('release', release_at), ('closing', closes_at)) as each (kind, due_at)
        where not cancelled and starts_at > now() and due_at > now()
        """
    )
    op.create_table(
        "shares",
        sa.Column("evening_id", sa.Uuid, sa.ForeignKey("evenings.evening_id"), primary_key=True),
        sa.Column("partner", sa.Text, primary_key=True),
        sa.Column("allotment", sa.Integer, nullable=False, server_default="0"),
        sa.Column("issued", sa.Integer, nullable=False, server_default="0"),
        sa.Column("admitted", sa.Integer, nullable=False, server_default="0"),
        sa.Column("waiting", sa.Integer, nullable=False, server_default="0"),
        sa.CheckConstraint("allotment >= 0 and issued >= 0 and admitted >= 0 and waiting >= 0", name="shares_counts"),
    )
    op.execute(
        """
        insert into shares (evening_id, partner, issued, admitted, waiting)
        select evening_id, partner, count(*) filter (where state = 'issued'),
            count(*) filter (where state = 'admitted'), count(*) filter (where state = 'waiting')
        from tickets where state <> 'cancelled' group by evening_id, partner
        """
    )
    op.execute(COUNT_SEATS)
    op.execute(FOLLOW_TICKETS)
    op.execute("drop function count_seats(uuid, bigint, bigint, bigint)")


def _tickets() -> None:
    op.add_column("tickets", sa.Column("enrolment", sa.Integer))
    op.execute(
        """
        update tickets t set enrolment = p.enrolled_version
        from participants p where p.participant_id = t.participant_id
        """
    )
    op.alter_column("tickets", "enrolment", nullable=False)
    op.alter_column("tickets", "participant_id", nullable=True)
    op.create_check_constraint("tickets_anonymous", "tickets", "participant_id is not null or state <> 'waiting'")
    op.drop_index("tickets_line", "tickets")
    op.create_index(
        "tickets_line",
        "tickets",
        ["evening_id", "partner", "requested_at", "lot"],
        postgresql_where=sa.text("state = 'waiting'"),
        postgresql_include=["participant_id"],
    )
    op.create_index("tickets_of_participant", "tickets", ["participant_id"])
    # From the people to their evenings, and from an evening to its people.
    op.create_index("tickets_of_holder", "tickets", ["participant_id", "evening_id"], postgresql_where=sa.text(LIVE))
    op.create_index("tickets_held", "tickets", ["evening_id", "participant_id"], postgresql_where=sa.text(LIVE))


def _seat_requests() -> None:
    op.create_table(
        "wishes",
        sa.Column("evening_id", sa.Uuid, sa.ForeignKey("evenings.evening_id"), primary_key=True),
        sa.Column("participant_id", sa.Uuid, primary_key=True),
        sa.Column("enrolment", sa.Integer, nullable=False),
        sa.Column("wish", sa.Text, nullable=False),
        sa.Column("asked_at", Moment),
        sa.CheckConstraint("wish in ('invited', 'asked', 'declined')", name="wishes_wish"),
        sa.CheckConstraint("(wish = 'asked') = (asked_at is not null)", name="wishes_asked_at"),
    )
    op.create_index("wishes_of_participant", "wishes", ["participant_id"])


def _pages_and_offers() -> None:
    op.create_table(
        "pages",
        sa.Column("secret_sha256", sa.LargeBinary, primary_key=True),
        sa.Column("evening_id", sa.Uuid, nullable=False),
        sa.Column("participant_id", sa.Uuid, nullable=False),
    )
    op.create_index("pages_of_participant", "pages", ["participant_id"])
    op.create_table(
        "offers",
        sa.Column("offer_id", sa.Uuid, primary_key=True),
        sa.Column("ticket_id", sa.Uuid, sa.ForeignKey("tickets.ticket_id"), nullable=False),
        sa.Column("evening_id", sa.Uuid, nullable=False),
        sa.Column("participant_id", sa.Uuid, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("made_at", Moment, nullable=False),
        sa.CheckConstraint("state in ('open', 'accepted', 'refused', 'taken-back')", name="offers_state"),
    )
    op.create_index("offers_one_open", "offers", ["ticket_id"], unique=True, postgresql_where=sa.text("state = 'open'"))
    op.create_index("offers_to_participant", "offers", ["participant_id"])


def _decisions() -> None:
    op.create_table(
        "decisions",
        sa.Column("decision_id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("evening_id", sa.Uuid, nullable=False),
        sa.Column("participant_id", sa.Uuid),
        sa.Column("ticket_id", sa.Uuid),
        sa.Column("decided_at", Moment, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.Column("rule", sa.Text, nullable=False),
        sa.Column("figures", JSONB, nullable=False),
        sa.CheckConstraint("outcome in ('granted', 'promoted', 'waiting', 'lost')", name="decisions_outcome"),
    )
    op.create_index("decisions_of_evening", "decisions", ["evening_id", "decision_id"])
    op.create_index("decisions_of_participant", "decisions", ["participant_id", "evening_id", "decision_id"])
