"""Partners come while the service runs; nobody restarts it."""

from sqlalchemy.engine import make_url

from culture_connect.messaging import Database, EventRouter
from registration.handlers.hr_queues import HrQueues
from registration.settings import RegistrationSettings
from tests.service.registration.harness import Connect, Harness
from tests.support.fault_proxy import FaultProxy


async def test_a_partner_registered_before_its_account_exists_is_heard(harness: Harness, connect: Connect) -> None:
    await harness.register("acme")
    acme = await connect("acme")
    assert await acme.outcome(await acme.enrol("e-1")) == "enrolled"


async def test_a_partner_whose_messages_wait_already_is_heard_once_it_is_registered(
    harness: Harness, connect: Connect
) -> None:
    acme = await connect("acme")
    waiting = [await acme.enrol(f"e-{number}") for number in range(20)]
    await harness.register("acme")
    assert [await acme.outcome(message_id) for message_id in waiting] == ["enrolled"] * 20


async def test_partners_do_not_hear_each_other(harness: Harness, connect: Connect) -> None:
    for slug in ("acme", "zeebank"):
        await harness.register(slug)
    acme, zeebank = await connect("acme"), await connect("zeebank")
    mine, theirs = await acme.enrol("e-1"), await zeebank.enrol("e-1")
    await acme.outcome(mine)
    await zeebank.outcome(theirs)
    assert [receipt.data["message_id"] for receipt in acme.receipts.heard] == [mine]
    assert [receipt.data["message_id"] for receipt in zeebank.receipts.heard] == [theirs]


async def test_the_queues_stay_known_while_the_database_is_away(
    harness: Harness, settings: RegistrationSettings
) -> None:
    await harness.register("acme")
    async with FaultProxy(make_url(settings.database_url).port or 0) as wire:
        database = Database(wire.through(settings.database_url), schema="registration")
        queues = HrQueues(database, EventRouter().batch_subscriber("hr.<partner>.enrolments", vhost="edge"))
        before = await queues()
        await wire.cut()
        assert [each.queue for each in await queues()] == [each.queue for each in before] == ["hr.acme.enrolments"]
        await wire.mend()
        await harness.register("zeebank")
        assert len(await queues()) == 2
        await database.close()
