"""Giving out seats: whoever may no longer have a place loses it, then the line and the newcomers are served.

Everything that can change who has a seat ends here, with the scope of what it touched, so the outcome is the same
whichever event came first or however the bus cut them into batches. The only seats that change hands elsewhere are
those that one colleague gives another (`offering`), which nobody else may have.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from culture_connect.contracts import Envelope
from culture_connect.messaging import UnitOfWork
from ticketing import events
from ticketing.domain.allocation import Candidate, Seats, lot, places_of, serve
from ticketing.domain.decisions import Decision, Outcome
from ticketing.store import decisions, next_waiting, personal_pages, seats, waiting_list
from ticketing.store.decisions import Kept
from ticketing.store.next_waiting import Waiting
from ticketing.store.seats import Newcomer, Scope, Standing
from ticketing.tickets.issuer import Issuer

# How many places are written and told at once: an evening for a hundred thousand takes no more memory for its
# messages than one for a thousand, and other requests come to their turn after each portion.
PORTION = 250
_MANY = 1000  # places after which the planner's figures are out of date

T = TypeVar("T")

# The message that led to an event: by evening and participant.
CauseOf = Callable[[UUID, UUID | None], Envelope | None]


def nothing_caused_it(_: UUID, __: UUID | None) -> None:
    """For what a moment or a request brings about, and no message."""


async def settle(
    work: UnitOfWork, scope: Scope, issuer: Issuer, cause_of: CauseOf = nothing_caused_it
) -> dict[UUID, dict[UUID, int]]:
    """Settles the places in scope, evening after evening. The caller holds the locks of its evenings.

    Returns by evening who joined the line, with their place in it. Takes the same number of statements for one person
    and for hundreds; beyond that a few for every thousand.
    """
    joined: dict[UUID, dict[UUID, int]] = {}
    if not scope.evenings:
        return joined
    newcomers: Mapping[UUID, Sequence[Newcomer]] = {}
    if not scope.is_about_nobody:
        for portion in portions(await seats.end_places(work, scope)):
            for place in portion:
                events.cancelled(work, place, cause=cause_of(place.evening_id, place.participant_id))
            await work.flush()
        newcomers = await seats.newcomers(work, scope)
    for standing in await seats.standing(work, scope.evenings):
        settling = _Evening(work, standing, issuer, cause_of)
        left = await settling.serve_line() if standing.promoting else standing.seats
        if coming := newcomers.get(standing.evening_id):
            joined[standing.evening_id] = await settling.serve_newcomers(left, coming)
    return joined


class _Evening:
    """The two rounds of one evening."""

    def __init__(self, work: UnitOfWork, standing: Standing, issuer: Issuer, cause_of: CauseOf) -> None:
        self._work = work
        self._standing = standing
        self._evening = standing.evening_id
        self._issuer = issuer
        self._cause_of = cause_of

    async def serve_line(self) -> Seats:
        """Gives free seats to those who wait; returns the seats as they are then.

        "A free seat that a waiting candidate may have goes to the line first." Only the heads are read: of each
        partner as many as it could be granted.
        """
        seats_, waiting = self._standing.seats, self._standing.waiting
        limits = {partner: min(seats_.attainable(partner), number) for partner, number in waiting.items() if number}
        limits = {partner: limit for partner, limit in limits.items() if limit}
        if not limits:
            return seats_
        await next_waiting.recount(self._work, self._evening)
        first = {each.participant_id: each for each in await next_waiting.of_line(self._work, self._evening, limits)}
        round_ = serve(seats_, [each.candidate() for each in first.values()], Outcome.PROMOTED)
        served = [each for each in round_ if each.outcome is Outcome.PROMOTED]
        for portion in portions(served):
            await self._promote(portion, first)
        return _after(seats_, [first[each.participant_id].partner for each in served])

    async def serve_newcomers(self, seats_: Seats, newcomers: Sequence[Newcomer]) -> dict[UUID, int]:
        """Gives newcomers the seats that are left, and the others a place in the line; returns those places."""
        coming = {each.participant_id: each for each in newcomers}
        others = await seats.other_evenings(self._work, self._evening, coming)
        candidates = [
            Candidate(
                each.participant_id,
                each.partner,
                others.get(each.participant_id, 0),
                each.requested_at,
                lot(self._evening, each.participant_id),
            )
            for each in newcomers
        ]
        round_ = serve(seats_, candidates, Outcome.GRANTED)
        tickets: dict[UUID, UUID] = {}
        for portion in portions(round_):
            tickets |= await self._add(portion, coming)
        if len(round_) > _MANY:
            await seats.tell_planner(self._work)
        return await self._tell_waiting(round_, tickets)

    async def _promote(self, portion: Sequence[Decision], first: Mapping[UUID, Waiting]) -> None:
        lucky = [first[each.participant_id] for each in portion]
        links, addresses = await self._links([each.participant_id for each in lucky])
        signed = {each.ticket_id: self._issuer.codes.sign(each.ticket_id, self._evening) for each in lucky}
        await seats.promote(self._work, signed)
        await self._keep(portion, {each.participant_id: each.ticket_id for each in lucky})
        for place, link in zip(lucky, links, strict=True):
            events.issued(
                self._work,
                events.Holder(self._evening, self._standing.venue, *_names(place)),
                ticket_id=place.ticket_id,
                code=signed[place.ticket_id],
                link=link,
                address=addresses.get(place.participant_id),
                version=place.version + 1,
                feed_version=place.feed_version + 1,
                cause=self._cause_of(self._evening, place.participant_id),
            )
        await self._work.flush()

    async def _add(self, portion: Sequence[Decision], coming: Mapping[UUID, Newcomer]) -> dict[UUID, UUID]:
        tickets = {each.participant_id: uuid4() for each in portion}
        seated = [each.participant_id for each in portion if each.outcome is Outcome.GRANTED]
        codes = {who: self._issuer.codes.sign(tickets[who], self._evening) for who in seated}
        rows = [
            {
                "ticket_id": tickets[each.participant_id],
                "participant_id": each.participant_id,
                "partner": coming[each.participant_id].partner,
                "enrolment": coming[each.participant_id].enrolment,
                "requested_at": each.figures.requested_at,
                "lot": each.figures.lot,
                "others": each.figures.others,
                "code": codes.get(each.participant_id),
            }
            for each in portion
        ]
        await seats.add_places(self._work, self._evening, rows)
        await self._keep(portion, tickets)
        links, addresses = await self._links(seated)
        for who, link in zip(seated, links, strict=True):
            events.issued(
                self._work,
                events.Holder(self._evening, self._standing.venue, *_names(coming[who])),
                ticket_id=tickets[who],
                code=codes[who],
                link=link,
                address=addresses.get(who),
                version=1,
                feed_version=1,
                cause=self._cause_of(self._evening, who),
            )
        await self._work.flush()
        return tickets

    async def _tell_waiting(self, round_: Sequence[Decision], tickets: Mapping[UUID, UUID]) -> dict[UUID, int]:
        places = places_of(round_)
        if any(self._standing.waiting.values()):
            places = await waiting_list.positions(self._work, self._evening, places)
        for portion in portions(list(places.items())):
            links, addresses = await self._links([who for who, _ in portion])
            for (who, position), link in zip(portion, links, strict=True):
                events.waitlisted(
                    self._work,
                    evening_id=self._evening,
                    venue=self._standing.venue,
                    participant_id=who,
                    ticket_id=tickets[who],
                    position=position,
                    link=link,
                    address=addresses.get(who),
                    cause=self._cause_of(self._evening, who),
                )
            await self._work.flush()
        return places

    async def _links(self, participants: Sequence[UUID]) -> tuple[list[str], Mapping[UUID, bytes | None]]:
        links, new = self._issuer.links.make(self._evening, participants)
        return links, await personal_pages.save(self._work, new)

    async def _keep(self, portion: Sequence[Decision], tickets: Mapping[UUID, UUID]) -> None:
        kept = [
            Kept(each.participant_id, tickets[each.participant_id], each.outcome, each.rule, each.figures.to_json())
            for each in portion
        ]
        await decisions.keep(self._work, self._evening, kept)


def _names(person: Newcomer | Waiting) -> tuple[UUID, str, str]:
    return person.participant_id, person.holder_name, person.partner_name


def _after(seats_: Seats, served: Sequence[str]) -> Seats:
    """The seats once somebody of each of these partners took one."""
    held = dict(seats_.held)
    for partner in served:
        held[partner] = held.get(partner, 0) + 1
    return Seats(seats_.capacity, seats_.allotments, held, seats_.released)


def portions(whole: Sequence[T]) -> Iterator[Sequence[T]]:
    """Cut into what is written and told at once."""
    for start in range(0, len(whole), PORTION):
        yield whole[start : start + PORTION]
