"""The AsyncAPI document of a service, made by FastStream of the subscribers and publishers that it has declared."""

import json
from collections.abc import Sequence
from typing import Any

from faststream.rabbit import RabbitBroker, RabbitExchange, RabbitRouter
from faststream.specification import AsyncAPI

from culture_connect.contracts import CATALOGUE


def publishers_of(service: str) -> RabbitRouter:
    """The publishers of all messages that the catalogue says this service publishes."""
    router = RabbitRouter()
    for entry in CATALOGUE:
        if entry.publisher == service:
            router.publisher(
                exchange=RabbitExchange(entry.exchange, declare=False),
                routing_key=entry.routing_key,
                title=f"{entry.vhost} {entry.model.type}",
                description=entry.meaning,
                schema=entry.model,
            )
    return router


def describe(service: str, routers: Sequence[RabbitRouter]) -> dict[str, Any]:
    """Returns the document of the service with these routers."""
    # A description of the bus as anybody may read it: without the address of this replica's broker.
    broker = RabbitBroker(logger=None, routers=[*routers, publishers_of(service)])
    document = AsyncAPI(broker, title=f"Culture Connect {service}", version="1").to_specification().to_json()
    return json.loads(document)  # type: ignore[no-any-return]
