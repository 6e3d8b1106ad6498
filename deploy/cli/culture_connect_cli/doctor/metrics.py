"""What the figures of a service tell: events that wait, erasures that take too long."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from culture_connect_cli.doctor.check import CannotLook, Finding
from culture_connect_cli.doctor.samples import highest, read
from culture_connect_cli.doctor.service import Service

PATIENCE: Final = timedelta(seconds=60)  # that an event may wait for the broker
OVERDUE: Final = "culture_connect_erasures_overdue"
LISTENS: Final = "culture_connect_database_listens"
RETRIES: Final = "culture_connect_retries_waiting"
RETRIES_OLDEST: Final = "culture_connect_retries_oldest_seconds"
TRIED_IN_VAIN: Final = timedelta(minutes=2)
MAIL_DIALOGUE: Final = "culture_connect_mail_dialogue_seconds"
MAIL_SILENT: Final = timedelta(seconds=10)
MAIL_FAILURES: Final = "culture_connect_mail_server_failures"
OLDEST: Final = "culture_connect_outbox_oldest_seconds"


async def events_leave(service: Service, now: datetime) -> Sequence[Finding]:
    """Whether events have waited for the broker for longer than `PATIENCE`; `now` has a time zone."""
    oldest = timedelta(seconds=await highest(service, OLDEST))
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
        return not await highest(service, LISTENS)
    except CannotLook:  # a version that does not tell
        return False


async def retries_succeed(service: Service) -> Sequence[Finding]:
    """Every queue of which a message has failed for longer than `TRIED_IN_VAIN`."""
    samples = await read(service)
    waiting = {labels["queue"]: count for labels, count in samples.get(RETRIES, ())}
    found = []
    for labels, seconds in samples.get(RETRIES_OLDEST, ()):
        if timedelta(seconds=seconds) > TRIED_IN_VAIN:
            queue, count = labels["queue"], round(waiting.get(labels["queue"], 0))
            messages = "1 message waits" if count == 1 else f"{count} messages wait"
            what = f"{service.name}: {messages} for another try in {queue}, the first for {seconds / 60:.0f} min"
            found.append(Finding(what, f"{service.name}'s log says why ('delivery failed'); they are tried on"))
    return found


async def mail_is_taken(service: Service) -> Sequence[Finding]:
    """Whether the mail server could be talked to the last time, and answers now."""
    cure = "see whether it runs and is where SMTP_HOST and SMTP_PORT say; letters wait and are not lost"
    silent = timedelta(seconds=await highest(service, MAIL_DIALOGUE))
    if silent >= MAIL_SILENT:
        what = f"{service.name}: the mail server has kept a letter waiting for {silent.seconds} s"
        return [Finding(what, cure)]
    failures = round(await highest(service, MAIL_FAILURES))
    if failures <= 0:
        return []
    again = "" if failures == 1 else f", {failures} times in a row"
    what = f"{service.name}: the mail server could not be talked to{again}"
    return [Finding(what, cure)]


async def erasures_are_in_time(service: Service) -> Sequence[Finding]:
    """Whether every erasure was completed within a day."""
    overdue = round(await highest(service, OVERDUE))
    if overdue <= 0:
        return []
    what = f"{service.name}: {_erasures(overdue)} not completed after 24 hours"
    cure = (
        "GET /erasures/{participant_id} at registration shows which service has not answered; see whether it is ready"
    )
    return [Finding(what, cure)]


def _erasures(count: int) -> str:
    return "1 erasure is" if count == 1 else f"{count} erasures are"
