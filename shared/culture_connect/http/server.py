"""The server that an application of the kit runs on: uvicorn, with limits on connections."""

from typing import Final

import uvicorn
from fastapi import FastAPI

from culture_connect.http.connections import ConnectionLimits, limited_by
from culture_connect.http.middleware import RequestMetrics
from culture_connect.http.ports import by_port, choices
from culture_connect.http_settings import HttpSettings, names_in, networks_in

GRACE: Final = 10  # seconds for requests under way when stopping
LARGEST_HEAD: Final = 16 * 1024  # bytes of a request's line and headers


def server_of(app: FastAPI, settings: HttpSettings, *, lifespan: bool = True, interval: float = 1.0) -> uvicorn.Server:
    """A server for the application, which `create_app` made; it listens where the settings say.

    Connections are looked at every `interval` seconds.
    """
    metrics: RequestMetrics = app.state.metrics
    limits = ConnectionLimits(
        most=settings.http_connections,
        per_address=settings.http_connections_per_address,
        trusted=networks_in(settings.http_trusted_proxies),
        head_seconds=settings.http_head_seconds,
        write_seconds=settings.http_write_seconds,
        limited=lambda reason: metrics.limited.labels(reason).inc(),
        interval=interval,
    )
    config = uvicorn.Config(
        by_port(app, choices(settings, app.state.public)),
        host=settings.http_host,
        port=settings.http_port,
        loop="uvloop",
        http=limited_by(limits),
        ws="none",
        h11_max_incomplete_event_size=LARGEST_HEAD,
        lifespan="on" if lifespan else "off",
        log_config=None,
        access_log=False,  # the middleware writes one, without secrets of the path
        server_header=False,
        forwarded_allow_ips=list(names_in(settings.http_trusted_proxies)),
        timeout_graceful_shutdown=GRACE,
    )
    return uvicorn.Server(config)
