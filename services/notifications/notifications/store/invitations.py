"""Invitations and ticket offers that are unanswered, and the links in their letters."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import InvitationExtended
from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import Kind, State
from notifications.domain.decisions import KnownLetter
from notifications.store.letters import SUPPRESS, UNSENT

# An answer is a ticket or a place on the waiting list, held now or since the invitation: its letters tell the rest.
# Somebody who comes back is invited again, whatever tickets they had before. Erased people have no address.
_UNANSWERED = text(
    """
        select distinct on (participant_id, evening_id) participant_id, evening_id, details,
            state = 'sent' or state <> 'failed' and mail_id is not null as notified
        from letters
        where evening_id = any(:evening_ids) and kind = 'invitation' and state <> 'failed'
            and exists (select from contacts where contacts.participant_id = letters.participant_id and not erased)
            and (state <> 'suppressed' or mail_id is not null)
            and not exists (
                select from tickets
                where tickets.participant_id = letters.participant_id and tickets.evening_id = letters.evening_id
                    and tickets.standing in ('issued', 'waitlisted', 'admitted')
            )
            and not exists (
                select from letters as later
                where later.participant_id = letters.participant_id and later.evening_id = letters.evening_id
                    and later.ticket_id is not null and later.offer_id is null
                    and later.planned_at >= letters.planned_at
            )
        order by participant_id, evening_id, notified desc, planned_at desc
    """
)
_CHANGES = text(
    """
        select participant_id, evening_id, kind, state, mail_id is not null as written from letters
        where evening_id = any(:evening_ids) and kind = 'evening-changed' and state = 'planned' and ticket_id is null
        order by letter_id for update
    """
)
# The first letter of an offer, whatever other links it was published with.
_LINKS_OF_OFFERS = text(
    """
    select distinct on (offer_id) offer_id, coalesce(details ->> 'link', '') as link from letters
    where offer_id = any(:offer_ids) and kind = 'ticket-offered' and repeats is null
    order by offer_id, planned_at
    """
)
_SUPERSEDE_OFFERS = text(
    f"""
    update letters set {SUPPRESS} 'overtaken'
    from unnest(cast(:offer_ids as uuid[]), cast(:links as text[])) as given (offer_id, link)
    where letters.offer_id = given.offer_id and letters.kind = 'ticket-offered' and {UNSENT}
        and letters.details ->> 'link' is distinct from given.link
    """  # noqa: S608 - built from constants
)
_UPDATE_CHANGE_LINKS = text(
    """
    update letters set details = letters.details || cast(given.details as jsonb)
    from unnest(cast(:participant_ids as uuid[]), cast(:evening_ids as uuid[]), cast(:details as text[]))
        as given (participant_id, evening_id, details)
    where letters.participant_id = given.participant_id and letters.evening_id = given.evening_id
        and letters.kind = 'evening-changed' and letters.ticket_id is null and letters.state = 'planned'
        and letters.mail_id is null and letters.details is not null
    """
)


@dataclass(frozen=True, slots=True)
class UnansweredInvitation:
    """An invitation that has no answer.

    `notified` when its letter may have arrived, `details` of that letter, None when they are not kept any more.
    `changes` are the letters about changes of the evening that are still to be sent to the invited.
    """

    participant_id: UUID
    evening_id: UUID
    notified: bool
    details: Mapping[str, Any] | None
    changes: Sequence[KnownLetter]


async def unanswered(work: UnitOfWork, evening_ids: Sequence[UUID]) -> list[UnansweredInvitation]:
    """Returns the unanswered invitations to these evenings; the caller holds the locks of the evenings."""
    ids = {"evening_ids": list(evening_ids)}
    found = list(await work.execute(_UNANSWERED, ids))
    changes: dict[tuple[UUID, UUID], list[KnownLetter]] = {}
    for row in await work.execute(_CHANGES, ids) if found else ():
        letter = KnownLetter(Kind(row.kind), State(row.state), row.written)
        changes.setdefault((row.participant_id, row.evening_id), []).append(letter)
    return [
        UnansweredInvitation(
            row.participant_id, row.evening_id, row.notified, row.details, changes.get(tuple(row[:2]), ())
        )
        for row in found
    ]


async def update_change_links(work: UnitOfWork, latest: Mapping[tuple[UUID, UUID], InvitationExtended]) -> None:
    """Gives unwritten letters about changes to people who were invited, by person and evening, the latest link."""
    await work.execute(
        _UPDATE_CHANGE_LINKS,
        {
            "participant_ids": [participant for participant, _ in latest],
            "evening_ids": [evening for _, evening in latest],
            "details": [
                json.dumps({"link": each.link, "address_sha256": each.address_sha256}) for each in latest.values()
            ],
        },
    )


async def links_of_offers(work: UnitOfWork, offer_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """Returns the links in the first letters about these offers; empty where that is not kept any more."""
    rows = await work.execute(_LINKS_OF_OFFERS, {"offer_ids": list(offer_ids)})
    return {row.offer_id: row.link for row in rows}


async def supersede_offers(work: UnitOfWork, links: Mapping[UUID, str]) -> None:
    """Suppresses the unsent letters of these offers that have other links."""
    parameters = {"offer_ids": list(links), "links": list(links.values()), "now": work.now}
    await work.execute(_SUPERSEDE_OFFERS, parameters)
