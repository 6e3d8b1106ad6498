"""Asking over HTTP: whoever asks for the same evening while others are being served is served with the next ones.

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
from ticketing.domain.refusals import Refused
from ticketing.http.views import PlaceView
from ticketing.tickets.issuer import Issuer
from ticketing.use_cases.request_seat import Asked, ask_together


@dataclass(frozen=True, slots=True)
class Wish:
    """Somebody who asks; `keyed` when the request has an `Idempotency-Key`."""

    participant_id: UUID
    keyed: KeyedRequest | None = None

    @property
    def identity(self) -> object:
        """The same wish again comes after this one: with the same key, or of the same person."""
        return self.keyed.place if self.keyed else self.participant_id


@dataclass(frozen=True, slots=True)
class Reply:
    """What somebody is answered, for the first time or again."""

    answer: Answer
    replayed: bool = False


class Asks:
    """Everybody who asks at this replica."""

    def __init__(self, database: Database, issuer: Issuer) -> None:
        self._issuer = issuer
        self._executor: BatchExecutor[UUID, Wish, Reply] = BatchExecutor(
            database, self._serve, identity=lambda wish: wish.identity
        )

    async def ask(self, evening_id: UUID, participant_id: UUID, keyed: KeyedRequest | None = None) -> Reply:
        """Gives them a ticket or a place in the line; raises Refused, and problems of their key."""
        return await self._executor.execute(evening_id, Wish(participant_id, keyed))

    async def _serve(self, work: UnitOfWork, evening_id: UUID, wishes: Sequence[Wish]) -> list[Reply | Exception]:
        replies = await _first_answers(work, wishes)
        new = [wish for wish in wishes if wish not in replies]
        asked = await ask_together(work, self._issuer, evening_id, [wish.participant_id for wish in new])
        answers = [_answer(each) for each in asked]
        for wish, answer in zip(new, answers, strict=True):
            replies[wish] = answer if isinstance(answer, Exception) else Reply(answer)
        kept = [(w.keyed, a) for w, a in zip(new, answers, strict=True) if w.keyed and isinstance(a, Answer)]
        await remember(work, kept)
        await release(work, [w.keyed for w, a in zip(new, answers, strict=True) if w.keyed and isinstance(a, Refused)])
        if kept:
            await forget_old_answers(work)
        return [replies[wish] for wish in wishes]


def asks_of(request: Request) -> Asks:
    """Those of the application."""
    asks: Asks = request.app.state.asks
    return asks


async def _first_answers(work: UnitOfWork, wishes: Sequence[Wish]) -> dict[Wish, Reply | Exception]:
    keyed = {wish.keyed: wish for wish in wishes if wish.keyed}
    found: dict[Wish, Reply | Exception] = {}
    for request, first in zip(keyed, await claim(work, list(keyed)), strict=True):
        if isinstance(first, Problem):
            found[keyed[request]] = first
        elif first is not None:
            found[keyed[request]] = Reply(first, replayed=True)
    return found


def _answer(asked: Asked | Refused) -> Answer | Refused:
    if isinstance(asked, Refused):
        return asked
    status = HTTPStatus.CREATED if asked.is_new else HTTPStatus.OK
    return Answer(status, PlaceView.of(asked.place, asked.position))
