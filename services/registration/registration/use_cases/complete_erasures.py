"""Notes which services keep nothing of a participant any more."""

from collections.abc import Sequence
from uuid import UUID

from culture_connect.contracts import Envelope
from culture_connect.messaging import UnitOfWork
from registration.store import erasures


async def complete_erasures(work: UnitOfWork, completed: Sequence[tuple[UUID, Envelope]]) -> None:
    """Completes the part of each service; the envelope's source names it, `/culture-connect/<service>`."""
    first: dict[tuple[UUID, str], Envelope] = {}
    for participant_id, envelope in completed:
        first.setdefault((participant_id, envelope.source.rpartition("/")[2]), envelope)
    await erasures.complete(
        work, [(participant_id, service, envelope.time) for (participant_id, service), envelope in first.items()]
    )
