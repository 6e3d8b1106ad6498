"""Each path from end to end, and the bytes it leaves behind."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from rich.console import Console

from culture_connect.contracts import Venue
from tests.benchmarks import declines, imports, intake, letters, people, replicas, seat_allocation
from tests.benchmarks.capacity import contacts, installation, relay, visitors
from tests.benchmarks.capacity.page import BASELINES
from tests.benchmarks.publish_pairs import publishing
from tests.benchmarks.results import Line, Results, Size, ratio
from tests.benchmarks.service_environment import Served, Surroundings

CONSOLE = Console(stderr=True)

MESSAGES = 5000  # of HR, and rows of an import
PLACES = 5000  # of an evening, one in five of them a seat
RELAYED = 10_000  # rows of the outbox
UNITS = 1000  # requests, scans, page views, letters
PARTNERS = 50  # of an idle installation
LANES = 20

Around = Callable[..., AbstractAsyncContextManager[Surroundings]]


class Lines:
    """Lines by their names, in the order in which they first appear."""

    def __init__(self) -> None:
        self._by_name: dict[str, Line] = {}

    def __call__(self, name: str, unit: str) -> Line:
        """Returns the line of this name."""
        return self._by_name.setdefault(name, Line(name, unit))

    def of(self, name: str) -> Line:
        """Returns the line of this name; raises KeyError when it was not measured."""
        return self._by_name[name]

    def all(self) -> list[Line]:
        """Returns all of them."""
        return list(self._by_name.values())


async def measure(around: Around, rounds: int) -> Results:
    """Measures everything that `docs/scale.md` quotes."""
    lines, sizes = Lines(), list[Size]()
    # First, while the broker is fresh.
    CONSOLE.print("capacity, an idle installation")
    async with around("capacity-idle") as where:
        found = await installation.idle(where, PARTNERS)
    await _of_registration(around, rounds, lines, sizes)
    await _of_ticketing(around, rounds, lines, sizes)
    await _of_notifications(around, rounds, lines, sizes)
    compared = [
        ratio(f"{name} / {baseline}", lines.of(name), lines.of(baseline))
        for name, baseline in BASELINES.items()
        if name != baseline
    ]
    found.add(Results(lines=lines.all(), ratios=compared, sizes=sizes))
    return found


async def _of_registration(around: Around, rounds: int, lines: Lines, sizes: list[Size]) -> None:
    by_message = [f"message-{number}" for number in range(rounds)]
    by_file = [f"file-{number}" for number in range(rounds)]
    many = [f"lane-{number}" for number in range(LANES)]
    async with around("capacity-registration", *by_message, *by_file, *many, "sent") as where:
        for number in range(rounds):
            CONSOLE.print(f"capacity, registration, round {number + 1} of {rounds}")
            lines("aio-pika publishing", "pairs").samples.append(await publishing(where, "intake", "sent", MESSAGES))
            lines("csv and COPY", "lines").samples.append(await imports.copied(where, by_file[number], MESSAGES))
            before = await where.stored("registration")
            async with where.service("registration") as served:
                sample = await intake.service(where, served.base, by_message[number], MESSAGES)
            lines("HR messages, until the receipt", "messages").samples.append(sample)
            if number == 0:
                sizes.append(Size("registration, a person", (await where.stored("registration") - before) // MESSAGES))
            async with where.service("registration") as served:
                taken_in = await imports.taken_in(where, served, by_file[number], MESSAGES)
                lines("HR upload, new", "lines").samples.append(taken_in.new.answered)
                lines("HR upload, new, until published", "lines").samples.append(taken_in.new.told)
                lines("HR upload, unchanged", "lines").samples.append(taken_in.unchanged.answered)
                for name, partners in (("one partner", many[:1]), ("twenty partners", many)):
                    sample = await relay.relayed(where, "registration", served, relay.receipts(partners, RELAYED))
                    lines(f"relay, receipts of {name}", "messages").samples.append(sample)


async def _of_ticketing(around: Around, rounds: int, lines: Lines, sizes: list[Size]) -> None:
    async with around("capacity-opening") as where:
        before = await where.stored("ticketing")
        async with where.service("ticketing") as served:
            await seat_allocation.populate(where, PLACES)
            sizes.append(Size("ticketing, a person", (await where.stored("ticketing") - before) // PLACES))
            for number in range(rounds):
                CONSOLE.print(f"capacity, evenings that open, round {number + 1} of {rounds}")
                bare = await declines.updated(where, UNITS)
                lines("a bare transaction of two rows", "transactions").samples.append(bare)
                before = await where.stored("ticketing")
                evening = people.scheduled(Venue.NDT, PLACES // 5, number)
                opened = await seat_allocation.open_evening(where, served, evening, PLACES)
                lines("an evening opens, until committed", "places").samples.append(opened.committed)
                lines("an evening opens, until published", "places").samples.append(opened.told)
                if number == 0:
                    sizes.append(Size("ticketing, a place", (await where.stored("ticketing") - before) // PLACES))
                for name, lanes in (
                    ("events", relay.events(RELAYED)),
                    ("the feed of one box office", relay.feeds(list(Venue)[:1], RELAYED)),
                    ("the feeds of five box offices", relay.feeds(list(Venue), RELAYED)),
                ):
                    sample = await relay.relayed(where, "ticketing", served, lanes)
                    lines(f"relay, {name}", "messages").samples.append(sample)
    async with around("capacity-requests") as where:
        await _of_requests(where, rounds, lines)
    async with around("capacity-visitors") as where, _with_tickets(where) as served:
        for number in range(rounds):
            CONSOLE.print(f"capacity, visitors, round {number + 1} of {rounds}")
            issued = await visitors.tickets(where, UNITS, number)
            lines("personal pages", "pages").samples.append(await visitors.view(where, served, issued))
            before = await where.stored("ticketing")
            lines("scans over HTTP, one door", "scans").samples.append(await visitors.scan(where, served, issued))
            if number == 0:
                sizes.append(Size("ticketing, a scan", (await where.stored("ticketing") - before) // UNITS))
    sizes += _messages()


@asynccontextmanager
async def _with_tickets(where: Surroundings) -> AsyncIterator[Served]:
    async with where.service("ticketing", CULTURE_CONNECT_HTTP_LIMIT_BOX_OFFICE="off") as served:
        await seat_allocation.populate(where, UNITS)
        yield served


async def _of_requests(where: Surroundings, rounds: int, lines: Lines) -> None:
    async with replicas.replicas(where, 1) as alone:
        await alone.take_in("regulars", UNITS)
        await alone.schedule(replicas.on_request(5, UNITS, 0))
        first = 5
        for number in range(rounds):
            sample = await alone.take_in(f"new-{number}", UNITS)
            lines("participants, five evenings open", "participants").samples.append(sample)
        for number in range(rounds):
            CONSOLE.print(f"capacity, requests and scans, round {number + 1} of {rounds}")
            for evenings, at in ((1, "one evening"), (5, "five evenings")):
                chosen = replicas.on_request(evenings, UNITS, first)
                first += evenings
                await alone.schedule(chosen)
                requested = await alone.ask(chosen, "regulars", UNITS)
                lines(f"seat requests, {at}", "requests").samples.append(requested)
                declined = await alone.decline(chosen, UNITS // 2)
                lines(f"declines, {at}", "declines").samples.append(declined)
                scanned = await alone.admit(chosen, UNITS // 2)
                lines(f"scans over the bus, {at}", "scans").samples.append(scanned)


async def _of_notifications(around: Around, rounds: int, lines: Lines, sizes: list[Size]) -> None:
    async with around("capacity-contacts") as where:
        before = await where.stored("notifications")
        async with where.service("notifications") as served:
            for number in range(rounds):
                CONSOLE.print(f"capacity, contacts, round {number + 1} of {rounds}")
                of_people, of_tickets = await contacts.take_in(where, served, number * UNITS * 2, UNITS * 2)
                lines("notifications, participants", "participants").samples.append(of_people)
                lines("notifications, tickets", "tickets").samples.append(of_tickets)
        grown = await where.stored("notifications") - before
        sizes.append(Size("notifications, a person with a ticket", grown // (rounds * UNITS * 2)))
    async with around("capacity-letters") as where:
        for number in range(rounds):
            CONSOLE.print(f"capacity, letters, round {number + 1} of {rounds}")
            lines("letters composed, sent nowhere", "letters").samples.append(letters.written(UNITS // 2))
            sample, _ = await letters.sent(where, number * UNITS, UNITS, 4)
            lines("letters, composed and delivered", "letters").samples.append(sample)
            if number == 0:
                stored = await where.scalar("select pg_total_relation_size('notifications.letters')")
                sizes.append(Size("notifications, a letter sent", stored // UNITS))


def _messages() -> list[Size]:
    """Returns the bytes of messages in queues: bodies, and the headers as text."""
    [(feed, event)] = people.openings(1)
    [(receipt, enrolled)] = people.answers("acme", 1)
    named = {"ticket.issued": event, "ticket.issued to a box office": feed, "a receipt": receipt}
    named["participant.enrolled"] = enrolled
    return [
        Size(
            f"message, {name}",
            len(message.body) + sum(len(str(part)) for item in message.headers.items() for part in item),
        )
        for name, message in named.items()
    ]
