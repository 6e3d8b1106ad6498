"""Seat requests over HTTP: those for the same evening that arrive while others are handled are handled together next.

So any number of requests takes one connection to the database for each evening, and those that arrive at the same
moment compete by the rules and not for a lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from uuid import UUID

from fastapi import Request
from pydantic import BaseModel, ConfigDict

from culture_connect.http import Answer, KeyedRequest, Problem, claim, forget_old_answers, release, remember
from culture_connect.messaging import BatchExecutor, Database, UnitOfWork
from ticketing.domain.refusals import RequestRefused
from ticketing.domain.tickets import Place, TicketState
from ticketing.http import examples
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.request_seat import SeatRequestResult, request_seats


class PlaceView(BaseModel):
    """A ticket or a place in the line; `position` while waiting, `reason` once it is no more."""

    model_config = ConfigDict(json_schema_extra={"examples": [examples.PLACE]})

    ticket_id: UUID
    evening_id: UUID
    participant_id: UUID | None
    state: TicketState
    position: int | None = None
    reason: str | None = None

    @classmethod
    def of(cls, place: Place, position: int | None) -> Self:
        """Returns the view of a place, with its position while it waits."""
        return cls.model_validate(place, from_attributes=True).model_copy(update={"position": position})


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """A seat request; `keyed` when it has an `Idempotency-Key`."""

    participant_id: UUID
    keyed: KeyedRequest | None = None

    @property
    def identity(self) -> object:
        """The key, else the person: a request with the identity of another one comes after that."""
        return self.keyed.place if self.keyed else self.participant_id


@dataclass(frozen=True, slots=True)
class SeatReply:
    """The answer to a seat request, for the first time or again."""

    answer: Answer
    replayed: bool = False


class SeatRequests:
    """All seat requests at this replica."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        self._issuer = issuer
        self._executor: BatchExecutor[UUID, PendingRequest, SeatReply] = BatchExecutor(
            database, self._handle, identity=lambda pending: pending.identity
        )

    async def request(self, evening_id: UUID, participant_id: UUID, keyed: KeyedRequest | None = None) -> SeatReply:
        """Gives them a ticket or a waiting place; raises RequestRefused, and problems of their key."""
        return await self._executor.execute(evening_id, PendingRequest(participant_id, keyed))

    async def _handle(
        self, work: UnitOfWork, evening_id: UUID, batch: Sequence[PendingRequest]
    ) -> list[SeatReply | Exception]:
        replies = await _first_answers(work, batch)
        new = [pending for pending in batch if pending not in replies]
        results = await request_seats(work, self._issuer, evening_id, [pending.participant_id for pending in new])
        answered: list[tuple[KeyedRequest, Answer]] = []
        refused: list[KeyedRequest] = []
        for pending, result in zip(new, results, strict=True):
            if isinstance(result, RequestRefused):
                replies[pending] = result
                refused += [pending.keyed] if pending.keyed else []
            else:
                answer = _answer(result)
                replies[pending] = SeatReply(answer)
                answered += [(pending.keyed, answer)] if pending.keyed else []
        await remember(work, answered)
        await release(work, refused)
        if answered:
            await forget_old_answers(work)
        return [replies[pending] for pending in batch]


def seat_requests_of(request: Request) -> SeatRequests:
    """Returns the seat requests of the application."""
    seat_requests: SeatRequests = request.app.state.seat_requests
    return seat_requests


async def _first_answers(
    work: UnitOfWork, batch: Sequence[PendingRequest]
) -> dict[PendingRequest, SeatReply | Exception]:
    keyed = {pending.keyed: pending for pending in batch if pending.keyed}
    found: dict[PendingRequest, SeatReply | Exception] = {}
    for request, first in zip(keyed, await claim(work, list(keyed)), strict=True):
        if isinstance(first, Problem):
            found[keyed[request]] = first
        elif first is not None:
            found[keyed[request]] = SeatReply(first, replayed=True)
    return found


def _answer(result: SeatRequestResult) -> Answer:
    status = HTTPStatus.CREATED if result.is_new else HTTPStatus.OK
    return Answer(status, PlaceView.of(result.place, result.position))
