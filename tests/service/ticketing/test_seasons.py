"""Random seasons, played on the service and on the reference: after every step the same people hold and wait."""

import random
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from culture_connect.contracts import (
    Admission,
    AdmissionRecorded,
    Envelope,
    EveningCancelled,
    EveningChanged,
    EveningScheduled,
    Language,
    ParticipantChanged,
    ParticipantEnrolled,
    ParticipantErased,
    ParticipantWithdrawn,
    PartnerChanged,
    PartnerLeft,
    PartnerRegistered,
)
from tests.service.ticketing.harness import Harness
from tests.unit.ticketing import stories
from tests.unit.ticketing.news import evening as some_evening
from tests.unit.ticketing.reference import Evening, Person, Season
from tests.unit.ticketing.stories import Step
from ticketing.domain.refusals import Refused
from ticketing.jobs.timers import Clock
from ticketing.store import places, waiting_list
from ticketing.use_cases import decline, request_seat, transfer
from ticketing.use_cases.admit import admit
from ticketing.use_cases.apply_events import Event


@dataclass
class Registration:
    """Tells ticketing what happens in a story, as registration would."""

    harness: Harness
    versions: dict[object, int] = field(default_factory=dict)
    people: dict[UUID, Person] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)
    evenings: dict[UUID, Evening] = field(default_factory=dict)
    codes: dict[tuple[UUID, UUID], str] = field(default_factory=dict)  # as the letters have them

    async def play(self, step: Step) -> None:
        """Lets the step happen."""
        self.harness.now = step.now
        match step:
            case stories.JoinPartner(slug, number, now):
                await self._tell(now, self._partner(PartnerRegistered, slug, number))
            case stories.PartnerLeaves(slug, now):
                await self._tell(now, self._partner(PartnerLeft, slug, 1))
            case stories.Enrol(people):
                await self.harness.take_in([_told(self._enrolment(each), each.enrolled_at) for each in people])
            case stories.Withdraw(participant_id, effective_on, now):
                self.withdrawn.add(participant_id)
                partner = self.people[participant_id].partner
                version = self._next(participant_id)
                await self._tell(
                    now,
                    ParticipantWithdrawn(
                        participant_id=participant_id, partner=partner, effective_on=effective_on, version=version
                    ),
                )
            case stories.Erase(participant_id, now):
                version = self._next(participant_id)
                await self._tell(now, ParticipantErased(participant_id=participant_id, version=version))
            case stories.Schedule(evening, now):
                self.evenings[evening.evening_id] = evening
                await self._tell(now, self._evening(evening))
            case stories.Cancel(evening_id, now):
                known = self._evening(self.evenings[evening_id])
                fields = dict(known)
                fields.pop("changed", None)
                await self._tell(now, EveningCancelled(**fields))
            case stories.Tick():
                await Clock(self.harness.database, self.harness.issuer).look()
            case _:
                await self._ask_for(step)

    async def _ask_for(self, step: Step) -> None:
        """What people do themselves; what is refused changes nothing."""
        try:
            async with self.harness.database.begin() as work:
                match step:
                    case stories.Ask(evening_id, [participant_id]):
                        await request_seat.ask_together(work, self.harness.issuer, evening_id, [participant_id])
                    case stories.Decline(evening_id, participant_id):
                        if place := await places.live_place(work, evening_id, participant_id):
                            await decline.decline(work, self.harness.issuer, place.ticket_id, by=participant_id)
                    case stories.PassOn(evening_id, giver, colleague):
                        if place := await places.live_place(work, evening_id, giver):
                            await transfer.pass_on(work, self.harness.issuer, place.ticket_id, colleague, by=giver)
                    case stories.Admit(evening_id, participant_id, now):
                        if code := self.codes.get((evening_id, participant_id)):
                            scan = AdmissionRecorded(
                                scan_id=str(uuid4()), evening_id=evening_id, code=code, scanned_at=now, scanner="door"
                            )
                            await admit(work, "paard", [scan], self.harness.issuer.codes)
        except Refused:
            pass

    async def receive_letters(self) -> None:
        """Everybody keeps the code of the last ticket they got for an evening."""
        rows = await self.harness.rows(
            "select evening_id, participant_id, code from tickets where code is not null and participant_id is not null"
            " order by issued_at"
        )
        self.codes |= {(row.evening_id, row.participant_id): row.code for row in rows}

    async def _tell(self, now: datetime, *events: Event) -> None:
        await self.harness.take_in([_told(event, now) for event in events])

    def _next(self, what: object) -> int:
        self.versions[what] = self.versions.get(what, 0) + 1
        return self.versions[what]

    def _partner(self, kind: type[PartnerRegistered | PartnerChanged | PartnerLeft], slug: str, number: int) -> Event:
        return kind(slug=slug, name=slug.title(), places=number, language=Language.NL, version=self._next(slug))

    def _enrolment(self, person: Person) -> Event:
        is_new = person.participant_id not in self.people or person.participant_id in self.withdrawn
        self.people[person.participant_id] = person
        self.withdrawn.discard(person.participant_id)
        kind = ParticipantEnrolled if is_new else ParticipantChanged
        return kind(
            participant_id=person.participant_id,
            partner=person.partner,
            given_name="Ans",
            family_name="de Vries",
            email=f"{person.participant_id.hex}@example.com",
            language=Language.NL,
            starts_on=person.starts_on,
            ends_on=person.ends_on,
            version=self._next(person.participant_id),
        )

    def _evening(self, evening: Evening) -> EveningScheduled | EveningChanged:
        version = self._next(evening.evening_id)
        fields = dict(some_evening(evening.starts_at, version=version)) | {
            "evening_id": evening.evening_id,
            "capacity": evening.capacity,
            "admission": Admission.ON_REQUEST if evening.on_request else Admission.AUTOMATIC,
            "release_at": evening.release_at,
            "closes_at": evening.closes_at,
            "allotments": evening.by_hand,
        }
        if version == 1:
            return EveningScheduled(**fields)
        return EveningChanged(**fields, changed=["capacity"])


def _told(event: Event, at: datetime) -> tuple[Event, Envelope]:
    return event, Envelope(str(uuid4()), event.type, "/culture-connect/registration", at)


async def seen(harness: Harness, evening_id: UUID) -> tuple[set[UUID], dict[str, int], list[UUID]]:
    """Who holds, how many by partner, and who waits in which order; those who were erased have no name here."""
    rows = await harness.rows(
        "select participant_id, partner, state from tickets where evening_id = :evening and state <> 'cancelled'",
        evening=evening_id,
    )
    holders = {row.participant_id for row in rows if row.state != "waiting" and row.participant_id is not None}
    held: dict[str, int] = {}
    for row in rows:
        if row.state != "waiting":
            held[row.partner] = held.get(row.partner, 0) + 1
    waiting = [row.participant_id for row in rows if row.state == "waiting"]
    async with harness.database.begin() as work:
        positions = await waiting_list.positions(work, evening_id, waiting)
        # A place asked for alone is worked out in another way.
        if waiting:
            assert await waiting_list.positions(work, evening_id, waiting[:1]) == {waiting[0]: positions[waiting[0]]}
    assert sorted(positions.values()) == list(range(1, len(waiting) + 1))
    return holders, held, sorted(positions, key=lambda each: positions[each])


def expected(season: Season, evening_id: UUID) -> tuple[set[UUID], dict[str, int], list[UUID]]:
    """The same, as the reference has it."""
    erased = {each.participant_id for each in season.people.values() if each.erased}
    return season.holders(evening_id) - erased, season.held(evening_id), season.line(evening_id)


def one_by_one(step: Step) -> list[Step]:
    """Each request is a transaction of its own: of several at one moment the first one comes first.

    And nobody contracts no places at all.
    """
    if isinstance(step, stories.JoinPartner):
        return [replace(step, places=max(step.places, 1))]
    if isinstance(step, stories.Ask):
        return [replace(step, participant_ids=(each,)) for each in step.participant_ids]
    return [step]


@pytest.mark.timeout(300)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shorter seasons would take minutes to find
    # The house is emptied for every season.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(dice=st.randoms(use_true_random=False))
async def test_a_random_season_ends_every_step_as_the_rules_say(harness: Harness, dice: random.Random) -> None:
    await harness.forget_everything()
    season, registration = Season(), Registration(harness)
    steps = [single for step in stories.story(dice, steps=40) for single in one_by_one(step)]
    for number, step in enumerate(steps):
        stories.play(season, step)
        await registration.play(step)
        await registration.receive_letters()
        for evening_id in season.evenings:
            assert await seen(harness, evening_id) == expected(season, evening_id), f"step {number}: {step}"
