"""Preferences of addressees, by the secret of the unsubscribe links in their letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Language
from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import OPTIONAL, Kind
from notifications.domain.schedule import reminders

_FIND = text(
    """
    select participant_id, cast(null as text) as partner, language, reminders_off_at is not null as off from contacts
    where unsubscribe = :secret
    union all
    select null, slug, language, digest_off_at is not null from partners where unsubscribe = :secret
    """
)
_SWITCH_CONTACT = text(
    """
    update contacts set reminders_off_at = case when :off then coalesce(reminders_off_at, :now) end
    where unsubscribe = :secret
    """
)
_SWITCH_PARTNER = text(
    """
    update partners set digest_off_at = case when :off then coalesce(digest_off_at, :now) end
    where unsubscribe = :secret
    """
)
_OF_PARTICIPANT, _OF_PARTNER = "letters.participant_id = :participant", "letters.partner = :partner"
_SUPPRESS = """
    update letters set state = 'suppressed', reason = 'unsubscribed', ended_at = :now
    where letter_id = any(array(
        select letter_id from letters
        where {whose} and kind = any(:kinds) and state in ('planned', 'sending') order by letter_id for update
    ))
"""
_UNSUBSCRIBED = "{whose} and state = 'suppressed' and reason = 'unsubscribed' and mail_id is null and repeats is null"
# Their evenings keep their hour until the letters are scheduled.
_LOCK_EVENINGS = f"""
    select evening_id from evenings where evening_id = any(array(select evening_id from letters where {_UNSUBSCRIBED}))
    order by evening_id for share
"""  # noqa: S608 - put together from constants
# Meanwhile the addressee may have another ticket, or another address.
_FIND_UNSUBSCRIBED = f"""
    select letters.letter_id, letters.kind, letters.wanted_at, evenings.starts_at, tickets.ticket_id, tickets.version,
        lower(substring(coalesce(contacts.email, partners.contact_email) from '[^@]*$')) as domain
    from letters
    left join contacts on contacts.participant_id = letters.participant_id
    left join partners on partners.slug = letters.partner
    left join evenings on evenings.evening_id = letters.evening_id
    left join tickets on tickets.participant_id = letters.participant_id
        and tickets.evening_id = letters.evening_id and tickets.standing = 'issued'
    where {_UNSUBSCRIBED} and (tickets.ticket_id is not null or letters.partner is not null)
    order by letters.letter_id for update of letters
"""  # noqa: S608 - put together from constants
_REINSTATE = text(
    """
    update letters set state = 'planned', reason = null, ended_at = null, wanted_at = given.moment,
        due_at = given.moment, domain = given.domain, ticket_id = given.ticket_id, ticket_version = given.version
    from unnest(
        cast(:letter_ids as uuid[]), cast(:moments as timestamptz[]), cast(:domains as text[]),
        cast(:ticket_ids as uuid[]), cast(:versions as integer[])
    ) as given (letter_id, moment, domain, ticket_id, version)
    where letters.letter_id = given.letter_id
    """
)


@dataclass(frozen=True, slots=True)
class Preference:
    """The preference of a participant or of a partner; `off` when they switched optional letters off.

    `language` is None for somebody who is not known yet.
    """

    participant_id: UUID | None
    partner: str | None
    language: Language | None
    off: bool


async def find(work: UnitOfWork, secret: UUID) -> Preference | None:
    """Returns the preference behind this secret, None when it is nobody's."""
    row = (await work.execute(_FIND, {"secret": secret})).first()
    if row is None:
        return None
    return Preference(row.participant_id, row.partner, Language(row.language) if row.language else None, row.off)


async def switch(work: UnitOfWork, secret: UUID, *, off: bool) -> Preference | None:
    """Switches optional letters off or on again, those that are unsent as well; the same again changes nothing.

    Returns the preference as it is now, None for a secret that is nobody's.
    """
    parameters = {"secret": secret, "off": off, "now": work.now}
    await work.execute(_SWITCH_CONTACT, parameters)
    await work.execute(_SWITCH_PARTNER, parameters)
    preference = await find(work, secret)
    if preference is not None:
        await (_suppress if off else _reinstate)(work, preference)
    return preference


async def _suppress(work: UnitOfWork, preference: Preference) -> None:
    kinds = {"kinds": [str(kind) for kind in OPTIONAL], "now": work.now}
    whose, addressee = _addressee(preference)
    await work.execute(text(_SUPPRESS.format(whose=whose)), addressee | kinds)


async def _reinstate(work: UnitOfWork, preference: Preference) -> None:
    """Plans the suppressed letters again whose moment is still to come."""
    whose, addressee = _addressee(preference)
    await work.execute(text(_LOCK_EVENINGS.format(whose=whose)), addressee)
    found = await work.execute(text(_FIND_UNSUBSCRIBED.format(whose=whose)), addressee)
    reinstated = [(row, moment) for row in found if (moment := _moment(row)) is None or moment > work.now]
    await work.execute(
        _REINSTATE,
        {
            "letter_ids": [row.letter_id for row, _ in reinstated],
            "moments": [moment for _, moment in reinstated],
            "domains": [row.domain for row, _ in reinstated],
            "ticket_ids": [row.ticket_id for row, _ in reinstated],
            "versions": [row.version for row, _ in reinstated],
        },
    )


def _moment(row: Any) -> datetime | None:
    """Returns when the letter is to go; None for a reminder of an evening that is not known yet."""
    moment: datetime | None = row.wanted_at if row.starts_at is None else reminders(row.starts_at)[Kind(row.kind)]
    return moment


def _addressee(preference: Preference) -> tuple[str, dict[str, Any]]:
    if preference.partner is not None:
        return _OF_PARTNER, {"partner": preference.partner}
    return _OF_PARTICIPANT, {"participant": preference.participant_id}
