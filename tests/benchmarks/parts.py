"""The parts of a run: which lines each has, in which order they are measured, and how they compare.

Every line is measured in every round, one after the other, so that a machine that slows down slows them all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from rich.console import Console

from culture_connect.contracts import Venue
from tests.benchmarks import consuming, declines, imports, intake, letters, people, replicas, reports, seat_allocation
from tests.benchmarks.baselines.consuming import WAYS
from tests.benchmarks.publish_pairs import publishing
from tests.benchmarks.report import MB
from tests.benchmarks.results import Answers, Line, Peak, Ratio, Results, Sample, growth, ratio
from tests.benchmarks.seat_allocation import Opened
from tests.benchmarks.service_environment import Surroundings

CONSOLE = Console(stderr=True)

IMPORT_MEMORY = 200 * MB  # bytes that registration may hold while it takes in a file
OPENING_MEMORY = 450 * MB  # bytes that ticketing may hold while an evening opens, for
OPENING_LIMITED = 100_000  # participants or fewer
STEEPER = 1.2  # how many times as fast as the number of participants the time of an opening may grow
SCARCE = 2000  # seats, so that nearly everybody waits
# A rate: ten thousand pairs tell it as well, and a hundred thousand would fill the harness.
PUBLISHED = 10_000
DECLINE = 0.03  # seconds within which a decline should be answered
SINGLES = 50
DECLINES_IN_A_ROW = 1000
LATE_ENROLMENTS = 20
SLOWEST_REPORT = 10  # times as long as an ordinary report takes, for one that was made to be slow
LETTERS_MEMORY = 200 * MB  # bytes that notifications may hold while letters go


async def of_consuming(where: Surroundings, count: int, rounds: int) -> Results:
    """Deliveries by each way through the libraries, against aiormq alone; processor time of the consumer."""
    lines = {way: Line(f"delivery, {way}", "messages") for way in WAYS}
    for number in range(rounds):
        CONSOLE.print(f"consuming, {count} messages, round {number + 1} of {rounds}")
        for way, line in lines.items():
            line.samples.append(await consuming.delivered(where, way, f"{way}-{number}", count))
    bare = lines["aiormq"]
    return Results([*lines.values()], [ratio(f"{line.name} / aiormq", line, bare) for line in lines.values()])


async def of_intake(where: Surroundings, count: int, rounds: int) -> Results:
    """HR messages, against subscribers that do nothing and a plain handler."""
    service, plain = Line("intake", "messages"), Line("plain handler, ORM session per message", "messages")
    nothing, raw = Line("FastStream doing nothing", "messages"), Line("the same, undecoded", "messages")
    sent = Line("aio-pika publishing the answers", "pairs")
    for number in range(rounds):
        CONSOLE.print(f"intake, {count} messages, round {number + 1} of {rounds}")
        nothing.samples.append(await intake.nothing(where, f"bare-{number}", count, "decoded"))
        raw.samples.append(await intake.nothing(where, f"raw-{number}", count, "raw"))
        sent.samples.append(await publishing(where, "intake", f"sent-{number}", count))
        # A rate again, and the slowest of all: half the messages tell it as well.
        plain.samples.append(await intake.plain(where, f"plain-{number}", count // 2))
        async with where.service("registration") as served:
            service.samples.append(await intake.service(where, served.base, f"acme-{number}", count))
    return Results(
        [service, nothing, raw, sent, plain],
        [
            ratio("intake / FastStream doing nothing", service, nothing, 0.6),
            ratio("intake / plain handler", service, plain, 3.0),
            ratio("intake / FastStream doing nothing, undecoded", service, raw),
            ratio("intake / aio-pika publishing", service, sent),
        ],
    )


@dataclass
class Openings:
    """Evenings of one shape that opened for so many participants."""

    shape: str
    capacity: int
    participants: int
    opened: list[Opened] = field(default_factory=list)

    @property
    def told(self) -> Line:
        """Until the last place was told."""
        return self._line("", "places", lambda each: each.told)

    @property
    def lines(self) -> list[Line]:
        """Everything that was measured in seconds."""
        committed = self._line(", until committed", "places", lambda each: each.committed)
        return [self.told, committed, self._line(", as rows", "rows", lambda each: each.rows)]

    @property
    def peak(self) -> Peak:
        """Ticketing's memory, with a limit where one was promised."""
        limit = OPENING_MEMORY if self.participants <= OPENING_LIMITED else None
        return Peak(f"ticketing, {self._name}", max(each.peak for each in self.opened), limit)

    def growth_from(self, smaller: "Openings") -> list[Ratio]:
        """Returns the growth of time and memory from the same shape for fewer participants."""
        limit = STEEPER * self.participants / smaller.participants
        name = f"{self.shape}: {{}} for {self.participants:,} / {smaller.participants:,} participants"
        return [
            growth(name.format("time"), self.told, smaller.told, limit),
            Ratio(name.format("memory"), self.peak.value / smaller.peak.value),
        ]

    @property
    def _name(self) -> str:
        return f"evening opening, {self.participants:,}, {self.shape}"

    def _line(self, suffix: str, unit: str, pick: Callable[[Opened], Sample]) -> Line:
        return Line(f"{self._name}{suffix}", unit, list(map(pick, self.opened)))


async def of_opening(where: Surroundings, participants: int, rounds: int) -> tuple[Results, list[Openings]]:
    """Evenings that open for so many participants, against publishing what is told; also by shape, to be compared."""
    shapes = [
        Openings("a seat for everyone", participants, participants),
        Openings(f"{SCARCE:,} seats", SCARCE, participants),
    ]
    learnt = Line(f"ticketing learns {participants:,} participants", "participants")
    sent = Line("aio-pika publishing tickets", "pairs")
    venues = list(Venue)
    async with where.service("ticketing") as served:
        CONSOLE.print(f"opening, telling ticketing of {participants} participants")
        learnt.samples.append(await seat_allocation.populate(where, participants))
        for number in range(rounds):
            CONSOLE.print(f"opening, {participants} participants, round {number + 1} of {rounds}")
            venue = venues[number % len(venues)]
            sent.samples.append(await publishing(where, "opening", venue, min(participants, PUBLISHED)))
            for place, shape in enumerate(shapes):
                evening = people.scheduled(venue, shape.capacity, len(shapes) * number + place)
                shape.opened.append(await seat_allocation.open_evening(where, served, evening, participants))
    lines = [line for shape in shapes for line in shape.lines]
    compared = ratio(f"evening opening, {participants:,} / aio-pika publishing", shapes[0].told, sent)
    return Results([*lines, sent, learnt], [compared], [shape.peak for shape in shapes]), shapes


def growing(sizes: Sequence[Sequence[Openings]]) -> Results:
    """Returns the growth of allocations from one size to the next; each size has the same shapes in the same order."""
    return Results(
        ratios=[
            each
            for smaller, larger in pairwise(sizes)
            for before, after in zip(smaller, larger, strict=True)
            for each in after.growth_from(before)
        ]
    )


async def of_declines(where: Surroundings, waiting: int, rounds: int) -> Results:
    """Tickets given up, and places asked for, while so many wait; against a bare transaction."""
    kept, released = Line("declines in a row", "declines"), Line("declines in a row, seats released", "declines")
    bare = Line("a bare transaction of two rows", "transactions")
    answers = []
    async with where.service("ticketing") as served:
        CONSOLE.print(f"declines, a season with {waiting} waiting")
        await declines.season(where, served, waiting)
        evenings = [
            (await declines.full_evening(where, served, waiting, is_released=False), kept, "seats allotted"),
            (await declines.full_evening(where, served, waiting, is_released=True), released, "seats released"),
        ]
        for evening, _, name in evenings:
            CONSOLE.print(f"declines, one at a time, {name}")
            singles = await evening.decline_singly(SINGLES)
            answers.append(Answers(f"decline, {waiting:,} waiting, {name}", singles.answered, DECLINE))
            answers.append(Answers(f"decline, {waiting:,} waiting, {name}, until told", singles.told))
        for number in range(rounds):
            CONSOLE.print(f"declines, {DECLINES_IN_A_ROW} in a row, round {number + 1} of {rounds}")
            bare.samples.append(await declines.updated(where, DECLINES_IN_A_ROW))
            for evening, line, _ in evenings:
                line.samples.append(await evening.decline_in_a_row(DECLINES_IN_A_ROW))
        for evening, _, name in evenings:
            asked = await evening.request_again(SINGLES)
            answers.append(Answers(f"asking, {waiting:,} waiting, {name}", asked.answered))
        enrolled = await declines.enrol_late(where, LATE_ENROLMENTS)
        answers.append(Answers("late enrolment, until told of its places in 5 lines", enrolled))
    return Results(
        [kept, released, bare],
        [ratio(f"{line.name} / bare transaction", line, bare) for line in (kept, released)],
        answers=answers,
    )


async def of_imports(where: Surroundings, count: int, rounds: int) -> Results:
    """Files of HR, against the least that reading and storing one costs."""
    bare = Line("csv and COPY, nothing else", "lines")
    new, told = Line("import, new", "lines"), Line("import, new, until all is told", "lines")
    unchanged, changed = Line("import, unchanged", "lines"), Line("import, 5% changed", "lines")
    found = []
    for number in range(rounds):
        partner = f"file-{number}"
        CONSOLE.print(f"import, {count} people, round {number + 1} of {rounds}")
        bare.samples.append(await imports.copied(where, partner, count))
        async with where.service("registration") as served:
            found.append(await imports.taken_in(where, served, partner, count))
    for each in found:
        new.samples.append(each.new.answered)
        told.samples.append(each.new.told)
        unchanged.samples.append(each.unchanged.answered)
        changed.samples.append(each.changed.answered)
    return Results(
        [new, told, unchanged, changed, bare],
        [ratio(f"{line.name} / csv and COPY", line, bare) for line in (new, unchanged, changed)],
        [
            Peak("registration, before its first import", max(each.before for each in found)),
            Peak("registration, import, new", max(each.new.peak for each in found), IMPORT_MEMORY),
            Peak("registration, import, unchanged", max(each.unchanged.peak for each in found), IMPORT_MEMORY),
            Peak("registration, import, 5% changed", max(each.changed.peak for each in found), IMPORT_MEMORY),
        ],
    )


async def of_replicas(where: Surroundings, count: int, rounds: int) -> Results:
    """Ticketing's work on one replica and on two: nothing is promised, the ratios say what scales."""
    lines: dict[tuple[str, int], Line] = {}

    def keep(name: str, unit: str, number: int, sample: Sample) -> None:
        line = Line(f"{name}, {number} replica{'s' if number > 1 else ''}", unit)
        lines.setdefault((name, number), line).samples.append(sample)

    async with replicas.replicas(where, 1) as alone:
        await alone.take_in("regulars", count)
    first = 0
    for open_ in (False, True):
        for number in (1, 2) * rounds:
            CONSOLE.print(f"replicas, {number}, {'evenings are open' if open_ else 'nothing is open'}")
            async with replicas.replicas(where, number) as them:
                name = "participants, five evenings open" if open_ else "participants, nothing open"
                if open_ and not first:
                    await them.schedule(replicas.on_request(5, count, first))
                    first += 5
                new = f"new-{open_:d}-{number}-{len(lines.get((name, number), Line('', '')).samples)}"
                keep(name, "participants", number, await them.take_in(new, count))
                if not open_:
                    continue
                for evenings, at in ((1, "one evening"), (5, "five evenings")):
                    chosen = replicas.on_request(evenings, count, first)
                    first += evenings
                    await them.schedule(chosen)
                    keep(f"asks, {at}", "asks", number, await them.ask(chosen, "regulars", count))
                    keep(f"declines, {at}", "declines", number, await them.decline(chosen, count // 2))
                    keep(f"scans, {at}", "scans", number, await them.admit(chosen, count // 2))
    names = dict.fromkeys(name for name, _ in lines)
    compared = [ratio(f"{name}: two replicas / one", lines[name, 2], lines[name, 1]) for name in names]
    return Results(list(lines.values()), compared)


async def of_letters(where: Surroundings, count: int, rounds: int) -> Results:
    """Letters with tickets to a server that takes all, against only writing them; then to one that misbehaves."""
    lines = {1: Line("letters, one connection", "letters"), 4: Line("letters, four connections", "letters")}
    alone = Line("the same letters written, sent nowhere", "letters")
    peaks, first = [], 0
    for number in range(rounds):
        CONSOLE.print(f"letters, {count}, round {number + 1} of {rounds}")
        alone.samples.append(letters.written(min(count, 500)))
        for connections, line in lines.items():
            sample, peak = await letters.sent(where, first, count, connections)
            line.samples.append(sample)
            peaks.append(peak)
            first += count
    CONSOLE.print(f"letters, {count}, to a server that misbehaves")
    faulty = await letters.faulty(where, first, count)
    misbehaving = Line("letters, four connections, a server that misbehaves", "letters", [faulty.sample])
    return Results(
        [*lines.values(), alone, misbehaving],
        [
            ratio("letters, four connections / one", lines[4], lines[1]),
            ratio("share of the time in writing, one connection", lines[1], alone),
            ratio("share of the time in writing, four connections", lines[4], alone),
            Ratio(f"letters lost, of {count:,}", faulty.lost, limit=0),
            Ratio(f"letters that came twice, where {faulty.allowed} might", faulty.twice, limit=faulty.allowed),
            Ratio(f"letters failed beside the {faulty.refused} to nobody", faulty.failed - faulty.refused, limit=0),
        ],
        [Peak("notifications, letters", max(peaks), LETTERS_MEMORY)],
    )


def of_reports(rounds: int) -> Results:
    """Reports of mail servers that were made to be slow, each against an ordinary one of the same size."""
    ordinary, hostile = Line("reading a report of 1 MB", "reports"), dict[str, Line]()
    for number in range(rounds):
        CONSOLE.print(f"reports, round {number + 1} of {rounds}")
        ordinary.samples.append(reports.ordinary())
        for name, sample in reports.hostile().items():
            hostile.setdefault(name, Line(f"reading a report made to be slow: {name}", "reports")).samples.append(
                sample
            )
    slowest = max(hostile.values(), key=lambda line: line.seconds)
    return Results([ordinary, slowest], [growth(f"{slowest.name} / ordinary", slowest, ordinary, SLOWEST_REPORT)])
