"""Records a bounce: a permanent failure fails its letters and, where the address is at fault, is reported."""

import structlog

from culture_connect.messaging import UnitOfWork
from notifications.domain.outcomes import BounceReport, DeliveryFault
from notifications.store import claims
from notifications.use_cases.report_undeliverable import report_undeliverable

log = structlog.get_logger(__name__)


async def record_bounce(work: UnitOfWork, bounce: BounceReport) -> None:
    """Records the report; only a permanent failure of a mail of ours changes anything, and only the first time.

    Any fault but the address's shows in metrics, logs and the list of letters.
    """
    if bounce.letter_id is None or not bounce.permanent:
        return
    recipient = await claims.find_recipient(work, bounce.letter_id)
    people = await claims.mark_bounced(work, bounce.letter_id, f"bounced-{bounce.status}")
    if people and bounce.fault is not DeliveryFault.ADDRESS:
        log.warning("letter came back", letter_id=str(bounce.letter_id), status=bounce.status, fault=str(bounce.fault))
        return
    for participant in people:
        await report_undeliverable(work, participant, recipient)
