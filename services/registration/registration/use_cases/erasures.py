"""Erasures on their way: what the other services said they have forgotten, and what a day brings to be forgotten."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from culture_connect.contracts import EnrolmentErased, Envelope
from culture_connect.messaging import UnitOfWork
from registration.domain.calendar import local_day
from registration.store import erasures, terms
from registration.store.tombstones import Tombstones
from registration.use_cases.enrolments import decide_enrolments
from registration.use_cases.lock_roster import lock_partner


async def note_completed(work: UnitOfWork, said: Sequence[tuple[UUID, Envelope]]) -> None:
    """Takes note of what services said; who said it stands in the envelope's source, `/culture-connect/<service>`."""
    first: dict[tuple[UUID, str], Envelope] = {}
    for participant_id, envelope in said:
        first.setdefault((participant_id, envelope.source.rpartition("/")[2]), envelope)
    await erasures.complete(
        work, [(participant_id, service, envelope.time) for (participant_id, service), envelope in first.items()]
    )


async def forget(work: UnitOfWork, tombstones: Tombstones, partner: str, last: date, limit: int) -> int:
    """Erases at most `limit` people of the partner who took part up to the day `last` or shorter; how many it were."""
    # Before they are looked for: somebody who comes back at this moment is not to be forgotten.
    await lock_partner(work, partner, local_day(work.now))
    refs = await terms.forgotten_of(work, partner, last, limit)
    if refs:
        wishes = [(EnrolmentErased(employee_ref=ref), None) for ref in refs]
        await decide_enrolments(work, tombstones, partner, wishes)
    return len(refs)
