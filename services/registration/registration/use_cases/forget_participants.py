"""Erases participants whose retention is over."""

from datetime import date

from culture_connect.contracts import EnrolmentErased, local_day
from culture_connect.messaging import UnitOfWork
from registration.store import terms
from registration.store.tombstones import Tombstones
from registration.use_cases.decide_enrolments import decide_enrolments
from registration.use_cases.lock_roster import lock_partner


async def forget_participants(work: UnitOfWork, tombstones: Tombstones, partner: str, last: date, limit: int) -> int:
    """Erases at most `limit` people of the partner who took part up to the day `last`, or shorter.

    Returns the number of those erased.
    """
    # The lock comes first: somebody who comes back at this moment is not to be forgotten.
    await lock_partner(work, partner, local_day(work.now))
    refs = await terms.forgotten_of(work, partner, last, limit)
    if refs:
        requests = [(EnrolmentErased(employee_ref=ref), None) for ref in refs]
        await decide_enrolments(work, tombstones, partner, requests)
    return len(refs)
