"""Guarantee 3: deliveries share transactions, and one that fails fails alone."""

from uuid import uuid4

from tests.messaging.kit import Kit, erasure

PARTICIPANTS = [uuid4() for _ in range(300)]


async def test_deliveries_that_wait_together_share_transactions_and_keep_their_order(kit: Kit) -> None:
    for participant in PARTICIPANTS:
        await kit.publish(erasure(participant), id=str(participant))
    async with kit.service():
        await kit.until_handled("ticketing.events")
    assert await kit.effects() == PARTICIPANTS
    assert len(kit.batches) < len(PARTICIPANTS) / 4


async def test_a_message_that_fails_does_not_take_its_neighbours_with_it(kit: Kit) -> None:
    bad = {PARTICIPANTS[7], PARTICIPANTS[150]}
    kit.refuse(*bad)
    for participant in PARTICIPANTS:
        await kit.publish(erasure(participant), id=str(participant))
    async with kit.service():
        dead = await kit.take("ticketing.dead", 2)
        await kit.until_handled("ticketing.events")
    assert await kit.effects() == [each for each in PARTICIPANTS if each not in bad]
    assert {message.message_id for message in dead} == {str(each) for each in bad}


async def test_a_lone_message_is_not_kept_waiting_for_company(kit: Kit) -> None:
    async with kit.service():
        await kit.publish(erasure(PARTICIPANTS[0]), id="alone")
        await kit.until_handled("ticketing.events")
    assert kit.batches == [1]
