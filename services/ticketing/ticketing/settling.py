"""One round of giving out seats: whoever may no longer have a place loses it, then the line and newcomers are served.

The only place where seats change hands. Everything that can change who has a seat ends here, with the scope of what it
touched, so the outcome is the same whichever event came first or however the bus cut them into batches.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID, uuid4

from culture_connect.messaging import UnitOfWork
from ticketing import telling
from ticketing.codes import Codes
from ticketing.domain.seating import Request, Round, lot, places, serve
from ticketing.store import seats
from ticketing.store.seats import Newcomer, Scope, Standing, Waiting
from ticketing.telling import CauseOf

Person = TypeVar("Person", Newcomer, Waiting)
People = Mapping[UUID, Mapping[UUID, Person]]  # by evening, then by participant


async def settle(work: UnitOfWork, scope: Scope, codes: Codes, cause_of: CauseOf) -> None:
    """Settles the places in scope. The caller holds the locks of its evenings.

    Takes the same number of statements for one person and for ten thousand. `cause_of` names the message behind
    what happens to a participant on an evening.
    """
    if not scope.evenings or (scope.participants is not None and not scope.participants):
        return
    for place in await seats.end_places(work, scope):
        telling.cancelled(work, place, cause=cause_of(place.evening_id, place.participant_id))

    newcomers = _by_evening(await seats.newcomers(work, scope))
    standing = await seats.standing(work, scope.evenings)
    moving = [each.evening_id for each in standing if each.free and each.waiting and each.promoting]
    heads = _by_evening(await seats.heads_of_lines(work, moving) if moving else [])
    rounds = {each.evening_id: _round(each, heads, newcomers) for each in standing}

    await _promote(work, rounds, heads, codes, cause_of)
    joined = await _line_up(work, rounds, {each.evening_id: each.waiting for each in standing})
    await _add(work, rounds, newcomers, joined, codes, cause_of)


def _round(standing: Standing, heads: People[Waiting], newcomers: People[Newcomer]) -> Round:
    evening = standing.evening_id
    waiting = [Request(person.participant_id, (person.requested_at, person.lot)) for person in heads[evening].values()]
    new = [
        Request(person.participant_id, (person.requested_at, lot(evening, person.participant_id)))
        for person in newcomers[evening].values()
    ]
    return serve(standing.free, waiting, new, promoting=standing.promoting)


async def _promote(
    work: UnitOfWork, rounds: Mapping[UUID, Round], heads: People[Waiting], codes: Codes, cause_of: CauseOf
) -> None:
    lucky = [heads[evening][each.participant_id] for evening, round_ in rounds.items() for each in round_.promoted]
    if not lucky:
        return
    signed = {place.ticket_id: codes.sign(place.ticket_id, place.evening_id) for place in lucky}
    await seats.promote(work, signed)
    for place in lucky:
        telling.issued(
            work,
            place,
            ticket_id=place.ticket_id,
            code=signed[place.ticket_id],
            version=place.version + 1,
            feed_version=place.feed_version + 1,
            cause=cause_of(place.evening_id, place.participant_id),
        )


async def _line_up(
    work: UnitOfWork, rounds: Mapping[UUID, Round], waiting: Mapping[UUID, int]
) -> dict[UUID, list[int]]:
    """The places in the line of those who join it, per evening, in their order."""
    first = {evening: round_.joining[0].turn for evening, round_ in rounds.items() if round_.joining}
    behind = defaultdict(list)
    for evening, turn in await seats.behind(work, first) if first else []:
        behind[evening].append(turn)
    return {
        evening: places(rounds[evening].joining, waiting[evening] - len(rounds[evening].promoted), behind[evening])
        for evening in first
    }


async def _add(
    work: UnitOfWork,
    rounds: Mapping[UUID, Round],
    newcomers: People[Newcomer],
    joined: Mapping[UUID, Sequence[int]],
    codes: Codes,
    cause_of: CauseOf,
) -> None:
    added = []
    for evening, round_ in rounds.items():
        for request in round_.seated:
            ticket_id = uuid4()
            code = codes.sign(ticket_id, evening)
            person = newcomers[evening][request.participant_id]
            cause = cause_of(evening, request.participant_id)
            added.append(seats.place(ticket_id, person, request.turn, code))
            telling.issued(work, person, ticket_id=ticket_id, code=code, version=1, feed_version=1, cause=cause)
        for request, position in zip(round_.joining, joined.get(evening, ()), strict=True):
            ticket_id = uuid4()
            person = newcomers[evening][request.participant_id]
            cause = cause_of(evening, request.participant_id)
            added.append(seats.place(ticket_id, person, request.turn, None))
            telling.waitlisted(work, person, ticket_id=ticket_id, position=position, cause=cause)
    if added:
        await seats.add_places(work, added)


def _by_evening(people: Iterable[Person]) -> defaultdict[UUID, dict[UUID, Person]]:
    found: defaultdict[UUID, dict[UUID, Person]] = defaultdict(dict)
    for person in people:
        found[person.evening_id][person.participant_id] = person
    return found
