"""What the figures of a service tell: events that wait, erasures that take too long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from prometheus_client.parser import text_string_to_metric_families

from culture_connect_cli.doctor.findings import CannotLook, Finding
from culture_connect_cli.doctor.services import Service

PATIENCE: Final = timedelta(seconds=60)  # that an event may wait for the broker
OVERDUE: Final = "culture_connect_erasures_overdue"
LISTENS: Final = "culture_connect_database_listens"
OLDEST: Final = "culture_connect_outbox_oldest_seconds"


async def events_leave(service: Service, now: datetime) -> Sequence[Finding]:
    """Whether events have waited for the broker for longer than `PATIENCE`; `now` has a time zone."""
    oldest = timedelta(seconds=await _figure(service, OLDEST))
    if oldest <= PATIENCE:
        return []
    since = (now - oldest).isoformat(sep=" ", timespec="seconds")
    what = f"{service.name}: events wait for the broker since {since}"
    return [
        Finding(what, f"see whether the broker takes messages (memory, disk); if so, {service.name}'s log says why")
    ]


async def leaves_without_listen(service: Service) -> bool:
    """Whether a pooler stands before its database, so that a new event is found only at the next look."""
    try:
        return not await _figure(service, LISTENS)
    except CannotLook:  # a version that does not tell
        return False


async def erasures_are_in_time(service: Service) -> Sequence[Finding]:
    """Whether every erasure was completed within a day."""
    overdue = round(await _figure(service, OVERDUE))
    if overdue <= 0:
        return []
    what = f"{service.name}: {_erasures(overdue)} not completed after 24 hours"
    cure = (
        "GET /erasures/{participant_id} at registration shows which service has not answered; see whether it is ready"
    )
    return [Finding(what, cure)]


async def _figure(service: Service, name: str) -> float:
    """The highest value of a metric. Raises CannotLook when the service does not tell it."""
    answer = await service.get("/metrics")
    if answer.status_code != HTTPStatus.OK:
        raise CannotLook(f"{service.name} does not show its figures (HTTP {answer.status_code})")
    try:
        families = list(text_string_to_metric_families(answer.text))
    except ValueError:
        raise CannotLook(f"the figures of {service.name} cannot be read") from None
    values = [sample.value for family in families for sample in family.samples if sample.name == name]
    if not values:
        raise CannotLook(f"{service.name} does not tell {name}; its version may differ from this command's")
    return float(max(values))


def _erasures(count: int) -> str:
    return "1 erasure is" if count == 1 else f"{count} erasures are"
