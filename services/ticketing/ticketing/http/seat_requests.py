"""Seat requests over HTTP: whoever asks for the same evening while others are being served is served with the next ones.

So a crowd takes one connection to the database for each evening, and those who ask at the same moment compete by the
rules and not for a lock.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from fastapi import Request

from culture_connect.http import Answer, KeyedRequest, Problem, claim, forget_old_answers, release, remember
from culture_connect.messaging import BatchExecutor, Database, UnitOfWork
from ticketing.domain.refusals import RequestRefused
from ticketing.http.views import PlaceView
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.request_seat import SeatRequestResult, request_seats


@dataclass(frozen=True, slots=True)
class PendingRequest:
    """Somebody who asks; `keyed` when the request has an `Idempotency-Key`."""

    participant_id: UUID
    keyed: KeyedRequest | None = None

    @property
    def identity(self) -> object:
        """The same wish again comes after this one: with the same key, or of the same person."""
        return self.keyed.place if self.keyed else self.participant_id


@dataclass(frozen=True, slots=True)
class SeatReply:
    """What somebody is answered, for the first time or again."""

    answer: Answer
    replayed: bool = False


class SeatRequests:
    """Everybody who asks at this replica."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        self._issuer = issuer
        self._together: BatchExecutor[UUID, PendingRequest, SeatReply] = BatchExecutor(
            database, self._serve, identity=lambda pending: pending.identity
        )

    async def ask(self, evening_id: UUID, participant_id: UUID, keyed: KeyedRequest | None = None) -> SeatReply:
        """Gives them a ticket or a place in the line; raises RequestRefused, and problems of their key."""
        return await self._together.do(evening_id, PendingRequest(participant_id, keyed))

    async def _serve(
        self, work: UnitOfWork, evening_id: UUID, batch: Sequence[PendingRequest]
    ) -> list[SeatReply | Exception]:
        replies = await _first_answers(work, batch)
        new = [pending for pending in batch if pending not in replies]
        asked = await request_seats(work, self._issuer, evening_id, [pending.participant_id for pending in new])
        answers = [_answer(each) for each in asked]
        for pending, answer in zip(new, answers, strict=True):
            replies[pending] = answer if isinstance(answer, Exception) else SeatReply(answer)
        kept = [(w.keyed, a) for w, a in zip(new, answers, strict=True) if w.keyed and isinstance(a, Answer)]
        await remember(work, kept)
        await release(
            work, [w.keyed for w, a in zip(new, answers, strict=True) if w.keyed and isinstance(a, RequestRefused)]
        )
        if kept:
            await forget_old_answers(work)
        return [replies[pending] for pending in batch]


def seat_requests_of(request: Request) -> SeatRequests:
    """Those of the application."""
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


def _answer(asked: SeatRequestResult | RequestRefused) -> Answer | RequestRefused:
    if isinstance(asked, RequestRefused):
        return asked
    status = HTTPStatus.CREATED if asked.is_new else HTTPStatus.OK
    return Answer(status, PlaceView.of(asked.place, asked.position))
