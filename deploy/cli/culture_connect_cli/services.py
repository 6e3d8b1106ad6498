"""The services of the system, as the topology of the bus lists them. No other module of this command names them all."""

from culture_connect.messaging.topology import EDGE_SERVICES, NOTIFICATIONS, REGISTRATION, SERVICES, TICKETING

__all__ = ["EDGE_SERVICES", "NOTIFICATIONS", "REGISTRATION", "SERVICES", "TICKETING", "url_variable"]


def url_variable(service: str) -> str:
    """The environment variable with the address of a service's HTTP API."""
    return f"CULTURE_CONNECT_{service.upper()}_URL"
