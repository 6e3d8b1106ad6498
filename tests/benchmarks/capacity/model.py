"""The arithmetic of the page on scale: from figures and assumptions to loads, ratios and holdings. No I/O."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

CITIES: Final = (1, 50, 5000)
SECONDS_OF_PEAK: Final = 3600
SECONDS_AT_DOOR: Final = 900
VENUES: Final = 5  # of a city, as in the press release
SHARED_QUEUES: Final = 8  # events and dead letters of three services on `core`, dead letters of two on `edge`


@dataclass(frozen=True)
class Figures:
    """Measured: units per second and processor milliseconds per unit by path, bytes by what takes them."""

    rates: Mapping[str, float]
    cpu: Mapping[str, float]
    sizes: Mapping[str, float]


@dataclass(frozen=True)
class Assumptions:
    """A city and its habits, as the page has them; shares are percentages there and fractions here."""

    partners: float
    people_per_partner: float
    evenings: float
    seats: float
    declined: float
    opened_page: float
    attending: float
    same_day: float

    @property
    def people(self) -> float:
        """Participants of a city; on an automatic evening as many places."""
        return self.partners * self.people_per_partner

    def busy(self, cities: int) -> float:
        """Cities with an evening on the busiest day: at least one."""
        return max(1.0, self.same_day * cities)


@dataclass(frozen=True)
class Peak:
    """A load: so many units in so many seconds in each of some cities, on a measured path."""

    name: str
    path: str
    units: float
    seconds: int
    is_daily: bool = False  # only in the cities with an evening on that day

    def per_second(self, given: Assumptions, cities: int) -> float:
        """Units per second in all of these cities together."""
        return self.units * (given.busy(cities) if self.is_daily else cities) / self.seconds

    def ratio(self, figures: Figures, given: Assumptions, cities: int) -> float:
        """Returns the load against the ceiling of one machine."""
        return self.per_second(given, cities) / figures.rates[self.path]

    def half_full_at(self, figures: Figures, given: Assumptions) -> int:
        """Cities at which the load is half of the ceiling."""
        busy = figures.rates[self.path] * self.seconds / self.units / 2
        return int(busy / given.same_day if self.is_daily else busy)


def peaks(given: Assumptions) -> list[Peak]:
    """Returns the peaks in the order of a season."""
    hour, people = SECONDS_OF_PEAK, given.people
    return [
        Peak("initial sync, messages of HR", "HR messages, until the receipt", people, hour),
        Peak("initial sync, files of HR", "HR upload, new, until published", people, hour),
        Peak("initial sync, ticketing", "participants, five evenings open", people, hour),
        Peak("initial sync, notifications", "notifications, participants", people, hour),
        Peak("opening, places", "an evening opens, until published", people, hour),
        Peak("opening, relay to notifications", "relay, events", people, hour),
        Peak("opening, feeds of box offices", "relay, the feeds of five box offices", given.seats, hour),
        Peak("opening, notifications", "notifications, tickets", people, hour),
        Peak("opening, letters", "letters, composed and delivered", people, hour),
        Peak("opening, personal pages", "personal pages", people * given.opened_page, hour),
        Peak("evening before, reminders", "letters, composed and delivered", given.seats, hour, is_daily=True),
        Peak("evening before, declines", "declines, five evenings", given.seats * given.declined, hour, is_daily=True),
        Peak("door, scans", "scans over HTTP, one door", given.seats * given.attending, SECONDS_AT_DOOR, is_daily=True),
    ]


def cores(figures: Figures, given: Assumptions, moment: str, cities: int) -> float:
    """Cores that the loads of a moment keep busy; the relay's are within those of what it publishes."""
    return sum(
        each.per_second(given, cities) * figures.cpu[each.path] / 1000
        for each in peaks(given)
        if each.name.startswith(moment) and not each.path.startswith("relay") and "files" not in each.name
    )


def letters_a_year(given: Assumptions) -> float:
    """Letters in a city: one for each place, and two reminders for each seat (notifications' catalogue)."""
    return given.evenings * (given.people + 2 * given.seats)


def stored_in_a_year(figures: Figures, given: Assumptions) -> float:
    """Bytes of database that a city adds in a year."""
    size = figures.sizes
    people = given.people * (size["registration, a person"] + size["ticketing, a person"])
    # The figure of notifications is for a person with one ticket and its planned letters.
    places = (
        given.evenings * given.people * (size["ticketing, a place"] + size["notifications, a person with a ticket"])
    )
    letters = letters_a_year(given) * size["notifications, a letter sent"]
    scans = given.evenings * given.seats * given.attending * size["ticketing, a scan"]
    return people + places + letters + scans


def queues(given: Assumptions, cities: int) -> float:
    """Queues on one broker for so many cities: two for each partner and each venue, and the shared ones."""
    return cities * 2 * (given.partners + VENUES) + SHARED_QUEUES


def broker_bytes(figures: Figures, given: Assumptions, cities: int) -> float:
    """Memory of the broker for partners' idle queues and one replica's connection to each."""
    each = figures.sizes["RabbitMQ, queues of a partner"] + figures.sizes["RabbitMQ, connection of a partner"]
    return figures.sizes["idle RabbitMQ"] + cities * given.partners * each


def replica_bytes(figures: Figures, given: Assumptions, cities: int) -> float:
    """Memory of one replica of registration that consumes from all partners."""
    return figures.sizes["idle registration"] + cities * given.partners * figures.sizes["registration, a partner"]


def installation_bytes(figures: Figures, given: Assumptions) -> float:
    """Memory of one idle installation for one city: services, broker and database."""
    others = ("idle ticketing", "idle notifications", "idle PostgreSQL")
    own = sum(figures.sizes[name] for name in others)
    return own + broker_bytes(figures, given, 1) + replica_bytes(figures, given, 1)


def idle_cores(figures: Figures, given: Assumptions, cities: int) -> float:
    """Cores that installations for one city each keep busy while nothing happens: heartbeats and polls."""
    return cities * (figures.cpu["idle, an installation"] + given.partners * figures.cpu["idle, a partner"]) / 1000
