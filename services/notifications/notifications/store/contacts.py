"""Contacts: participants, their addresses, and the time they take part."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import ParticipantChanged, ParticipantEnrolled, ParticipantErased
from culture_connect.contracts.addresses import address_digest
from culture_connect.messaging import UnitOfWork
from notifications.domain.catalogue import Kind, State
from notifications.domain.decisions import KnownEnrolment, KnownLetter

PersonEvent = ParticipantEnrolled | ParticipantChanged | ParticipantErased

# Somebody who is not known yet gets a row of version 0, so that there is something to lock.
_INSERT_UNKNOWN = text(
    """
    insert into contacts (participant_id, person_version, erased, term_version)
    select participant_id, 0, false, 0 from unnest(cast(:participant_ids as uuid[])) as given (participant_id)
    order by participant_id
    on conflict (participant_id) do nothing
    """
)
_SAVE_PERSONS = text(
    """
    insert into contacts as known (
        participant_id, partner, person_version, given_name, family_name, email, language, starts_on, erased,
        unsubscribe, left_on, term_version
    )
    select participant_id, partner, version, given_name, family_name, email, language, starts_on, erased,
        case when not erased then gen_random_uuid() end, case when erased then cast(:today as date) end, 0
    from unnest(
        cast(:participant_ids as uuid[]), cast(:partners as text[]), cast(:versions as integer[]),
        cast(:given_names as text[]), cast(:family_names as text[]), cast(:emails as text[]),
        cast(:languages as text[]), cast(:starts_on as date[]), cast(:erased as boolean[])
    ) as given (participant_id, partner, version, given_name, family_name, email, language, starts_on, erased)
    order by participant_id
    on conflict (participant_id) do update
    set partner = coalesce(excluded.partner, known.partner), person_version = excluded.person_version,
        given_name = excluded.given_name, family_name = excluded.family_name, email = excluded.email,
        language = excluded.language, starts_on = excluded.starts_on, erased = excluded.erased,
        unsubscribe = case
            when excluded.erased then null
            when known.participant_id = any(:moved) then excluded.unsubscribe
            else known.unsubscribe
        end,
        left_on = coalesce(known.left_on, excluded.left_on)
    where known.person_version < excluded.person_version
    """
)
# Letters are queued by the domain of the address; one without an address stays.
_QUEUE = text(
    """
    update letters set domain = given.domain
    from (
        select participant_id, lower(substring(email from '[^@]*$')) as domain from contacts
        where participant_id = any(:participant_ids)
    ) as given
    where letters.participant_id = given.participant_id and letters.state in ('planned', 'sending')
        and letters.domain is distinct from given.domain
    """
)
_ADDRESS_OF = text(
    """
    select person_version, partner, email from contacts
    where participant_id = :participant_id and email is not null and partner is not null
    """
)
_ADDRESSES = text(
    """
    select participant_id, person_version, partner, email from contacts
    where participant_id = any(:participant_ids) and email is not null and partner is not null
    order by participant_id for update
    """
)
_ENROLMENTS = text(
    """
    select participant_id, term_version, withdrawn_on, erased, exists (
        select from letters
        where letters.participant_id = contacts.participant_id
            and (letters.state in ('sending', 'sent') or letters.mail_id is not null)
    ) as notified
    from contacts where participant_id = any(:participant_ids) order by participant_id for update
    """
)
_STARTS = text(
    """
    select participant_id, person_version, starts_on from contacts
    where participant_id = any(:participant_ids) and person_version > 0 and not erased
    order by participant_id for update
    """
)
_LETTERS_OF_STARTS = text(
    """
    select participant_id, kind, state, mail_id is not null as written from letters
    where participant_id = any(:participant_ids) and kind in ('welcome', 'start-changed')
    """
)
_SAVE_ENROLMENTS = text(
    """
    update contacts
    set term_version = given.version, withdrawn_on = given.withdrawn_on, left_on = given.withdrawn_on
    from unnest(cast(:participant_ids as uuid[]), cast(:versions as integer[]), cast(:withdrawn_on as date[]))
        as given (participant_id, version, withdrawn_on)
    where contacts.participant_id = given.participant_id
    """
)
# Somebody joined on that day, whatever came after it.
_SAVE_JOINING_DAYS = text(
    """
    update contacts set joined_on = greatest(contacts.joined_on, given.joined_on)
    from unnest(cast(:participant_ids as uuid[]), cast(:joined_on as date[])) as given (participant_id, joined_on)
    where contacts.participant_id = given.participant_id
    """
)
# Locked, so that an erasure or a new address waits until what is being planned is there to be found.
_ERASED = text(
    """
    select participant_id, erased from contacts
    where participant_id = any(:participant_ids) order by participant_id for share
    """
)


@dataclass(frozen=True, slots=True)
class KnownAddress:
    """The address of somebody of a partner, as of a version."""

    version: int
    partner: str
    email: str

    @property
    def digest(self) -> str:
        """Returns its hash, by which events name it."""
        return address_digest(self.partner, self.email).hex()


@dataclass(frozen=True, slots=True)
class Enrolment:
    """A participation as of a version; `withdrawn_on` is the first day without it, None for somebody who takes part."""

    version: int
    withdrawn_on: date | None = None


@dataclass(frozen=True, slots=True)
class KnownStart:
    """Somebody's first day as of a version, and the letters about it."""

    version: int
    starts_on: date | None
    letters: Sequence[KnownLetter]


async def lock_starts(work: UnitOfWork, participant_ids: Sequence[UUID]) -> Mapping[UUID, KnownStart]:
    """Returns the first days of those who are known; nobody else changes them in this transaction."""
    ids = {"participant_ids": list(participant_ids)}
    known = list(await work.execute(_STARTS, ids))
    letters: dict[UUID, list[KnownLetter]] = {}
    for row in await work.execute(_LETTERS_OF_STARTS, ids) if known else ():
        letter = KnownLetter(Kind(row.kind), State(row.state), row.written)
        letters.setdefault(row.participant_id, []).append(letter)
    return {
        row.participant_id: KnownStart(row.person_version, row.starts_on, letters.get(row.participant_id, ()))
        for row in known
    }


async def find_address(work: UnitOfWork, participant_id: UUID) -> KnownAddress | None:
    """Returns the participant's address, None when it is not known. Locks nothing: its caller holds letters."""
    row = (await work.execute(_ADDRESS_OF, {"participant_id": participant_id})).one_or_none()
    return None if row is None else KnownAddress(row.person_version, row.partner, row.email)


async def lock_addresses(work: UnitOfWork, participant_ids: Sequence[UUID]) -> Mapping[UUID, KnownAddress]:
    """Returns the addresses of those who have one; nobody else changes them in this transaction."""
    rows = await work.execute(_ADDRESSES, {"participant_ids": list(participant_ids)})
    return {row.participant_id: KnownAddress(row.person_version, row.partner, row.email) for row in rows}


async def save_persons(
    work: UnitOfWork, latest: Sequence[PersonEvent], today: date, moved: Collection[UUID] = ()
) -> None:
    """Saves the data of each person, or their erasure, unless a later version is known; one row per person.

    Those who `moved` have another address: the unsubscribe links in letters to the old one end. Somebody who is erased
    without having been withdrawn left today.
    """
    persons = [None if isinstance(each, ParticipantErased) else each for each in latest]
    await work.execute(
        _SAVE_PERSONS,
        {
            "participant_ids": [each.participant_id for each in latest],
            "partners": [person and person.partner for person in persons],
            "versions": [each.version for each in latest],
            "given_names": [person and person.given_name for person in persons],
            "family_names": [person and person.family_name for person in persons],
            "emails": [person and person.email for person in persons],
            "languages": [person and str(person.language) for person in persons],
            "starts_on": [person and person.starts_on for person in persons],
            "erased": [person is None for person in persons],
            "today": today,
            "moved": list(moved),
        },
    )
    await work.execute(_QUEUE, {"participant_ids": [each.participant_id for each in latest]})


async def lock_enrolments(work: UnitOfWork, participant_ids: Sequence[UUID]) -> Mapping[UUID, KnownEnrolment]:
    """Returns what is known of these participations; nobody else changes them in this transaction."""
    ids = {"participant_ids": list(participant_ids)}
    await work.execute(_INSERT_UNKNOWN, ids)
    return {
        row.participant_id: KnownEnrolment(
            version=row.term_version,
            enrolled=row.withdrawn_on is None if row.term_version else None,
            notified=row.notified,
            erased=row.erased,
        )
        for row in await work.execute(_ENROLMENTS, ids)
    }


async def save_enrolments(work: UnitOfWork, changed: Mapping[UUID, Enrolment]) -> None:
    """Saves these participations; the caller has compared the versions."""
    await work.execute(
        _SAVE_ENROLMENTS,
        {
            "participant_ids": list(changed),
            "versions": [enrolment.version for enrolment in changed.values()],
            "withdrawn_on": [enrolment.withdrawn_on for enrolment in changed.values()],
        },
    )


async def save_joining_days(work: UnitOfWork, days: Mapping[UUID, date]) -> None:
    """Saves the days on which these participants joined, for the last time if more than once."""
    await work.execute(_SAVE_JOINING_DAYS, {"participant_ids": list(days), "joined_on": list(days.values())})


async def lock_erased(work: UnitOfWork, participant_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Returns those of the participants who were erased; none of the others is erased in this transaction."""
    ids = {"participant_ids": list(participant_ids)}
    await work.execute(_INSERT_UNKNOWN, ids)
    return frozenset(row.participant_id for row in await work.execute(_ERASED, ids) if row.erased)
