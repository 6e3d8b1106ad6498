"""Letters that are planned, scheduled, released and suppressed; `mail_queue` and `claims` send them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import ENDINGS, ENROLMENT, REMINDERS, Bundle, Kind, Suppression
from notifications.domain.decisions import SuppressionScope

# A reminder is of a participant and an evening: a later ticket of theirs takes over one that was never sent.
_PLAN = text(
    """
    insert into letters as known (
        letter_id, participant_id, partner, evening_id, kind, bundle, ticket_id, ticket_version, offer_id, holder_id,
        repeats, details, state, reason, attempts, planned_at, wanted_at, due_at, ended_at, domain
    )
    select given.letter_id, given.participant_id, given.partner, given.evening_id, kind, bundle, ticket_id,
        ticket_version, offer_id, holder_id, repeats, cast(given.details as jsonb),
        case when reason is null then 'planned' else 'suppressed' end, reason, 0, :now, wanted_at,
        case when given.evening_id is null or evenings.version > 0 then wanted_at end,
        case when reason is not null then cast(:now as timestamptz) end,
        lower(substring(coalesce(contacts.email, partners.contact_email) from '[^@]*$'))
    from unnest(
        cast(:letter_ids as uuid[]), cast(:participant_ids as uuid[]), cast(:partners as text[]),
        cast(:evening_ids as uuid[]), cast(:kinds as text[]), cast(:bundles as text[]), cast(:ticket_ids as uuid[]),
        cast(:versions as integer[]), cast(:offer_ids as uuid[]), cast(:holder_ids as uuid[]),
        cast(:repeats as uuid[]), cast(:details as text[]), cast(:reasons as text[]), cast(:wanted_at as timestamptz[])
    ) as given (
        letter_id, participant_id, partner, evening_id, kind, bundle, ticket_id, ticket_version, offer_id, holder_id,
        repeats, details, reason, wanted_at
    )
    left join contacts on contacts.participant_id = given.participant_id
    left join partners on partners.slug = given.partner
    left join evenings on evenings.evening_id = given.evening_id
    order by given.letter_id
    on conflict (letter_id) do update
    set ticket_id = excluded.ticket_id, ticket_version = excluded.ticket_version, state = excluded.state,
        reason = excluded.reason, ended_at = excluded.ended_at, domain = excluded.domain, wanted_at = null,
        due_at = null
    where known.state = 'suppressed' and known.mail_id is null and known.reason <> 'unsubscribed'
        and known.kind = any(:reminders)
    """
)
# A letter whose evening is known at last may go; reminders depend on the hour it begins.
_RELEASE = text(
    """
    update letters set due_at = wanted_at
    where evening_id = any(:evening_ids) and state = 'planned' and due_at is null and wanted_at is not null
    """
)
# A reminder whose moment passed before the ticket was issued, or the evening moved, is suppressed; a later one is not.
_SCHEDULE = text(
    """
    update letters
    set wanted_at = scheduled.moment, due_at = scheduled.moment, state = scheduled.state,
        reason = case when scheduled.state = 'suppressed' then 'too-late' end,
        ended_at = case when scheduled.state = 'suppressed' then cast(:now as timestamptz) end
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
    ) as scheduled
    where letters.letter_id = scheduled.letter_id
    """
)
# A letter that is being sent may arrive all the same: then its claim records it as sent.
SUPPRESS = "state = 'suppressed', ended_at = :now, reason ="
UNSENT = "letters.state in ('planned', 'sending')"
_SUPPRESS_OF_TICKETS = text(
    f"""
    update letters set {SUPPRESS} given.reason
    from unnest(cast(:ticket_ids as uuid[]), cast(:scopes as text[]), cast(:reasons as text[]))
        as given (ticket_id, scope, reason)
    where letters.ticket_id = given.ticket_id and {UNSENT}
        and case given.scope
            when 'reminders' then letters.kind = any(:reminders)
            when 'own' then letters.offer_id is null
            else true
        end
    """  # noqa: S608 - built from constants
)
_LOCK_EVENINGS = text(
    f"""
    select letter_id from letters where evening_id = any(:evening_ids) and {UNSENT} order by letter_id for update
    """  # noqa: S608 - built from constants
)
_SUPPRESS_FOR_CANCELLED = text(
    f"""
    update letters set {SUPPRESS} 'evening-cancelled'
    where evening_id = any(:evening_ids) and {UNSENT} and not kind = any(:endings)
    """  # noqa: S608 - built from constants
)
_SUPPRESS_OF_ENROLMENTS = text(
    f"""
    update letters set {SUPPRESS} given.reason
    from unnest(cast(:participant_ids as uuid[]), cast(:reasons as text[])) as given (participant_id, reason)
    where letters.participant_id = given.participant_id and {UNSENT}
        and letters.kind = any(:kinds)
    """  # noqa: S608 - built from constants
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


@dataclass(frozen=True, slots=True)
class NewLetter:
    """A letter to be planned, to a participant or to a partner; with a reason in `suppressed` it is only recorded.

    A letter of a ticket has the ticket and its version, and is written from the ticket's row; a reminder has no
    `wanted_at` until `schedule_reminders`. An offer has the ticket and its holder, None when the holder was erased;
    a ticket from a colleague has that colleague as holder as well.
    """

    letter_id: UUID
    kind: Kind
    wanted_at: datetime | None
    participant_id: UUID | None = None
    partner: str | None = None
    evening_id: UUID | None = None
    suppressed: Suppression | None = None
    bundle: Bundle | None = None
    ticket_id: UUID | None = None
    ticket_version: int | None = None
    offer_id: UUID | None = None
    holder_id: UUID | None = None
    repeats: UUID | None = None
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TicketSuppression:
    """The unsent letters of a ticket that are suppressed, and the reason."""

    ticket_id: UUID
    scope: SuppressionScope
    reason: Suppression


async def plan(work: UnitOfWork, new: Sequence[NewLetter]) -> None:
    """Plans letters; one that was planned before stays as it is, but for a reminder that was suppressed."""
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
            "reasons": [letter.suppressed and str(letter.suppressed) for letter in new],
            "wanted_at": [letter.wanted_at for letter in new],
            "now": work.now,
            "reminders": [str(kind) for kind in REMINDERS],
        },
    )


async def release(work: UnitOfWork, evening_ids: Sequence[UUID]) -> None:
    """Releases the letters that waited for these evenings to be known."""
    await work.execute(_RELEASE, {"evening_ids": list(evening_ids)})


async def schedule_reminders(
    work: UnitOfWork,
    moments: Mapping[UUID, Mapping[Kind, datetime]],
    *,
    ticket_ids: Sequence[UUID] | None = None,
    after: datetime | None = None,
) -> None:
    """Sets the reminders of these evenings to their moments, of these tickets only where they are given.

    One whose moment lies before the issue of its ticket, or not after `after`, is suppressed: it comes too late.
    """
    scheduled = [(evening, kind, moment) for evening, kinds in moments.items() for kind, moment in kinds.items()]
    await work.execute(
        _SCHEDULE,
        {
            "evening_ids": [evening for evening, _, _ in scheduled],
            "kinds": [str(kind) for _, kind, _ in scheduled],
            "moments": [moment for _, _, moment in scheduled],
            "ticket_ids": None if ticket_ids is None else list(ticket_ids),
            "after": after,
            "now": work.now,
        },
    )


async def suppress(work: UnitOfWork, suppressions: Sequence[TicketSuppression]) -> None:
    """Suppresses unsent letters of tickets."""
    await work.execute(
        _SUPPRESS_OF_TICKETS,
        {
            "ticket_ids": [each.ticket_id for each in suppressions],
            "scopes": [str(each.scope) for each in suppressions],
            "reasons": [str(each.reason) for each in suppressions],
            "reminders": [str(kind) for kind in REMINDERS],
            "now": work.now,
        },
    )


async def suppress_of_enrolments(work: UnitOfWork, reasons: Mapping[UUID, Suppression]) -> None:
    """Suppresses the unsent letters about these participations."""
    await work.execute(
        _SUPPRESS_OF_ENROLMENTS,
        {
            "participant_ids": list(reasons),
            "reasons": [str(reason) for reason in reasons.values()],
            "kinds": [str(kind) for kind in ENROLMENT],
            "now": work.now,
        },
    )


async def suppress_for_cancelled(work: UnitOfWork, evening_ids: Sequence[UUID]) -> None:
    """Suppresses the unsent letters about these cancelled evenings, but for those about an end."""
    await work.execute(_LOCK_EVENINGS, {"evening_ids": list(evening_ids)})
    await work.execute(
        _SUPPRESS_FOR_CANCELLED,
        {"evening_ids": list(evening_ids), "endings": [str(kind) for kind in ENDINGS], "now": work.now},
    )


async def adopt_orphans(work: UnitOfWork) -> None:
    """Gives domain and moment to letters without: an older release plans such."""
    await work.execute(_ADOPT, {"reminders": [str(kind) for kind in REMINDERS]})
