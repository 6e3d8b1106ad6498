"""Checks of a service's metrics."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from culture_connect_cli.doctor.check import CheckError, Finding
from culture_connect_cli.doctor.queues import counted
from culture_connect_cli.doctor.service import Service

MAX_OUTBOX_AGE: Final = timedelta(seconds=60)  # for an event to reach the broker
OVERDUE: Final = "culture_connect_erasures_overdue"
LISTENS: Final = "culture_connect_database_listens"
RETRIES: Final = "culture_connect_retries_waiting"
RETRIES_OLDEST: Final = "culture_connect_retries_oldest_seconds"
MAX_RETRY_TIME: Final = timedelta(minutes=2)
MAIL_DIALOGUE: Final = "culture_connect_mail_dialogue_seconds"
MAX_MAIL_DIALOGUE: Final = timedelta(seconds=10)
MAIL_FAILURES: Final = "culture_connect_mail_server_failures"
OLDEST: Final = "culture_connect_outbox_oldest_seconds"


async def check_outbox_age(service: Service, now: datetime) -> Sequence[Finding]:
    """Events that have waited for longer than `MAX_OUTBOX_AGE`; `now` has a time zone."""
    oldest = timedelta(seconds=await service.highest(OLDEST))
    if oldest <= MAX_OUTBOX_AGE:
        return []
    since = (now - oldest).isoformat(sep=" ", timespec="seconds")
    what = f"{service.name}: events wait for the broker since {since}"
    return [
        Finding(what, f"see whether the broker takes messages (memory, disk); if so, {service.name}'s log says why")
    ]


async def polls_database(service: Service) -> bool:
    """True when the service polls its outbox, since its database is behind a connection pooler without LISTEN."""
    try:
        return not await service.highest(LISTENS)
    except CheckError:  # a version without this metric
        return False


async def check_retries(service: Service) -> Sequence[Finding]:
    """Queues with a message that has failed for longer than `MAX_RETRY_TIME`."""
    samples = await service.samples()
    waiting = {labels["queue"]: count for labels, count in samples.get(RETRIES, ())}
    found = []
    for labels, seconds in samples.get(RETRIES_OLDEST, ()):
        if timedelta(seconds=seconds) > MAX_RETRY_TIME:
            queue, count = labels["queue"], round(waiting.get(labels["queue"], 0))
            verb = "waits" if count == 1 else "wait"
            messages = f"{counted(count, 'message')} {verb} for another try in {queue}"
            what = f"{service.name}: {messages}, the first for {seconds / 60:.0f} min"
            found.append(Finding(what, f"{service.name}'s log says why ('delivery failed'); they are tried on"))
    return found


async def check_mail_server(service: Service) -> Sequence[Finding]:
    """A mail server that keeps a letter waiting or could not be reached the last time."""
    remedy = "see whether it runs and is where SMTP_HOST and SMTP_PORT say; letters wait and are not lost"
    silent = timedelta(seconds=await service.highest(MAIL_DIALOGUE))
    if silent >= MAX_MAIL_DIALOGUE:
        what = f"{service.name}: the mail server has kept a letter waiting for {silent.seconds} s"
        return [Finding(what, remedy)]
    failures = round(await service.highest(MAIL_FAILURES))
    if failures <= 0:
        return []
    again = "" if failures == 1 else f", {failures} times in a row"
    what = f"{service.name}: the mail server cannot be reached{again}"
    return [Finding(what, remedy)]


async def check_erasures(service: Service) -> Sequence[Finding]:
    """Erasures that were not completed within a day."""
    overdue = round(await service.highest(OVERDUE))
    if overdue <= 0:
        return []
    what = (
        f"{service.name}: {counted(overdue, 'erasure')} {'is' if overdue == 1 else 'are'} not completed after 24 hours"
    )
    remedy = (
        "GET /erasures/{participant_id} at registration shows which service has not answered; see whether it is ready"
    )
    return [Finding(what, remedy)]
