"""Partners and participants as registration published them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import PartnerChanged, PartnerLeft, PartnerRegistered
from culture_connect.messaging import UnitOfWork
from ticketing.domain.participants import Participant
from ticketing.store.rows import columns_of, fetch_all, names_of

_PARTICIPANT: Final = names_of(Participant)
PartnerEvent = PartnerRegistered | PartnerChanged | PartnerLeft

_LOCK = text("select pg_advisory_xact_lock(hashtext('projections'), hashtext(current_schema()))")

_KNOWN_PARTNERS = text("select slug, name, not has_left as takes_part from partners where slug = any(:slugs)")
_PARTICIPANTS_OF = text("select participant_id from participants where partner = any(:partners)")

_PARTICIPANTS = text(
    """
    select participant_id, partner, holder_name, starts_on, ends_on, version, enrolled_version, requested_at,
        withdrawn_version, withdrawn_on, erased, language, address_sha256
    from participants where participant_id = any(:ids)
    """
)

_SAVE_PARTNERS = text(
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

_SAVE_PARTICIPANTS = text(
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


@dataclass(frozen=True, slots=True)
class KnownPartner:
    """A known partner; `takes_part` until it left."""

    slug: str
    name: str
    takes_part: bool


async def lock(work: UnitOfWork) -> None:
    """Makes this transaction the only one that changes projections until it ends.

    Two replicas could else open an evening and enrol a participant at the same time, neither seeing the other's,
    and that participant would never get a ticket.
    """
    await work.execute(_LOCK)


async def known_partners(work: UnitOfWork, slugs: Collection[str]) -> dict[str, KnownPartner]:
    """Returns those of the partners that are known, by slug."""
    return {each.slug: each for each in await fetch_all(work, KnownPartner, _KNOWN_PARTNERS, {"slugs": list(slugs)})}


async def save_partners(work: UnitOfWork, messages: Sequence[PartnerEvent]) -> None:
    """Writes partners, each once and at least one, unless a version that is as new is known."""
    columns = columns_of(messages, ("slug", "name", "places", "version", "starts_on", "ends_on"))
    has_left = [isinstance(message, PartnerLeft) for message in messages]
    await work.execute(_SAVE_PARTNERS, {**columns, "has_left": has_left})


async def participants_of(work: UnitOfWork, partners: Collection[str]) -> set[UUID]:
    """Returns the participants of these partners."""
    return set((await work.execute(_PARTICIPANTS_OF, {"partners": list(partners)})).scalars())


async def known_participants(work: UnitOfWork, ids: Collection[UUID]) -> dict[UUID, Participant]:
    """Returns those of the participants that are known."""
    return {each.participant_id: each for each in await fetch_all(work, Participant, _PARTICIPANTS, {"ids": list(ids)})}


async def save_participants(work: UnitOfWork, participants: Sequence[Participant]) -> None:
    """Writes participants as they are known now."""
    if participants:
        active_until = [each.active_until for each in participants]
        await work.execute(_SAVE_PARTICIPANTS, {**columns_of(participants, _PARTICIPANT), "active_until": active_until})
