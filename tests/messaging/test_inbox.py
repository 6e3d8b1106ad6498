"""Guarantee 1: effects exactly once, on at-least-once delivery."""

from uuid import uuid4

from tests.messaging.kit import Kit, erasure

PARTICIPANTS = [uuid4() for _ in range(50)]


async def test_a_message_that_is_delivered_again_has_its_effect_once(kit: Kit) -> None:
    message = erasure(PARTICIPANTS[0])
    async with kit.service():
        for _ in range(3):
            await kit.publish(message, id="the-same")
        await kit.until_handled("ticketing.events")
    assert await kit.effects() == [PARTICIPANTS[0]]


async def test_two_replicas_that_get_the_same_messages_have_each_effect_once(kit: Kit) -> None:
    for participant in PARTICIPANTS * 2:
        await kit.publish(erasure(participant), id=str(participant))
    async with kit.service(), kit.service():
        await kit.until_handled("ticketing.events")
    assert sorted(await kit.effects()) == sorted(PARTICIPANTS)


async def test_an_id_that_comes_back_with_another_body_is_a_dead_letter_and_not_a_repetition(
    kit: Kit,
) -> None:
    async with kit.service():
        await kit.publish(erasure(PARTICIPANTS[0]), id="reused")
        await kit.until_handled("ticketing.events")
        await kit.publish(erasure(PARTICIPANTS[1]), id="reused")
        [dead] = await kit.take("ticketing.dead", 1)
    assert dead.headers["cc-dead-reason"] == "message_id_reused"
    assert await kit.effects() == [PARTICIPANTS[0]]


async def test_a_dead_letter_put_back_after_the_cause_is_gone_has_its_effect_once(kit: Kit) -> None:
    kit.refuse(PARTICIPANTS[0])
    async with kit.service():
        await kit.publish(erasure(PARTICIPANTS[0]), id="late")
        [dead] = await kit.take("ticketing.dead", 1)
        kit.accept(PARTICIPANTS[0])
        await kit.put_back(dead)
        await kit.put_back(dead)
        await kit.until_handled("ticketing.events")
    assert await kit.effects() == [PARTICIPANTS[0]]
