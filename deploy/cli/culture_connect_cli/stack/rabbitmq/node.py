"""A private RabbitMQ node, run as a process or in a container."""

import hashlib
import json
from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from culture_connect.messaging.topology import (
    ADMINISTRATOR,
    MAX_MESSAGE_BYTES,
    Topology,
    User,
    definitions_of,
    password_hash,
)
from culture_connect_cli.private_files import replace_file
from culture_connect_cli.stack.errors import StackError
from culture_connect_cli.stack.ports import LOOPBACK, is_listening
from culture_connect_cli.stack.processes import ProcessId
from culture_connect_cli.stack.servers import PrivateServer
from culture_connect_cli.urls import login_url

_PLUGINS = "[rabbitmq_management,rabbitmq_prometheus].\n"

_CONFIGURATION = """\
# Written at every start by culture-connect.
listeners.tcp.1 = {address}:{amqp}
management.tcp.ip = {address}
management.tcp.port = {management}
prometheus.tcp.ip = {address}
prometheus.tcp.port = {prometheus}
load_definitions = {folder}/definitions.json
max_message_size = {max_message_bytes}
vm_memory_high_watermark.relative = 0.3
disk_free_limit.absolute = 100MB
raft.wal_max_size_bytes = 67108864
collect_statistics_interval = {statistics_interval}
management.sample_retention_policies.global.minute = 1
management.sample_retention_policies.basic.minute = 1
management.sample_retention_policies.detailed.minute = 1
"""

# The ciphers of TLS 1.3, and of TLS 1.2 those with forward secrecy and authenticated encryption (RFC 9325, 4.2).
_CIPHERS = (
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "TLS_AES_128_GCM_SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-CHACHA20-POLY1305",
    "ECDHE-RSA-CHACHA20-POLY1305",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
)

_TLS = """\
listeners.ssl.1 = {address}:{amqps}
ssl_options.cacertfile = {folder}/tls/ca.pem
ssl_options.certfile = {folder}/tls/certificate.pem
ssl_options.keyfile = {folder}/tls/certificate_key.pem
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
ssl_options.versions.1 = tlsv1.3
ssl_options.versions.2 = tlsv1.2
ssl_options.honor_cipher_order = true
ssl_options.client_renegotiation = false
ssl_options.secure_renegotiate = true
ssl_handshake_timeout = 5000
"""


_ELECTION = (
    "[catch ra:trigger_election(amqqueue:get_pid(Q)) "
    "|| Q <- rabbit_amqqueue:list(), amqqueue:get_type(Q) =:= rabbit_quorum_queue], ok."
)


@dataclass(frozen=True)
class Tls:
    """PEM files of a node: its certificate, the key, and the authority that signed the certificate."""

    certificate: Path
    key: Path
    ca: Path


class Node(PrivateServer):
    """A node that writes in `folder` only, usable as a context manager.

    `definitions` (RabbitMQ's JSON format) are loaded at every start, together with the account `administrator` and its
    `password`. `ports` may name the ports of PORTS; taken or missing ones are chosen. `statistics_interval` is the
    period in milliseconds of the management API's counts. With `tls` the node listens to amqps as well; the files are
    copied at every start and by `renew_certificate`.
    """

    def __init__(
        self,
        folder: Path,
        *,
        password: str,
        log: Path,
        definitions: Mapping[str, Any] | None = None,
        ports: Mapping[str, int] | None = None,
        statistics_interval: int = 1000,
        tls: Tls | None = None,
    ) -> None:
        # The broker runs in its folder, where relative paths would differ.
        self.folder = folder.resolve()
        self.log = log.resolve()
        self.password = password
        self.ports: dict[str, int] = dict(ports or {})
        self.name = f"culture-connect-{hashlib.sha256(str(self.folder).encode()).hexdigest()[:10]}"
        self._definitions = definitions or {}
        self._statistics_interval = statistics_interval
        self._tls = tls

    @property
    def host(self) -> str:
        return LOOPBACK

    @property
    def port(self) -> int:
        return self.ports["amqp"]

    @property
    def tls_port(self) -> int | None:
        """The port of amqps, None without TLS."""
        return self.ports["amqps"] if self._tls else None

    @property
    def ca_file(self) -> Path | None:
        """The authority that clients trust for amqps, None without TLS."""
        return self._tls.ca if self._tls else None

    @property
    def management_url(self) -> str:
        return f"http://{LOOPBACK}:{self.ports['management']}"

    @property
    def username(self) -> str:
        return ADMINISTRATOR

    @property
    @abstractmethod
    def processes(self) -> list[ProcessId]:
        """The running processes of the node that are our children."""

    @property
    @abstractmethod
    def is_running(self) -> bool:
        """True when the node runs."""

    @abstractmethod
    def evaluate(self, expression: str) -> str:
        """Evaluates an Erlang expression on the running node; returns the output with errors."""

    def elect_leaders(self) -> None:
        """Triggers an election in every quorum queue.

        RabbitMQ (3.10 and 4.0) persists a new queue some three seconds after its creation. A queue that is younger at a
        crash is empty afterwards and would wait for a leader for ever.
        """
        self.evaluate(_ELECTION)

    def renew_certificate(self) -> None:
        """Reloads the certificate while the node runs; new connections use it. Raises StackError."""
        if self._tls is None:
            raise StackError("this node has no certificate")
        self._copy_certificate(self._tls)
        if (answer := self.evaluate("ssl:clear_pem_cache().")).strip() != "ok":
            raise StackError(f"the broker did not reload its certificate: {answer.strip()[:200]}")

    def url(self, user: str | None = None, password: str | None = None, *, vhost: str = "/") -> str:
        """amqp://user:password@127.0.0.1:port/vhost; without user: the administrator."""
        password = self.password if password is None else password
        return login_url("amqp", user or self.username, password, f"{LOOPBACK}:{self.port}", vhost)

    @property
    def erlang_arguments(self) -> str:
        """Arguments of the Erlang machine for settings that the configuration file does not have."""
        # Quorum queues report their length at an interval of their own.
        return f"-rabbit quorum_tick_interval {self._statistics_interval}"

    def write_configuration(self, folder: Path, ports: Mapping[str, int], address: str, extra: str = "") -> None:
        """Writes the configuration into our folder, whose path for the node is `folder`; it listens on `address`."""
        text = _CONFIGURATION.format(
            address=address,
            folder=folder,
            max_message_bytes=MAX_MESSAGE_BYTES,
            statistics_interval=self._statistics_interval,
            **ports,
        )
        if self._tls:
            self._copy_certificate(self._tls)
            text += _TLS.format(address=address, folder=folder, **ports)
            text += "".join(f"ssl_options.ciphers.{place} = {cipher}\n" for place, cipher in enumerate(_CIPHERS, 1))
        (self.folder / "rabbitmq.conf").write_text(text + extra)
        (self.folder / "enabled_plugins").write_text(_PLUGINS)
        replace_file(self.folder / "definitions.json", json.dumps(self._complete_definitions(), indent=1))

    def _copy_certificate(self, tls: Tls) -> None:
        folder = self.folder / "tls"
        folder.mkdir(mode=0o700, exist_ok=True)
        files = {"certificate.pem": tls.certificate, "certificate_key.pem": tls.key, "ca.pem": tls.ca}
        for name, file in files.items():
            try:
                replace_file(folder / name, file.read_text(encoding="ascii"))
            except (OSError, UnicodeDecodeError) as error:
                raise StackError(f"the broker's {name} cannot be read ({type(error).__name__})") from None

    def is_ready(self) -> bool:
        """True when clients can connect. Their listeners open last, after plugins and definitions."""
        if not all(is_listening(port) for port in (self.port, self.tls_port) if port):
            return False
        try:
            answer = httpx.get(
                f"{self.management_url}/api/overview",
                auth=(self.username, self.password),
                timeout=5,
                trust_env=False,
            )
        except httpx.HTTPError:
            return False
        return answer.status_code == httpx.codes.OK

    def _complete_definitions(self) -> dict[str, Any]:
        account = Topology(users=(User(ADMINISTRATOR, ("administrator",)),))
        own = definitions_of(account, {ADMINISTRATOR: password_hash(self.password)})
        own["vhosts"] = [{"name": "/"}]
        everything = {"configure": ".*", "write": ".*", "read": ".*"}
        own["permissions"] = [{"user": ADMINISTRATOR, "vhost": "/", **everything}]
        given = dict(self._definitions)
        given["users"] = [user for user in given.get("users", []) if user["name"] != ADMINISTRATOR]
        return own | {part: [*own.get(part, []), *rows] for part, rows in given.items() if isinstance(rows, list)}
