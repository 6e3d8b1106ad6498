"""Events of registration, as terse as tests want them."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

from culture_connect.contracts import (
    Admission,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    Language,
    Localised,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    PartKind,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
    ProgrammePart,
    Venue,
)

NAMES = UUID("5f2d7c0e-0000-4000-8000-000000000000")
FIRST_MOMENT = datetime(2026, 9, 1, 8, 0, tzinfo=UTC)


def person(name: str) -> UUID:
    """The participant with this name: always the same id."""
    return uuid5(NAMES, name)


def moment(minutes: int) -> datetime:
    """So many minutes into the story of a test."""
    return FIRST_MOMENT + timedelta(minutes=minutes)


def partner(
    slug: str = "acme",
    *,
    version: int = 1,
    places: int = 10_000,
    starts_on: date | None = None,
    ends_on: date | None = None,
) -> PartnerRegistered:
    """A partner takes part."""
    return PartnerRegistered(
        slug=slug,
        name=slug.title(),
        places=places,
        language=Language.NL,
        version=version,
        starts_on=starts_on,
        ends_on=ends_on,
    )


def partner_changed(slug: str, version: int, **fields: object) -> PartnerChanged:
    """A partner's contract changed."""
    return PartnerChanged(**dict(partner(slug, version=version)) | fields)


def left(slug: str = "acme", version: int = 2) -> PartnerLeft:
    """A partner takes part no longer."""
    return PartnerLeft(**dict(partner(slug, version=version)))


def enrolled(
    name: str,
    version: int = 1,
    *,
    partner: str = "acme",
    starts_on: date | None = None,
    ends_on: date | None = None,
    email: str | None = None,
) -> ParticipantEnrolled:
    """Somebody takes part, for the first time or again."""
    return ParticipantEnrolled(
        participant_id=person(name),
        partner=partner,
        given_name=name.title(),
        family_name="de Vries",
        email=email or f"{name}@example.com",
        language=Language.NL,
        starts_on=starts_on,
        ends_on=ends_on,
        version=version,
    )


def changed(
    name: str, version: int, *, family_name: str = "Jansen", ends_on: date | None = None, email: str | None = None
) -> ParticipantChanged:
    """Somebody's data changed."""
    fields = dict(enrolled(name, version, ends_on=ends_on, email=email))
    return ParticipantChanged(**fields | {"family_name": family_name})


def withdrawn(name: str, version: int, on: date | None = None) -> ParticipantWithdrawn:
    """Somebody leaves, on a day or now."""
    return ParticipantWithdrawn(participant_id=person(name), partner="acme", effective_on=on, version=version)


def erased(name: str, version: int) -> ParticipantErased:
    """Everything about somebody must go."""
    return ParticipantErased(participant_id=person(name), version=version)


def evening(
    starts_at: datetime,
    *,
    capacity: int = 2,
    title: str = "Nacht",
    venue: Venue = Venue.PAARD,
    admission: Admission = Admission.AUTOMATIC,
    version: int = 1,
) -> EveningScheduled:
    """An evening of three hours; the same title is always the same evening."""
    parts = (PartKind.CONCERT, PartKind.IN_DEPTH, PartKind.DRINKS)
    hour = timedelta(hours=1)
    return EveningScheduled(
        evening_id=uuid5(NAMES, title),
        season="2026-2027",
        venue=venue,
        title=Localised(nl=title, en=title),
        theme=Localised(nl="Macht", en="Power"),
        starts_at=starts_at,
        ends_at=starts_at + 3 * hour,
        location="Prinsegracht 12",
        capacity=capacity,
        admission=admission,
        release_at=starts_at - timedelta(days=7),
        closes_at=starts_at - timedelta(hours=2),
        programme=[
            ProgrammePart(
                kind=kind,
                title=Localised(nl=kind, en=kind),
                starts_at=starts_at + nth * hour,
                ends_at=starts_at + (nth + 1) * hour,
            )
            for nth, kind in enumerate(parts)
        ],
        version=version,
    )


def evening_changed(before: EveningScheduled, version: int, **fields: object) -> EveningChanged:
    """The same evening with other fields; moving `starts_at` moves nothing else."""
    return EveningChanged(**dict(before) | fields | {"version": version, "changed": list(fields)})


def evening_moved(before: EveningScheduled, version: int, by: timedelta, **fields: object) -> EveningChanged:
    """The same evening earlier or later, with everything that hangs on its start."""
    moments = ("starts_at", "ends_at", "release_at", "closes_at")
    parts = [
        part.model_copy(update={"starts_at": part.starts_at + by, "ends_at": part.ends_at + by})
        for part in before.programme
    ]
    times = {name: getattr(before, name) + by for name in moments}
    return evening_changed(before, version, **times | {"programme": parts} | fields)


def evening_cancelled(before: EveningScheduled, version: int) -> EveningCancelled:
    """The evening does not take place."""
    return EveningCancelled(**dict(before) | {"version": version})
