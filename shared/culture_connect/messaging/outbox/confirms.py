"""The broker's answers to messages that were published in one batch."""

import asyncio
import contextlib
from collections.abc import Callable

from culture_connect.messaging.outbox.publish_failures import PublishFailed, Unconfirmed, failure_of

Answer = tuple[int, PublishFailed | None]
"""The place of a message in its batch, and None when the broker took it, or why not."""


class Batch:
    """The answers to `size` messages, at least one. Each has its own, and comes when it comes."""

    def __init__(self, size: int) -> None:
        self._open = set(range(size))
        self._answers: list[Answer] = []
        self._complete = asyncio.Event()
        self._on_complete: Callable[[Batch], None] | None = None

    def when_complete(self, call: "Callable[[Batch], None]") -> None:
        """Calls this with the batch as soon as every message has its answer."""
        self._on_complete = call
        if not self._open:
            call(self)

    @property
    def is_complete(self) -> bool:
        """True when every message has its answer."""
        return not self._open

    def is_open(self, place: int) -> bool:
        """Returns whether the message at this place has no answer yet."""
        return place in self._open

    def answer(self, place: int, failure: PublishFailed | None) -> None:
        """Takes the broker's word for one message; the first counts."""
        if place not in self._open:
            return
        self._open.remove(place)
        self._answers.append((place, failure))
        if not self._open:
            self._complete.set()
            if self._on_complete is not None:
                self._on_complete(self)

    def fail(self, failure: PublishFailed) -> None:
        """Gives every message without an answer this one."""
        for place in sorted(self._open):
            self.answer(place, failure)

    async def completed(self) -> None:
        """Returns when every message has its answer."""
        await self._complete.wait()

    async def answers(self, wait: float) -> list[Answer]:
        """The answers since the last call: all that are missing, or those that came within `wait` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._complete.wait()
        answers, self._answers = self._answers, []
        return answers

    async def results(self, seconds: float) -> list[PublishFailed | None]:
        """All answers in the messages' order; after `seconds` without one, `Unconfirmed` for the rest."""
        found: dict[int, PublishFailed | None] = {}
        while True:
            answers = await self.answers(seconds)
            found.update(answers)
            if not self._open and not self._answers:
                return [found[place] for place in sorted(found)]
            if not answers:
                self.fail(Unconfirmed())


class Confirmation:
    """Stands for one message in aiormq's book of confirmations, in the place of a future.

    A future for each message costs more than all else that is done for it here.
    """

    __slots__ = ("_batch", "_place")

    def __init__(self, batch: Batch, place: int) -> None:
        self._batch = batch
        self._place = place

    def done(self) -> bool:
        """As a future's."""
        return not self._batch.is_open(self._place)

    def cancelled(self) -> bool:
        """Never: who stops waiting leaves the batch alone."""
        return False

    def set_result(self, result: object) -> None:
        """The broker took the message."""
        self._batch.answer(self._place, None)

    def set_exception(self, error: BaseException) -> None:
        """The broker returned or refused the message."""
        self._batch.answer(self._place, failure_of(error))
