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
from tests.unit.ticketing import scenarios
from tests.unit.ticketing.reference import ReferenceEvening, ReferencePerson, ReferenceSeason
from tests.unit.ticketing.registration_events import evening as some_evening
from tests.unit.ticketing.scenarios import Step
from ticketing.domain.refusals import RequestRefused
from ticketing.jobs.timers import TimerJob
from ticketing.store import places, waiting_list
from ticketing.use_cases import decline, request_seat, transfer
from ticketing.use_cases.admit import admit
from ticketing.use_cases.apply_events import Event


@dataclass
class RegistrationDriver:
    """Plays a scenario on ticketing, as registration would."""

    harness: Harness
    versions: dict[object, int] = field(default_factory=dict)
    people: dict[UUID, ReferencePerson] = field(default_factory=dict)
    withdrawn: set[UUID] = field(default_factory=set)
    evenings: dict[UUID, ReferenceEvening] = field(default_factory=dict)
    codes: dict[tuple[UUID, UUID], str] = field(default_factory=dict)  # as the letters have them

    async def play(self, step: Step) -> None:
        """Lets the step happen."""
        self.harness.now = step.now
        match step:
            case scenarios.JoinPartner(slug, number, now):
                await self._publish(now, self._partner(PartnerRegistered, slug, number))
            case scenarios.PartnerLeaves(slug, now):
                await self._publish(now, self._partner(PartnerLeft, slug, 1))
            case scenarios.Enrol(people):
                await self.harness.apply_batch(
                    [_with_envelope(self._enrolment(each), each.enrolled_at) for each in people]
                )
            case scenarios.Withdraw(participant_id, effective_on, now):
                self.withdrawn.add(participant_id)
                partner = self.people[participant_id].partner
                version = self._next(participant_id)
                await self._publish(
                    now,
                    ParticipantWithdrawn(
                        participant_id=participant_id, partner=partner, effective_on=effective_on, version=version
                    ),
                )
            case scenarios.Erase(participant_id, now):
                version = self._next(participant_id)
                await self._publish(now, ParticipantErased(participant_id=participant_id, version=version))
            case scenarios.Schedule(evening, now):
                self.evenings[evening.evening_id] = evening
                await self._publish(now, self._evening(evening))
            case scenarios.Cancel(evening_id, now):
                known = self._evening(self.evenings[evening_id])
                fields = dict(known)
                fields.pop("changed", None)
                await self._publish(now, EveningCancelled(**fields))
            case scenarios.Tick():
                await TimerJob(self.harness.database, self.harness.issuer).run_due()
            case _:
                await self._ask_for(step)

    async def _ask_for(self, step: Step) -> None:
        """Plays a step that people take themselves; what is refused changes nothing."""
        try:
            async with self.harness.database.begin() as work:
                match step:
                    case scenarios.Ask(evening_id, [participant_id]):
                        await request_seat.request_seats(work, self.harness.issuer, evening_id, [participant_id])
                    case scenarios.Decline(evening_id, participant_id):
                        if place := await places.live_place(work, evening_id, participant_id):
                            await decline.decline(work, self.harness.issuer, place.ticket_id, by=participant_id)
                    case scenarios.PassOn(evening_id, giver, colleague):
                        if place := await places.live_place(work, evening_id, giver):
                            await transfer.pass_on(work, self.harness.issuer, place.ticket_id, colleague, by=giver)
                    case scenarios.Admit(evening_id, participant_id, now):
                        if code := self.codes.get((evening_id, participant_id)):
                            scan = AdmissionRecorded(
                                scan_id=str(uuid4()), evening_id=evening_id, code=code, scanned_at=now, scanner="door"
                            )
                            await admit(work, "paard", [scan], self.harness.issuer.codes)
        except RequestRefused:
            pass

    async def receive_letters(self) -> None:
        """Everybody keeps the code of the last ticket they got for an evening."""
        rows = await self.harness.rows(
            "select evening_id, participant_id, code from tickets where code is not null and participant_id is not null"
            " order by issued_at"
        )
        self.codes |= {(row.evening_id, row.participant_id): row.code for row in rows}

    async def _publish(self, now: datetime, *events: Event) -> None:
        await self.harness.apply_batch([_with_envelope(event, now) for event in events])

    def _next(self, what: object) -> int:
        self.versions[what] = self.versions.get(what, 0) + 1
        return self.versions[what]

    def _partner(self, kind: type[PartnerRegistered | PartnerChanged | PartnerLeft], slug: str, number: int) -> Event:
        return kind(slug=slug, name=slug.title(), places=number, language=Language.NL, version=self._next(slug))

    def _enrolment(self, person: ReferencePerson) -> Event:
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

    def _evening(self, evening: ReferenceEvening) -> EveningScheduled | EveningChanged:
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


def _with_envelope(event: Event, at: datetime) -> tuple[Event, Envelope]:
    return event, Envelope(str(uuid4()), event.type, "/culture-connect/registration", at)


async def seen(harness: Harness, evening_id: UUID) -> tuple[set[UUID], dict[str, int], list[UUID]]:
    """Returns the holders, their number by partner, and those who wait in order; without those who were erased."""
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


def expected(season: ReferenceSeason, evening_id: UUID) -> tuple[set[UUID], dict[str, int], list[UUID]]:
    """The same, as the reference has it."""
    erased = {each.participant_id for each in season.people.values() if each.erased}
    return season.holders(evening_id) - erased, season.held(evening_id), season.line(evening_id)


def one_by_one(step: Step) -> list[Step]:
    """Each request is a transaction of its own: of several at one moment the first one comes first.

    And nobody contracts no places at all.
    """
    if isinstance(step, scenarios.JoinPartner):
        return [replace(step, places=max(step.places, 1))]
    if isinstance(step, scenarios.Ask):
        return [replace(step, participant_ids=(each,)) for each in step.participant_ids]
    return [step]


@pytest.mark.timeout(300)
@settings(
    max_examples=25,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shorter seasons would take minutes to find
    # The database is emptied for every season.
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(dice=st.randoms(use_true_random=False))
async def test_a_random_season_ends_every_step_as_the_rules_say(harness: Harness, dice: random.Random) -> None:
    await harness.forget_everything()
    season, registration = ReferenceSeason(), RegistrationDriver(harness)
    steps = [single for step in scenarios.scenario(dice, steps=40) for single in one_by_one(step)]
    for number, step in enumerate(steps):
        scenarios.play(season, step)
        await registration.play(step)
        await registration.receive_letters()
        for evening_id in season.evenings:
            assert await seen(harness, evening_id) == expected(season, evening_id), f"step {number}: {step}"
