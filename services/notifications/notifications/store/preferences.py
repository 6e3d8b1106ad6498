"""What addressees have switched off, by the secret of the links in their letters."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import Language
from culture_connect.messaging import UnitOfWork
from notifications.domain.kinds import OPTIONAL

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
_DROP = text(
    """
    update letters set state = 'suppressed', reason = 'unsubscribed', ended_at = cast(:now as timestamptz)
    where (participant_id = :participant or partner = :partner) and kind = any(:kinds)
        and state in ('planned', 'sending')
    """
)
# Those whose moment is still to come.
_TAKE_UP = text(
    """
    update letters set state = 'planned', reason = null, ended_at = null
    where (participant_id = :participant or partner = :partner) and kind = any(:kinds)
        and state = 'suppressed' and reason = 'unsubscribed' and mail_id is null
        and (wanted_at is null or wanted_at > cast(:now as timestamptz))
    """
)


@dataclass(frozen=True, slots=True)
class Preference:
    """Whose links they are, a participant's or a partner's, and whether what can be switched off is."""

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
    """Switches what can be switched off or on again, with the letters that are not sent yet; any number of times."""
    parameters = {"secret": secret, "off": off, "now": work.now}
    await work.execute(_SWITCH_CONTACT, parameters)
    await work.execute(_SWITCH_PARTNER, parameters)
    preference = await find(work, secret)
    if preference is not None:
        await work.execute(
            _DROP if off else _TAKE_UP,
            {
                "participant": preference.participant_id,
                "partner": preference.partner,
                "kinds": [str(kind) for kind in OPTIONAL],
                "now": work.now,
            },
        )
    return preference
