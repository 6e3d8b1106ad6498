"""A service that was away does, when it is back, what happened meanwhile."""

import pytest

from tests.support.external_clients import listening, send_until_confirmed
from tests.support.probes import eventually
from tests.support.system import System, enrolments, in_days

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(90)]

PEOPLE = 20


async def test_ticketing_that_was_stopped_issues_tickets_for_those_enrolled_meanwhile(system: System) -> None:
    day, venue = in_days(121), "residentie-orkest"
    hr = await system.add_partner("meanwhile", places=PEOPLE)
    async with listening(hr) as receipts, listening(system.box_office(venue)) as box_office:
        async with system.without("ticketing"):
            await send_until_confirmed(hr, enrolments("meanwhile", PEOPLE, only_on=day))
            evening = await system.schedule(venue, day, capacity=PEOPLE)
            await eventually(lambda: len(receipts.data("enrolment.accepted")), PEOPLE, "receipts without ticketing")
            assert box_office.received == {}

        await eventually(lambda: len(box_office.data("ticket.issued")), PEOPLE, "tickets", timeout=30)
    assert {ticket["evening_id"] for ticket in box_office.data("ticket.issued")} == {evening}
    await eventually(lambda: letters(system, "meanwhile"), PEOPLE, "letters", timeout=30)


async def test_notifications_that_was_stopped_writes_to_those_who_got_tickets_meanwhile(system: System) -> None:
    day, venue = in_days(122), "beelden-aan-zee"
    hr = await system.add_partner("unread", places=PEOPLE)
    async with system.without("notifications"), listening(system.box_office(venue)) as box_office:
        await send_until_confirmed(hr, enrolments("unread", PEOPLE, only_on=day))
        await system.schedule(venue, day, capacity=PEOPLE)
        await eventually(lambda: len(box_office.data("ticket.issued")), PEOPLE, "tickets", timeout=30)
        assert await letters(system, "unread") == 0

    await eventually(lambda: letters(system, "unread"), PEOPLE, "letters", timeout=30)


async def letters(system: System, partner: str) -> int:
    """Returns the number of the partner's people with exactly one letter with a ticket."""
    found = [
        to for letter in await system.ticket_letters() for to in letter["to"] if to.endswith(f"@{partner}.example")
    ]
    return len(found) if len(found) == len(set(found)) else -1
