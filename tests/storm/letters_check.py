"""At the end: every letter that was to be sent was sent, and no mail came twice unless its sender was broken."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import httpx

from tests.storm.deployment import Deployment
from tests.storm.findings import DOUBLE, LOST, Findings

_AFTER: Final = timedelta(seconds=90)  # after a break, for a claim to run out and the mail to be tried again
_SENT: Final = "select distinct mail_id::text from notifications.letters where state = 'sent' and mail_id is not null"
_WITHOUT_LETTER: Final = """
    select t.ticket_id::text from ticketing.tickets t
    where t.state = 'issued' and not exists (
        select from notifications.letters l
        where l.ticket_id = t.ticket_id and l.kind in ('ticket-issued', 'ticket-promoted')
    )
"""
_FAILED: Final = "select letter_id::text from notifications.letters where state = 'failed'"
_TICKETS: Final = """
    select t.ticket_id::text from ticketing.tickets t left join notifications.tickets n using (ticket_id)
    where t.participant_id is not null and n.version is distinct from t.version
"""


async def check_letters(
    deployment: Deployment, client: httpx.AsyncClient, broken: Sequence[tuple[datetime, datetime]], findings: Findings
) -> dict[str, int]:
    """`broken` are the times in which a sender, its database or the mail server was broken. Returns counts."""
    for what, statement in (
        ("tickets that notifications does not know as they are", _TICKETS),
        ("tickets without a letter", _WITHOUT_LETTER),
        ("letters that failed", _FAILED),
    ):
        findings.none_of(LOST, what, [row[0] for row in await deployment.rows(statement)])
    mails = (await client.get(f"{deployment.stack.urls['mailbox']}/api/messages", timeout=60)).raise_for_status().json()
    arrived: dict[str, list[dict[str, Any]]] = {}
    for mail in mails:
        arrived.setdefault(mail["message_id"].strip("<>").partition("@")[0], []).append(mail)
    sent = {row[0] for row in await deployment.rows(_SENT)}
    findings.none_of(LOST, "mails that count as sent and never arrived", sent - arrived.keys())
    again = {id_: copies for id_, copies in arrived.items() if len(copies) > 1}
    unexplained = {id_ for id_, copies in again.items() if not _is_explained(copies, broken)}
    findings.none_of(DOUBLE, "mails that came twice though nothing was broken", unexplained)
    return {"letters": len(arrived), "letters repeated": sum(len(copies) - 1 for copies in again.values())}


def _is_explained(copies: Sequence[dict[str, Any]], broken: Sequence[tuple[datetime, datetime]]) -> bool:
    times = sorted(datetime.fromisoformat(mail["received_at"]) for mail in copies)
    return any(begin - _AFTER <= times[0] and times[-1] <= end + _AFTER for begin, end in broken)
