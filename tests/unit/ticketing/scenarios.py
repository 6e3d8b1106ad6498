"""Random seasons, plausible and nasty, as steps to play on anything with the methods of `reference.ReferenceSeason`."""

import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from tests.unit.ticketing.reference import ReferenceEvening, ReferencePerson, ReferenceSeason

BASE = datetime(2031, 1, 6, 9, tzinfo=UTC)


@dataclass(frozen=True)
class JoinPartner:
    """`partner`."""

    slug: str
    places: int
    now: datetime


@dataclass(frozen=True)
class PartnerLeaves:
    """`partner_leaves`."""

    slug: str
    now: datetime


@dataclass(frozen=True)
class Enrol:
    """`enrol`."""

    people: tuple[ReferencePerson, ...]
    now: datetime


@dataclass(frozen=True)
class Withdraw:
    """`withdraw`."""

    participant_id: UUID
    effective_on: date
    now: datetime


@dataclass(frozen=True)
class Erase:
    """`erase`."""

    participant_id: UUID
    now: datetime


@dataclass(frozen=True)
class Schedule:
    """`schedule`."""

    evening: ReferenceEvening
    now: datetime


@dataclass(frozen=True)
class Cancel:
    """`cancel`."""

    evening_id: UUID
    now: datetime


@dataclass(frozen=True)
class Ask:
    """`ask`."""

    evening_id: UUID
    participant_ids: tuple[UUID, ...]
    now: datetime


@dataclass(frozen=True)
class Decline:
    """`decline`."""

    evening_id: UUID
    participant_id: UUID
    now: datetime


@dataclass(frozen=True)
class PassOn:
    """`pass_on`."""

    evening_id: UUID
    giver: UUID
    colleague: UUID
    now: datetime


@dataclass(frozen=True)
class Admit:
    """`admit`."""

    evening_id: UUID
    participant_id: UUID
    now: datetime


@dataclass(frozen=True)
class Tick:
    """`tick`."""

    now: datetime


Step: TypeAlias = (
    JoinPartner | PartnerLeaves | Enrol | Withdraw | Erase | Schedule | Cancel | Ask | Decline | PassOn | Admit | Tick
)


def play(season: ReferenceSeason, step: Step) -> None:
    """Let the step happen in this season."""
    match step:
        case JoinPartner(slug, places, now):
            season.partner(slug, places, now=now)
        case PartnerLeaves(slug, now):
            season.partner_leaves(slug, now=now)
        case Enrol(people, now):
            season.enrol(people, now=now)
        case Withdraw(participant_id, effective_on, now):
            season.withdraw(participant_id, effective_on, now=now)
        case Erase(participant_id, now):
            season.erase(participant_id, now=now)
        case Schedule(evening, now):
            season.schedule(evening, now=now)
        case Cancel(evening_id, now):
            season.cancel(evening_id, now=now)
        case Ask(evening_id, participant_ids, now):
            season.ask(evening_id, participant_ids, now=now)
        case Decline(evening_id, participant_id, now):
            season.decline(evening_id, participant_id, now=now)
        case PassOn(evening_id, giver, colleague, now):
            season.pass_on(evening_id, giver, colleague, now=now)
        case Admit(evening_id, participant_id, now):
            season.admit(evening_id, participant_id, now=now)
        case Tick(now):
            season.tick(now=now)


def scenario(dice: random.Random, *, steps: int = 25, base: datetime = BASE) -> list[Step]:
    """A random season: how it opens just after `base` (aware), then `steps` things that happen, each at a later moment.

    No release, closing or start passes unseen: a `Tick` tells of each at that very moment. Who acts is drawn from a
    season that is played along, so that most steps are by people who can take them; some are not, and are refused.
    """
    writer = ScenarioWriter(dice, base)
    writer.open()
    opening = len(writer.steps)
    while len(writer.steps) < opening + steps:
        writer.go_on()
    return writer.steps


class ScenarioWriter:
    """Makes up a story while it plays it along."""

    def __init__(self, dice: random.Random, base: datetime) -> None:
        """Nothing has happened; the first thing will be just after `base`."""
        self.dice = dice
        self.base = base
        self.now = base
        self.season = ReferenceSeason()
        self.steps: list[Step] = []
        self.slugs = dice.sample(["acme", "gemeente", "haven", "zeebank"], dice.randint(2, 4))
        self.to_schedule = dice.randint(2, 3)
        self.to_enrol = dice.randint(4, 14)
        self.ids = 0

    def open(self) -> None:
        """Partners join, evenings are announced and people are enrolled; some wait for later."""
        late = self.slugs[-1] if self.dice.random() < 0.2 else None
        for slug in self.slugs:
            if slug != late:
                self.add(JoinPartner(slug, self.places(), self.soon()))
        while self.to_schedule > 0 and (self.dice.random() < 0.9 or not self.season.evenings):
            if self.dice.random() < 0.6:
                self.enrol_newcomers(at_most=6)
            self.add(Schedule(self.new_evening(), self.soon()))
        if self.dice.random() < 0.7 or not self.season.people:
            self.enrol_newcomers(at_most=10)

    def go_on(self) -> None:
        """The next thing happens, or else time passes a moment that means something to an evening."""
        later = self.now + self.dice.choice(
            [
                timedelta(seconds=self.dice.randint(1, 90)),
                timedelta(minutes=self.dice.randint(2, 90)),
                timedelta(hours=self.dice.randint(2, 12)),
                timedelta(hours=self.dice.randint(12, 60)),
            ]
        )
        moments = [
            moment
            for evening in self.season.evenings.values()
            for moment in (evening.release_at, evening.closes_at, evening.starts_at)
            if self.now < moment <= later
        ]
        if moments:
            self.now = min(moments)
            self.add(Tick(self.now))
            return
        self.now = later
        happen, weights = zip(
            (self.somebody_asks, 6),
            (self.somebody_declines, 6),
            (self.a_ticket_is_passed_on, 4),
            (self.somebody_withdraws, 3),
            (self.people_are_enrolled, 4),
            (self.an_evening_changes, 4),
            (self.somebody_is_admitted, 2),
            (self.a_partner_changes, 2),
            (self.somebody_is_erased, 1),
            (self.an_evening_is_off, 0.4),
            (self.time_passes, 1),
            strict=True,
        )
        self.dice.choices(happen, weights)[0]()

    def add(self, step: Step) -> None:
        """This happened."""
        self.steps.append(step)
        play(self.season, step)

    def soon(self) -> datetime:
        """A moment just after the last one, for what opens the season."""
        self.now += timedelta(seconds=self.dice.randint(1, 60))
        return self.now

    # What can happen

    def somebody_asks(self) -> None:
        evening = self.an_evening()
        without = self.without_a_place(evening)
        candidates = without if without and self.dice.random() < 0.8 else list(self.season.people)
        requesters = self.dice.sample(candidates, min(len(candidates), self.dice.choice([1, 1, 2, 3, 5])))
        self.add(Ask(evening.evening_id, tuple(requesters), self.now))

    def somebody_declines(self) -> None:
        evening = self.an_evening(self.season.tickets)
        somebody = self.one_of(sorted(self.season.holders(evening.evening_id)), self.season.line(evening.evening_id))
        self.add(Decline(evening.evening_id, somebody, self.now))

    def a_ticket_is_passed_on(self) -> None:
        evening = self.an_evening(self.season.tickets)
        giver = self.one_of(sorted(self.season.holders(evening.evening_id)))
        slug = self.season.people[giver].partner
        colleagues = [each.participant_id for each in self.season.people.values() if each.partner == slug]
        waiting = [each for each in self.season.line(evening.evening_id) if each in colleagues]
        without = [each for each in self.without_a_place(evening) if each in colleagues]
        self.add(PassOn(evening.evening_id, giver, self.one_of(waiting, without, colleagues), self.now))

    def somebody_is_admitted(self) -> None:
        evening = self.an_evening(self.season.tickets)
        somebody = self.one_of(sorted(self.season.holders(evening.evening_id)))
        self.add(Admit(evening.evening_id, somebody, self.now))

    def somebody_withdraws(self) -> None:
        enrolled = [each.participant_id for each in self.season.people.values() if each.effective_on is None]
        somebody = self.one_of(enrolled)
        if not self.season.people[somebody].erased:
            self.add(Withdraw(somebody, self.some_day(), self.now))

    def somebody_is_erased(self) -> None:
        somebody = self.one_of()
        if not self.season.people[somebody].erased:
            self.add(Erase(somebody, self.now))

    def people_are_enrolled(self) -> None:
        """New people, people who had withdrawn, and some who are enrolled already, with other dates."""
        known = [each for each in self.season.people.values() if not each.erased]
        again = [each for each in known if each.effective_on is not None]
        if again and self.dice.random() < 0.7:
            known = again
        elif self.to_enrol and self.dice.random() < 0.8:
            self.enrol_newcomers(at_most=5)
            return
        anew = self.dice.sample(known, min(len(known), self.dice.choice([1, 1, 2])))
        people = [self.with_dates(ReferencePerson(each.participant_id, each.partner, self.now)) for each in anew]
        people += self.new_candidates(self.dice.choice([0, 0, 0, 1]))
        if people:
            self.add(Enrol(tuple(people), self.now))

    def a_partner_changes(self) -> None:
        slug = self.dice.choice(self.slugs)
        if slug in self.season.partners and self.dice.random() < 0.3:
            self.add(PartnerLeaves(slug, self.now))
        else:
            away = [each for each in self.slugs if each not in self.season.partners]
            self.add(JoinPartner(self.dice.choice(away or [slug]), self.places(), self.now))

    def an_evening_changes(self) -> None:
        """A new evening, or another capacity, mode, allotments or time; never a cancelled one's."""
        if self.to_schedule:
            self.add(Schedule(self.new_evening(), self.now))
            return
        evening = self.an_evening()
        if evening.cancelled:
            return
        changed = replace(evening)
        for change in self.dice.sample(["capacity", "mode", "by hand", "time", "release"], self.dice.choice([1, 1, 2])):
            if change == "capacity":
                changed.capacity = self.dice.randint(1, 6)
            elif change == "mode":
                changed.on_request = not changed.on_request
            elif change == "by hand":
                changed.by_hand = None if changed.by_hand is not None else self.by_hand(changed.capacity)
            elif change == "time":
                self.set_time(changed, self.now + timedelta(days=self.dice.randint(1, 10)))
            else:
                changed.release_at = changed.closes_at - timedelta(hours=self.dice.randint(1, 120))
        if changed.by_hand is not None and sum(changed.by_hand.values()) > changed.capacity:
            changed.by_hand = self.by_hand(changed.capacity)
        self.add(Schedule(changed, self.now))

    def an_evening_is_off(self) -> None:
        evening = self.an_evening()
        if not evening.cancelled:
            self.add(Cancel(evening.evening_id, self.now))

    def time_passes(self) -> None:
        self.add(Tick(self.now))

    def enrol_newcomers(self, *, at_most: int) -> None:
        people = self.new_candidates(self.dice.randint(1, at_most))
        if people:
            self.add(Enrol(tuple(people), self.soon()))

    # Whom and what it happens to

    def one_of(self, *likely: Sequence[UUID]) -> UUID:
        """Somebody out of the first, second … of these that has anybody, each time with a chance to look further."""
        for some in likely:
            if some and self.dice.random() < 0.75:
                return self.dice.choice(some)
        return self.dice.choice(list(self.season.people))

    def an_evening(self, needed: Mapping[UUID, Collection[UUID]] | None = None) -> ReferenceEvening:
        """Mostly one that is still to come, with somebody in what is needed (by evening)."""
        evenings = list(self.season.evenings.values())
        to_come = [each for each in evenings if self.now < each.starts_at and not each.cancelled]
        if needed is not None:
            to_come = [each for each in to_come if needed[each.evening_id]]
        return self.dice.choice(to_come if to_come and self.dice.random() < 0.9 else evenings)

    def new_id(self) -> UUID:
        """An id that nobody has, also where the dice are loaded: it is counted and drawn."""
        self.ids += 1
        return UUID(int=self.dice.getrandbits(96) << 32 | self.ids, version=4)

    def without_a_place(self, evening: ReferenceEvening) -> list[UUID]:
        """Returns those who have neither ticket nor waiting place."""
        taken = self.season.holders(evening.evening_id) | set(self.season.line(evening.evening_id))
        return [each for each in self.season.people if each not in taken]

    def new_candidates(self, count: int) -> list[ReferencePerson]:
        """People nobody has heard of, enrolled at the same moment: now, or earlier if the news took its time."""
        count = min(count, self.to_enrol)
        self.to_enrol -= count
        enrolled_at = self.dice.choice([self.now, self.now, self.base, self.now - timedelta(hours=1)])
        favourite = self.dice.choice(self.slugs)
        return [
            self.with_dates(
                ReferencePerson(
                    self.new_id(),
                    favourite if self.dice.random() < 0.4 else self.dice.choice(self.slugs),
                    enrolled_at,
                )
            )
            for _ in range(count)
        ]

    def with_dates(self, person: ReferencePerson) -> ReferencePerson:
        """Some start later or end earlier, around an evening."""
        if self.dice.random() < 0.1:
            person.starts_on = self.some_day()
        if self.dice.random() < 0.1:
            last = self.some_day()
            person.ends_on = last if person.starts_on is None else max(last, person.starts_on)
        return person

    def some_day(self) -> date:
        """Today, or a day at, before or after an evening's."""
        days = [each.day + timedelta(days=off) for each in self.season.evenings.values() for off in (-1, 0, 0, 1)]
        return self.dice.choice([*days, self.now.date()])

    def places(self) -> int:
        """Mostly fewer than the partner's people."""
        return self.dice.choice([0, 1, 1, 2, 2, 3, 5])

    def new_evening(self) -> ReferenceEvening:
        """An evening to come, its release perhaps past."""
        self.to_schedule -= 1
        evening = ReferenceEvening(
            self.new_id(),
            self.base.date(),
            self.base,
            self.base,
            self.base,
            capacity=self.dice.randint(1, 6),
            on_request=self.dice.random() < 0.4,
        )
        self.set_time(evening, self.now + timedelta(days=self.dice.randint(2, 14)))
        if self.dice.random() < 0.3:
            evening.by_hand = self.by_hand(evening.capacity)
        return evening

    def set_time(self, evening: ReferenceEvening, about: datetime) -> None:
        """It starts on that day, between 16:00 and 20:30 UTC: the day is the same in The Hague."""
        starts_at = about.astimezone(UTC).replace(hour=16, minute=0, second=0, microsecond=0)
        evening.starts_at = starts_at + timedelta(minutes=30 * self.dice.randint(0, 9))
        evening.day = evening.starts_at.date()
        evening.closes_at = evening.starts_at - timedelta(hours=self.dice.choice([1, 2, 2, 24]))
        evening.release_at = evening.closes_at - timedelta(hours=self.dice.choice([1, 24, 48, 72, 166]))

    def by_hand(self, capacity: int) -> dict[str, int]:
        """Seats for some partners, at most the capacity in all."""
        seats: dict[str, int] = {}
        for slug in self.dice.sample(self.slugs, self.dice.randint(0, len(self.slugs))):
            seats[slug] = self.dice.randint(0, capacity - sum(seats.values()))
        return seats
