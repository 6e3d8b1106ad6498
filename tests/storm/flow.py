"""The time until it flows again: a partner of its own enrols somebody each half second, and reads each receipt."""

import asyncio
import itertools
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from uuid import uuid4

import aio_pika

from culture_connect_cli.accounts import Credentials, add_account
from tests.storm.api import Desk
from tests.storm.deployment import Deployment
from tests.storm.external_clients import ConfirmedSender, QueueReader
from tests.storm.findings import DOUBLE, LOST, Findings
from tests.storm.schedule import Broken
from tests.support.system import in_days

PARTNER: Final = "probe"
PACE: Final = 0.5  # seconds from one message to the next
_AFTER: Final = 5.0  # seconds for which a break that was mended may still be felt
_PERSON: Final = {
    "employee_ref": "probe-1",
    "given_name": "Probe",
    "family_name": "Person",
    "email": "probe@probe.example",
}


@dataclass(frozen=True)
class Interruption:
    """For how many seconds no receipt came around a break, at most; `at` is when the break began, from the first
    message on, and `lasted` how long it was. With other breaks `beside` it, one of them may be the reason.
    """

    kind: str
    target: str
    at: float
    lasted: float
    seconds: float
    beside: int = 0


class FlowProbe:
    """Sends a message, waits until the broker has it, and goes on; the broker's silence is an interruption as well."""

    def __init__(self, account: Credentials) -> None:
        self.reader = QueueReader(account)
        self.sent: list[str] = []
        self._account = account
        self._started = time.monotonic()
        self._started_at = datetime.now(UTC)

    @classmethod
    async def prepared(cls, deployment: Deployment, desk: Desk) -> Self:
        """The partner is registered and has its account."""
        body = {"slug": PARTNER, "name": "Partner probe", "places": 10, "language": "nl"}
        body |= {"starts_on": str(in_days(0)), "ends_on": str(in_days(400))}
        answer = await desk.post("registration", "/partners", body, as_=deployment.stack.tokens["programme"])
        assert answer.is_success, answer.text
        return cls(await add_account(deployment.stack.broker, "hr", PARTNER))

    async def run(self, stop: asyncio.Event) -> None:
        """Until told to stop."""
        async with ConfirmedSender(self._account) as sender:
            while not stop.is_set():
                began = time.monotonic()
                self.sent.append(str(uuid4()))
                await sender.send(_message(self.sent[-1]))
                await asyncio.sleep(max(0.0, PACE - (time.monotonic() - began)))

    def check(self, findings: Findings) -> None:
        """Every message has one receipt."""
        answered = [each.data["message_id"] for each in self.reader.of("enrolment.accepted")]
        findings.none_of(LOST, "messages of the probe without a receipt", set(self.sent) - set(answered))
        twice = {id_ for id_ in answered if answered.count(id_) > 1}
        findings.none_of(DOUBLE, "messages of the probe with two receipts", twice)

    def interruption(self, kind: str, target: str, begin: datetime, end: datetime) -> Interruption:
        """The longest time without a receipt from the beginning of a break until some seconds after its end."""
        since, until = (self._seconds(moment) for moment in (begin, end))
        arrivals = sorted(each.at - self._started for each in self.reader.received.values())
        between = itertools.pairwise(arrivals)
        felt = [after - before for before, after in between if after > since and before < until + _AFTER]
        return Interruption(kind, target, round(since, 1), round(until - since, 1), round(max(felt, default=0.0), 2))

    def interruptions(self, breaks: Sequence[Broken]) -> list[Interruption]:
        """The interruption of each break."""
        felt = timedelta(seconds=_AFTER)
        return [
            replace(
                self.interruption(each.planned.kind, each.planned.target, each.begin, each.end),
                beside=sum(
                    other.begin < each.end + felt and each.begin < other.end + felt
                    for other in breaks
                    if other is not each
                ),
            )
            for each in breaks
        ]

    def _seconds(self, moment: datetime) -> float:
        return (moment - self._started_at).total_seconds()


def _message(id_: str) -> aio_pika.Message:
    return aio_pika.Message(
        json.dumps(_PERSON).encode(),
        content_type="application/json",
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
        message_id=id_,
        type="enrolment.requested",
    )
