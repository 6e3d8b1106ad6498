"""Single tickets and waiting places, and the people behind them: what requests are about."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.tickets import Eligibility, Place, TicketState
from ticketing.store.rules import IS_ACTIVE
from ticketing.store.seats import EndedPlace

_EVENING_OF = text("select evening_id from tickets where ticket_id = :ticket")
_PLACE = text(
    "select ticket_id, evening_id, participant_id, partner, state, reason from tickets where ticket_id = :ticket"
)
_LIVE_PLACES = text(
    """
    select ticket_id, evening_id, participant_id, partner, state, reason from tickets
    where evening_id = :evening and participant_id = any(:participants) and state <> 'cancelled'
    """
)
_PERSON = f"""
    select p.participant_id, p.partner, {IS_ACTIVE} is true as active
    from evenings e cross join participants p left join partners s on s.slug = p.partner
    where e.evening_id = :evening and not p.erased
"""  # noqa: S608 - constants
_BY_ID = text(f"{_PERSON} and p.participant_id = any(:participants)")
# Of several people who had the address one after the other, the one who takes part.
_BY_ADDRESS = text(
    f"{_PERSON} and p.partner = :partner and p.address_sha256 = :address order by active desc, p.version desc limit 1"
)

_DECLINE = text(
    """
    update tickets t
    set state = 'cancelled', reason = 'declined', ended_at = :now, version = t.version + 1,
        feed_version = case when t.code is null then t.feed_version else t.feed_version + 1 end
    from evenings e
    where t.ticket_id = :ticket and e.evening_id = t.evening_id
    returning t.ticket_id, t.evening_id, e.venue, t.participant_id, t.version, t.feed_version, t.code, t.reason
    """
)

# A place for the colleague to receive the seat in: waiting for an instant, and outside the line.
_ENTER = text(
    """
    insert into tickets (
        ticket_id, evening_id, participant_id, partner, enrolment, state, requested_at, lot, version, feed_version
    )
    select :ticket, :evening, participant_id, partner, enrolled_version, 'waiting', :now, :lot, 0, 0
    from participants where participant_id = :participant
    """
)
# One statement, so that the seat is never free in between: the count of seats held does not change.
_PASS_ON = text(
    """
    update tickets t
    set state = case when t.ticket_id = :given then 'cancelled' else 'issued' end,
        version = t.version + 1,
        feed_version = t.feed_version + 1,
        reason = case when t.ticket_id = :given then 'passed-on' end,
        ended_at = case when t.ticket_id = :given then cast(:now as timestamptz) end,
        code = case when t.ticket_id = :given then t.code else :code end,
        issued_at = case when t.ticket_id = :given then t.issued_at else :now end
    from participants p join partners s on s.slug = p.partner
    where t.ticket_id in (:given, :received) and p.participant_id = t.participant_id
    returning t.ticket_id, t.participant_id, t.version, t.feed_version, t.code, p.holder_name, s.name as partner_name
    """
)


@dataclass(frozen=True, slots=True)
class TransferredTicket:
    """One of the two tickets of a passing on, as it is afterwards, with its holder."""

    ticket_id: UUID
    participant_id: UUID
    version: int
    feed_version: int
    code: str
    holder_name: str
    partner_name: str


async def evening_of(work: UnitOfWork, ticket: UUID) -> UUID | None:
    """Which evening a ticket is for, None for a ticket that there is not."""
    found: UUID | None = (await work.execute(_EVENING_OF, {"ticket": ticket})).scalar()
    return found


async def place(work: UnitOfWork, ticket: UUID) -> Place:
    """The ticket or waiting place with this id, which exists."""
    return _read((await work.execute(_PLACE, {"ticket": ticket})).mappings().one())


async def live_place(work: UnitOfWork, evening: UUID, participant: UUID) -> Place | None:
    """The ticket or waiting place that this person has for the evening."""
    return (await live_places(work, evening, [participant])).get(participant)


async def live_places(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, Place]:
    """The tickets or waiting places that these people have for the evening; who has none is left out."""
    rows = await work.execute(_LIVE_PLACES, {"evening": evening, "participants": list(participants)})
    return {row["participant_id"]: _read(row) for row in rows.mappings()}


async def person(work: UnitOfWork, evening: UUID, participant: UUID) -> Eligibility | None:
    """A participant with regard to this evening; None for somebody never heard of, or erased."""
    return (await people(work, evening, [participant])).get(participant)


async def people(work: UnitOfWork, evening: UUID, participants: Collection[UUID]) -> dict[UUID, Eligibility]:
    """Those of these participants that there are, with regard to this evening."""
    rows = await work.execute(_BY_ID, {"evening": evening, "participants": list(participants)})
    return {row["participant_id"]: Eligibility(**row) for row in rows.mappings()}


async def person_at(work: UnitOfWork, evening: UUID, partner: str, address_sha256: bytes) -> Eligibility | None:
    """The partner's participant with this address, with regard to this evening."""
    parameters = {"evening": evening, "partner": partner, "address": address_sha256}
    row = (await work.execute(_BY_ADDRESS, parameters)).mappings().one_or_none()
    return Eligibility(**row) if row else None


async def decline(work: UnitOfWork, ticket: UUID) -> EndedPlace:
    """Gives the ticket or waiting place up."""
    return EndedPlace(**(await work.execute(_DECLINE, {"ticket": ticket, "now": work.now})).mappings().one())


async def enter(work: UnitOfWork, *, ticket: UUID, evening: UUID, participant: UUID, tiebreaker: bytes) -> None:
    """Makes a place of version 0 to pass a ticket on into, in the same transaction."""
    parameters = {"ticket": ticket, "evening": evening, "participant": participant, "lot": tiebreaker, "now": work.now}
    await work.execute(_ENTER, parameters)


async def pass_on(
    work: UnitOfWork, *, given: UUID, received: UUID, code: str
) -> tuple[TransferredTicket, TransferredTicket]:
    """Ends the ticket `given` and makes a ticket with this code of the place `received`; returns both, so ordered."""
    parameters = {"given": given, "received": received, "code": code, "now": work.now}
    rows: Sequence[TransferredTicket] = [
        TransferredTicket(**row) for row in (await work.execute(_PASS_ON, parameters)).mappings()
    ]
    by_id = {each.ticket_id: each for each in rows}
    return by_id[given], by_id[received]


def _read(row: object) -> Place:
    fields = dict(row)  # type: ignore[call-overload]
    return Place(**fields | {"state": TicketState(fields["state"])})
