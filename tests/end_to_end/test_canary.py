"""One person with a name that nobody else has goes through everything, and leaves no trace in any log."""

import asyncio
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from aio_pika.abc import AbstractIncomingMessage

from culture_connect.messaging.topology import SERVICES
from culture_connect_cli.accounts import Credentials
from tests.support.dead_letters import dead_letters
from tests.support.external_clients import Sending, listening, send_until_confirmed
from tests.support.plain_clients import PikaClient
from tests.support.probes import eventually, until
from tests.support.system import System, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(120)]

GIVEN, FAMILY, EMAIL, REF = "Kanarina", "Zeldzaamvogel", "gele.veer@kooi.example", "ref-pieppiep-4711"
LATER = {"employee_ref": f"{REF}-b", "email": f"b.{EMAIL}"}


def canary(day: object, **fields: Any) -> dict[str, Any]:
    return {
        "employee_ref": REF,
        "given_name": GIVEN,
        "family_name": FAMILY,
        "email": EMAIL,
        "starts_on": str(day),
        "ends_on": str(day),
        **fields,
    }


async def test_no_log_no_metric_and_no_dead_letter_of_what_was_refused_tells_who_took_part(system: System) -> None:
    day, venue = in_days(131), "paard"
    hr = await system.add_partner("canary", places=5)
    evening = await system.schedule(venue, day, capacity=5)
    broker = system.stack.broker
    async with (
        listening(hr) as receipts,
        listening(system.box_office(venue)) as box_office,
        dead_letters(broker, "registration", "edge") as dead,
        dead_letters(broker, "ticketing", "edge") as dead_scans,
    ):
        await send_until_confirmed(hr, [Sending("canary-1", "enrolment.requested", canary(day))])
        [ticket] = await until(
            lambda: tickets_of(box_office.data("ticket.issued"), evening), bool, "ticket", timeout=30
        )
        await until(lambda: system.ticket_letters(to=EMAIL), bool, "the letter", timeout=30)
        await asyncio.to_thread(send_what_is_wrong, hr, day)
        await asyncio.to_thread(scan_what_is_wrong, system.box_office(venue), evening)
        await ask_what_is_wrong(system, evening, ticket["code"])

        await until(lambda: len(from_account(dead, hr)), lambda number: number >= 2, "dead letters")
        await until(lambda: len(dead_scans), lambda number: number >= 2, "dead scans")

        # Failures write most: no mail server, a database and a broker that die, a service that starts again.
        async with system.without("mailbox"):
            await send_until_confirmed(hr, [Sending("canary-2", "enrolment.requested", canary(day, **LATER))])
            await until(
                lambda: log_of(system, "notifications"),
                lambda log: "mail server away" in log,
                "a complaint",
                timeout=30,
            )
        async with system.without("postgres", killed=True):
            await send_until_confirmed(hr, [Sending("canary-3", "enrolment.withdrawn", {"employee_ref": REF})])
            await system.request("GET", "registration", f"/partners/{REF}", headers=system.headers("programme"))
        async with system.without("registration", killed=True):
            await send_until_confirmed(hr, [Sending("canary-4", "enrolment.requested", canary(day))])
        async with system.without("rabbitmq", killed=True):
            last = [Sending("canary-5", "enrolment.requested", canary(day, given_name=f"{GIVEN}-Jan"))]
            sending = asyncio.create_task(send_until_confirmed(hr, last))
        await sending
        await until(lambda: system.letters(to=LATER["email"]), bool, "the letter after the failures", timeout=60)
        await eventually(
            lambda: {f"canary-{number}" for number in range(1, 6)} - answered(receipts.data("enrolment.accepted")),
            set(),
            "unanswered messages",
            timeout=30,
        )

    metrics = [(await system.request("GET", service, "/metrics")).text for service in SERVICES]
    refused = [*from_account(dead, hr), *dead_scans]
    letters = [f"{json.dumps(dict(each.headers), default=str)} {each.body.decode()}" for each in refused]
    assert traces_in([*metrics, *letters], ticket["code"]) == []
    home = system.stack.home.folder
    logs = [*files_in(home / "logs"), *files_in(home / "rabbitmq" / "log")]
    assert {f"{name}.log" for name in (*SERVICES, "postgres", "rabbitmq", "mailbox")} <= {each.name for each in logs}
    assert [each.name for each in logs if traces_in([read(each)], ticket["code"])] == []
    # The logs are those of this flow, and the search finds what is there to be found.
    assert "hr.canary.enrolments" in log_of(system, "registration")
    # Mails alone: the list beside them is being written, and a name of it is gone a moment later.
    assert traces_in(read(each) for each in (home / "mailbox").glob("*.eml")) != []


def send_what_is_wrong(hr: Credentials, day: object) -> None:
    """Every kind of refusal and dead letter, each with the canary in it."""
    requested = "enrolment.requested"
    with PikaClient(hr) as client:
        broken = json.dumps(canary(day)).encode()[:-1]
        client.send(broken, message_id="wrong-1", type=requested)
        client.send(canary(day, given_name=[GIVEN]), message_id="wrong-2", type=requested)
        client.send(canary(day, email=f"{EMAIL}\nBcc: {EMAIL}"), message_id="wrong-3", type=requested)
        client.send(canary(day, given_name=GIVEN * 30), message_id="wrong-4", type=requested)
        client.send(canary(day, employee_ref=f"{REF}-c"), message_id="wrong-5", type=requested)  # the address is in use
        client.send(canary(day), message_id="wrong-6", type="enrolment.guessed")
        client.send(canary(day, **{EMAIL: GIVEN}), message_id="wrong-7", type=requested)
        client.send(canary(day, email=f"x.{EMAIL}"), message_id="canary-1", type=requested)  # an id that was used
        client.send({**canary(day), "specversion": GIVEN}, content_type="application/cloudevents+json")
        client.send(canary(day), type=requested)
        client.send(broken, type=requested)


def scan_what_is_wrong(box_office: Credentials, evening: str) -> None:
    """A scanner that reads something else than a ticket."""
    scan = {
        "scan_id": "scan-1",
        "evening_id": evening,
        "code": f"{GIVEN} {FAMILY}",
        "scanned_at": "2026-01-01T12:00:00Z",
    }
    with PikaClient(box_office) as client:
        client.send({**scan, "scanner": "1"}, message_id="s1", type="admission.recorded")
        client.send({**scan, "scanned_at": EMAIL, "scanner": EMAIL}, message_id="s2", type="admission.recorded")
        client.send(f"{GIVEN} {EMAIL}".encode(), message_id="s3", type="admission.recorded")


async def ask_what_is_wrong(system: System, evening: str, code: str) -> None:
    """Requests with the canary in path, query, headers and body; and right ones, which answer with it."""
    programme, operator, door = (system.headers(name) for name in ("programme", "operator", "box-office.paard"))
    partner = {"slug": "kooi", "name": FAMILY, "places": 1, "language": "nl", "contact_email": EMAIL}
    wrong: list[tuple[str, str, str, dict[str, Any]]] = [
        (
            "POST",
            "registration",
            "/partners",
            {"json": {**partner, "slug": EMAIL, GIVEN: FAMILY}, "headers": programme},
        ),
        ("POST", "registration", "/partners", {"content": f'{{"name": "{FAMILY}', "headers": programme}),
        ("GET", "registration", f"/partners?cursor={EMAIL}", {"headers": programme}),
        ("GET", "registration", f"/partners/{REF}/participants?name={FAMILY}", {"headers": programme}),
        ("GET", "registration", "/partners", {"headers": {"Authorization": f"Bearer {EMAIL}"}}),
        ("GET", "ticketing", f"/evenings/{EMAIL}", {"headers": programme}),
        ("POST", "ticketing", "/admissions", {"json": {"code": code, "scanner": EMAIL}, "headers": door}),
        ("GET", "notifications", f"/letters?participant_id={EMAIL}", {"headers": operator}),
        ("GET", "notifications", f"/letters/{EMAIL}", {"headers": operator}),
        ("GET", "notifications", f"/{GIVEN}", {"headers": operator}),
    ]
    for method, service, path, options in wrong:
        answer = await system.request(method, service, path, **options)
        assert answer.is_client_error, (path, answer.status_code)
    again = {**programme, "Idempotency-Key": EMAIL}
    for _ in range(2):
        assert (await system.request("POST", "registration", "/partners", json=partner, headers=again)).is_success
    page = await system.request("GET", "registration", "/partners/canary/participants", headers=programme)
    assert GIVEN in page.text
    [letter] = (await system.get("notifications", f"/letters?evening_id={evening}&kind=ticket-issued"))["items"]
    shown = await system.request("GET", "notifications", f"/letters/{letter['letter_id']}", headers=operator)
    assert EMAIL in shown.text


def tickets_of(tickets: Sequence[dict[str, Any]], evening: str) -> list[dict[str, Any]]:
    return [each for each in tickets if each["evening_id"] == evening]


def answered(receipts: Sequence[dict[str, Any]]) -> set[str]:
    return {receipt["message_id"] for receipt in receipts}


def from_account(dead: Sequence[AbstractIncomingMessage], account: Credentials) -> list[AbstractIncomingMessage]:
    return [each for each in dead if each.headers["cc-dead-queue"] == f"{account.username}.enrolments"]


def log_of(system: System, part: str) -> str:
    return (system.stack.home.logs / f"{part}.log").read_text()


def files_in(folder: Path) -> list[Path]:
    return [each for each in folder.rglob("*") if each.is_file()]


def read(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")


def traces_in(texts: Iterable[str], *secrets: str) -> list[str]:
    """The words that tell who it was, as far as they are in the texts; in whatever case, and in addresses of pages."""
    words = [GIVEN, FAMILY, "gele.veer", "kooi.example", "pieppiep", *secrets]
    return sorted({word for text in texts for word in words if word.casefold() in text.casefold()})
