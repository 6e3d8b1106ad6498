"""Whom to write to."""

from collections.abc import Mapping, Sequence
from datetime import date
from uuid import UUID

from sqlalchemy import text

from culture_connect.contracts import ParticipantChanged, ParticipantEnrolled, ParticipantErased
from culture_connect.messaging import UnitOfWork

PersonEvent = ParticipantEnrolled | ParticipantChanged | ParticipantErased

_TELL_PERSONS = text(
    """
    insert into contacts as known
        (participant_id, person_version, given_name, family_name, email, language, erased, term_version)
    select participant_id, version, given_name, family_name, email, language, erased, 0
    from unnest(
        cast(:participant_ids as uuid[]), cast(:versions as integer[]), cast(:given_names as text[]),
        cast(:family_names as text[]), cast(:emails as text[]), cast(:languages as text[]), cast(:erased as boolean[])
    ) as news (participant_id, version, given_name, family_name, email, language, erased)
    order by participant_id
    on conflict (participant_id) do update
    set person_version = excluded.person_version, given_name = excluded.given_name,
        family_name = excluded.family_name, email = excluded.email, language = excluded.language,
        erased = excluded.erased
    where known.person_version < excluded.person_version
    """
)
_TELL_TERMS = text(
    """
    insert into contacts as known (participant_id, person_version, erased, term_version, withdrawn_on)
    select participant_id, 0, false, version, withdrawn_on
    from unnest(cast(:participant_ids as uuid[]), cast(:versions as integer[]), cast(:withdrawn_on as date[]))
        as news (participant_id, version, withdrawn_on)
    order by participant_id
    on conflict (participant_id) do update
    set term_version = excluded.term_version, withdrawn_on = excluded.withdrawn_on
    where known.term_version < excluded.term_version
    """
)
# Locked, so that an erasure waits until what is being planned is there to be dropped.
_ERASED = text(
    """
    select participant_id, erased from contacts
    where participant_id = any(:participant_ids) order by participant_id for share
    """
)


async def tell_persons(work: UnitOfWork, news: Sequence[PersonEvent]) -> None:
    """Takes over the data of each person, or their erasure, unless a later version is known; one row per person."""
    persons = [None if isinstance(each, ParticipantErased) else each for each in news]
    await work.execute(
        _TELL_PERSONS,
        {
            "participant_ids": [each.participant_id for each in news],
            "versions": [each.version for each in news],
            "given_names": [person and person.given_name for person in persons],
            "family_names": [person and person.family_name for person in persons],
            "emails": [person and person.email for person in persons],
            "languages": [person and str(person.language) for person in persons],
            "erased": [person is None for person in persons],
        },
    )


async def tell_terms(work: UnitOfWork, news: Mapping[UUID, tuple[int, date | None]]) -> None:
    """Takes over from which day each person is withdrawn, None for not at all, with the version that tells it."""
    await work.execute(
        _TELL_TERMS,
        {
            "participant_ids": list(news),
            "versions": [version for version, _ in news.values()],
            "withdrawn_on": [day for _, day in news.values()],
        },
    )


async def erased_among(work: UnitOfWork, participant_ids: Sequence[UUID]) -> frozenset[UUID]:
    """Those of the participants who were erased; no erasure of any of them goes on until this transaction ends."""
    rows = await work.execute(_ERASED, {"participant_ids": list(participant_ids)})
    return frozenset(row.participant_id for row in rows if row.erased)
