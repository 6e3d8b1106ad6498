"""Registration as it runs, with a partner's HR system on one side and an eavesdropper on the other."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Self
from uuid import UUID, uuid4

import aio_pika
import httpx
import pika
from aio_pika.abc import AbstractConnection, AbstractExchange, AbstractIncomingMessage, AbstractQueue

from culture_connect.contracts import Envelope, headers_of
from culture_connect.messaging.outbox.publisher import Publication, Publisher
from tests.support.probes import until

PREFIX = "nl.cultureconnect."


@dataclass(frozen=True)
class Heard:
    """A message that came out: its short type, key, data, and what caused it."""

    type: str
    key: str
    data: dict[str, Any]
    id: str
    correlation_id: str | None
    traceparent: str

    @classmethod
    def of(cls, message: AbstractIncomingMessage) -> Self:
        full = str(message.headers["ce-type"])
        assert (message.type, message.message_id) == (full, message.headers["ce-id"])
        return cls(
            type=full.removeprefix(PREFIX).removesuffix(".v1"),
            key=message.routing_key or "",
            data=json.loads(message.body),
            id=str(message.message_id),
            correlation_id=message.correlation_id,
            traceparent=str(message.headers["traceparent"]),
        )


@dataclass
class Listener:
    """The messages received from a queue so far."""

    heard: list[Heard] = field(default_factory=list)

    async def listen(self, queue: AbstractQueue) -> None:
        """Takes whatever comes, without acks: nobody here crashes, and thousands of them would be half of the work."""
        await queue.consume(self._take, no_ack=True)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        self.heard.append(Heard.of(message))

    def of_type(self, *types: str) -> list[Heard]:
        """Returns what was heard of these types, in order."""
        return [each for each in self.heard if each.type in types]

    async def hears(self, count: int, *types: str, timeout: float = 10) -> list[Heard]:  # noqa: ASYNC109
        """Waits for so many messages, of these types if any are given, and returns them."""

        def so_far() -> int:
            return len(self.of_type(*types) if types else self.heard)

        await until(so_far, lambda number: number >= count, f"{count} of {types or 'any type'}", timeout=timeout)
        return self.of_type(*types) if types else self.heard


class HrSystem:
    """A partner's HR system: its own account and nothing else."""

    def __init__(self, partner: str, url: str, connection: AbstractConnection) -> None:
        self.partner = partner
        self._url = url
        self.receipts = Listener()
        self._connection = connection
        self._exchange: AbstractExchange | None = None

    async def log_in(self) -> None:
        """Opens channels: one to write on, with confirms, one on which receipts come."""
        writing = await self._connection.channel(publisher_confirms=True)
        self._exchange = await writing.get_exchange(f"hr.{self.partner}", ensure=False)
        reading = await self._connection.channel(publisher_confirms=False)
        queue = await reading.get_queue(f"hr.{self.partner}.receipts", ensure=False)
        await self.receipts.listen(queue)

    async def send(self, type_: str | None, data: Any, *, id: str | None = None, **properties: Any) -> str:  # noqa: A002
        """Publishes one message with the least of properties and returns its id; what is not bytes goes as JSON."""
        assert self._exchange is not None
        message_id = id or str(uuid4())
        message = aio_pika.Message(_body(data), message_id=message_id, type=_full(type_), delivery_mode=2, **properties)
        await self._exchange.publish(message, "enrolment")
        return message_id

    async def send_without_id(
        self, type_: str, data: Any, *, headers: dict[str, Any] | None = None, count: int = 1
    ) -> None:
        """Publishes `count` times through another library, since this one gives an id to every message."""
        properties = pika.BasicProperties(type=_full(type_), delivery_mode=2, headers=headers)

        def publish() -> None:
            with pika.BlockingConnection(pika.URLParameters(self._url)) as connection:
                channel = connection.channel()
                channel.confirm_delivery()
                for _ in range(count):
                    channel.basic_publish(f"hr.{self.partner}", "enrolment", _body(data), properties)

        await asyncio.to_thread(publish)

    async def send_all(self, messages: Sequence[tuple[str | None, Any]]) -> list[str]:
        """Publishes many messages without waiting for one after the other; returns their ids in order."""
        return list(await asyncio.gather(*(self.send(type_, data) for type_, data in messages)))

    async def send_burst(self, messages: Sequence[tuple[str, Any]], size: int = 500) -> list[str]:
        """The same as CloudEvents in binary mode, on a connection of its own and `size` of them in one write."""
        publications = [self._publication(type_, data) for type_, data in messages]
        async with Publisher(self._url, name=f"hr.{self.partner}") as publisher:
            for start in range(0, len(publications), size):
                batch = await publisher.send(publications[start : start + size], may_publish=lambda: True)
                answers = await batch.results(10.0)
                assert not any(answers), answers
        return [each.headers["ce-id"] for each in publications]

    def _publication(self, type_: str, data: Any) -> Publication:
        envelope = Envelope(str(uuid4()), f"{PREFIX}{type_}.v1", f"/{self.partner}/hr", datetime.now(UTC))
        return Publication(f"hr.{self.partner}", "enrolment", headers_of(envelope), None, _body(data))

    async def enrol(self, employee_ref: str, **fields: Any) -> str:
        """Asks for somebody to be enrolled; returns the id of the message."""
        return await self.send("enrolment.requested", person(employee_ref, **fields))

    async def receipt(self, message_id: str) -> Heard:
        """Waits for the receipt of this message."""
        found = await until(
            lambda: [each for each in self.receipts.heard if each.data.get("message_id") == message_id],
            bool,
            f"a receipt for {message_id} at {self.partner}",
        )
        return found[0]

    async def outcome(self, message_id: str) -> str:
        """The outcome in the receipt, or the codes of a refusal."""
        data = (await self.receipt(message_id)).data
        return str(data["outcome"]) if "outcome" in data else " ".join(error["code"] for error in data["errors"])


def _body(data: Any) -> bytes:
    return data if isinstance(data, bytes) else json.dumps(data).encode()


def _full(type_: str | None) -> str | None:
    return type_ and f"{PREFIX}{type_}.v1"


def person(employee_ref: str, **fields: Any) -> dict[str, Any]:
    """The data of an enrolment, as HR would say it."""
    return {
        "employee_ref": employee_ref,
        "given_name": "Noor",
        "family_name": "de Vries",
        "email": f"{employee_ref.lower()}@example.org",
        **fields,
    }


Connect = Callable[[str], Awaitable[HrSystem]]
"""Makes the account of a partner's HR system, and logs in with it."""


@dataclass
class Harness:
    """A running replica: its API as the programme team sees it, its events, and what it could not answer."""

    api: httpx.AsyncClient
    bus: AbstractExchange
    events: Listener
    dead_letters: AbstractQueue

    async def register(self, slug: str, *, places: int = 100, **fields: Any) -> dict[str, Any]:
        """Registers a partner over HTTP and returns it."""
        body = {"slug": slug, "name": slug.title(), "places": places, "language": "nl", **fields}
        answer = await self.api.post("/partners", json=body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def leave(self, slug: str, **options: Any) -> httpx.Response:
        """Ends the part of a partner, and confirms it with what the partner is now."""
        partner = (await self.api.get(f"/partners/{slug}")).json()
        query = {"name": partner["name"], "confirm_withdrawals": partner["active"]}
        return await self.api.delete(f"/partners/{slug}", params=query, **options)

    async def enrol(self, slug: str, employee_ref: str, **fields: Any) -> dict[str, Any]:
        """Enrols an employee over HTTP, without any HR system; returns who that is."""
        answer = await self.api.post(f"/partners/{slug}/enrolments", json=person(employee_ref, **fields))
        assert answer.is_success, answer.text
        return dict(answer.json())

    async def tell(self, type_: str, data: dict[str, Any], *, source: str = "tests") -> str:
        """Puts an event of another service, `source`, on the bus; returns its id."""
        message_id, full = str(uuid4()), f"{PREFIX}{type_}.v1"
        attributes = {"specversion": "1.0", "id": message_id, "type": full, "source": f"/culture-connect/{source}"}
        headers = {f"ce-{name}": value for name, value in attributes.items()}
        body = json.dumps(data).encode()
        message = aio_pika.Message(body, message_id=message_id, type=full, headers={**headers}, delivery_mode=2)
        await self.bus.publish(message, type_)
        return message_id

    async def dead_letter(self) -> AbstractIncomingMessage:
        """Waits for a dead letter and takes it."""
        taken: list[AbstractIncomingMessage] = []

        async def look() -> int:
            letter = await self.dead_letters.get(no_ack=True, fail=False)
            taken.extend([letter] if letter else [])
            return len(taken)

        await until(look, bool, "a dead letter")
        return taken[0]

    async def participants(self, slug: str) -> list[dict[str, Any]]:
        """All participants of a partner, over HTTP."""
        answer = await self.api.get(f"/partners/{slug}/participants", params={"limit": 500})
        return list(answer.json()["items"])


def evening(**fields: Any) -> dict[str, Any]:
    """The body of a valid evening at PAARD."""
    parts = [
        ("concert", "2027-05-07T18:00:00+02:00", "2027-05-07T19:00:00+02:00"),
        ("in-depth", "2027-05-07T19:00:00+02:00", "2027-05-07T20:00:00+02:00"),
        ("drinks", "2027-05-07T20:00:00+02:00", "2027-05-07T22:00:00+02:00"),
    ]
    both = {"nl": "Openingsavond", "en": "Opening night"}
    return {
        "season": "2026-2027",
        "venue": "paard",
        "title": both,
        "theme": both,
        "starts_at": "2027-05-07T18:00:00+02:00",
        "ends_at": "2027-05-07T22:00:00+02:00",
        "location": "PAARD, Prinsegracht 12, Den Haag",
        "capacity": 250,
        "programme": [{"kind": kind, "title": both, "starts_at": start, "ends_at": end} for kind, start, end in parts],
        **fields,
    }


def moved(body: Mapping[str, Any], day: str) -> dict[str, Any]:
    """The same evening on another day (YYYY-MM-DD)."""
    return dict(json.loads(json.dumps(body).replace("2027-05-07", day)))


def counted(heard: Sequence[Heard]) -> Counter[str]:
    """Returns how many were heard of each type."""
    return Counter(each.type for each in heard)


def participant_ids(heard: Sequence[Heard]) -> list[UUID]:
    """Returns whom the messages are about."""
    return [UUID(each.data["participant_id"]) for each in heard]
