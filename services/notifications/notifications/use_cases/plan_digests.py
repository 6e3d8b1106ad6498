"""Plans the weekly digests of partners."""

from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import Kind, Suppression
from notifications.domain.letter_ids import digest_letter_id
from notifications.domain.schedule import last_week
from notifications.store import letters, partners
from notifications.store.letters import NewLetter


async def plan_digests(work: UnitOfWork) -> None:
    """Plans the digest of the last whole week for each partner that has none of it yet."""
    week = last_week(work.now)
    due = await partners.without_digest(work, week)
    await letters.plan(
        work,
        [
            NewLetter(
                digest_letter_id(partner, week.monday),
                Kind.DIGEST,
                week.due_at,
                partner=partner,
                suppressed=None if has_contact else Suppression.NO_ADDRESS,
                details={"monday": week.monday.isoformat()},
            )
            for partner, has_contact in due.items()
        ],
    )
