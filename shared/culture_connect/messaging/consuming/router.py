"""Subscriptions as FastStream declares them, with handlers that take a batch and a unit of work.

An `EventRouter` is FastStream's `RabbitRouter`: it is included in a `RabbitBroker`, and FastStream documents it. Only
`batch_subscriber` is added, which FastStream lacks for RabbitMQ: deliveries to it pass the group commit instead of its
pipeline (docs/decisions/0014-faststream.md).
"""

import re
from collections.abc import Awaitable, Callable, Sequence
from copy import copy
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any, Generic, NoReturn, Self, TypeVar

from faststream import AckPolicy
from faststream.rabbit import RabbitQueue, RabbitRouter

from culture_connect.contracts import Envelope, Message, RefusalError
from culture_connect.messaging.routes import VirtualHost
from culture_connect.messaging.topology import slug
from culture_connect.messaging.unit_of_work import UnitOfWork

M = TypeVar("M", bound=Message, covariant=True)


@dataclass(frozen=True, slots=True)
class Delivery(Generic[M]):
    """A message that arrived and could be read.

    `party` is the slug of the outside party that the queue belongs to, which proves who sent it; None on `core`.
    """

    message: M
    envelope: Envelope
    queue: str
    party: str | None = None


@dataclass(frozen=True, slots=True)
class InvalidDelivery:
    """A message that has an id and cannot be read; `data` is its JSON value where it was JSON."""

    envelope_id: str
    type: str | None
    queue: str
    party: str | None
    problems: Sequence[RefusalError]
    data: object | None = None


Handler = Callable[[UnitOfWork, Sequence[Delivery[Any]]], Awaitable[None]]
InvalidHandler = Callable[[UnitOfWork, Sequence[InvalidDelivery]], Awaitable[None]]
OrderingKey = Callable[[Any, Envelope], str | None]
AnyHandler = TypeVar("AnyHandler", bound=Handler)
AnyInvalidHandler = TypeVar("AnyInvalidHandler", bound=InvalidHandler)
Document = Callable[[Callable[..., Awaitable[None]]], object]

_PARTY = re.compile("<[a-z]+>")


def subject_of(_: Message, envelope: Envelope) -> str | None:
    """The ordering key of our own events: the aggregate that they are about."""
    return envelope.subject


class BatchSubscriber:
    """A queue and the handlers of its messages; made by `EventRouter.batch_subscriber`.

    A handler takes a unit of work and a run of deliveries: messages that arrived one after the other and
    belong to the same handler, at most some hundreds, none of them handled before. Runs keep the order of
    arrival. What it writes and emits is committed together with the inbox rows of the run; it never commits itself.
    """

    def __init__(
        self, queue: str, *, vhost: VirtualHost, ordering_key: OrderingKey, prefetch: int, document: Document
    ) -> None:
        self.queue = queue
        self.vhost: VirtualHost = vhost
        self.ordering_key = ordering_key
        self.prefetch = prefetch
        self.invalid_handler: InvalidHandler | None = None
        self.on_existence: Callable[[bool], None] | None = None
        self._document = document
        self._by_type: dict[str, tuple[type[Message], Handler]] = {}

    def __call__(self, *models: type[Message]) -> Callable[[AnyHandler], AnyHandler]:
        """Registers a handler for messages of these types; a type has one handler."""

        def register(handler: AnyHandler) -> AnyHandler:
            for model in models:
                if model.type in self._by_type:
                    raise ValueError(f"{model.type} has a handler already")
                self._by_type[model.type] = (model, handler)
            self._document(_documented(handler, models))
            return handler

        return register

    def invalid(self, handler: AnyInvalidHandler) -> AnyInvalidHandler:
        """Registers the handler of messages that cannot be read; without it they are dead-lettered."""
        self.invalid_handler = handler
        return handler

    @property
    def is_template(self) -> bool:
        """True when it stands for the queues of parties, with `<partner>` or the like in its name."""
        return _PARTY.search(self.queue) is not None

    def for_party(self, party: str, on_existence: Callable[[bool], None] | None = None) -> Self:
        """The same subscriber for the queue of one party (a slug).

        `on_existence` is called each time the queue is looked for, with whether it exists.
        """
        found = copy(self)
        found.queue, found.on_existence = _PARTY.sub(slug(party), self.queue), on_existence
        return found

    @property
    def models(self) -> Sequence[type[Message]]:
        """The message models that have a handler."""
        return [model for model, _ in self._by_type.values()]

    def model_of(self, type_: str) -> type[Message] | None:
        """The model to read a message of this type with, None when no handler wants it."""
        entry = self._by_type.get(type_)
        return entry[0] if entry else None

    def handler_of(self, type_: str) -> Handler:
        """The handler of this type; raises KeyError when there is none."""
        return self._by_type[type_][1]


class EventRouter(RabbitRouter):
    """Batch subscribers of a service, to be included in a broker."""

    def __init__(self) -> None:
        super().__init__()
        self.batch_subscribers: list[BatchSubscriber] = []

    def batch_subscriber(
        self,
        queue: str,
        *,
        vhost: VirtualHost = "core",
        ordering_key: OrderingKey = subject_of,
        prefetch: int = 600,
    ) -> BatchSubscriber:
        """Declares a subscriber of an existing queue, of which at most `prefetch` messages are unsettled at a time.

        `ordering_key` names what a message is about: while a message waits for another try, later ones of the same key
        wait behind it. None keeps a message out of every order. With `<partner>` or the like in its name the queue is a
        template: each party's queue is consumed by what `BatchSubscriber.for_party` gives.
        """
        documented = super().subscriber(
            RabbitQueue(queue, declare=False), title=queue, ack_policy=AckPolicy.MANUAL, no_reply=True
        )
        subscriber = BatchSubscriber(
            queue, vhost=vhost, ordering_key=ordering_key, prefetch=prefetch, document=documented
        )
        self.batch_subscribers.append(subscriber)
        return subscriber

    def subscriber(self, *_: Any, **__: Any) -> NoReturn:
        """Refuses a subscriber of single messages, which would be documented and never called. Raises TypeError."""
        raise TypeError("an EventRouter consumes what batch_subscriber declares: see docs/decisions/0014-faststream.md")


def _documented(handler: Handler, models: Sequence[type[Message]]) -> Callable[..., Awaitable[None]]:
    """The handler as FastStream can document it: a function of one message."""

    async def handle(message: Message) -> None:
        raise NotImplementedError(f"{message.type} is handled in batches")

    handle.__name__ = getattr(handler, "__name__", "handle")
    handle.__doc__ = handler.__doc__
    handle.__annotations__["message"] = reduce(or_, models)
    return handle
