"""What registration told: partners, participants, evenings."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.participants import Participant

_ONE_WRITER = text("select pg_advisory_xact_lock(hashtext('projections'), hashtext(current_schema()))")

_KNOWN_PARTNERS = text("select slug from partners where slug = any(:slugs)")
_PARTICIPANTS_OF = text("select participant_id from participants where partner = any(:partners)")

_PARTICIPANTS = text(
    """
    select participant_id, partner, holder_name, starts_on, ends_on, version, enrolled_version, requested_at,
        withdrawn_version, withdrawn_on, erased
    from participants where participant_id = any(:ids)
    """
)

_LOCK_EVENINGS = text(
    """
    select evening_id, version, not cancelled and starts_at > :now as is_open
    from evenings where evening_id = any(:ids) or (starts_at > :now and not cancelled)
    order by evening_id for no key update
    """
)

_TELL_PARTNERS = text(
    """
    insert into partners (slug, name, places, has_left, version)
    select * from unnest(
        cast(:slug as text[]), cast(:name as text[]), cast(:places as int[]), cast(:has_left as boolean[]),
        cast(:version as int[])
    )
    on conflict (slug) do update
    set name = excluded.name, places = excluded.places, has_left = excluded.has_left, version = excluded.version
    where partners.version < excluded.version
    """
)

_TELL_PARTICIPANTS = text(
    """
    insert into participants (
        participant_id, partner, holder_name, starts_on, ends_on, active_until, requested_at, withdrawn_on,
        version, enrolled_version, withdrawn_version, erased
    )
    select * from unnest(
        cast(:participant_id as uuid[]), cast(:partner as text[]), cast(:holder_name as text[]),
        cast(:starts_on as date[]), cast(:ends_on as date[]), cast(:active_until as date[]),
        cast(:requested_at as timestamptz[]), cast(:withdrawn_on as date[]), cast(:version as int[]),
        cast(:enrolled_version as int[]), cast(:withdrawn_version as int[]), cast(:erased as boolean[])
    )
    on conflict (participant_id) do update
    set partner = excluded.partner, holder_name = excluded.holder_name,
        starts_on = excluded.starts_on, ends_on = excluded.ends_on, active_until = excluded.active_until,
        requested_at = excluded.requested_at, withdrawn_on = excluded.withdrawn_on,
        version = excluded.version, enrolled_version = excluded.enrolled_version,
        withdrawn_version = excluded.withdrawn_version, erased = excluded.erased
    """
)

_TELL_EVENINGS = text(
    """
    insert into evenings (
        evening_id, venue, season, day, starts_at, closes_at, capacity, admission, cancelled, version, details
    )
    select evening_id, venue, season, day, starts_at, closes_at, capacity, admission, cancelled, version,
        details::jsonb
    from unnest(
        cast(:evening_id as uuid[]), cast(:venue as text[]), cast(:season as text[]), cast(:day as date[]),
        cast(:starts_at as timestamptz[]), cast(:closes_at as timestamptz[]), cast(:capacity as int[]),
        cast(:admission as text[]), cast(:cancelled as boolean[]), cast(:version as int[]), cast(:details as text[])
    ) as told (
        evening_id, venue, season, day, starts_at, closes_at, capacity, admission, cancelled, version, details
    )
    on conflict (evening_id) do update
    set venue = excluded.venue, season = excluded.season, day = excluded.day, starts_at = excluded.starts_at,
        closes_at = excluded.closes_at, capacity = excluded.capacity, admission = excluded.admission,
        cancelled = excluded.cancelled, version = excluded.version, details = excluded.details
    """
)


@dataclass(frozen=True, slots=True)
class KnownEvening:
    """An evening that was told; open while it is neither cancelled nor begun."""

    evening_id: UUID
    version: int
    is_open: bool


async def be_only_writer(work: UnitOfWork) -> None:
    """Makes this transaction the only one that changes projections until it ends.

    Two replicas could else open an evening and enrol a participant at the same time, neither seeing the other's,
    and that participant would never get a ticket.
    """
    await work.execute(_ONE_WRITER)


async def known_partners(work: UnitOfWork, slugs: Collection[str]) -> set[str]:
    """Those of the slugs that have been told."""
    return set((await work.execute(_KNOWN_PARTNERS, {"slugs": list(slugs)})).scalars())


async def tell_partners(work: UnitOfWork, partners: Sequence[Mapping[str, Any]]) -> None:
    """Writes partners, each once, unless a version that is as new is known."""
    await work.execute(_TELL_PARTNERS, _arrays(partners))


async def participants_of(work: UnitOfWork, partners: Collection[str]) -> set[UUID]:
    """The participants of these partners."""
    return set((await work.execute(_PARTICIPANTS_OF, {"partners": list(partners)})).scalars())


async def read_participants(work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Participant]:
    """What is known about these participants; nothing for those never heard of."""
    rows = await work.execute(_PARTICIPANTS, {"ids": list(ids)})
    return {row["participant_id"]: Participant(**row) for row in rows.mappings()}


async def tell_participants(work: UnitOfWork, participants: Collection[Participant]) -> None:
    """Writes what is known about these participants now."""
    rows = [
        {
            "participant_id": participant.participant_id,
            "partner": participant.partner,
            "holder_name": participant.holder_name,
            "starts_on": participant.starts_on,
            "ends_on": participant.ends_on,
            "active_until": participant.active_until,
            "requested_at": participant.requested_at,
            "withdrawn_on": participant.withdrawn_on,
            "version": participant.version,
            "enrolled_version": participant.enrolled_version,
            "withdrawn_version": participant.withdrawn_version,
            "erased": participant.erased,
        }
        for participant in participants
    ]
    if rows:
        await work.execute(_TELL_PARTICIPANTS, _arrays(rows))


async def lock_evenings(work: UnitOfWork, ids: Collection[UUID]) -> list[KnownEvening]:
    """Locks the evenings with these ids, and all that are open, until the transaction ends.

    Always in the order of their ids, so that transactions wait for each other instead of deadlocking.
    """
    rows = await work.execute(_LOCK_EVENINGS, {"ids": list(ids), "now": work.now})
    return [KnownEvening(**row) for row in rows.mappings()]


async def tell_evenings(work: UnitOfWork, evenings: Sequence[Mapping[str, Any]]) -> None:
    """Writes evenings, each once, whose rows are locked or new."""
    if evenings:
        await work.execute(_TELL_EVENINGS, _arrays(evenings))


def _arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of rows that all have the same fields."""
    return {field: [row[field] for row in rows] for field in rows[0]}
