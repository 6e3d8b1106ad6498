"""Software that knows nothing of ours plays an HR system and a box office, with what `account add` printed."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from culture_connect_cli.accounts import Credentials
from tests.support.command import account_added
from tests.support.plain_clients import (
    TIMEOUT,
    PikaClient,
    ReceivedMessage,
    amqp_consume,
    amqp_publish,
    bodies_in,
    ensure_tools,
    in_shell,
    run_in_shell,
)
from tests.support.probes import until
from tests.support.system import System, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(240)]  # installing takes a while

EVENTS_PAGE = Path(__file__).parents[2] / "docs" / "events.md"
PREFIX = "nl.cultureconnect."


def noor(email: str, day: object, **fields: Any) -> dict[str, Any]:
    return {
        "employee_ref": "E-10442",
        "given_name": "Noor",
        "family_name": "de Wit-Yılmaz",
        "email": email,
        "language": "nl",
        "starts_on": str(day),
        "ends_on": str(day),
        **fields,
    }


@pytest.fixture(scope="module")
def amqp_tools() -> None:
    """amqp-publish and amqp-consume can be run."""
    ensure_tools()


async def onboard(system: System, partner: str, venue: str) -> tuple[Credentials, Credentials]:
    """The HR system of a new partner, and the box office of a venue with a new password, by the command alone."""
    home = system.stack.home.folder
    await system.register(partner, places=10)
    hr = await asyncio.to_thread(account_added, home, "hr", partner)
    box_office = await asyncio.to_thread(account_added, home, "box-office", venue, "--rotate")
    return hr, box_office


async def letter_to(system: System, address: str) -> dict[str, Any]:
    """The only letter to this address that brings a ticket."""
    found: list[dict[str, Any]] = await until(
        lambda: system.ticket_letters(to=address), bool, f"a letter to {address}", timeout=TIMEOUT
    )
    assert len(found) == 1
    return found[0]


@pytest.mark.usefixtures("amqp_tools")
async def test_debians_amqp_tools_are_enough_from_enrolment_to_ticket(system: System, tmp_path: Path) -> None:
    day = in_days(101)
    hr, box_office = await onboard(system, "shell", "paard")
    evening = await system.schedule("paard", day, capacity=10)
    with (
        amqp_consume(hr, tmp_path / "receipts") as receipts,
        amqp_consume(box_office, tmp_path / "tickets") as tickets,
    ):
        # The tool sets neither message id nor type: both go as headers of CloudEvents ...
        first = str(uuid4())
        amqp_publish(
            hr,
            noor("noor@shell.example", day),
            headers={"ce-id": first, "ce-type": "enrolment.requested"},
            content_type="application/json",
        )
        receipt = await the(receipts, "the receipt", lambda each: each.get("message_id") == first)
        ticket = await the(tickets, "the ticket", lambda each: each.get("evening_id") == evening and "code" in each)
        letter = await letter_to(system, "noor@shell.example")

        # ... or in the body, in structured mode.
        second = str(uuid4())
        event = {"specversion": "1.0", "id": second, "source": "/shell/hr", "type": f"{PREFIX}enrolment.withdrawn.v1"}
        amqp_publish(
            hr,
            {**event, "data": {"employee_ref": "E-10442"}},
            headers={},
            content_type="application/cloudevents+json",
        )
        farewell = await the(receipts, "the second receipt", lambda each: each.get("message_id") == second)
        cancelled = await the(
            tickets, "the cancellation", lambda each: each.get("evening_id") == evening and "reason" in each
        )

    assert (receipt["employee_ref"], receipt["outcome"]) == ("E-10442", "scheduled")
    assert (ticket["holder_name"], ticket["partner_name"]) == ("Noor de Wit-Yılmaz", "Partner shell")
    assert "noor@shell.example" not in json.dumps(tickets(), ensure_ascii=False)
    assert farewell["outcome"] == "withdrawn"
    assert cancelled["ticket_id"] == ticket["ticket_id"]
    assert "Avond in paard" in (await system.letter(letter["id"]))["text"]


@pytest.mark.usefixtures("amqp_tools")
async def test_the_shell_commands_of_the_documentation_work_as_they_stand(system: System, tmp_path: Path) -> None:
    page = EVENTS_PAGE.read_text(encoding="utf-8")
    [publish, consume] = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    await system.register("documented", places=10)
    hr = await asyncio.to_thread(account_added, system.stack.home.folder, "hr", "documented")

    def filled_in(command: str) -> str:
        """With what `account add` printed in place of what the page leaves open."""
        address = command.replace("hr.acme", hr.username).replace("PASSWORD", hr.password)
        return address.replace("HOST:5672", f"{hr.host}:{hr.port}")

    receipts = tmp_path / "receipts"
    with in_shell(filled_in(consume), receipts):
        amqp_publish(
            hr,
            noor("noor@documented.example", in_days(103), ends_on=None),
            headers={"ce-id": "before", "ce-type": "enrolment.requested"},
            content_type="application/json",
        )
        look = partial(bodies_in, receipts)
        enrolled = await the(look, "the first receipt", lambda each: each["message_id"] == "before")
        run_in_shell(filled_in(publish))
        answer = await the(look, "the second receipt", lambda each: each["message_id"] in publish)
    assert enrolled["outcome"] == "scheduled"
    # The example's day of leaving will have come some time.
    expected = "scheduled" if date(2027, 2, 1) > in_days(0) else "withdrawn"
    assert (answer["employee_ref"], answer["outcome"]) == ("E-10442", expected)


async def test_a_program_with_pika_is_enough_from_enrolment_to_the_door(system: System) -> None:
    day = in_days(102)
    hr, box_office = await onboard(system, "program", "ndt")
    evening = await system.schedule("ndt", day, capacity=10)
    message_id = str(uuid4())

    def enrol() -> ReceivedMessage:
        with PikaClient(hr) as account:
            account.send(noor("noor@program.example", day), message_id=message_id, type="enrolment.requested")
            return account.receive_until(bool, "the receipt")[0]

    def take_ticket_and_scan() -> tuple[ReceivedMessage, ReceivedMessage]:
        with PikaClient(box_office) as account:
            received = account.receive_until(lambda so_far: issued(so_far, evening) != [], "the ticket")
            [ticket] = issued(received, evening)
            scan = {
                "scan_id": str(uuid4()),
                "evening_id": evening,
                "code": ticket.data["code"],
                "scanned_at": f"{day}T19:05:00+02:00",
                "scanner": "door-1",
            }
            account.send(scan, message_id=scan["scan_id"], type="admission.recorded")
            admitted = f"{PREFIX}ticket.admitted.v1"
            received = account.receive_until(lambda so_far: admitted in [each.type for each in so_far], "the admission")
            return ticket, next(each for each in received if each.type == admitted)

    receipt = await asyncio.to_thread(enrol)
    ticket, admission = await asyncio.to_thread(take_ticket_and_scan)

    assert receipt.type == f"{PREFIX}enrolment.accepted.v1"
    assert (receipt.data["message_id"], receipt.data["outcome"]) == (message_id, "scheduled")
    assert {"ce-id", "ce-type", "ce-source", "ce-time", "ce-specversion"} <= set(receipt.headers)
    assert ticket.data["holder_name"] == "Noor de Wit-Yılmaz"
    assert admission.data["ticket_id"] == ticket.data["ticket_id"]
    assert admission.data["version"] > ticket.data["version"]
    letter = await letter_to(system, "noor@program.example")
    text = await system.letter(letter["id"])
    assert "Noor" in text["text"]
    assert text["calendar"]["SUMMARY"]


async def the(
    look: Callable[[], list[dict[str, Any]]], what: str, wanted: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """The only body like this; waits for it."""
    found = await until(lambda: [each for each in look() if wanted(each)], bool, what, timeout=TIMEOUT)
    assert len(found) == 1, found
    return found[0]


def issued(received: list[ReceivedMessage], evening: str) -> list[ReceivedMessage]:
    return [
        each for each in received if each.type == f"{PREFIX}ticket.issued.v1" and each.data["evening_id"] == evening
    ]
