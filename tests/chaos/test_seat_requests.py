"""Two hundred seats, two thousand people who ask in the same moment, two replicas, and one of them is killed."""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import httpx
import pytest
from joserfc.jwk import OKPKey

from culture_connect.contracts import Admission, EveningScheduled, Venue, local_day
from culture_connect.messaging import Database
from culture_connect.messaging.topology import box_office_account, tickets_queue
from culture_connect_cli.accounts import Credentials
from culture_connect_cli.stack.ports import choose_ports
from culture_connect_cli.stack.program import Program
from tests.chaos.actors import Requester, Requesters, SeatAnswer
from tests.service.ticketing.external_clients import Clients
from tests.service.ticketing.harness import NEXT_YEAR
from tests.support.bus import password_of
from tests.support.external_clients import Listener, listening
from tests.support.hashes import HASH_KEY
from tests.support.probes import eventually, until
from tests.support.service_environment import Surroundings
from tests.unit.http.kit import write_tokens
from tests.unit.ticketing.reference import ReferenceEvening, ReferencePerson, ReferenceSeason
from tests.unit.ticketing.registration_events import enrolled, evening, partner, person
from ticketing.settings import TicketingSettings
from ticketing.store import waiting_list
from ticketing.use_cases.apply_events import Event

pytestmark = pytest.mark.timeout(150)


class PartnerSize(NamedTuple):
    """The number of people of a partner who request a seat, and of seats kept for them."""

    people: int
    allotment: int


PARTNERS = {
    "acme": PartnerSize(900, 60),
    "gemeente": PartnerSize(560, 50),
    "zeebank": PartnerSize(400, 40),
    "haven": PartnerSize(40, 10),
    "atelier": PartnerSize(100, 0),
}
CAPACITY = 200
PEOPLE = sum(size.people for size in PARTNERS.values())
ELSEWHERE = 40  # people who ask for the other evening meanwhile
EARLIER = 60  # people of the crowd who have a ticket for the other evening
CHECKED = 50  # of so many answers about the line one is compared with the reference

# Seats that are kept for nobody are there as well: 40 of them.
NIGHT = evening(NEXT_YEAR, capacity=CAPACITY, admission=Admission.ON_REQUEST).model_copy(
    update={"allotments": {slug: size.allotment for slug, size in PARTNERS.items() if size.allotment}}
)
DANCE = evening(
    NEXT_YEAR.replace(hour=12), capacity=500, title="Dans", venue=Venue.NDT, admission=Admission.ON_REQUEST
).model_copy(update={"allotments": {}})

REQUESTERS = {f"{slug}{number}": slug for slug, size in PARTNERS.items() for number in range(size.people)}
OTHERS = {f"other{number}": "acme" for number in range(ELSEWHERE)}


@dataclass
class Theatre:
    """Ticketing as two processes on one database and broker, and what the world around it hears."""

    surroundings: Surroundings
    world: Clients
    replicas: Sequence[Program]
    ports: Sequence[int]
    secrets: dict[tuple[str, str], str]

    async def rows(self, statement: str, *values: object) -> Sequence[Any]:
        """Looks behind the scenes."""
        connection = await asyncpg.connect(self.surroundings.database.superuser_url)
        try:
            await connection.execute("set search_path to ticketing")
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    async def places(self, evening_id: UUID) -> int:
        """Returns the number of tickets and waiting places by now."""
        [row] = await self.rows("select count(*) from tickets where evening_id = $1", evening_id)
        return int(row[0])

    def requests(self, names: Sequence[str], wanted: EveningScheduled) -> list[Requester]:
        """These people, each with the secret of their invitation."""
        return [
            Requester(person(name), wanted.evening_id, self.secrets[str(person(name)), str(wanted.evening_id)])
            for name in names
        ]

    def errors(self) -> list[str]:
        """Returns the lines that the replicas logged as errors."""
        lines = [line for each in self.replicas for line in each.log.read_text().splitlines()]
        return [line for line in lines if '"level": "error"' in line or "Traceback" in line]


@pytest.fixture
async def theatre(surroundings_of: Callable[[str], Surroundings], tmp_path: Path) -> AsyncIterator[Theatre]:
    """Everybody has been invited to both evenings, and two replicas are ready."""
    surroundings = surroundings_of("ticketing")
    settings = settings_in(tmp_path, surroundings)
    ports = list(choose_ports(["first", "second"]).values())
    replicas = [replica(settings, port, tmp_path) for port in ports]
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(Clients(surroundings, settings))
        for venue in (Venue.PAARD, Venue.NDT):
            await surroundings.add_box_office(venue)
        for each in replicas:
            stack.callback(each.kill)
            await asyncio.to_thread(each.start)
        people = REQUESTERS | OTHERS
        await publish(world, [partner(slug) for slug in PARTNERS])
        await publish(world, [enrolled(name, partner=slug) for name, slug in people.items()])
        await publish(world, [NIGHT, DANCE])
        await eventually(
            lambda: len(world.harness.of("invitation.extended")), 2 * len(people), "invitations", timeout=60
        )
        secrets = {
            (told.data["participant_id"], told.data["evening_id"]): told.data["link"].rpartition("/")[2]
            for told in world.harness.of("invitation.extended")
        }
        yield Theatre(surroundings, world, replicas, ports, secrets)


async def test_a_crowd_gets_the_seats_by_the_rules_though_a_replica_is_killed(
    theatre: Theatre, record_property: Callable[[str, object], None], capsys: pytest.CaptureFixture[str]
) -> None:
    earlier = list(REQUESTERS)[:: PEOPLE // EARLIER][:EARLIER]
    warm = await Requesters(theatre.ports).ask(theatre.requests(earlier, DANCE))
    assert {answer.body["state"] for answer in warm} == {"issued"}
    victim, survivor = theatre.replicas
    assert await publishes(theatre.ports[0]), "the victim is to be the one that publishes"

    requesters = Requesters(theatre.ports)
    requests = interleaved(theatre.requests(list(REQUESTERS), NIGHT), theatre.requests(list(OTHERS), DANCE))
    async with box_office(theatre.surroundings, "paard") as paard:
        pending = asyncio.create_task(requesters.ask(requests))
        done = await until(
            lambda: theatre.places(NIGHT.evening_id), lambda count: count >= PEOPLE // 4, "a quarter", timeout=60
        )
        await asyncio.to_thread(victim.kill)
        answers = await pending
        assert done < PEOPLE, "it was killed after the work"
        await eventually(lambda: outbox(theatre), 0, "events that wait", timeout=30)
        await eventually(lambda: len(pairs_told(paard)), CAPACITY, "tickets at the box office", timeout=30)
    assert survivor.is_running

    seconds = max(answer.seconds for answer in answers)
    figures = {
        "asks": len(answers),
        "seconds": round(seconds, 1),
        "asks per second": round(len(answers) / seconds),
        "places when it was killed": done,
        "connections that broke": requesters.broken.total(),
        "seconds for the other evening, at most": round(max(each.seconds for each in answers if each.is_for(DANCE)), 1),
        "answers remembered from before the kill": sum(answer.replayed for answer in answers),
        "messages told again by the next publisher": sum(paard.times.values()) - len(paard.times),
    }
    for name, value in figures.items():
        record_property(name, value)
    with capsys.disabled():
        print(f"\n{', '.join(f'{name}: {value}' for name, value in figures.items())}")  # noqa: T201 - what it is for

    assert set(requesters.broken) == {theatre.ports[0]}
    assert Counter(answer.status for answer in answers) == {201: len(answers)}
    assert theatre.errors() == []
    await everybody_has_one_place(theatre)
    await seats_and_line_are_by_the_rules(theatre, answers)
    await answers_are_true(theatre, answers)
    await the_box_office_heard_of_every_ticket_once(theatre, paard)
    the_other_evening_was_served_meanwhile(answers)


async def everybody_has_one_place(theatre: Theatre) -> None:
    """Neither more seats than there are, nor anybody twice, nor anybody forgotten."""
    rows = await theatre.rows("select participant_id, state from tickets where evening_id = $1", NIGHT.evening_id)
    assert Counter(row["state"] for row in rows) == {"issued": CAPACITY, "waiting": PEOPLE - CAPACITY}
    assert sorted(row["participant_id"] for row in rows) == sorted(map(person, REQUESTERS))
    [row] = await theatre.rows("select issued, waiting from evenings where evening_id = $1", NIGHT.evening_id)
    assert tuple(row) == (CAPACITY, PEOPLE - CAPACITY)


async def seats_and_line_are_by_the_rules(theatre: Theatre, answers: Sequence[SeatAnswer]) -> None:
    """Plays the decisions in the order in which they were taken on the reference, which was written from the rules."""
    season = await before_the_requests(theatre)
    positions = {each.body["ticket_id"]: each.body["position"] for each in answers if each.body["state"] == "waiting"}
    decisions = await theatre.rows(
        """
        select d.participant_id, d.outcome, d.decided_at, t.ticket_id, t.requested_at
        from decisions d join tickets t using (ticket_id) where d.evening_id = $1 order by decision_id
        """,
        NIGHT.evening_id,
    )
    tickets, waiting = season.tickets[NIGHT.evening_id], season.waiting[NIGHT.evening_id]
    # Those who were served together were told their places once all of them had theirs.
    for _, together in itertools.groupby(decisions, key=lambda row: row["decided_at"]):
        checked = []
        for row in together:
            may_have = season.may_have(NIGHT.evening_id, row["participant_id"], row["decided_at"])
            assert row["outcome"] == ("granted" if may_have else "waiting")
            if may_have:
                tickets[row["participant_id"]] = "issued"
                continue
            waiting[row["participant_id"]] = row["requested_at"]
            if len(waiting) % CHECKED == 0:
                checked.append(row)
        if checked:
            places = season.line(NIGHT.evening_id)
            assert [positions[str(row["ticket_id"])] for row in checked] == [
                places.index(row["participant_id"]) + 1 for row in checked
            ]

    assert len(decisions) == PEOPLE
    held = season.held(NIGHT.evening_id)
    assert all(held.get(slug, 0) >= min(size.allotment, size.people) for slug, size in PARTNERS.items())
    assert await line_of(theatre) == season.line(NIGHT.evening_id)


async def answers_are_true(theatre: Theatre, answers: Sequence[SeatAnswer]) -> None:
    """Checks that the answers agree with the rows."""
    rows = await theatre.rows("select ticket_id, evening_id, participant_id, state from tickets")
    written = {(row["evening_id"], row["participant_id"]): (str(row["ticket_id"]), row["state"]) for row in rows}
    for answer in answers:
        body, requester = answer.body, answer.requester
        assert (body["evening_id"], body["participant_id"]) == (
            str(requester.evening_id),
            str(requester.participant_id),
        )
        assert written[requester.evening_id, requester.participant_id] == (body["ticket_id"], body["state"])
        assert (body["position"] is None) == (body["state"] == "issued")


async def the_box_office_heard_of_every_ticket_once(theatre: Theatre, paard: Listener) -> None:
    """A message may come again under its own id, which is how it is known for the same: no two are of one version."""
    rows = await theatre.rows(
        "select ticket_id, feed_version, code from tickets where evening_id = $1 and state = 'issued'", NIGHT.evening_id
    )
    told = {(each["ticket_id"], each["version"]): each["code"] for each in paard.data("ticket.issued")}
    assert told == {(str(row["ticket_id"]), row["feed_version"]): row["code"] for row in rows}
    assert len(pairs_told(paard)) == CAPACITY


def the_other_evening_was_served_meanwhile(answers: Sequence[SeatAnswer]) -> None:
    """Everybody who asked for it has a seat, and most had it while requests for the other one were still handled."""
    other = [answer for answer in answers if answer.is_for(DANCE)]
    assert len(other) == ELSEWHERE
    assert {answer.body["state"] for answer in other} == {"issued"}
    requesters = sorted(answer.seconds for answer in answers if answer.is_for(NIGHT))
    assert sorted(answer.seconds for answer in other)[ELSEWHERE // 2] < requesters[-PEOPLE // 10]


async def before_the_requests(theatre: Theatre) -> ReferenceSeason:
    """The reference, told of everybody and of the seats that were given out for the other evening."""
    season = ReferenceSeason(dict.fromkeys(PARTNERS, 10_000))
    for each in (NIGHT, DANCE):
        season.schedule(as_reference(each), now=NEXT_YEAR.replace(year=NEXT_YEAR.year - 1))
    people = REQUESTERS | OTHERS
    season.people = {person(name): ReferencePerson(person(name), slug, NEXT_YEAR) for name, slug in people.items()}
    rows = await theatre.rows("select participant_id from tickets where evening_id = $1", DANCE.evening_id)
    season.tickets[DANCE.evening_id] = {row["participant_id"]: "issued" for row in rows}
    return season


def as_reference(told: EveningScheduled) -> ReferenceEvening:
    return ReferenceEvening(
        told.evening_id,
        local_day(told.starts_at),
        told.starts_at,
        told.release_at,
        told.closes_at,
        told.capacity,
        on_request=True,
        by_hand=dict(told.allotments or {}),
    )


async def line_of(theatre: Theatre) -> list[UUID]:
    """Returns those who wait, in order, as the service has it."""
    database = Database(theatre.surroundings.database_url, schema="ticketing")
    async with database.begin() as work:
        positions = await waiting_list.positions(work, NIGHT.evening_id, list(map(person, REQUESTERS)))
    await database.close()
    assert sorted(positions.values()) == list(range(1, len(positions) + 1))
    return sorted(positions, key=lambda each: positions[each])


async def outbox(theatre: Theatre) -> int:
    [row] = await theatre.rows("select count(*) from outbox")
    return int(row[0])


def pairs_told(paard: Listener) -> list[tuple[str, int]]:
    """Ticket and version of each message, whatever how often it came."""
    return [
        (data["ticket_id"], data["version"])
        for type_, data in paard.heard.values()
        if type_.startswith("nl.cultureconnect.ticket.")
    ]


def interleaved(many: Sequence[Requester], few: Sequence[Requester]) -> list[Requester]:
    """Partners mixed, as people come, and one of the few after every so many."""
    dice = random.Random(1)
    mixed = dice.sample(list(many), len(many))
    every = len(many) // len(few)
    return [requester for nth in range(len(few)) for requester in (*mixed[nth * every : (nth + 1) * every], few[nth])]


async def publishes(port: int) -> bool:
    """Tells whether this replica is the one whose relay is active."""
    async with httpx.AsyncClient(trust_env=False) as client:
        metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
    return "culture_connect_relay_leading 1.0" in metrics


async def publish(world: Clients, events: Sequence[Event]) -> None:
    """Tells ticketing all of these; a few hundred are on their way at once."""
    for start in range(0, len(events), 200):
        await asyncio.gather(*(world.publish(event) for event in events[start : start + 200]))


@asynccontextmanager
async def box_office(surroundings: Surroundings, venue: str) -> AsyncIterator[Listener]:
    """A box office that hears everything, also what was told before it began."""
    account, broker = box_office_account(venue), surroundings.bus.broker
    party = Credentials(
        username=account,
        password=password_of(account),
        host=broker.host,
        port=broker.port,
        vhost=broker.vhosts.edge,
        exchange=account,
        routing_key="admission",
        queue=tickets_queue(venue),
    )
    async with listening(party) as listener:
        yield listener


def settings_in(folder: Path, surroundings: Surroundings) -> TicketingSettings:
    key = folder / "signing-key.json"
    key.touch(mode=0o600)
    key.write_text(json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)))
    return TicketingSettings(
        database_url=surroundings.database_url,
        core_url=surroundings.core_url,
        edge_url=surroundings.edge_url,
        tokens_file=write_tokens(folder / "tokens.json", {"desk": ["programme"]}),
        hash_key=HASH_KEY,
        signing_key_file=key,
        public_url="https://mijn.cultureconnect.example",
    )


def replica(settings: TicketingSettings, port: int, folder: Path) -> Program:
    """A process of ticketing, not started."""
    told = settings.model_dump(exclude={"http_port"}) | {"http_port": port}
    return Program(
        name=f"ticketing at {port}",
        module="ticketing",
        arguments=["serve"],
        folder=folder / str(port),
        log=folder / f"{port}.log",
        ready_url=f"http://127.0.0.1:{port}/health/ready",
        environment={
            f"CULTURE_CONNECT_{name.upper()}": str(value) for name, value in told.items() if value is not None
        },
    )
