"""Three services and a broker's management API that answer as they are told, without a network."""

from __future__ import annotations

from typing import Any

import httpx

from culture_connect.messaging.topology import SERVICES, Vhosts, complete, definitions
from culture_connect_cli.broker.connection import Broker
from culture_connect_cli.doctor import SystemLocations

CONSOLE = "http://console.example:15672"
ADDRESSES = {service: f"http://{service}.example" for service in SERVICES}
PARTIES = (["acme"], ["paard"])
ACCOUNTS = [user.name for user in complete(Vhosts(), *PARTIES).users]


class FakeSystem(httpx.AsyncBaseTransport):
    """All is well until a test changes something."""

    def __init__(self) -> None:
        self.away: set[str] = set()  # hosts that do not answer
        self.pages: dict[str, httpx.Response] = {}  # by address, instead of the usual answer
        self.problems: dict[str, list[str]] = {service: [] for service in SERVICES}
        self.warnings: dict[str, list[str]] = {service: [] for service in SERVICES}
        self.retries: dict[str, tuple[int, float]] = {}  # of ticketing, by queue: messages, seconds of the oldest
        self.outbox_oldest: dict[str, float] = dict.fromkeys(SERVICES, 0.0)
        self.listens: dict[str, float] = dict.fromkeys(SERVICES, 1.0)
        self.lanes: dict[str, tuple[str, str, int]] = {}  # of ticketing: state, reason and messages
        self.unsendable = 0  # messages of ticketing
        self.mail_server_failures = 0
        self.mail_dialogue_seconds = 0.4
        self.erasures_overdue = 0
        self.definitions = definitions(Vhosts(), *PARTIES, dict.fromkeys(ACCOUNTS, "hash"))
        self.queues = {row["name"] + "@" + row["vhost"]: _quorum_queue(row) for row in self.definitions["queues"]}
        self.looks_at_queues = 0
        self.feature_flags = {"quorum_queue": "enabled", "stream_queue": "enabled", "khepri_db": "disabled"}

    @property
    def locations(self) -> SystemLocations:
        """The addresses of the system."""
        return SystemLocations(ADDRESSES, Broker(CONSOLE, "administrator", "secret", "console.example", 5672))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host in self.away:
            raise httpx.ConnectError("refused", request=request)
        if page := self.pages.get(str(request.url)):
            return page
        if request.url.host == "console.example":
            return self._console(request.url.path.removeprefix("/api/"))
        return self._service(request.url.host.removesuffix(".example"), request.url.path)

    def _service(self, service: str, path: str) -> httpx.Response:
        match path:
            case "/health/live":
                return httpx.Response(200, json={"status": "alive"})
            case "/health/ready":
                problems = self.problems[service]
                status = "not ready" if problems else "ready"
                body = {"status": status, "problems": problems, "warnings": self.warnings[service]}
                return httpx.Response(503 if problems else 200, json=body)
            case "/metrics":
                return httpx.Response(200, text=self.metrics_of(service))
        return httpx.Response(404)

    def metrics_of(self, service: str) -> str:
        """The metrics of the service."""
        lines = [
            "# HELP culture_connect_outbox_oldest_seconds Age of the oldest such message",
            "# TYPE culture_connect_outbox_oldest_seconds gauge",
            f"culture_connect_outbox_oldest_seconds {self.outbox_oldest[service]}",
            "# TYPE culture_connect_database_listens gauge",
            f"culture_connect_database_listens {self.listens[service]}",
        ]
        if service == "ticketing":
            lines.append(f"culture_connect_outbox_quarantined_rows {self.unsendable}.0")
            for queue, (count, seconds) in self.retries.items():
                lines.append(f'culture_connect_retries_waiting{{queue="{queue}"}} {count}.0')
                lines.append(f'culture_connect_retries_oldest_seconds{{queue="{queue}"}} {seconds}')
            for lane, (state, reason, count) in self.lanes.items():
                labels = f'lane="{lane}",state="{state}",reason="{reason}"'
                lines.append(f"culture_connect_outbox_lane_rows{{{labels}}} {count}.0")
        if service == "notifications":
            lines.append(f"culture_connect_mail_server_failures {self.mail_server_failures}.0")
            lines.append(f"culture_connect_mail_dialogue_seconds {self.mail_dialogue_seconds}")
        if service == "registration":
            lines.append(f"culture_connect_erasures_overdue {self.erasures_overdue}.0")
        return "\n".join(lines) + "\n"

    def _console(self, path: str) -> httpx.Response:
        match path.split("/"):
            case ["overview"]:
                return httpx.Response(200, json={"rabbitmq_version": "4.2.0"})
            case ["nodes"]:
                return httpx.Response(200, json=[{"name": f"rabbit@{name}"} for name in ("one", "two", "three")])
            case ["definitions"]:
                return httpx.Response(200, json=self.definitions)
            case ["feature-flags"]:
                stability = {"khepri_db": "experimental"}
                rows = [
                    {"name": name, "state": state, "stability": stability.get(name, "stable")}
                    for name, state in self.feature_flags.items()
                ]
                return httpx.Response(200, json=rows)
            case ["queues", vhost]:
                self.looks_at_queues += 1
                return httpx.Response(200, json=[row for row in self.queues.values() if row["vhost"] == vhost])
        return httpx.Response(404, json={"reason": "Not Found"})


def _quorum_queue(row: dict[str, Any]) -> dict[str, Any]:
    told = {"messages": 0, "consumers": 1, "state": "running", "type": "quorum"}
    return {**row, **told, "leader": "one", "members": ["one", "two", "three"], "online": ["one", "two", "three"]}
