"""An HR system that gets everything wrong: it hears so, and nobody else notices."""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pika.exceptions
import pytest
from aio_pika.abc import AbstractIncomingMessage

from culture_connect_cli.accounts import Credentials
from tests.support.dead_letters import dead_letters
from tests.support.external_clients import listening, send_until_confirmed
from tests.support.plain_clients import PikaClient, ReceivedMessage
from tests.support.probes import eventually
from tests.support.system import System, enrolments, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(60)]

REQUESTED = "enrolment.requested"
DAY = in_days(111)
GOOD = (10, 11, 12, 13)


def person(number: int, **fields: Any) -> dict[str, Any]:
    """A valid enrolment, but for what the fields say."""
    valid = {
        "employee_ref": f"careless-{number}",
        "given_name": "Noor",
        "family_name": "de Wit",
        "email": f"p{number}@careless.example",
        "starts_on": str(DAY),
        "ends_on": str(DAY),
    }
    return {**valid, **fields}


NOT_A_NUMBER = json.dumps(person(1)).replace('"Noor"', "NaN").encode()

# What is wrong, as it is sent under the id of its name, and the codes that the receipt must give.
REFUSED: dict[str, tuple[str, object, tuple[str, ...]]] = {
    "not JSON": (REQUESTED, b"<employee/>", ("not_json",)),
    "not UTF-8": (REQUESTED, b'{"given_name": "\xff"}', ("not_utf8",)),
    "nested without end": (REQUESTED, b"[" * 60_000, ("too_deep",)),
    "not a number": (REQUESTED, NOT_A_NUMBER, ("not_json",)),
    "a list": (REQUESTED, [person(1)], ("not_an_object",)),
    "unknown type": ("enrolment.guessed", person(1), ("unknown_type",)),
    "a type of the services": ("participant.enrolled", person(1), ("unknown_type",)),
    "wrong types": (REQUESTED, person(1, given_name=5, email=["a@b.zz"]), ("not_a_string",)),
    "too long": (REQUESTED, person(1, family_name="x" * 101, employee_ref="x" * 65), ("too_long",)),
    "no address": (REQUESTED, person(1, email="nobody"), ("not_an_address",)),
    "a line break in a name": (REQUESTED, person(1, given_name="N\r\nBcc: a@b.zz"), ("control_character",)),
    "a line break in an address": (REQUESTED, person(1, email="a@b.zz\nBcc: c@d.zz"), ("control_character",)),
    "an encoded word in a name": (REQUESTED, person(1, family_name="=?utf-8?q?=0ABcc?="), ("encoded_word",)),
    "an encoded word in an address": (REQUESTED, person(1, email="=?utf-8?q?a?=@b.zz"), ("encoded_word",)),
    "a withdrawal of nobody": ("enrolment.withdrawn", {"employee_ref": "nobody"}, ("unknown_employee",)),
}


async def test_whatever_hr_gets_wrong_is_answered_and_the_queue_goes_on(system: System) -> None:
    evening = await system.schedule("het-nationale-theater", DAY, capacity=50)
    careless = await system.add_partner("careless", places=5)
    careful = await system.add_partner("careful", places=5)
    good = enrolments("careful", 5, only_on=DAY)

    async with listening(careful) as neighbour, dead_letters(system.stack.broker, "registration", "edge") as dead:
        _, receipts = await asyncio.gather(
            send_until_confirmed(careful, good), asyncio.to_thread(do_everything_wrong, careless)
        )
        await eventually(lambda: len(neighbour.received), len(good), "receipts of the neighbour", timeout=30)
        await eventually(lambda: reasons_from(dead, careless), ["missing"], "dead letters of the careless")

    answers = Counter((each.data["message_id"], codes_of(each)) for each in receipts)
    assert answers == Counter(
        [
            *((name, codes) for name, (_, _, codes) in REFUSED.items()),
            ("twice", ()),
            ("used again", ()),
            ("used again", ("message_id_reused",)),
            ("in the name of another", ()),
            ("afterwards", ()),
        ]
    )
    assert len(neighbour.data("enrolment.accepted")) == len(good)
    assert await employees_of(system, "careless") == {f"careless-{number}" for number in GOOD}
    assert await employees_of(system, "careful") == {f"careful-{number}" for number in range(len(good))}
    await eventually(
        lambda: holders_at(system, evening), {"careless": len(GOOD), "careful": len(good)}, "tickets", timeout=30
    )
    await eventually(
        lambda: letters_to_the_careless(system), [f"p{number}@careless.example" for number in GOOD], "letters"
    )


def do_everything_wrong(hr: Credentials) -> list[ReceivedMessage]:
    """Sends all that can be wrong, and a good message at the end; returns what was heard back."""
    twice, first, second, foreign, last = (person(number) for number in (10, 11, 14, 12, 13))
    with PikaClient(hr) as client:
        for name, (type_, body, _) in REFUSED.items():
            client.send(body, message_id=name, type=type_)
        client.send(person(1), type=REQUESTED)
        with pytest.raises(pika.exceptions.ChannelClosedByBroker, match="larger than configured max size"):
            client.send(b"x" * 300 * 1024, message_id="too large", type=REQUESTED)
        for _ in range(2):
            client.send(twice, message_id="twice", type=REQUESTED)
        for body in (first, second):
            client.send(body, message_id="used again", type=REQUESTED)
        client.send({**foreign, "partner": "careful"}, message_id="in the name of another", type=REQUESTED)
        client.send(last, message_id="afterwards", type=REQUESTED)
        return client.receive_until(lambda received: len(received) >= len(REFUSED) + 5, "receipts")


def codes_of(receipt: ReceivedMessage) -> tuple[str, ...]:
    """The kinds of errors that a receipt names, none when it is one of acceptance."""
    return tuple(sorted({error["code"] for error in receipt.data.get("errors", [])}))


def reasons_from(dead: Sequence[AbstractIncomingMessage], hr: Credentials) -> list[object]:
    """Returns the reasons for which the account's messages are dead."""
    return [
        each.headers["cc-dead-reason"] for each in dead if each.headers["cc-dead-queue"] == f"{hr.username}.enrolments"
    ]


async def employees_of(system: System, partner: str) -> set[str]:
    """The references of a partner's people, as the programme team sees them."""
    page = await system.get("registration", f"/partners/{partner}/participants")
    return {each["employee_ref"] for each in page["items"]}


async def holders_at(system: System, evening: str) -> dict[str, int]:
    """Returns the number of tickets of each partner."""
    seats = await system.get("ticketing", f"/evenings/{evening}")
    return {partner: each["issued"] for partner, each in seats["partners"].items()}


async def letters_to_the_careless(system: System) -> list[str]:
    """To whom letters went."""
    everyone = [address for letter in await system.ticket_letters() for address in letter["to"]]
    return sorted(address for address in everyone if address.endswith("@careless.example"))
