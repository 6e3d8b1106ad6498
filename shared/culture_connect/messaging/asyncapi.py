"""The AsyncAPI document of a service: what it consumes by its handlers, what it publishes by the catalogue."""

import json
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any

from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from faststream.specification import AsyncAPI

from culture_connect.contracts import CATALOGUE, Message
from culture_connect.messaging.consuming.consumer import Subscription


def describe(service: str, subscriptions: Sequence[Subscription]) -> dict[str, Any]:
    """Makes the document with a broker that is never connected."""
    broker = RabbitBroker(apply_types=False, logger=None)
    for subscription in subscriptions:
        handler = _documented(subscription.handlers.models)
        broker.subscriber(RabbitQueue(subscription.queue, declare=False), title=subscription.queue)(handler)
    for entry in CATALOGUE:
        if entry.publisher == service:
            broker.publisher(
                exchange=RabbitExchange(entry.exchange, declare=False),
                routing_key=entry.routing_key,
                title=f"{entry.vhost} {entry.model.type}",
                description=entry.meaning,
                schema=entry.model,
            )
    document = AsyncAPI(broker, title=f"Culture Connect {service}", version="1").to_specification().to_json()
    return json.loads(document)  # type: ignore[no-any-return]


def _documented(models: Sequence[type[Message]]) -> Any:
    """A handler that only its signature matters of: FastStream derives the payload's schema from it."""

    async def deliver(message: RabbitMessage) -> None:
        del message

    deliver.__annotations__["message"] = reduce(or_, models)
    return deliver
