"""What a service does with the messages of a queue: a table from types to set-based handlers."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from culture_connect.contracts import Envelope, Message, RefusalError
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


def subject_of(_: Message, envelope: Envelope) -> str | None:
    """The ordering key of our own events: the aggregate that they are about."""
    return envelope.subject


class Handlers:
    """The handlers of one queue.

    `key` names what a message is about: while a message waits for another try, later ones of the same key wait behind
    it. None keeps a message out of every order.

    A handler takes a unit of work and a run of deliveries: messages that arrived one after the other and
    belong to the same handler, at most some hundreds, none of them handled before. Runs keep the order of
    arrival. What it writes and emits is committed together with the inbox rows of the run; it never commits itself.
    """

    def __init__(self, key: OrderingKey = subject_of) -> None:
        self.key = key
        self._by_type: dict[str, tuple[type[Message], Handler]] = {}
        self.invalid: InvalidHandler | None = None

    @property
    def models(self) -> Sequence[type[Message]]:
        """The message models that have a handler."""
        return [model for model, _ in self._by_type.values()]

    def on(self, *models: type[Message]) -> Callable[[AnyHandler], AnyHandler]:
        """Registers a handler for messages of these types; a type has one handler."""

        def register(handler: AnyHandler) -> AnyHandler:
            for model in models:
                if model.type in self._by_type:
                    raise ValueError(f"{model.type} has a handler already")
                self._by_type[model.type] = (model, handler)
            return handler

        return register

    def on_invalid(self, handler: AnyInvalidHandler) -> AnyInvalidHandler:
        """Registers what answers messages that cannot be read; without it they are dead-lettered."""
        self.invalid = handler
        return handler

    def model_of(self, type_: str) -> type[Message] | None:
        """The model to read a message of this type with, None when no handler wants it."""
        entry = self._by_type.get(type_)
        return entry[0] if entry else None

    def handler_of(self, type_: str) -> Handler:
        """The handler of this type; raises KeyError when there is none."""
        return self._by_type[type_][1]
