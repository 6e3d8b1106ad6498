"""The addresses of the system to check: given, or those of the local stack."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from culture_connect_cli.broker.connection import Amqps, Broker
from culture_connect_cli.broker.management import BrokerError
from culture_connect_cli.services import SERVICES
from culture_connect_cli.stack_file import read_stack


@dataclass(frozen=True, slots=True)
class SystemLocations:
    """Known addresses by service, and the broker or the reason why it is not known.

    `metrics_port` is the port of the services' metrics if it is a separate one. `amqps` is the broker's TLS address
    for external clients, None when it is not known.
    """

    services: Mapping[str, str]
    broker: Broker | str
    metrics_port: int | None = None
    amqps: Amqps | None = None


def find_locations(
    given: Mapping[str, str | None],
    find_broker: Callable[[], Broker],
    description: Path,
    *,
    metrics_port: int | None = None,
    amqps: Amqps | None = None,
) -> SystemLocations:
    """The `given` addresses (by service), else those of `description`, the local stack's stack.json.

    Raises nothing: an address that is not known becomes a finding.
    """
    local = _local_addresses(description)
    addresses = {service: given.get(service) or local.get(service) for service in SERVICES}
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
    return SystemLocations(known, broker, metrics_port, amqps)


def _local_addresses(description: Path) -> dict[str, str]:
    try:
        http = read_stack(description)["http"]
        return {service: str(http[service]) for service in SERVICES if service in http}
    except (OSError, ValueError, KeyError, TypeError):
        return {}
