"""The allocation of seats as the page of rules says it: one candidate at a time, slowly.

Written from "Who gets a seat" alone, whose sentences it quotes, to compare the real thing with. It shares no code with
that. Ids given to it are of people and evenings it was told of.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from hashlib import sha256
from uuid import UUID

ISSUED = "issued"
ADMITTED = "admitted"


@dataclass
class ReferenceEvening:
    """One evening; `day` is its local day. Allotments set `by_hand` (seats by partner) sum up to at most `capacity`."""

    evening_id: UUID
    day: date
    starts_at: datetime
    release_at: datetime
    closes_at: datetime
    capacity: int
    on_request: bool = False
    by_hand: dict[str, int] | None = None
    cancelled: bool = False


@dataclass
class ReferencePerson:
    """A participant of `partner`; who is withdrawn has an `effective_on`, the first day on which they take no part."""

    participant_id: UUID
    partner: str
    enrolled_at: datetime
    starts_on: date | None = None
    ends_on: date | None = None
    effective_on: date | None = None
    erased: bool = False

    def active_on(self, day: date) -> bool:
        """Candidates: "`starts_on <= day` and `day < effective_on` and `day <= ends_on`, as far as these are set"."""
        if self.erased:
            return False
        if self.starts_on is not None and day < self.starts_on:
            return False
        if self.effective_on is not None and day >= self.effective_on:
            return False
        return self.ends_on is None or day <= self.ends_on


def allot(capacity: int, places: Mapping[str, int]) -> dict[str, int]:
    """Seats reserved for each partner, from the places of all that take part (allocation rules, "Allotments")."""
    # "If `C >= sum(n_p)`: `a_p = n_p`, the rest is the common pool."
    total = sum(places.values())
    if capacity >= total:
        return dict(places)
    # "Else largest remainder of `C * n_p / sum(n_p)` (floor first;"
    quotas = {slug: Fraction(capacity * places[slug], total) for slug in places}
    seats = {slug: quotas[slug].numerator // quotas[slug].denominator for slug in places}
    # "left-over seats one each by largest fractional part, ties by more places, then by slug)."
    by_remainder = sorted(places, key=lambda slug: (-(quotas[slug] - seats[slug]), -places[slug], slug))
    left_over = capacity - sum(seats.values())
    for slug in by_remainder[:left_over]:
        seats[slug] += 1
    return seats


def tiebreaker(evening_id: UUID, participant_id: UUID) -> bytes:
    """Granting, 4: "SHA-256 of `evening_id` + `participant_id` (their 16 bytes each, compared as bytes)"."""
    return sha256(evening_id.bytes + participant_id.bytes).digest()


class ReferenceSeason:
    """One season of evenings. Every method does one thing that can happen at `now`, then settles every evening."""

    def __init__(self, partners: Mapping[str, int] | None = None) -> None:
        """A season without evenings and people, with these partners (slug to places) taking part."""
        self.partners: dict[str, int] = dict(partners or {})
        self.people: dict[UUID, ReferencePerson] = {}
        self.evenings: dict[UUID, ReferenceEvening] = {}
        # All of these by evening, then by participant or partner.
        self.allotments: dict[UUID, dict[str, int]] = {}
        self.tickets: dict[UUID, dict[UUID, str]] = {}
        self.waiting: dict[UUID, dict[UUID, datetime]] = {}  # to the request time with which they joined the line
        self.asked: dict[UUID, dict[UUID, datetime]] = {}  # under the present enrolment, and not declined since
        self.declined: dict[UUID, list[UUID]] = {}

    # What can happen

    def partner(self, slug: str, places: int, *, now: datetime) -> None:
        """A partner joins (again), or has another number of places."""
        self.partners[slug] = places
        self._settle(now)

    def partner_leaves(self, slug: str, *, now: datetime) -> None:
        """Its people lose everything, and are no candidates until it joins again."""
        del self.partners[slug]
        self._settle(now)

    def enrol(self, people: Sequence[ReferencePerson], *, now: datetime) -> None:
        """People are enrolled at once, some perhaps anew; who never withdrew only gets other dates."""
        for person in people:
            known = self.people.get(person.participant_id)
            if known is None:
                self.people[person.participant_id] = replace(person)
                continue
            known.starts_on, known.ends_on = person.starts_on, person.ends_on
            if known.effective_on is not None:
                # "Re-enrolment of someone withdrawn makes them a candidate again, with a new request time."
                known.effective_on, known.enrolled_at = None, person.enrolled_at
                for evening_id in self.evenings:
                    self.asked[evening_id].pop(person.participant_id, None)
                    self._forgive(evening_id, person.participant_id)
        self._settle(now)

    def withdraw(self, participant_id: UUID, effective_on: date, *, now: datetime) -> None:
        """Somebody takes no part from that day on.

        "A withdrawal with a future date is decided at once: tickets for evenings on or after that day come free now,
        those before it stay."
        """
        self.people[participant_id].effective_on = effective_on
        self._settle(now)

    def erase(self, participant_id: UUID, *, now: datetime) -> None:
        """Somebody is forgotten, for good, also in the lines of evenings that have begun."""
        self.people[participant_id].erased = True
        for waiting in self.waiting.values():
            waiting.pop(participant_id, None)
        self._settle(now)

    def schedule(self, evening: ReferenceEvening, *, now: datetime) -> None:
        """An evening is announced, or becomes what is given here. "An evening that moves keeps its tickets"."""
        evening_id = evening.evening_id
        self.evenings[evening_id] = replace(evening)
        self.tickets.setdefault(evening_id, {})
        self.waiting.setdefault(evening_id, {})
        self.asked.setdefault(evening_id, {})
        self.declined.setdefault(evening_id, [])
        self._settle(now)

    def cancel(self, evening_id: UUID, *, now: datetime) -> None:
        """The evening is off: "One that is cancelled cancels them all", which means its tickets."""
        self.evenings[evening_id].cancelled = True
        self._settle(now)

    def ask(self, evening_id: UUID, participant_ids: Sequence[UUID], *, now: datetime) -> None:
        """These ask for a seat at the same moment; who may have no place, or has one, might as well not have asked."""
        evening = self.evenings[evening_id]
        for participant_id in participant_ids:
            has_a_place = participant_id in self.tickets[evening_id] or participant_id in self.waiting[evening_id]
            if now < evening.starts_at and self._may_have_a_place(evening, participant_id) and not has_a_place:
                # "Declining and asking again puts one at the end of the line (new request time)."
                self.asked[evening_id][participant_id] = now
                self._forgive(evening_id, participant_id)
        self._settle(now)

    def decline(self, evening_id: UUID, participant_id: UUID, *, now: datetime) -> None:
        """Somebody gives back their ticket or waiting place; not once they were let in with it."""
        if now < self.evenings[evening_id].starts_at:
            if self.tickets[evening_id].get(participant_id) == ISSUED:
                del self.tickets[evening_id][participant_id]
                self._turn_down(evening_id, participant_id)
            elif participant_id in self.waiting[evening_id]:
                del self.waiting[evening_id][participant_id]
                self._turn_down(evening_id, participant_id)
        self._settle(now)

    def pass_on(self, evening_id: UUID, giver: UUID, colleague: UUID, *, now: datetime) -> bool:
        """The giver's ticket becomes the colleague's, also after the closing; false if that is not allowed."""
        evening = self.evenings[evening_id]
        tickets = self.tickets[evening_id]
        # "to a colleague who is active, of the same partner, and holds no ticket for that evening"
        allowed = (
            now < evening.starts_at
            and tickets.get(giver) == ISSUED
            and self._may_have_a_place(evening, colleague)
            and self.people[giver].partner == self.people[colleague].partner
            and colleague not in tickets
        )
        if allowed:
            del tickets[giver]
            self._turn_down(evening_id, giver)
            # "The colleague needs no turn in the line (a waiting place they had is given up)"
            self.waiting[evening_id].pop(colleague, None)
            self.asked[evening_id][colleague] = now
            self._forgive(evening_id, colleague)
            tickets[colleague] = ISSUED
        self._settle(now)
        return allowed

    def admit(self, evening_id: UUID, participant_id: UUID, *, now: datetime) -> None:
        """Somebody shows their ticket at the door, before or after the evening began."""
        if participant_id in self.tickets[evening_id]:
            self.tickets[evening_id][participant_id] = ADMITTED
        self._settle(now)

    def tick(self, *, now: datetime) -> None:
        """Time passed: perhaps a release or a closing."""
        self._settle(now)

    # What can be seen

    def holders(self, evening_id: UUID) -> set[UUID]:
        """Returns the holders of tickets, issued or admitted."""
        return set(self.tickets[evening_id])

    def line(self, evening_id: UUID) -> list[UUID]:
        """Returns those who wait, in the order in which they would be served now."""
        return self._in_order(self.evenings[evening_id], self.waiting[evening_id])

    def held(self, evening_id: UUID) -> dict[str, int]:
        """Granting: "`held_p` the seats partner p's people hold (issued or admitted)"; no partners that hold none."""
        held: dict[str, int] = {}
        for participant_id in self.tickets[evening_id]:
            slug = self.people[participant_id].partner
            held[slug] = held.get(slug, 0) + 1
        return held

    def may_have(self, evening_id: UUID, participant_id: UUID, now: datetime) -> bool:
        """Tells whether there is a seat at `now` for people of this partner ("Granting"; candidate or not)."""
        evening = self.evenings[evening_id]
        allotments = self.allotments[evening_id]
        held = self.held(evening_id)
        slug = self.people[participant_id].partner
        # Before and after the release: "if `sum(held) < C`".
        if sum(held.values()) >= evening.capacity:
            return False
        # "From the release on a candidate may have a seat if `sum(held) < C`."
        if now >= evening.release_at:
            return True
        # "and (`held_p < a_p`"
        if held.get(slug, 0) < allotments.get(slug, 0):
            return True
        # "or the common pool still has one)": it has "`pool - sum over partners of max(0, held_p - a_p)`, where
        # `pool = C - sum(a_p)`".
        left_in_pool = evening.capacity - sum(allotments.values())
        for other in held:
            left_in_pool -= max(0, held[other] - allotments.get(other, 0))
        return left_in_pool > 0

    # How it is decided

    def _settle(self, now: datetime) -> None:
        """Every evening, one after the other: who loses, then the line, then the newcomers."""
        for evening in sorted(self.evenings.values(), key=lambda each: (each.starts_at, each.evening_id.bytes)):
            self._follow_contracts(evening, now)
            # Once an evening has begun nothing changes about its tickets, unless it is called off even then.
            if now >= evening.starts_at and not evening.cancelled:
                continue
            self._take_away(evening)
            # "a free seat that a waiting candidate may have goes to the line first"; "After the closing nobody is
            # promoted".
            if now < evening.closes_at:
                for participant_id in self.line(evening.evening_id):
                    if self.may_have(evening.evening_id, participant_id, now):
                        del self.waiting[evening.evening_id][participant_id]
                        self.tickets[evening.evening_id][participant_id] = ISSUED
            # "whoever asks then and finds a free seat still gets it"; "Who may not have one now gets a waiting place."
            new_candidates = self._newcomers(evening)
            for participant_id in self._in_order(evening, new_candidates):
                if self.may_have(evening.evening_id, participant_id, now):
                    self.tickets[evening.evening_id][participant_id] = ISSUED
                else:
                    self.waiting[evening.evening_id][participant_id] = new_candidates[participant_id]

    def _follow_contracts(self, evening: ReferenceEvening, now: datetime) -> None:
        """Changes: "Allotments that were not set by hand follow the contracts until the release"."""
        if evening.by_hand is not None:
            self.allotments[evening.evening_id] = dict(evening.by_hand)
        elif now < evening.release_at or evening.evening_id not in self.allotments:
            self.allotments[evening.evening_id] = allot(evening.capacity, self.partners)

    def _take_away(self, evening: ReferenceEvening) -> None:
        """Changes: who is withdrawn, erased, not active on a new day, or whose partner left, has no ticket or place."""
        for participant_id in self.people:
            if not self._may_have_a_place(evening, participant_id):
                # Who is inside already stays.
                if self.tickets[evening.evening_id].get(participant_id) != ADMITTED:
                    self.tickets[evening.evening_id].pop(participant_id, None)
                self.waiting[evening.evening_id].pop(participant_id, None)

    def _may_have_a_place(self, evening: ReferenceEvening, participant_id: UUID) -> bool:
        """Candidates: "when they are active on its local day"; of a partner that takes part, if the evening is on."""
        person = self.people[participant_id]
        return person.active_on(evening.day) and person.partner in self.partners and not evening.cancelled

    def _newcomers(self, evening: ReferenceEvening) -> dict[UUID, datetime]:
        """Candidates with neither ticket nor waiting place, and their request times."""
        evening_id = evening.evening_id
        new_candidates = {}
        for participant_id, person in self.people.items():
            if participant_id in self.tickets[evening_id] or participant_id in self.waiting[evening_id]:
                continue
            if not self._may_have_a_place(evening, participant_id) or participant_id in self.declined[evening_id]:
                continue
            # "The request time is when they asked; in `automatic` mode, the `ce-time` of the `participant.enrolled`".
            if participant_id in self.asked[evening_id]:
                new_candidates[participant_id] = self.asked[evening_id][participant_id]
            elif not evening.on_request:
                new_candidates[participant_id] = person.enrolled_at
        return new_candidates

    def _in_order(self, evening: ReferenceEvening, competing: Mapping[UUID, datetime]) -> list[UUID]:
        """The competing candidates (to their request times) in the order of "Granting", 1 to 4."""
        held = self.held(evening.evening_id)
        # "1. fewest other evenings of the season for which they hold a ticket"; "3. earliest request"; "4. smallest
        # SHA-256".
        others = {each: self._other_evenings(evening, each) for each in competing}
        by_1_3_4 = sorted(
            competing, key=lambda each: (others[each], competing[each], tiebreaker(evening.evening_id, each))
        )
        # "2. smallest fill of their partner: the k-th competing candidate of partner p (k from 1, in the order of 1, 3,
        # 4) stands at `(held_p + k) / max(a_p, 1)`, with `held_p` as it was before this round, as exact fractions".
        fill: dict[UUID, Fraction] = {}
        counted: dict[str, int] = {}
        for participant_id in by_1_3_4:
            slug = self.people[participant_id].partner
            counted[slug] = counted.get(slug, 0) + 1
            allotted = self.allotments[evening.evening_id].get(slug, 0)
            fill[participant_id] = Fraction(held.get(slug, 0) + counted[slug], max(allotted, 1))
        return sorted(
            competing,
            key=lambda each: (others[each], fill[each], competing[each], tiebreaker(evening.evening_id, each)),
        )

    def _other_evenings(self, evening: ReferenceEvening, participant_id: UUID) -> int:
        """Granting, 1: other evenings that are not cancelled for which this person has a ticket, issued or admitted."""
        return sum(
            participant_id in self.tickets[other.evening_id]
            for other in self.evenings.values()
            if other.evening_id != evening.evening_id and not other.cancelled
        )

    def _turn_down(self, evening_id: UUID, participant_id: UUID) -> None:
        """No candidate for this evening any more, until they ask or are enrolled anew."""
        self.asked[evening_id].pop(participant_id, None)
        if participant_id not in self.declined[evening_id]:
            self.declined[evening_id].append(participant_id)

    def _forgive(self, evening_id: UUID, participant_id: UUID) -> None:
        """Removes the note that they declined or passed on before."""
        if participant_id in self.declined[evening_id]:
            self.declined[evening_id].remove(participant_id)
