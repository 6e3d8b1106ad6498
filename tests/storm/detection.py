"""Detection of faults: by readiness, a metric or the doctor, and how soon."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx
from prometheus_client.parser import text_string_to_metric_families

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.doctor import SystemLocations, run_checks
from tests.storm.deployment import Deployment
from tests.storm.replica import Replica

IN_TIME: Final = 30.0  # seconds, the promise of every break being named
_LOOK: Final = 2.0  # seconds between two looks
_TIMEOUT: Final = 3.0  # seconds for the figures of a replica

# What the storm itself does to see something, and what nobody would take for the break.
_OURS: Final = ("policy storm-", "dead letter")

# From which value on a figure is an alarm; a name stands for all figures that begin with it.
ALARMS: Final = {
    "culture_connect_outbox_oldest_seconds": 10.0,
    "culture_connect_outbox_lane": 1.0,
    "culture_connect_outbox_quarantined": 1.0,
    "culture_connect_letters_oldest_unsent_seconds": 10.0,
    "culture_connect_mail_server_failures": 1.0,
    "culture_connect_mail_dialogue_seconds": 10.0,
    "culture_connect_consumption_paused": 1.0,
}


Said = dict[str, set[str]]


@dataclass(frozen=True)
class Named:
    """Something that was said to be wrong, so many seconds after it was broken."""

    by: str
    after: float
    words: str


async def first_named(deployment: Deployment, replicas: Sequence[Replica], before: Said) -> list[Named]:
    """The first thing that each of them says and did not say `before`, the soonest first; looks for `IN_TIME`."""
    looks = [_first(by, deployment, replicas, words) for by, words in before.items()]
    return sorted((named for named in await asyncio.gather(*looks) if named), key=lambda named: named.after)


async def said(deployment: Deployment, replicas: Sequence[Replica]) -> Said:
    """Everything that is said to be wrong now, by whom, without figures that change by themselves."""
    answers = await asyncio.gather(*(look(deployment, replicas) for look in _LOOKS.values()))
    return {by: {_plain(words) for words in answer} for by, answer in zip(_LOOKS, answers, strict=True)}


async def _first(by: str, deployment: Deployment, replicas: Sequence[Replica], before: set[str]) -> Named | None:
    started = time.monotonic()
    while (after := time.monotonic() - started) < IN_TIME:
        for words in await _LOOKS[by](deployment, replicas):
            if _plain(words) not in before and not any(each in words for each in _OURS):
                return Named(by, round(time.monotonic() - started, 1), words)
        await asyncio.sleep(max(0.0, _LOOK - (time.monotonic() - started - after)))
    return None


def _plain(words: str) -> str:
    return re.sub(r"\d+", "#", words)


async def _ready(deployment: Deployment, replicas: Sequence[Replica]) -> list[str]:
    problems = await asyncio.gather(*(replica.problem() for replica in replicas))
    return [f"{replica.name}: {problem}" for replica, problem in zip(replicas, problems, strict=True) if problem]


async def _metrics(deployment: Deployment, replicas: Sequence[Replica]) -> list[str]:
    answers = await asyncio.gather(*map(_alarms, replicas))
    return [alarm for answer in answers for alarm in answer]


async def _alarms(replica: Replica) -> list[str]:
    try:
        async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False) as client:
            text = (await client.get(f"{replica.url}/metrics")).text
    except httpx.HTTPError:
        return []  # that it does not answer, its readiness tells
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return [
        f"{replica.name}: {sample.name}"
        for sample in samples
        if any(sample.name.startswith(name) and sample.value >= limit for name, limit in ALARMS.items())
    ]


async def _doctor(deployment: Deployment, replicas: Sequence[Replica]) -> list[str]:
    """The doctor looks at the replicas that are affected, and at one of each other service."""
    services = {service: deployment.of(service)[0].url for service in SERVICES}
    services |= {replica.service: replica.url for replica in replicas}
    found = await run_checks(SystemLocations(services, deployment.stack.broker), datetime.now(UTC))
    return [finding.what for checked in found for finding in checked.findings]


_LOOKS: Final = {"ready": _ready, "metric": _metrics, "doctor": _doctor}
