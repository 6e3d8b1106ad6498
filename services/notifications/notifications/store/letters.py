"""Letters on their way into the world: planning, timing and dropping them. Writing and sending is in `claims`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import InvitationExtended
from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import ENDINGS, REMINDERS, Bundle, Kind, Suppression
from notifications.domain.letters import Dropped

# A reminder is of a participant and an evening: a later ticket of theirs takes over one that was never sent.
_PLAN = text(
    """
    insert into letters as known (
        letter_id, participant_id, partner, evening_id, kind, bundle, ticket_id, ticket_version, offer_id, holder_id,
        repeats, details, state, reason, attempts, planned_at, wanted_at, due_at, ended_at, domain
    )
    select news.letter_id, news.participant_id, news.partner, news.evening_id, kind, bundle, ticket_id, ticket_version,
        offer_id, holder_id, repeats, cast(news.details as jsonb),
        case when reason is null then 'planned' else 'suppressed' end, reason, 0, :now, wanted_at,
        case when news.evening_id is null or evenings.version > 0 then wanted_at end,
        case when reason is not null then cast(:now as timestamptz) end,
        lower(substring(coalesce(contacts.email, partners.contact_email) from '[^@]*$'))
    from unnest(
        cast(:letter_ids as uuid[]), cast(:participant_ids as uuid[]), cast(:partners as text[]),
        cast(:evening_ids as uuid[]), cast(:kinds as text[]), cast(:bundles as text[]), cast(:ticket_ids as uuid[]),
        cast(:versions as integer[]), cast(:offer_ids as uuid[]), cast(:holder_ids as uuid[]),
        cast(:repeats as uuid[]), cast(:details as text[]), cast(:reasons as text[]), cast(:wanted_at as timestamptz[])
    ) as news (
        letter_id, participant_id, partner, evening_id, kind, bundle, ticket_id, ticket_version, offer_id, holder_id,
        repeats, details, reason, wanted_at
    )
    left join contacts on contacts.participant_id = news.participant_id
    left join partners on partners.slug = news.partner
    left join evenings on evenings.evening_id = news.evening_id
    order by news.letter_id
    on conflict (letter_id) do update
    set ticket_id = excluded.ticket_id, ticket_version = excluded.ticket_version, state = excluded.state,
        reason = excluded.reason, ended_at = excluded.ended_at, domain = excluded.domain, wanted_at = null,
        due_at = null
    where known.state = 'suppressed' and known.mail_id is null and known.reason <> 'unsubscribed'
        and known.kind = any(:reminders)
    """
)
# A letter whose evening is told at last may go; reminders hang on the hour it begins.
_RELEASE = text(
    """
    update letters set due_at = wanted_at
    where evening_id = any(:evening_ids) and state = 'planned' and due_at is null and wanted_at is not null
    """
)
# A moment that passed before there was a ticket, or before the evening moved, is none; a later one is again.
_TIME = text(
    """
    update letters
    set wanted_at = timed.moment, due_at = timed.moment, state = timed.state,
        reason = case when timed.state = 'suppressed' then 'too-late' end,
        ended_at = case when timed.state = 'suppressed' then cast(:now as timestamptz) end
    from (
        select letters.letter_id, moments.moment,
            case when moments.moment > greatest(tickets.issued_at, cast(:after as timestamptz))
                then 'planned' else 'suppressed' end as state
        from unnest(cast(:evening_ids as uuid[]), cast(:kinds as text[]), cast(:moments as timestamptz[]))
            as moments (evening_id, kind, moment)
        join letters on letters.evening_id = moments.evening_id and letters.kind = moments.kind
        join tickets on tickets.ticket_id = letters.ticket_id and tickets.standing = 'issued'
        where (letters.state = 'planned' or letters.state = 'suppressed' and letters.reason = 'too-late')
            and letters.mail_id is null and letters.attempts = 0 and letters.repeats is null
            and (cast(:ticket_ids as uuid[]) is null or letters.ticket_id = any(:ticket_ids))
            and letters.wanted_at is distinct from moments.moment
        order by letters.letter_id
        for update of letters
    ) as timed
    where letters.letter_id = timed.letter_id
    """
)
# A letter that is just being sent may arrive all the same: then its claim settles it as sent.
_SUPPRESSED = "state = 'suppressed', ended_at = :now, reason ="
_UNSENT = "letters.state in ('planned', 'sending')"
_DROP = text(
    f"""
    update letters set {_SUPPRESSED} news.reason
    from unnest(cast(:ticket_ids as uuid[]), cast(:dropped as text[]), cast(:reasons as text[]))
        as news (ticket_id, dropped, reason)
    where letters.ticket_id = news.ticket_id and {_UNSENT}
        and case news.dropped
            when 'reminders' then letters.kind = any(:reminders)
            when 'own' then letters.offer_id is null
            else true
        end
    """  # noqa: S608 - put together from constants
)
_LOCK_EVENINGS = text(
    f"""
    select letter_id from letters where evening_id = any(:evening_ids) and {_UNSENT} order by letter_id for update
    """  # noqa: S608 - put together from constants
)
_CALL_OFF = text(
    f"""
    update letters set {_SUPPRESSED} 'evening-cancelled'
    where evening_id = any(:evening_ids) and {_UNSENT} and not kind = any(:endings)
    """  # noqa: S608 - put together from constants
)
_DROP_TERMS = text(
    f"""
    update letters set {_SUPPRESSED} news.reason
    from unnest(cast(:participant_ids as uuid[]), cast(:reasons as text[])) as news (participant_id, reason)
    where letters.participant_id = news.participant_id and {_UNSENT}
        and letters.kind in ('welcome', 'start-changed', 'goodbye')
    """  # noqa: S608 - put together from constants
)
_ADOPT = text(
    """
    update letters
    set wanted_at = case when kind = any(:reminders) then wanted_at else coalesce(wanted_at, planned_at) end,
        domain = lower(substring(contacts.email from '[^@]*$'))
    from contacts
    where contacts.participant_id = letters.participant_id and letters.state = 'planned'
        and letters.domain is null and contacts.email is not null
    """
)


# The first letter of an offer, and whatever else it was told with.
_LINKS_OF_OFFERS = text(
    """
    select distinct on (offer_id) offer_id, coalesce(details ->> 'link', '') as link from letters
    where offer_id = any(:offer_ids) and kind = 'ticket-offered' and repeats is null
    order by offer_id, planned_at
    """
)
_OVERTAKE_OFFERS = text(
    f"""
    update letters set {_SUPPRESSED} 'overtaken'
    from unnest(cast(:offer_ids as uuid[]), cast(:links as text[])) as news (offer_id, link)
    where letters.offer_id = news.offer_id and letters.kind = 'ticket-offered' and {_UNSENT}
        and letters.details ->> 'link' is distinct from news.link
    """  # noqa: S608 - put together from constants
)
_RELINK_CHANGES = text(
    """
    update letters set details = letters.details || cast(news.details as jsonb)
    from unnest(cast(:participant_ids as uuid[]), cast(:evening_ids as uuid[]), cast(:details as text[]))
        as news (participant_id, evening_id, details)
    where letters.participant_id = news.participant_id and letters.evening_id = news.evening_id
        and letters.kind = 'evening-changed' and letters.ticket_id is null and letters.state = 'planned'
        and letters.mail_id is null and letters.details is not null
    """
)
# What was written for the old address is not to go there, not even once more. A sender that has begun to send it will
# say that it went.
_RECALL = text(
    f"""
    update letters set {_SUPPRESSED} 'moved'
    where participant_id = any(:participant_ids) and {_UNSENT} and mail_id is not null
    returning letter_id, kind, bundle, participant_id, evening_id, ticket_id, ticket_version, holder_id, details
    """  # noqa: S608 - put together from constants
)
# Questions that still count are asked anew by who asked them.
_RECALL_QUESTIONS = text(
    f"""
    update letters set {_SUPPRESSED} 'moved'
    from unnest(cast(:participant_ids as uuid[]), cast(:addresses as text[])) as moved (participant_id, address)
    where letters.participant_id = moved.participant_id and {_UNSENT}
        and letters.kind in ('invitation', 'ticket-offered') and letters.details ->> 'address_sha256' <> moved.address
    """  # noqa: S608 - put together from constants
)
_FORGET_QUESTIONS = text(
    """
    update letters set details = null
    where participant_id = any(:participant_ids) and kind in ('invitation', 'ticket-offered')
        and state not in ('planned', 'sending') and details is not null
    """
)
_WELCOMED = text(
    """
    select participant_id, bool_or(state in ('sending', 'sent', 'failed') or mail_id is not null) as told,
        bool_or(state = 'planned' and mail_id is null) as pending
    from letters where participant_id = any(:participant_ids) and kind = 'welcome' group by participant_id
    """
)
_PUT_OFF = text(
    """
    update letters set due_at = :due_at, reason = case when reason = 'moved' then null else reason end
    where participant_id = any(:participant_ids) and state = 'planned' and mail_id is null and due_at is not null
        and (bundle = 'arrival' or reason = 'moved')
    """
)


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to be planned, to a participant or to a partner; with a reason in `stillborn` it is only recorded.

    A letter of a ticket has the ticket and its version, and tells what the ticket's row holds; a reminder has no
    `wanted_at` until `time_reminders`. An offer has the ticket and its holder, None when the holder was erased;
    a ticket from a colleague has them as holder as well.
    """

    letter_id: UUID
    kind: Kind
    wanted_at: datetime | None
    participant_id: UUID | None = None
    partner: str | None = None
    evening_id: UUID | None = None
    stillborn: Suppression | None = None
    bundle: Bundle | None = None
    ticket_id: UUID | None = None
    ticket_version: int | None = None
    offer_id: UUID | None = None
    holder_id: UUID | None = None
    repeats: UUID | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """A letter that was written to an address that is its addressee's no longer."""

    letter_id: UUID
    kind: str
    bundle: str | None
    participant_id: UUID
    evening_id: UUID | None
    ticket_id: UUID | None
    ticket_version: int | None
    holder_id: UUID | None
    details: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Drop:
    """Which unsent letters of a ticket are dropped, and why."""

    ticket_id: UUID
    dropped: Dropped
    because: Suppression


async def plan(work: UnitOfWork, new: Sequence[NewLetter]) -> None:
    """Plans letters; one that was planned before stays as it is, but for a reminder that was dropped."""
    await work.execute(
        _PLAN,
        {
            "letter_ids": [letter.letter_id for letter in new],
            "participant_ids": [letter.participant_id for letter in new],
            "partners": [letter.partner for letter in new],
            "evening_ids": [letter.evening_id for letter in new],
            "kinds": [str(letter.kind) for letter in new],
            "bundles": [letter.bundle and str(letter.bundle) for letter in new],
            "ticket_ids": [letter.ticket_id for letter in new],
            "versions": [letter.ticket_version for letter in new],
            "offer_ids": [letter.offer_id for letter in new],
            "holder_ids": [letter.holder_id for letter in new],
            "repeats": [letter.repeats for letter in new],
            "details": [None if letter.details is None else json.dumps(dict(letter.details)) for letter in new],
            "reasons": [letter.stillborn and str(letter.stillborn) for letter in new],
            "wanted_at": [letter.wanted_at for letter in new],
            "now": work.now,
            "reminders": [str(kind) for kind in REMINDERS],
        },
    )


async def release(work: UnitOfWork, evening_ids: Sequence[UUID]) -> None:
    """Lets the letters go that waited for these evenings to be told."""
    await work.execute(_RELEASE, {"evening_ids": list(evening_ids)})


async def time_reminders(
    work: UnitOfWork,
    moments: Mapping[UUID, Mapping[Kind, datetime]],
    *,
    ticket_ids: Sequence[UUID] | None = None,
    after: datetime | None = None,
) -> None:
    """Sets the reminders of these evenings to their moments, of these tickets only where they are given.

    One whose moment lies before the issue of its ticket, or not after `after`, is dropped: it comes too late.
    """
    timed = [(evening, kind, moment) for evening, kinds in moments.items() for kind, moment in kinds.items()]
    await work.execute(
        _TIME,
        {
            "evening_ids": [evening for evening, _, _ in timed],
            "kinds": [str(kind) for _, kind, _ in timed],
            "moments": [moment for _, _, moment in timed],
            "ticket_ids": None if ticket_ids is None else list(ticket_ids),
            "after": after,
            "now": work.now,
        },
    )


async def drop(work: UnitOfWork, drops: Sequence[Drop]) -> None:
    """Drops letters of tickets that have not been sent."""
    await work.execute(
        _DROP,
        {
            "ticket_ids": [each.ticket_id for each in drops],
            "dropped": [str(each.dropped) for each in drops],
            "reasons": [str(each.because) for each in drops],
            "reminders": [str(kind) for kind in REMINDERS],
            "now": work.now,
        },
    )


async def drop_of_terms(work: UnitOfWork, reasons: Mapping[UUID, Suppression]) -> None:
    """Drops welcomes, farewells and news of first days of these participants that have not been sent."""
    await work.execute(
        _DROP_TERMS,
        {
            "participant_ids": list(reasons),
            "reasons": [str(reason) for reason in reasons.values()],
            "now": work.now,
        },
    )


async def call_off(work: UnitOfWork, evening_ids: Sequence[UUID]) -> None:
    """Drops what has not been sent about these cancelled evenings, but for the news of an end."""
    await work.execute(_LOCK_EVENINGS, {"evening_ids": list(evening_ids)})
    await work.execute(
        _CALL_OFF,
        {"evening_ids": list(evening_ids), "endings": [str(kind) for kind in ENDINGS], "now": work.now},
    )


async def adopt(work: UnitOfWork) -> None:
    """Takes in letters that went astray: an older release plans them without domain and moment."""
    await work.execute(_ADOPT, {"reminders": [str(kind) for kind in REMINDERS]})


async def links_of_offers(work: UnitOfWork, offer_ids: Sequence[UUID]) -> Mapping[UUID, str]:
    """The links that the first letters about these offers told, or tell; empty where that is not kept any more."""
    rows = await work.execute(_LINKS_OF_OFFERS, {"offer_ids": list(offer_ids)})
    return {row.offer_id: row.link for row in rows}


async def overtake_offers(work: UnitOfWork, links: Mapping[UUID, str]) -> None:
    """Drops what is unsent of these offers with other links."""
    parameters = {"offer_ids": list(links), "links": list(links.values()), "now": work.now}
    await work.execute(_OVERTAKE_OFFERS, parameters)


async def relink_changes(work: UnitOfWork, told: Mapping[tuple[UUID, UUID], InvitationExtended]) -> None:
    """Gives unwritten letters about changes to people who were invited, by person and evening, the latest link."""
    await work.execute(
        _RELINK_CHANGES,
        {
            "participant_ids": [participant for participant, _ in told],
            "evening_ids": [evening for _, evening in told],
            "details": [
                json.dumps({"link": each.link, "address_sha256": each.address_sha256}) for each in told.values()
            ],
        },
    )


async def recall(work: UnitOfWork, addresses: Mapping[UUID, str]) -> Sequence[Recalled]:
    """Drops what was written to these people and not sent, and the questions meant for other addresses than those of
    these hashes; returns what was written.
    """
    people = {"participant_ids": list(addresses)}
    recalled = [Recalled(**row) for row in (await work.execute(_RECALL, people | {"now": work.now})).mappings()]
    parameters = people | {"addresses": list(addresses.values()), "now": work.now}
    await work.execute(_RECALL_QUESTIONS, parameters)
    await work.execute(_FORGET_QUESTIONS, people)
    return recalled


async def welcomed(work: UnitOfWork, participant_ids: Sequence[UUID]) -> Mapping[UUID, bool]:
    """Those of these people who may have had a welcome; True for whom another one is on its way."""
    rows = await work.execute(_WELCOMED, {"participant_ids": list(participant_ids)})
    return {row.participant_id: row.pending for row in rows if row.told}


async def put_off(work: UnitOfWork, participant_ids: Sequence[UUID], due_at: datetime) -> None:
    """Lets what these people are to get on arrival, and what waited for their address, wait until then."""
    await work.execute(_PUT_OFF, {"participant_ids": list(participant_ids), "due_at": due_at})
