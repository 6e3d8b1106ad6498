"""What addressees have switched off, by the secret of the links in their letters."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Language
from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import OPTIONAL, Kind
from notifications.domain.timing import reminders

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
_DROP = """
    update letters set state = 'suppressed', reason = 'unsubscribed', ended_at = :now
    where letter_id = any(array(
        select letter_id from letters
        where {whose} and kind = any(:kinds) and state in ('planned', 'sending') order by letter_id for update
    ))
"""
_DROPPED = "{whose} and state = 'suppressed' and reason = 'unsubscribed' and mail_id is null and repeats is null"
# Their evenings keep their hour until the letters are timed.
_LOCK_EVENINGS = f"""
    select evening_id from evenings where evening_id = any(array(select evening_id from letters where {_DROPPED}))
    order by evening_id for share
"""  # noqa: S608 - put together from constants
# Meanwhile the addressee may have another ticket, or another address.
_FIND_DROPPED = f"""
    select letters.letter_id, letters.kind, letters.wanted_at, evenings.starts_at, tickets.ticket_id, tickets.version,
        lower(substring(coalesce(contacts.email, partners.contact_email) from '[^@]*$')) as domain
    from letters
    left join contacts on contacts.participant_id = letters.participant_id
    left join partners on partners.slug = letters.partner
    left join evenings on evenings.evening_id = letters.evening_id
    left join tickets on tickets.participant_id = letters.participant_id
        and tickets.evening_id = letters.evening_id and tickets.standing = 'issued'
    where {_DROPPED} and (tickets.ticket_id is not null or letters.partner is not null)
    order by letters.letter_id for update of letters
"""  # noqa: S608 - put together from constants
_TAKE_UP = text(
    """
    update letters set state = 'planned', reason = null, ended_at = null, wanted_at = again.moment,
        due_at = again.moment, domain = again.domain, ticket_id = again.ticket_id, ticket_version = again.version
    from unnest(
        cast(:letter_ids as uuid[]), cast(:moments as timestamptz[]), cast(:domains as text[]),
        cast(:ticket_ids as uuid[]), cast(:versions as integer[])
    ) as again (letter_id, moment, domain, ticket_id, version)
    where letters.letter_id = again.letter_id
    """
)


@dataclass(frozen=True, slots=True)
class Preference:
    """Whose links they are, a participant's or a partner's, and whether what can be switched off is.

    `language` is None for somebody of whom nothing is told yet.
    """

    participant_id: UUID | None
    partner: str | None
    language: Language | None
    off: bool


async def find(work: UnitOfWork, secret: UUID) -> Preference | None:
    """Whose secret this is, None when it is nobody's."""
    row = (await work.execute(_FIND, {"secret": secret})).first()
    if row is None:
        return None
    return Preference(row.participant_id, row.partner, Language(row.language) if row.language else None, row.off)


async def switch(work: UnitOfWork, secret: UUID, *, off: bool) -> Preference | None:
    """Switches what can be switched off or on again, with the letters that are not sent yet; None for a secret that is
    nobody's. Any number of times is as good as once.
    """
    parameters = {"secret": secret, "off": off, "now": work.now}
    await work.execute(_SWITCH_CONTACT, parameters)
    await work.execute(_SWITCH_PARTNER, parameters)
    preference = await find(work, secret)
    if preference is not None:
        await (_drop if off else _take_up)(work, preference)
    return preference


async def _drop(work: UnitOfWork, preference: Preference) -> None:
    kinds = {"kinds": [str(kind) for kind in OPTIONAL], "now": work.now}
    whose, addressee = _addressee(preference)
    await work.execute(text(_DROP.format(whose=whose)), addressee | kinds)


async def _take_up(work: UnitOfWork, preference: Preference) -> None:
    """Plans again what was dropped and whose moment is still to come."""
    whose, addressee = _addressee(preference)
    await work.execute(text(_LOCK_EVENINGS.format(whose=whose)), addressee)
    dropped = await work.execute(text(_FIND_DROPPED.format(whose=whose)), addressee)
    again = [(row, moment) for row in dropped if (moment := _moment(row)) is None or moment > work.now]
    await work.execute(
        _TAKE_UP,
        {
            "letter_ids": [row.letter_id for row, _ in again],
            "moments": [moment for _, moment in again],
            "domains": [row.domain for row, _ in again],
            "ticket_ids": [row.ticket_id for row, _ in again],
            "versions": [row.version for row, _ in again],
        },
    )


def _moment(row: Any) -> datetime | None:
    """When the letter is to go; None for a reminder of an evening that nobody told yet."""
    moment: datetime | None = row.wanted_at if row.starts_at is None else reminders(row.starts_at)[Kind(row.kind)]
    return moment


def _addressee(preference: Preference) -> tuple[str, dict[str, Any]]:
    if preference.partner is not None:
        return _OF_PARTNER, {"partner": preference.partner}
    return _OF_PARTICIPANT, {"participant": preference.participant_id}
