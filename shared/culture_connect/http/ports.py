"""Ports of their own for what the public sees and for what watches over a service, beside the port that has it all.

Whoever can reach a port reaches no more than what belongs there. The routes stay where they are; a path that a port
does not show is answered there as one that does not exist.
"""

import socket
from collections.abc import Callable, Mapping
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from culture_connect.http.problems import not_found
from culture_connect.http_settings import HttpSettings

METRICS: Final = "/metrics"
HEALTH: Final = "/health"
WELL_KNOWN: Final = "/.well-known"  # public by its nature (RFC 8615)

Shows = Callable[[str], bool]


def by_port(app: ASGIApp, shows: Mapping[int, Shows]) -> ASGIApp:
    """The application with a choice of paths for some of the ports on which it is served; others show everything."""

    async def chosen(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not _is_shown(scope, shows):
            await not_found("page on this port").response()(scope, receive, send)
        else:
            await app(scope, receive, send)

    return chosen


def choices(settings: HttpSettings, public: tuple[str, ...]) -> dict[int, Shows]:
    """Returns which paths each port serves; `public` are those of public pages, with all below them."""
    found: dict[int, Shows] = {}
    if settings.metrics_port is not None:
        found[settings.metrics_port] = lambda path: is_below(path, (METRICS, HEALTH))
        found[settings.http_port] = lambda path: not is_below(path, (METRICS,))
    if settings.public_port is not None:
        found[settings.public_port] = lambda path: is_below(path, public)
    return found


def is_below(path: str, prefixes: tuple[str, ...]) -> bool:
    """Returns whether the path is one of these, or below one."""
    return any(f"{path}/".startswith(f"{prefix}/") for prefix in prefixes)


def listeners(settings: HttpSettings) -> list[socket.socket] | None:
    """A socket for each port, None when there is but one: then the server opens it itself.

    Raises OSError, with the address in its text, when one cannot be had.
    """
    wanted = [(settings.http_host, settings.http_port)]
    if settings.public_port is not None:
        wanted.append((settings.public_host or settings.http_host, settings.public_port))
    if settings.metrics_port is not None:
        wanted.append((settings.metrics_host or settings.http_host, settings.metrics_port))
    if len(wanted) == 1:
        return None
    opened: list[socket.socket] = []
    try:
        for host, port in wanted:
            opened.append(_listener(host, port))
    except OSError:
        for each in opened:
            each.close()
        raise
    return opened


def _listener(host: str, port: int) -> socket.socket:
    family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
    return socket.create_server(address, family=family)


def _is_shown(scope: Scope, shows: Mapping[int, Shows]) -> bool:
    port: int | None = (scope.get("server") or ("", None))[1]
    return port is None or port not in shows or shows[port](scope["path"])
