"""By which names a service may be called: an answer never depends on a name that its client made up."""

from collections.abc import Collection
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import Scope

from culture_connect.http.problems import Problem


def check_host(scope: Scope, hosts: Collection[str] | None) -> None:
    """Raises a 400 problem when the Host header names none of the hosts; None stands for any."""
    if hosts is not None and _name(Headers(scope=scope).get("host", "")) not in hosts:
        raise Problem(
            HTTPStatus.BAD_REQUEST,
            "unknown-host",
            "The service is not called by this name",
            "Its names are in the setting CULTURE_CONNECT_HTTP_HOSTS",
        )


def _name(host: str) -> str:
    """Without the port, and without the brackets of an IPv6 address (RFC 9110, 7.2)."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].removesuffix(".").lower()
