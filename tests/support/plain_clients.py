"""External clients built with common tools: those of RabbitMQ's C library, and pika."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pika
import pika.exceptions

from culture_connect_cli.accounts import Credentials

TIMEOUT = 30.0  # seconds


def ensure_tools() -> None:
    """Installs Debian's package of the tools where they are missing and we may; the stack does so with its broker."""
    if shutil.which("amqp-publish") is None and os.geteuid() == 0 and shutil.which("apt-get") is not None:
        for command in ("apt-get update -q", "apt-get install -q -y --no-install-recommends amqp-tools"):
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(command.split(), env=environment, capture_output=True, check=False)
    for name in ("amqp-publish", "amqp-consume"):
        tool(name)


def tool(name: str) -> str:
    """The path of amqp-publish or amqp-consume; AssertionError naming the package when it is missing."""
    path = shutil.which(name)
    assert path is not None, f"{name} is not on this machine: install Debian's package amqp-tools"
    return path


def amqp_publish(account: Credentials, data: object, *, headers: Mapping[str, str], content_type: str) -> None:
    """Publishes once with the tool; it can set headers and the content type, but neither id nor type."""
    command = [tool("amqp-publish"), f"--url={account.url}", f"--exchange={account.exchange}", "--persistent"]
    command += [f"--routing-key={account.routing_key}", f"--content-type={content_type}"]
    command += [part for name, value in headers.items() for part in ("--header", f"{name}: {value}")]
    subprocess.run(command, input=json.dumps(data).encode(), check=True, timeout=TIMEOUT)


@contextmanager
def amqp_consume(account: Credentials, into: Path) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Runs the tool while the block runs; gives a look at the bodies that it has handed over so far."""
    command = [tool("amqp-consume"), f"--url={account.url}", f"--queue={account.queue}", "--", "sh", "-c", "cat; echo"]
    with _in_background(command, into):
        yield lambda: bodies_in(into)


@contextmanager
def in_shell(command: str, into: Path) -> Iterator[None]:
    """Runs a command that does not end by itself, as it would be typed, while the block runs."""
    with _in_background(["sh", "-c", f"exec {command}"], into):
        yield


def run_in_shell(command: str) -> None:
    """Runs a command as it would be typed."""
    subprocess.run(["sh", "-e", "-c", command], check=True, timeout=TIMEOUT)


def bodies_in(output: Path) -> list[dict[str, Any]]:
    """One body on each line; a line that is not whole yet has no end."""
    lines = output.read_text(encoding="utf-8").splitlines(keepends=True)
    return [json.loads(line) for line in lines if line.endswith("\n")]


@contextmanager
def _in_background(command: Sequence[str], into: Path) -> Iterator[None]:
    with into.open("wb") as output:
        consumer = subprocess.Popen(command, stdout=output)
    try:
        yield
        assert consumer.poll() is None, "the tool has ended by itself"
    finally:
        consumer.terminate()
        consumer.wait(timeout=TIMEOUT)


@dataclass(frozen=True)
class ReceivedMessage:
    """A message as pika shows it."""

    id: str
    type: str
    data: dict[str, Any]
    headers: Mapping[str, Any]


class PikaClient:
    """A blocking client, to be used in one thread: `with PikaClient(credentials) as client:`."""

    def __init__(self, account: Credentials) -> None:
        self._account = account

    def __enter__(self) -> Self:
        self._connection = pika.BlockingConnection(pika.URLParameters(self._account.url))
        self._open_channel()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def send(self, body: bytes | object, **properties: Any) -> None:
        """Publishes with a confirm; what is not bytes goes as JSON. Raises what the broker says against it."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        wanted = pika.BasicProperties(delivery_mode=2, **{"content_type": "application/json", **properties})
        try:
            self._channel.basic_publish(
                self._account.exchange, self._account.routing_key, content, wanted, mandatory=True
            )
        except pika.exceptions.AMQPChannelError:
            self._open_channel()
            raise

    def receive_until(
        self, enough: Callable[[list[ReceivedMessage]], bool], what: str, *, timeout: float = TIMEOUT
    ) -> list[ReceivedMessage]:
        """Takes messages from the own queue until there are enough; AssertionError after `timeout` seconds."""
        received: list[ReceivedMessage] = []
        deadline = time.monotonic() + timeout
        for method, properties, body in self._channel.consume(self._account.queue, inactivity_timeout=0.1):
            if method is not None:
                received.append(
                    ReceivedMessage(properties.message_id, properties.type, json.loads(body), properties.headers)
                )
                self._channel.basic_ack(method.delivery_tag)
            if enough(received):
                break
            assert time.monotonic() < deadline, f"waited {timeout:g} s for {what}; heard {received}"
        self._channel.cancel()
        return received

    def _open_channel(self) -> None:
        self._channel = self._connection.channel()
        self._channel.confirm_delivery()
