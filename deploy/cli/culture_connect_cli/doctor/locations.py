"""Where the system is that the doctor examines: given, or the local stack that runs here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.broker.connection import Amqps, Broker
from culture_connect_cli.broker.management import BrokerError


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Addresses by service, as far as they are known, and the broker or the reason that it is not known.

    `metrics_port` is where all of the services tell their figures, when that is a port of its own. `amqps` is where
    parties reach the broker with TLS, None where that is not known.
    """

    services: Mapping[str, str]
    broker: Broker | str
    metrics_port: int | None = None
    amqps: Amqps | None = None


def find_system(
    given: Mapping[str, str | None],
    find_broker: Callable[[], Broker],
    description: Path,
    *,
    metrics_port: int | None = None,
    amqps: Amqps | None = None,
) -> Whereabouts:
    """Each address that is `given` (by service), else that of `description`, the local stack's stack.json.

    `find_broker` is asked for the broker. Raises nothing: what is not known is a finding.
    """
    described = _described(description)
    addresses = {service: given.get(service) or described.get(service) for service in SERVICES}
    broker: Broker | str
    try:
        broker = find_broker()
    except BrokerError as error:
        broker = str(error)
    except (OSError, ValueError, KeyError) as error:
        broker = f"neither its address nor {description} can be read: {type(error).__name__}"
    known = {service: address for service, address in addresses.items() if address}
    if amqps is None and isinstance(broker, Broker):
        amqps = broker.amqps
    return Whereabouts(known, broker, metrics_port, amqps)


def _described(description: Path) -> dict[str, str]:
    try:
        http = json.loads(description.read_text(encoding="utf-8"))["http"]
        return {service: str(http[service]) for service in SERVICES if service in http}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
