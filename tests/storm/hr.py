"""The HR systems of partners: each says one thing after the other, and reads a receipt for each."""

import asyncio
import json
import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

import aio_pika

from culture_connect.contracts.envelope import written_time
from culture_connect_cli.accounts import Credentials
from tests.storm.employees import Sent, Staff
from tests.storm.external_clients import ConfirmedSender, QueueReader

_TWICE: Final = 0.05  # part of the messages that is sent once more, as a system that lost its confirm would
_BAD: Final = 0.03  # part of the messages that is followed by one that nobody can read


class HrSystem:
    """One partner's. `sent` are its messages that can be read, `refused` the ids of those that cannot be, and
    `hopeless` those of messages whose id is no proper one either and so become dead letters.
    """

    def __init__(self, staff: Staff, account: Credentials, *, pace: float) -> None:
        self.staff = staff
        self.reader = QueueReader(account)
        self.sent: list[Sent] = []
        self.refused: list[str] = []
        self.hopeless: list[str] = []
        self._account = account
        self._dice = random.Random(staff.partner)
        self._pace = pace

    async def work(self, stop: asyncio.Event) -> None:
        """Sends about `pace` messages a second until told to stop, each once the one before is confirmed."""
        async with ConfirmedSender(self._account) as sender:
            while not stop.is_set():
                await asyncio.sleep(self._dice.expovariate(self._pace))
                sent = self.staff.next()
                self.sent.append(sent)
                message = self._message(sent)
                await sender.send(message)
                if self._dice.random() < _TWICE:
                    await sender.send(message)
                if self._dice.random() < _BAD:
                    await self._send_bad(sender)

    def receipts(self) -> Mapping[str, list[dict[str, Any]]]:
        """The receipts it has read, by the id of the message they answer; each event once."""
        found: dict[str, list[dict[str, Any]]] = {}
        for kind in ("enrolment.accepted", "enrolment.refused"):
            for received in self.reader.of(kind):
                found.setdefault(received.data["message_id"], []).append(received.data)
        return found

    def _message(self, sent: Sent) -> aio_pika.Message:
        data: dict[str, Any] = {"employee_ref": sent.employee_ref}
        if sent.mark is not None:
            names = {"given_name": sent.mark, "family_name": self.staff.partner.title()}
            data |= names | {"email": f"{sent.employee_ref}.{sent.mark.lower()}@{self.staff.partner}.example"}
        return _message(json.dumps(data).encode(), id=sent.id, type=f"enrolment.{sent.verb}", **self._dated(sent.time))

    def _dated(self, time: datetime) -> dict[str, Any]:
        if self.staff.style == "exact":
            return {"headers": {"ce-time": written_time(time)}}
        return {"timestamp": time.replace(microsecond=0)} if self.staff.style == "seconds" else {}

    async def _send_bad(self, sender: ConfirmedSender) -> None:
        body = f"no json {uuid4()}"
        if self._dice.random() < 0.3:
            # A control character makes it no id; without any, the client library would make one up.
            self.hopeless.append(f"\a{uuid4()}")
            await sender.send(_message(body.encode(), id=self.hopeless[-1], type="enrolment.requested"))
            return
        id_ = str(uuid4())
        self.refused.append(id_)
        type_ = self._dice.choice(["enrolment.requested", "enrolment.unheard-of"])
        await sender.send(_message(body.encode(), id=id_, type=type_))


def _message(body: bytes, *, id: str, type: str, **properties: Any) -> aio_pika.Message:  # noqa: A002
    return aio_pika.Message(
        body,
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=id,
        type=type,
        **properties,
    )
