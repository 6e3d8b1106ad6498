"""What registration told of partners and participants."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from ticketing.domain.participants import Participant

_ONE_WRITER = text("select pg_advisory_xact_lock(hashtext('projections'), hashtext(current_schema()))")

_KNOWN_PARTNERS = text("select slug, name, not has_left as takes_part from partners where slug = any(:slugs)")
_PARTICIPANTS_OF = text("select participant_id from participants where partner = any(:partners)")

_PARTICIPANTS = text(
    """
    select participant_id, partner, holder_name, starts_on, ends_on, version, enrolled_version, requested_at,
        withdrawn_version, withdrawn_on, erased, language, address_sha256
    from participants where participant_id = any(:ids)
    """
)

_TELL_PARTNERS = text(
    """
    insert into partners (slug, name, places, has_left, version, starts_on, ends_on)
    select * from unnest(
        cast(:slug as text[]), cast(:name as text[]), cast(:places as int[]), cast(:has_left as boolean[]),
        cast(:version as int[]), cast(:starts_on as date[]), cast(:ends_on as date[])
    )
    on conflict (slug) do update
    set name = excluded.name, places = excluded.places, has_left = excluded.has_left, version = excluded.version,
        starts_on = excluded.starts_on, ends_on = excluded.ends_on
    where partners.version < excluded.version
    """
)

_TELL_PARTICIPANTS = text(
    """
    insert into participants (
        participant_id, partner, holder_name, starts_on, ends_on, active_until, requested_at, withdrawn_on,
        version, enrolled_version, withdrawn_version, erased, language, address_sha256
    )
    select * from unnest(
        cast(:participant_id as uuid[]), cast(:partner as text[]), cast(:holder_name as text[]),
        cast(:starts_on as date[]), cast(:ends_on as date[]), cast(:active_until as date[]),
        cast(:requested_at as timestamptz[]), cast(:withdrawn_on as date[]), cast(:version as int[]),
        cast(:enrolled_version as int[]), cast(:withdrawn_version as int[]), cast(:erased as boolean[]),
        cast(:language as text[]), cast(:address_sha256 as bytea[])
    )
    on conflict (participant_id) do update
    set partner = excluded.partner, holder_name = excluded.holder_name,
        starts_on = excluded.starts_on, ends_on = excluded.ends_on, active_until = excluded.active_until,
        requested_at = excluded.requested_at, withdrawn_on = excluded.withdrawn_on,
        version = excluded.version, enrolled_version = excluded.enrolled_version,
        withdrawn_version = excluded.withdrawn_version, erased = excluded.erased,
        language = excluded.language, address_sha256 = excluded.address_sha256
    """
)


async def lock(work: UnitOfWork) -> None:
    """Makes this transaction the only one that changes projections until it ends.

    Two replicas could else open an evening and enrol a participant at the same time, neither seeing the other's,
    and that participant would never get a ticket.
    """
    await work.execute(_ONE_WRITER)


@dataclass(frozen=True, slots=True)
class KnownPartner:
    """A partner that was told."""

    slug: str
    name: str
    takes_part: bool


async def known_partners(work: UnitOfWork, slugs: Collection[str]) -> dict[str, KnownPartner]:
    """Those of the partners that have been told, by slug."""
    rows = await work.execute(_KNOWN_PARTNERS, {"slugs": list(slugs)})
    return {row["slug"]: KnownPartner(**row) for row in rows.mappings()}


async def save_partners(work: UnitOfWork, partners: Sequence[Mapping[str, Any]]) -> None:
    """Writes partners, each once, unless a version that is as new is known."""
    await work.execute(_TELL_PARTNERS, _arrays(partners))


async def participants_of(work: UnitOfWork, partners: Collection[str]) -> set[UUID]:
    """The participants of these partners."""
    return set((await work.execute(_PARTICIPANTS_OF, {"partners": list(partners)})).scalars())


async def read_participants(work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Participant]:
    """What is known about these participants; nothing for those never heard of."""
    rows = await work.execute(_PARTICIPANTS, {"ids": list(ids)})
    return {row["participant_id"]: Participant(**row) for row in rows.mappings()}


async def save_participants(work: UnitOfWork, participants: Collection[Participant]) -> None:
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
            "language": participant.language,
            "address_sha256": participant.address_sha256,
        }
        for participant in participants
    ]
    if rows:
        await work.execute(_TELL_PARTICIPANTS, _arrays(rows))


def _arrays(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Columns of rows that all have the same fields."""
    return {field: [row[field] for row in rows] for field in rows[0]}
